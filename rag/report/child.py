"""The process that draws pages of strangers' files.

A request names a file, the digest that it had when it was taken in, a page, what to mark on it, and the limits. The
answer is ``{"png": base64}``, ``{"pieces": [[text, quoted], ...]}`` or ``{"error": why, "remedy": what to do}``.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from clip_mat.limited import Send, bound_memory, bound_processor, path_from_json, serve
from rag.documents import Box
from rag.errors import UnreadableDocument
from rag.reading.files import read_bytes
from rag.reading.limits import Limits
from rag.reading.plain import split_pages
from rag.report.drawing import draw_page
from rag.report.limits import DrawLimits
from rag.report.marked import mark_quotes


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    serve(_answer)


def _answer(request: dict[str, Any], send: Send) -> None:
    limits = DrawLimits(**request["limits"])
    bound_memory(limits.memory_mb)
    bound_processor(limits.seconds)
    try:
        send(_drawn(path_from_json(request["path"]), request, limits))
    except UnreadableDocument as error:
        send({"error": error.reason, "remedy": error.remedy})
    except MemoryError:
        reason = f"needs more than {limits.memory_mb:,} MB of memory to draw"
        send({"error": reason, "remedy": "it may be an attack; else raise the limit"})
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to the renderer ends here, as one line
        send({"error": f"cannot be drawn: {' '.join(str(error).split())[:200]}", "remedy": "it is probably damaged"})


def _drawn(path: Path, request: dict[str, Any], limits: DrawLimits) -> dict[str, Any]:
    data = read_bytes(path, Limits())
    if hashlib.sha256(data).hexdigest() != request["sha256"]:
        raise UnreadableDocument(path, "has changed since it was taken in", "take it in again and ask again")
    if path.suffix.lower() == ".pdf":
        boxes = [Box(*map(float, row)) for row in request["boxes"]]
        return {"png": base64.b64encode(draw_page(data, request["page"], boxes, limits)).decode("ascii")}
    pages = split_pages(path, data)
    return {"pieces": mark_quotes(pages[request["page"] - 1], request["quotes"], limits.characters)}
