"""The process that parses documents.

A request names a file and the limits; the answers to it are at most one ``{"pages": n}`` and then one
``{"document": ...}`` or ``{"error": ...}``.
"""

from __future__ import annotations

from typing import Any

from clip_mat.limited import Send, bound_memory, bound_processor, path_from_json, serve
from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading.limits import Limits


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    serve(_answer)


def _answer(request: dict[str, Any], send: Send) -> None:
    from rag.reading.codec import encode_document
    from rag.reading.parse import parse

    limits = Limits(**request["limits"])
    bound_memory(limits.memory_mb)
    bound_processor(limits.seconds)

    def opened(pages: int) -> None:
        bound_processor(limits.seconds + pages * limits.seconds_per_page)
        send({"pages": pages})

    try:
        content = b'{"document":' + encode_document(parse(path_from_json(request["path"]), limits, opened)) + b"}"
    except UnreadableDocument as error:
        send({"error": error.reason, "remedy": error.remedy, "unsafe": isinstance(error, UnsafeDocument)})
    except MemoryError:
        reason = f"needs more than {limits.memory_mb:,} MB of memory to read"
        send({"error": reason, "remedy": "it may be an attack; else raise the limit", "unsafe": True})
    except Exception as error:  # noqa: BLE001 - whatever a damaged file does to the parser ends here, as one line
        reason = f"cannot be read: {type(error).__name__}: {str(error)[:200]}"
        send({"error": reason, "remedy": "it is probably damaged", "unsafe": False})
    else:
        send(content)
