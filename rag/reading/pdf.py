"""Characters and their boxes from a PDF, through PDFium's C interface.

Few calls a character: PDFium's answers arrive in arrays that are allocated once a page, and what is constant
over a text object (font, size, colour, direction) is asked once for each object.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading.blanks import doubtful_blanks, is_blank
from rag.reading.fonts import NO_FONT, Font, Style, describe_font
from rag.reading.native import (
    POINTER,
    addresses,
    box_of,
    call,
    colour_of,
    font_of,
    matrix_of,
    mode_of,
    object_of,
    origin_of,
    size_of,
    unicode_of,
)
from rag.reading.repair import compose_accents, join_surrogates, mark_unknown, read_symbols
from rag.reading.text import one_line
from rag.reading.visibility import lost_on_background

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_TINY = 3.0  # points; smaller letters are not meant to be read
_MAX_CHARACTERS = 400_000  # a page; a dense journal page holds 8,000

_FEW = 40  # characters; a page with fewer may be a scan
_HYPHEN = 2  # how PDFium codes a hyphen at a line end
_INVISIBLE_MODE = 3
_CLIP_ONLY_MODE = 7


@dataclass(slots=True)
class Glyphs:
    """The visible characters of one page in stream order, white space left out.

    Attributes:
        text: n characters.
        x0, x1, y0, y1: (n,) loose boxes in points: advance width by ascent and descent of the font.
        base: (n,) baseline, points above the lower edge.
        style: (n,) index into ``styles``.
        space: (n,) true where white space stands before the character.
        doubtful: (n,) true where other readers may take that white space for a character.
        stream: All characters in stream order, with white space and without those that were hidden.
    """

    number: int
    width: float
    height: float
    label: str
    text: str = ""
    x0: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    y0: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    x1: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    y1: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    base: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    style: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    space: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    doubtful: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    styles: list[Style] = field(default_factory=list)
    stream: str = ""
    has_image: bool = False  # looked for only where there is little text

    def forget_places(self) -> None:
        """Let go of all arrays; size, label and ``stream`` stay."""
        empty = Glyphs(self.number, self.width, self.height, self.label)
        for name in ("text", "x0", "y0", "x1", "y1", "base", "style", "space", "doubtful", "styles"):
            setattr(self, name, getattr(empty, name))


class PdfFile:
    """An open PDF. Not for use by two threads: PDFium is not thread safe."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data  # PDFium reads from this buffer as long as the file is open
        self._name = name
        _start_pdfium()
        self._handle = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
        if not self._handle:
            raise _load_error(name, pdfium.FPDF_GetLastError())
        self._fonts: dict[int, Font] = {}

    def __enter__(self) -> PdfFile:
        return self

    def __exit__(self, *_: object) -> None:
        pdfium.FPDF_CloseDocument(self._handle)

    def __len__(self) -> int:
        return int(pdfium.FPDF_GetPageCount(self._handle))

    def info(self) -> dict[str, str]:
        """Document information, without empty values."""
        tags = ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate")
        values = {tag: one_line(self._string(pdfium.FPDF_GetMetaText, tag.encode())) for tag in tags}
        return {tag: value for tag, value in values.items() if value}

    def glyphs(self, number: int) -> Glyphs:
        """Characters of page ``number`` (from 1)."""
        label = one_line(self._string(pdfium.FPDF_GetPageLabel, number - 1))
        page = pdfium.FPDF_LoadPage(self._handle, number - 1)
        if not page:
            return Glyphs(number, 0.0, 0.0, label)
        try:
            size = float(pdfium.FPDF_GetPageWidthF(page)), float(pdfium.FPDF_GetPageHeightF(page))
            glyphs = Glyphs(number, size[0], size[1], label)
            with _text_page(page) as text_page:
                self._fill(glyphs, page, text_page)
            if len(glyphs.text) < _FEW:
                glyphs.has_image = _has_image(page)
            return glyphs
        finally:
            pdfium.FPDF_ClosePage(page)

    def _string(self, function: Any, key: Any) -> str:
        size = function(self._handle, key, None, 0)
        if not 2 < size <= 1 << 16:
            return ""
        buffer = ctypes.create_string_buffer(size)
        function(self._handle, key, buffer, size)
        return buffer.raw[: size - 2].decode("utf-16-le", "replace")

    def _fill(self, glyphs: Glyphs, page: Any, text_page: Any) -> None:
        count = pdfium.FPDFText_CountChars(text_page)
        if count <= 0:
            return
        if count > _MAX_CHARACTERS:
            raise UnsafeDocument(
                self._name,
                f"page {glyphs.number} holds {count:,} characters, more than {_MAX_CHARACTERS:,}",
                "it is not a paper, or it is an attack",
            )
        handle = ctypes.cast(text_page, POINTER).value
        codes = _codes(text_page, handle, count)
        blank = is_blank(codes)
        if blank.all():
            return
        boxes = np.zeros((count, 4), np.float32)  # left, top, right, bottom; of blanks nobody asks
        inked = np.flatnonzero(~blank)
        call(box_of, repeat(handle), inked.tolist(), (boxes.ctypes.data + boxes.strides[0] * inked).tolist())
        style, base, hidden, seen = self._styles(glyphs, page, handle, blank, boxes)
        read_symbols(codes, style, glyphs.styles)
        doubtful = doubtful_blanks(page, blank, boxes, base, seen)
        unknown = ((codes < 32) | ((codes >= 0x7F) & (codes < 0xA0))) & ~blank
        for index in np.flatnonzero(codes == _HYPHEN).tolist():
            unknown[index] = pdfium.FPDFText_IsHyphen(text_page, index) != 1
        if unknown.any():
            mark_unknown(codes, boxes, base, unknown, partial(_ink, text_page))
        _place(glyphs, page, boxes, base)
        _keep_visible(glyphs, codes, blank, boxes, base, style, hidden, doubtful)

    def _styles(
        self,
        glyphs: Glyphs,
        page: Any,
        handle: int | None,
        blank: npt.NDArray[np.bool_],
        boxes: Floats,
    ) -> tuple[Ints, Floats, npt.NDArray[np.bool_], set[int]]:
        """Style index, baseline and hidden flag of every character; one look at each text object, and which."""
        count = len(blank)
        height = boxes[:, 1] - boxes[:, 3]
        probe = np.ones(count, np.bool_)
        # Inside a word the text object changes only where the box changes its height or its place.
        probe[1:] = blank[:-1] | (np.abs(np.diff(boxes[:, 3])) > 0.01) | (np.abs(np.diff(height)) > 0.01)
        probe &= ~blank
        starts = np.flatnonzero(probe)
        slots: dict[int, int] = {}  # text objects, numbered as they appear
        slot_of_run = [slots.setdefault(each, len(slots)) for each in map(object_of, repeat(handle), starts.tolist())]
        firsts = starts[np.unique(slot_of_run, return_index=True)[1]]
        looks = self._inspect(handle, list(slots), firsts.tolist())
        glyphs.styles = looks.styles
        # What stands before the first run is blank.
        slot = np.array([0, *slot_of_run], np.intp)[np.cumsum(probe, dtype=np.intp)]
        hidden = looks.hidden[slot]
        if hidden[~blank].mean() > 0.8 and _has_image(page):
            hidden[:] = False  # the text layer of a scanned page, under its picture
        if looks.pale.any():
            suspects = looks.pale[slot] & ~blank
            hidden |= lost_on_background(page, (glyphs.width, glyphs.height), suspects, boxes)
        shift = (looks.baseline - boxes[firsts, 3]).astype(np.float32)
        return looks.style[slot], boxes[:, 3] + shift[slot], hidden, set(slots)

    def _inspect(self, handle: int | None, objects: Sequence[int], first: Sequence[int]) -> _Looks:
        """The looks of the text objects whose first characters are ``first``."""
        count = len(objects)
        matrices = np.zeros((count, 6), np.float32)
        origins = np.zeros((count, 2), np.float64)
        channels = np.zeros((count, 4), np.uint32)  # red, green, blue, alpha
        call(matrix_of, repeat(handle), first, addresses(matrices))
        call(origin_of, repeat(handle), first, addresses(origins), addresses(origins, 1))
        coloured = map(colour_of, objects, *(addresses(channels, column) for column in range(4)))
        pale = np.fromiter(coloured, np.bool_, count)
        pale &= (channels[:, :3].min(axis=1, initial=255) >= 225) | (channels[:, 3] < 40)
        a, b, c, d = matrices[:, :4].astype(np.float64).T
        scale = np.hypot(c, d)
        size = np.fromiter(map(size_of, repeat(handle), first), np.float64, count) * np.where(scale > 0, scale, 1.0)
        turn = np.where(scale > 0, np.degrees(np.arctan2(b, a)) / 90, 0.0)
        quarter = np.rint(turn)
        angle = np.where(np.abs(turn - quarter) < 0.06, quarter % 4, -1).astype(np.int32)
        mode = np.fromiter(map(mode_of, objects), np.int32, count)
        hidden = (mode == _INVISIBLE_MODE) | (mode == _CLIP_ONLY_MODE) | (size < _TINY) | ((a == 0) & (b == 0))
        index_of: dict[Style, int] = {}
        known: dict[tuple[int, float, int], int] = {}
        style = np.zeros(count, np.int32)
        for row, key in enumerate(zip(map(font_of, objects), size.tolist(), angle.tolist(), strict=True)):
            if key not in known:
                known[key] = index_of.setdefault(self._style(*key), len(index_of))
            style[row] = known[key]
        return _Looks(list(index_of), style, hidden, pale, origins[:, 1])

    def _style(self, font: int, size: float, angle: int) -> Style:
        look = self._font(font)
        turns = None if angle < 0 else angle
        return Style(look.name, round(size, 2), look.bold, turns, look.rise * size, look.fall * size)

    def _font(self, font: int) -> Font:
        if not font:
            return NO_FONT
        if font not in self._fonts:
            self._fonts[font] = describe_font(ctypes.cast(POINTER(font), pdfium.FPDF_FONT))
        return self._fonts[font]


@dataclass(frozen=True, slots=True)
class _Looks:
    """Of n text objects: index into ``styles``, whether invisible, whether pale, baseline of the first character."""

    styles: list[Style]
    style: Ints
    hidden: npt.NDArray[np.bool_]
    pale: npt.NDArray[np.bool_]
    baseline: npt.NDArray[np.float64]


def _start_pdfium() -> None:
    """PDFium's library start-up; a second call does nothing."""
    config = pdfium.FPDF_LIBRARY_CONFIG(version=2)
    pdfium.FPDF_InitLibraryWithConfig(config)


def _load_error(name: str, code: int) -> UnreadableDocument:
    if code == pdfium.FPDF_ERR_PASSWORD:
        return UnreadableDocument(name, "is encrypted with a password", "save a copy without one")
    if code == pdfium.FPDF_ERR_SECURITY:
        return UnreadableDocument(name, "uses an encryption that cannot be read", "save a copy without it")
    return UnreadableDocument(name, "is damaged, or is not a PDF", "download it again")


@contextmanager
def _text_page(page: Any) -> Iterator[Any]:
    text_page = pdfium.FPDFText_LoadPage(page)
    if not text_page:
        raise MemoryError
    try:
        yield text_page
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def _has_image(page: Any, limit: int = 2000) -> bool:
    count = min(pdfium.FPDFPage_CountObjects(page), limit)
    objects = (pdfium.FPDFPage_GetObject(page, index) for index in range(count))
    return any(pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_IMAGE for item in objects)


def _codes(text_page: Any, handle: int | None, count: int) -> npt.NDArray[np.uint32]:
    """Code points of all characters: in one call where text and characters run in step."""
    buffer = np.zeros(count + 1, np.uint16)
    pointer = ctypes.cast(buffer.ctypes.data, ctypes.POINTER(ctypes.c_ushort))
    written = pdfium.FPDFText_GetText(text_page, 0, count, pointer)
    units = buffer[:count]
    if written == count + 1 and not ((units >= 0xD800) & (units < 0xE000)).any():
        codes = units.astype(np.uint32)
        codes[codes == 0xFFFE] = _HYPHEN
        return codes
    return np.fromiter(map(unicode_of, repeat(handle), range(count)), np.uint32, count)


def _ink(text_page: Any, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of what is drawn for a character."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    return left.value, bottom.value, right.value, top.value


def _decoded(codes: npt.NDArray[np.uint32]) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le", "replace")


def _place(glyphs: Glyphs, page: Any, boxes: Floats, base: Floats) -> None:
    """Move ``boxes`` and ``base`` to the page as it is shown: its corner at the origin, turned by /Rotate."""
    visible = pdfium.FS_RECTF()
    if pdfium.FPDF_GetPageBoundingBox(page, visible):
        boxes[:, 0::2] -= visible.left
        boxes[:, 1::2] -= visible.bottom
        base -= visible.bottom
    turns = pdfium.FPDFPage_GetRotation(page)
    if turns:
        left, top, right, bottom = boxes.T.copy()
        width, height = glyphs.width, glyphs.height
        if turns == 1:
            turned = (bottom, height - left, top, height - right)
        elif turns == 2:
            turned = (width - right, height - bottom, width - left, height - top)
        else:
            turned = (width - top, right, width - bottom, left)
        for column, values in enumerate(turned):
            boxes[:, column] = values
        base[:] = boxes[:, 3] + 0.22 * (boxes[:, 1] - boxes[:, 3])
        glyphs.styles = [
            replace(style, angle=None if style.angle is None else (style.angle - turns) % 4) for style in glyphs.styles
        ]


def _keep_visible(
    glyphs: Glyphs,
    codes: npt.NDArray[np.uint32],
    blank: npt.NDArray[np.bool_],
    boxes: Floats,
    base: Floats,
    style: Ints,
    hidden: npt.NDArray[np.bool_],
    doubtful: npt.NDArray[np.bool_],
) -> None:
    """Store what can be seen: no white space, nothing hidden, off the page or without width."""
    codes = np.where(codes == _HYPHEN, ord("-"), codes)  # all that are left are hyphens
    left, top, right, bottom = boxes.T
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    join_surrogates(codes)
    unseen = (codes >= 0xD800) & (codes < 0xE000)
    unseen |= ((codes >= 0x200B) & (codes <= 0x200F)) | ((codes >= 0x202A) & (codes <= 0x202E))
    unseen |= ((codes >= 0x2060) & (codes <= 0x206F)) | (codes == 0xFEFF) | (codes >= 0xE0000)
    off_page = (middle_x < 0) | (middle_x > glyphs.width) | (middle_y < 0) | (middle_y > glyphs.height)
    no_width = (right - left < 0.02) & (top - bottom > 1)
    shown = ~(hidden | unseen | off_page)
    compose_accents(codes, boxes, shown)
    glyphs.stream = _decoded(codes[shown | blank])
    keep = shown & ~blank & ~(no_width & (codes < 0x300))
    index = np.flatnonzero(keep)
    glyphs.text = _decoded(codes[index])
    glyphs.x0, glyphs.y1, glyphs.x1, glyphs.y0 = (boxes[index, column] for column in range(4))
    glyphs.base, glyphs.style, glyphs.doubtful = base[index], style[index], doubtful[index]
    blanks_before = np.cumsum(blank)[index]
    glyphs.space = np.diff(blanks_before, prepend=blanks_before[:1]) > 0
