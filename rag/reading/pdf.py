"""Characters and their boxes from a PDF, through PDFium's C interface.

Few calls a character: PDFium's answers arrive in arrays that are allocated once a page, and what is constant
over a text object (font, size, colour, direction) is asked once for each object.
"""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading.repair import compose_accents, mark_unknown
from rag.reading.text import one_line
from rag.reading.visibility import lost_on_background

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_TINY = 3.0  # points; smaller letters are not meant to be read
_MAX_CHARACTERS = 400_000  # a page; a dense journal page holds 8,000

_POINTER = ctypes.c_void_p
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|-bd|[.\-_]bi?$")
_FORCE_BOLD = 1 << 18
_OPAQUE = re.compile(r"^(?:Adv\w+|[A-Za-z]{0,2}\d{1,3})$")
_FEW = 40  # characters; a page with fewer may be a scan
_OPERATORS = {0xD5: "∏", 0xD6: "√", 0xE5: "∑", 0xF2: "∫"}
_MAX_OBJECTS = 20_000  # of a page
_NOTHING = 0.01  # points
_HYPHEN = 2  # how PDFium codes a hyphen at a line end
_INVISIBLE_MODE = 3
_CLIP_ONLY_MODE = 7


def _prototype(function: Any, result: Any, *arguments: Any) -> Any:
    """The same C function with plain integer arguments: half the time of the typed call."""
    address = ctypes.cast(function, _POINTER).value or 0
    return ctypes.CFUNCTYPE(result, *arguments)(address)


_unicode_of = _prototype(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _POINTER, ctypes.c_int)
_object_of = _prototype(pdfium.FPDFText_GetTextObject, ctypes.c_size_t, _POINTER, ctypes.c_int)
_box_of = _prototype(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, _POINTER, ctypes.c_int, _POINTER)
_matrix_of = _prototype(pdfium.FPDFText_GetMatrix, ctypes.c_int, _POINTER, ctypes.c_int, _POINTER)
_origin_of = _prototype(pdfium.FPDFText_GetCharOrigin, ctypes.c_int, _POINTER, ctypes.c_int, _POINTER, _POINTER)
_size_of = _prototype(pdfium.FPDFText_GetFontSize, ctypes.c_double, _POINTER, ctypes.c_int)
_font_of = _prototype(pdfium.FPDFTextObj_GetFont, ctypes.c_size_t, _POINTER)
_member_of = _prototype(pdfium.FPDFPage_GetObject, ctypes.c_size_t, _POINTER, ctypes.c_int)
_type_of = _prototype(pdfium.FPDFPageObj_GetType, ctypes.c_int, _POINTER)
_bounds_of = _prototype(pdfium.FPDFPageObj_GetBounds, ctypes.c_int, *[_POINTER] * 5)
_mode_of = _prototype(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_int, _POINTER)
_colour_of = _prototype(pdfium.FPDFPageObj_GetFillColor, ctypes.c_int, _POINTER, _POINTER, _POINTER, _POINTER, _POINTER)


def _call(function: Any, *arguments: Iterable[Any]) -> None:
    """Call a C function with each row of arguments; what it returns is not looked at."""
    deque(map(function, *arguments), maxlen=0)


def _addresses(table: npt.NDArray[Any], column: int = 0) -> range:
    """Where the cells of one column of ``table`` lie in memory."""
    start = table.ctypes.data + column * table.itemsize
    return range(start, start + len(table) * table.strides[0], table.strides[0])


@dataclass(frozen=True, slots=True)
class Style:
    """What is constant over one text object.

    Attributes:
        size: Points.
        angle: Quarter turns, None where the text is oblique.
        rise, fall: Ascent and descent of the font at this size, points; ``fall`` is negative.
    """

    font: str
    size: float
    bold: bool
    angle: int | None
    rise: float
    fall: float


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


class PdfFile:
    """An open PDF. Not for use by two threads: PDFium is not thread safe."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data  # PDFium reads from this buffer as long as the file is open
        self._name = name
        _start_pdfium()
        self._handle = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
        if not self._handle:
            raise _load_error(name, pdfium.FPDF_GetLastError())
        self._fonts: dict[int, _Font] = {}

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
        handle = ctypes.cast(text_page, _POINTER).value
        codes = _codes(text_page, handle, count)
        blank = _is_blank(codes)
        if blank.all():
            return
        boxes = np.zeros((count, 4), np.float32)  # left, top, right, bottom; of blanks nobody asks
        inked = np.flatnonzero(~blank)
        _call(_box_of, repeat(handle), inked.tolist(), (boxes.ctypes.data + boxes.strides[0] * inked).tolist())
        style, base, hidden, seen = self._styles(glyphs, page, handle, blank, boxes)
        _read_symbols(codes, style, glyphs.styles)
        doubtful = _doubtful_blanks(page, blank, boxes, base, seen)
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
        slot_of_run = [slots.setdefault(each, len(slots)) for each in map(_object_of, repeat(handle), starts.tolist())]
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
        _call(_matrix_of, repeat(handle), first, _addresses(matrices))
        _call(_origin_of, repeat(handle), first, _addresses(origins), _addresses(origins, 1))
        coloured = map(_colour_of, objects, *(_addresses(channels, column) for column in range(4)))
        pale = np.fromiter(coloured, np.bool_, count)
        pale &= (channels[:, :3].min(axis=1, initial=255) >= 225) | (channels[:, 3] < 40)
        a, b, c, d = matrices[:, :4].astype(np.float64).T
        scale = np.hypot(c, d)
        size = np.fromiter(map(_size_of, repeat(handle), first), np.float64, count) * np.where(scale > 0, scale, 1.0)
        turn = np.where(scale > 0, np.degrees(np.arctan2(b, a)) / 90, 0.0)
        quarter = np.rint(turn)
        angle = np.where(np.abs(turn - quarter) < 0.06, quarter % 4, -1).astype(np.int32)
        mode = np.fromiter(map(_mode_of, objects), np.int32, count)
        hidden = (mode == _INVISIBLE_MODE) | (mode == _CLIP_ONLY_MODE) | (size < _TINY) | ((a == 0) & (b == 0))
        index_of: dict[Style, int] = {}
        known: dict[tuple[int, float, int], int] = {}
        style = np.zeros(count, np.int32)
        for row, key in enumerate(zip(map(_font_of, objects), size.tolist(), angle.tolist(), strict=True)):
            if key not in known:
                known[key] = index_of.setdefault(self._style(*key), len(index_of))
            style[row] = known[key]
        return _Looks(list(index_of), style, hidden, pale, origins[:, 1])

    def _style(self, font: int, size: float, angle: int) -> Style:
        look = self._font(font)
        turns = None if angle < 0 else angle
        return Style(look.name, round(size, 2), look.bold, turns, look.rise * size, look.fall * size)

    def _font(self, font: int) -> _Font:
        if not font:
            return _NO_FONT
        if font not in self._fonts:
            self._fonts[font] = _describe(ctypes.cast(_POINTER(font), pdfium.FPDF_FONT))
        return self._fonts[font]


@dataclass(frozen=True, slots=True)
class _Looks:
    """Of n text objects: index into ``styles``, whether invisible, whether pale, baseline of the first character."""

    styles: list[Style]
    style: Ints
    hidden: npt.NDArray[np.bool_]
    pale: npt.NDArray[np.bool_]
    baseline: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Font:
    """``rise`` and ``fall``: ascent and descent in ems."""

    name: str
    bold: bool
    rise: float
    fall: float


_NO_FONT = _Font("", False, 0.95, -0.35)


def _describe(font: Any) -> _Font:
    buffer = ctypes.create_string_buffer(256)
    size = pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
    name = buffer.value.decode("utf-8", "replace") if 0 < size <= 256 else ""
    name = name.split("+", 1)[-1]
    forced = bool(pdfium.FPDFFont_GetFlags(font) & _FORCE_BOLD)
    # The weight is a guess from the stem width: good enough only where the name says nothing.
    heavy = bool(_OPAQUE.match(name)) and pdfium.FPDFFont_GetWeight(font) >= 700
    rise, fall = ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFFont_GetAscent(font, 1000.0, rise)
    pdfium.FPDFFont_GetDescent(font, 1000.0, fall)
    # The bounds that PDF readers put on what careless producers write.
    ascent = min(rise.value / 1000, 1.05) or _NO_FONT.rise
    descent = max(-abs(fall.value) / 1000, -0.4) or _NO_FONT.fall
    return _Font(name, bool(_BOLD.search(name.lower())) or forced or heavy, ascent, descent)


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


def _read_symbols(codes: npt.NDArray[np.uint32], style: Ints, styles: Sequence[Style]) -> None:
    """Big operators of Adobe's Symbol encoding that the file passes off as Latin letters, in place."""
    symbols = ["symbol" in each.font.lower() for each in styles]
    if any(symbols):
        drawn = np.array(symbols)[style]
        for code, operator in _OPERATORS.items():
            codes[drawn & (codes == code)] = ord(operator)


def _doubtful_blanks(
    page: Any, blank: npt.NDArray[np.bool_], boxes: Floats, base: Floats, seen: set[int]
) -> npt.NDArray[np.bool_]:
    """Characters in front of which PDFium leaves out a text object that draws nothing.

    These are blanks of symbol fonts, coded privately; other readers show the private character.

    Args:
        seen: Text objects of which characters are known.
    """
    doubtful = np.zeros(len(blank), np.bool_)
    sheet = ctypes.cast(page, _POINTER).value
    objects = map(_member_of, repeat(sheet), range(min(_MAX_OBJECTS, pdfium.FPDFPage_CountObjects(page))))
    unseen = [each for each in objects if each not in seen and _type_of(each) == pdfium.FPDF_PAGEOBJ_TEXT]
    # In a font that draws letters it is an ordinary blank.
    fonts = set(map(_font_of, seen))
    unseen = [each for each in unseen if _font_of(each) not in fonts]
    if not unseen:
        return doubtful
    places = np.zeros((len(unseen), 4), np.float32)  # left, bottom, right, top
    _call(_bounds_of, unseen, *(_addresses(places, column) for column in range(4)))
    empty = np.flatnonzero(places[:, 2] - places[:, 0] < _NOTHING).tolist()
    for index in empty:
        x, y = float(places[index, 0]), float(places[index, 1])
        height = boxes[:, 1] - boxes[:, 3]
        ahead = ~blank & (np.abs(base - y) < 0.4 * height) & (boxes[:, 0] > x - 0.5) & (boxes[:, 0] < x + 2 * height)
        if ahead.any():
            doubtful[np.where(ahead, boxes[:, 0], np.inf).argmin()] = True
    return doubtful


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
    return np.fromiter(map(_unicode_of, repeat(handle), range(count)), np.uint32, count)


_BLANKS = np.array([9, 10, 11, 12, 13, 32, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], np.uint32)


def _ink(text_page: Any, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of what is drawn for a character."""
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    return left.value, bottom.value, right.value, top.value


def _is_blank(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    blank: npt.NDArray[np.bool_] = (codes <= 32) | (codes >= 0xA0)
    at = np.flatnonzero(blank)
    blank[at] = np.isin(codes[at], _BLANKS)
    return blank


def _join_surrogates(codes: npt.NDArray[np.uint32]) -> None:
    """Two halves to one character, in the place of the first."""
    for index in np.flatnonzero((codes[:-1] >> 10 == 0x36) & (codes[1:] >> 10 == 0x37)).tolist():
        codes[index] = 0x10000 + ((int(codes[index]) & 0x3FF) << 10) + (int(codes[index + 1]) & 0x3FF)


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
    _join_surrogates(codes)
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
