"""ISO 2709 files cut into records, so that a damaged one never costs its neighbour.

Lengths and offsets count bytes. The separators 1D, 1E and 1F never occur inside
a character of UTF-8, GBK or GB18030, so cutting needs no encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sync.hub.importers.source import Content

RECORD_END = 0x1D
FIELD_END = 0x1E
LEADER_LENGTH = 24
ENTRY_LENGTH = 12

#: What libraries put between records: line ends, blanks, a byte order mark, Ctrl-Z.
_BETWEEN = re.compile(rb"(?:\xef\xbb\xbf|[\s\x00\x1a])*")
#: Length, status and type, "22", base address, "45": a leader in the middle of a
#: record shows that the mark at that record's end was lost.
_LEADER_INSIDE = re.compile(rb"(?<=\x1e)\s*(\d{5}[ -~]{5}22\d{5}[ -~]{3}45[ -~]{2})")


class BadRecord(ValueError):
    """A record's leader, length or directory contradicts its bytes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes of one record, the closing 1D included when it was there."""

    number: int
    offset: int
    content: bytes


def frames(content: Content) -> Iterator[Frame]:
    """Cut a file into records, whatever the leaders say about their lengths."""
    position = _skip_gap(content, 0)
    number = 0
    while position < len(content):
        number += 1
        end = _end_of_record(content, position)
        yield Frame(number, position, content[position:end])
        position = _skip_gap(content, end)


def check(frame: Frame) -> None:
    """Raise BadRecord unless leader, directory and fields fit each other."""
    content = frame.content
    if content[-1] != RECORD_END:
        raise BadRecord("the mark 1D at the end of the record is missing")
    length = _number(content[:5], "record length in the leader")
    if length != len(content):
        raise BadRecord(
            f"the leader says {length} bytes, the record has {len(content)}"
        )
    base = _number(content[12:17], "base address in the leader")
    if not LEADER_LENGTH < base < length or content[base - 1] != FIELD_END:
        raise BadRecord(f"no directory ends at the base address {base}")
    _check_directory(content, base)


def _skip_gap(content: Content, position: int) -> int:
    gap = _BETWEEN.match(content, position)
    return gap.end() if gap else position


def _end_of_record(content: Content, start: int) -> int:
    mark = content.find(bytes([RECORD_END]), start)
    end = len(content) if mark < 0 else mark + 1
    next_leader = _LEADER_INSIDE.search(content, start + LEADER_LENGTH, end)
    return next_leader.start(1) if next_leader else end


def _check_directory(content: bytes, base: int) -> None:
    directory = content[LEADER_LENGTH : base - 1]
    if not directory or len(directory) % ENTRY_LENGTH:
        raise BadRecord(
            f"the directory has {len(directory)} bytes, no multiple of {ENTRY_LENGTH}"
        )
    for start in range(0, len(directory), ENTRY_LENGTH):
        _check_entry(content, base, directory[start : start + ENTRY_LENGTH])


def _check_entry(content: bytes, base: int, entry: bytes) -> None:
    tag = entry[:3].decode("ascii", errors="backslashreplace")
    if not tag.isalnum():
        raise BadRecord(f"the tag {tag!r} in the directory is no field's name")
    length = _number(entry[3:7], f"length of field {tag}")
    start = base + _number(entry[7:], f"start of field {tag}")
    last = start + length - 1
    if length < 1 or last >= len(content) - 1 or content[last] != FIELD_END:
        raise BadRecord(f"the directory puts field {tag} where no field ends")
    if start > base and content[start - 1] != FIELD_END:
        raise BadRecord(f"the directory puts field {tag} inside another field")
    if FIELD_END in content[start:last]:
        raise BadRecord(f"the directory stretches field {tag} over another field")


def _number(digits: bytes, what: str) -> int:
    if not digits.isdigit():
        raise BadRecord(f"{what} is {digits!r}, not a number")
    return int(digits)
