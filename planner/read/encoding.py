"""In which encoding a file's text is: by its bytes, because what shapefiles say of themselves is often wrong."""

from __future__ import annotations

import codecs
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from planner.errors import InvalidInput
from planner.words import say

_LATIN: Final = ("iso-8859", "iso8859", "8859", "latin", "1252", "1250", "88591")
_LATIN_LDID: Final = {0x01, 0x02, 0x03, 0x57, 0x58, 0x59}


def check_encoding(name: str, *, where: str) -> str:
    """The name Python knows an encoding by. Raises InvalidInput for an unknown one."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise InvalidInput(say("read.no_encoding", path=where, name=name)) from None


def encoding_of(texts: list[bytes], *, declared: str = "") -> str | None:
    """UTF-8, GB18030 or a declared Latin encoding, whichever the bytes admit; "ASCII" where all are plain; else None.

    texts: the values, each as stored (a last character cut by the field's width is forgiven). Rule: any byte ≥ 0x80 → strict
    UTF-8, else strict GB18030; a declared Latin encoding is believed only where no two bytes ≥ 0xA1 stand together.
    """
    foreign = [t for t in texts if any(b >= 0x80 for b in t)]
    if not foreign:
        return "ASCII"
    if all(_decodes(t, "utf-8") for t in foreign):
        return "UTF-8"
    latin = any(n in declared.lower() for n in _LATIN)
    if latin and not any(_has_hanzi_pair(t) for t in foreign):
        return "cp1252" if "8859" in declared.lower() or "latin" in declared.lower() else declared
    if all(_decodes(t, "gb18030") for t in foreign):
        return "GB18030"
    if declared:
        try:
            codec = codecs.lookup(declared).name
        except LookupError:
            return None
        if all(_decodes(t, codec) for t in foreign):
            return declared
    return None


def _decodes(text: bytes, encoding: str) -> bool:
    """Whether all but a cut last character is valid."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        decoder.decode(text, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _has_hanzi_pair(text: bytes) -> bool:
    return any(a >= 0xA1 and b >= 0xA1 for a, b in pairwise(text))


def dbf_texts(path: Path) -> list[bytes]:
    """Field names and distinct non-ASCII values of a dBase table's text columns, as bytes."""
    raw = path.read_bytes()
    if len(raw) < 33:
        raise InvalidInput(say("read.no_dbf", path=path.name, n=len(raw)))
    records = int.from_bytes(raw[4:8], "little")
    start = int.from_bytes(raw[8:10], "little")
    width = int.from_bytes(raw[10:12], "little")
    names, spans, at, offset = [], [], 32, 1
    while at + 32 <= min(start, len(raw)) and raw[at] != 0x0D:
        names.append(raw[at : at + 11].split(b"\0")[0])
        length = raw[at + 16]
        if raw[at + 11 : at + 12] in (b"C", b"M"):
            spans.append((offset, length))
        offset, at = offset + length, at + 32
    whole = min(records, max(len(raw) - start, 0) // width) if width else 0
    table = np.frombuffer(raw, dtype=np.uint8, count=whole * width, offset=start).reshape(whole, width) if whole else None
    texts = list(names)
    for begin, length in spans if table is not None else []:
        column = np.ascontiguousarray(table[:, begin : begin + length])  # type: ignore[index]
        column = column[(column >= 0x80).any(axis=1)]
        texts += sorted({bytes(v).rstrip(b" \0") for v in column})
    return texts


def dbf_whole(raw: bytes, encoding: str) -> bytes | None:
    """A dBase table whose field names and texts end with a whole character, None where they do already.

    Names are cut at ten bytes and texts at their width, in UTF-8 often inside a character: those bytes go.
    """
    table = bytearray(raw)
    start, records, width = (int.from_bytes(raw[a:b], "little") for a, b in ((8, 10), (4, 8), (10, 12)))
    at, offset, changed = 32, 1, False
    while at + 32 <= min(start, len(raw)) and raw[at] != 0x0D:
        name = raw[at : at + 11].split(b"\0")[0]
        whole = _whole(name, encoding)
        if whole != name:
            table[at : at + 11], changed = whole.ljust(11, b"\0"), True
        length = raw[at + 16]
        if raw[at + 11 : at + 12] == b"C" and width:
            for row in range(min(records, (len(raw) - start) // width)):
                begin = start + row * width + offset
                if raw[begin + length - 1] >= 0x80:
                    text = raw[begin : begin + length]
                    whole = _whole(text, encoding)
                    if whole != text:
                        table[begin : begin + length], changed = whole.ljust(length, b" "), True
        offset, at = offset + length, at + 32
    return bytes(table) if changed else None


def _whole(text: bytes, encoding: str) -> bytes:
    """The bytes of a text without those of a last character that is cut."""
    for cut in range(4):
        try:
            text[: len(text) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return text[: len(text) - cut]
    return text


def dbf_declared(path: Path) -> str:
    """What a shapefile says of its encoding: the .cpg's text, else a word for the .dbf's language byte, else ''."""
    for suffix in (".cpg", ".CPG"):
        cpg = path.with_suffix(suffix)
        if cpg.exists():
            return cpg.read_bytes()[:40].decode("ascii", "replace").strip()
    with path.open("rb") as file:
        head = file.read(30)
    ldid = head[29] if len(head) == 30 else 0
    return "cp936" if ldid == 0x4D else "cp1252" if ldid in _LATIN_LDID else ""


def decode_text(raw: bytes, *, encoding: str | None, where: str) -> tuple[str, str]:
    """A text file's characters and the encoding they were in (given, or found by the rule).

    Raises InvalidInput where the bytes fit none.
    """
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found: str | None = "utf-16"
    elif raw.startswith(codecs.BOM_UTF8):
        found = "utf-8-sig"
    else:
        found = encoding or encoding_of([raw])
    if found is None:
        raise InvalidInput(say("read.neither_encoding", path=where))
    try:
        return raw.decode("utf-8" if found == "ASCII" else found), found
    except UnicodeDecodeError as error:
        raise InvalidInput(say("read.not_in_encoding", path=where, at=error.start, encoding=found)) from None
