"""How a report looks on a screen, light or dark, and on paper; a cited page fills the window while it is the target."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark; --mark: #ffde4a;
  --ink: #1b1f24; --quiet: #57606a; --paper: #ffffff; --panel: #f6f7f9; --line: #d8dee4; --link: #0b5cad;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --quiet: #9aa4ae; --paper: #14171a; --panel: #1e2327; --line: #363d44; --link: #79b8ff; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 52rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: .15em; }
.quiet, .meta { color: var(--quiet); font-size: .9rem; }
.meta { margin: 0 0 2rem; }
.answer { font-size: 1.2rem; line-height: 1.6; }
.note { border-left: 4px solid #d97706; padding: .25rem 0 .25rem 1rem; }
blockquote { margin: .25rem 0 1rem; padding: .6rem 1rem; background: var(--panel); border-left: 4px solid var(--mark); }
blockquote p { margin: 0; }
.claim { margin: 1.25rem 0 .4rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
ol.references { padding-left: 1.25rem; }
ol.references li { margin-bottom: .75rem; }
details summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
pre { white-space: pre-wrap; font-size: .9rem; background: var(--panel); padding: .75rem 1rem; margin: .5rem 0; }
mark { background: var(--mark); color: #1b1f24; }
.pages { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.25rem; }
figure { margin: 0; }
figure img { width: 100%; height: auto; border: 1px solid var(--line); display: block; background: white; }
figure pre { max-height: 20rem; overflow: hidden; }
figcaption { font-size: .9rem; color: var(--quiet); margin-bottom: .35rem; }
.close { display: none; }
body:has(figure:target) { overflow: hidden; }
figure:target {
  position: fixed; inset: 0; z-index: 1; overflow: auto;
  padding: 1rem max(1rem, calc(50vw - 31rem)) 3rem; background: var(--panel);
}
figure:target figcaption {
  position: sticky; top: 0; padding: .5rem 0; background: var(--panel); font-size: 1rem; color: var(--ink);
}
figure:target pre { max-height: none; font-size: 1rem; background: var(--paper); }
figure:target .close { display: inline; float: right; }
@page { margin: 2cm; }
@media print {
  :root {
    color-scheme: light;
    --ink: #000; --quiet: #444; --paper: #fff; --panel: #f4f4f4; --line: #bbb; --link: #000;
  }
  body, body:has(figure:target) { padding: 0; overflow: visible; max-width: none; font-size: 10.5pt; }
  mark, blockquote, figure img { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, .claim { break-after: avoid; }
  blockquote, li, tr { break-inside: avoid; }
  .pages { display: block; }
  figure, figure:target { position: static; padding: 0; break-before: page; break-inside: avoid; background: none; }
  figure img { max-height: 24cm; width: auto; max-width: 100%; margin: 0 auto; }
  figure pre { max-height: none; }
  .close, .screen, figure:target .close { display: none; }
}
"""
