"""Binary patches of git, decoded here instead of by git.

`git apply` takes a binary file by its id out of its object store if it has one, whatever the patch
brings; and without ids it takes no binary patch at all. So the bytes come from the patch alone. What it
was made for must be what is on the branch: its index line says so by whole ids, or its way back brings
those bytes whole.
Format: base85 lines of at most 52 bytes, their length in the first letter, zlib, then the bytes
themselves or a delta (gitformat-pack(5), "Deltified representation").
"""

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass

from contracts.faults import Fault, Reason
from executor.changeset.nearest import Near
from executor.changeset.sections import Section

_HEAD = re.compile(rb"(literal|delta) (\d+)\n")


_NO_ID = "0" * 40
_OTHER_BYTES = "it was made for other bytes than those on the branch"


class _BrokenError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction of a binary patch; *data* are the bytes themselves, or a delta."""

    is_delta: bool
    data: bytes

    def walk(self, start: bytes, most: int) -> bytes:
        """What this makes of *start*."""
        return _patch_delta(start, self.data, most) if self.is_delta else self.data


def decode_binary(section: Section, before: bytes, *, most: int) -> bytes | Fault:
    """The file after the binary patch of *section*; *most* bounds it, in bytes."""
    try:
        return _decode(section, before, most)
    except _BrokenError as error:
        return Near(str(error)).fault(Reason.DIFF_DOES_NOT_APPLY, path=section.path, hunk=1)


def _decode(section: Section, before: bytes, most: int) -> bytes:
    forward, rest = _way(section.binary, most)
    if section.ids is not None:
        old, new = section.ids
        if old != _blob_id(before) and (before or old != _NO_ID):
            raise _BrokenError(_OTHER_BYTES)
        after = forward.walk(before, most)
        if new != _blob_id(after) and (after or new != _NO_ID):
            raise _BrokenError("it does not make what its index line says")
        return after
    back = _way(rest, max(most, len(before)))[0] if rest and _HEAD.match(rest[0]) else None
    # Two deltas prove nothing: both copy whatever stands where they were not made to change it.
    if back is None or back.is_delta:
        raise _BrokenError("it has no index line with whole ids that says what it was made for")
    if back.data != before:
        raise _BrokenError(_OTHER_BYTES)
    return forward.walk(before, most)


def _blob_id(content: bytes) -> str:
    """Git's name for *content*; no secret hangs on it."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _way(lines: tuple[bytes, ...], most: int) -> tuple[_Way, tuple[bytes, ...]]:
    """The first direction in *lines*, and the lines after it."""
    head = _HEAD.fullmatch(lines[0]) if lines else None
    if head is None:
        raise _BrokenError("it does not begin with literal or delta")
    size = int(head[2])
    if len(head[2]) > 12 or size > most:
        raise _BrokenError(f"it makes more than {most} bytes")
    end = next((number for number, line in enumerate(lines) if line == b"\n"), len(lines))
    data = _inflate(b"".join(map(_line, lines[1:end])), size)
    return _Way(head[1] == b"delta", data), lines[end + 1 :]


def _line(line: bytes) -> bytes:
    text = line.rstrip(b"\r\n")
    letter = text[:1]
    if b"A" <= letter <= b"Z":
        length = letter[0] - ord("A") + 1
    elif b"a" <= letter <= b"z":
        length = letter[0] - ord("a") + 27
    else:
        raise _BrokenError("a line of it is no base85")
    try:
        data = base64.b85decode(text[1:])
    except ValueError as error:
        raise _BrokenError("a line of it is no base85") from error
    if not length <= len(data) < length + 4:
        raise _BrokenError("a line of it has another length than it says")
    return data[:length]


def _inflate(data: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        made = inflater.decompress(data, size + 1)
    except zlib.error as error:
        raise _BrokenError("it cannot be inflated") from error
    if len(made) != size:
        raise _BrokenError("it is shorter or longer than it says")
    return made


def _patch_delta(start: bytes, delta: bytes, most: int) -> bytes:
    from_size, place = _varint(delta, 0)
    size, place = _varint(delta, place)
    if from_size != len(start):
        raise _BrokenError("it was made for a file of another size")
    if size > most:
        raise _BrokenError(f"it makes more than {most} bytes")
    made = bytearray()
    try:
        while place < len(delta) and len(made) <= size:
            place = _step(start, delta, place, made)
    except IndexError as error:
        raise _BrokenError("its delta is broken") from error
    if len(made) != size:
        raise _BrokenError("its delta is broken")
    return bytes(made)


def _step(start: bytes, delta: bytes, place: int, made: bytearray) -> int:
    """Carry out the instruction at *place*, onto the end of *made*; returns the next place."""
    code = delta[place]
    place += 1
    if not code & 0x80:
        if not code or place + code > len(delta):
            raise _BrokenError("its delta is broken")
        made += delta[place : place + code]
        return place + code
    offset = length = 0
    for bit in range(7):
        if code & (1 << bit):
            if bit < 4:
                offset |= delta[place] << (8 * bit)
            else:
                length |= delta[place] << (8 * (bit - 4))
            place += 1
    length = length or 0x10000
    if offset + length > len(start):
        raise _BrokenError("its delta is broken")
    made += start[offset : offset + length]
    return place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise _BrokenError("its delta is broken")
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place += 1
        shift += 7
        if not byte & 0x80:
            return value, place
