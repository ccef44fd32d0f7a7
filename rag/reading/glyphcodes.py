"""Private and publishers' own character codes, read for people; quotes keep what the file says.

Some publishers' fonts code ligatures privately, or mathematics as Latin letters (``¼`` drawn as an equals sign).
Which code means which is voted by words that every paper uses; a code that no word explains stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_PRIVATE = re.compile("[\ue000-\uf8ef]")
_WORD = re.compile("[A-Za-z\ue000-\uf8ef]*[\ue000-\uf8ef][A-Za-z\ue000-\uf8ef]*")
_TELLING = {
    "fi": "first find finding films film field fields significant significantly specific defined configuration finite "
    "identified modified confirmed classification figure filled profile fit fitting fitted final fixed",
    "fl": "reflect reflected flow influence fluorescence flat fluctuations flexible flux reflection workflow",
    "ff": "effect effects different difference offset effective affect affected differ diffusion diffraction efforts",
    "ffi": "efficiency efficient coefficient coefficients sufficient sufficiently difficult efficiencies affinity",
    "ffl": "baffle affluent offline",
    "ft": "after often shift shifts left soft shifted software lifetime drift",
    "tt": "better scattering lattice attributed patterns committed attention",
    "ti": "time properties function materials solution relation",
    "Th": "The This These There Therefore Thus Through",
}
_PI_LETTERS = str.maketrans({"¼": "=", "ð": "(", "Þ": ")", "þ": "+"})
_PI = re.compile("[¼ðÞþ]")


class GlyphCodes:
    """What the private codes of one document mean."""

    def __init__(self, lines: Iterable[str]) -> None:
        texts = list(lines)
        self._table = str.maketrans(_ligatures(texts))
        letters = Counter(letter for text in texts for letter in _PI.findall(text))
        opened, closed = letters["ð"], letters["Þ"]
        brackets = opened > 0 and abs(opened - closed) <= 0.2 * opened + 1
        equals = any(" ¼ " in text for text in texts)
        # Icelandic has these letters too, but not beside a quarter that stands alone.
        self._mathematics = equals and (brackets or (not opened and not closed))

    def __bool__(self) -> bool:
        return bool(self._table) or self._mathematics

    def read(self, text: str) -> str:
        """``text`` with private codes replaced by what they show."""
        if text.isascii():
            return text
        text = text.translate(self._table)
        return text.translate(_PI_LETTERS) if self._mathematics else text


def _ligatures(texts: Iterable[str]) -> dict[str, str]:
    votes: dict[str, Counter[str]] = {}
    for text in texts:
        for word in _WORD.findall(text) if _PRIVATE.search(text) else ():
            codes = set(_PRIVATE.findall(word))
            if len(codes) != 1:
                continue
            code = codes.pop()
            for ligature, known in _TELLING.items():
                shown = word.replace(code, ligature)
                if shown in known.split() or shown.lower() in known.split():
                    votes.setdefault(code, Counter())[ligature] += 1
    return {code: count.most_common(1)[0][0] for code, count in votes.items()}
