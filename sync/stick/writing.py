"""Writing a stick's file: it is there whole under its name, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from kiosk.durable import flush
from sync.stick.names import UNFINISHED
from sync.stick.segments import (
    NOTHING_BEFORE,
    Direction,
    Header,
    seal,
)

#: What a file system may want for itself beside a segment.
_SPARE_BYTES = 64 << 10


class BadStick(OSError):
    """The stick, or what was said to be one, can't be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who writes a file, about which kiosk, and for whom."""

    kiosk_id: str
    direction: Direction
    sender: Ed25519PrivateKey
    receiver: X25519PublicKey


class StickWriter:
    """Writes a file beside its final name; `finish` makes it durable, then renames it.

    Left without `finish`, it takes the unfinished file away. Raises BadStick.
    """

    def __init__(self, path: Path, parties: Parties) -> None:
        folder = path.parent
        if not folder.is_dir():
            raise BadStick(f"{folder}: not a folder; is the stick mounted?")
        self._path = path
        self._unfinished = path.with_name(path.name + UNFINISHED)
        self._parties = parties
        self._number = 0
        self._before = NOTHING_BEFORE
        self._content: bytes | None = None
        self._finished = False
        try:
            self._unfinished.unlink(missing_ok=True)
            self._file: BinaryIO = self._unfinished.open("xb")
        except OSError as err:
            raise _trouble(path, err) from err

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # the stick may be gone, and with it all of this
            self._file.close()
            if not self._finished:
                self._unfinished.unlink(missing_ok=True)

    def add(self, content: bytes) -> None:
        """Write the segment before; this one waits, as it may be the last one.

        Raises BadStick.
        """
        self._write_segment(last=False)
        self._content = content

    def finish(self) -> None:
        """Return once the file is under its name, safe on the stick. Raises BadStick."""
        self._write_segment(last=True)
        try:
            os.fsync(self._file.fileno())
            self._file.close()
            self._unfinished.replace(self._path)
            _flush_folder(self._path.parent)
        except OSError as err:
            raise _trouble(self._path, err) from err
        self._finished = True

    def _write_segment(self, *, last: bool) -> None:
        """Seal, sign and write what waits, if anything does."""
        if self._content is None:
            return
        parties = self._parties
        header = Header(
            kiosk_id=parties.kiosk_id,
            direction=parties.direction,
            number=self._number + 1,
            last=last,
            before=self._before,
        )
        raw = seal(header, self._content, parties.sender, parties.receiver)
        self._write(raw)
        self._number += 1
        self._before = hashlib.sha256(raw).hexdigest()

    def _write(self, raw: bytes) -> None:
        try:
            free = shutil.disk_usage(self._path.parent).free
            if free < len(raw) + _SPARE_BYTES:
                raise BadStick(
                    f"{self._path}: the stick is full, {free} bytes are free"
                )
            self._file.write(raw)
            self._file.flush()
        except OSError as err:
            raise _trouble(self._path, err) from err


def _trouble(path: Path, err: OSError) -> BadStick:
    if isinstance(err, BadStick):
        return err
    if err.errno == errno.ENOSPC:
        return BadStick(f"{path}: the stick is full")
    return BadStick(f"{path}: {err.strerror or err}; is the stick still there?")


def _flush_folder(folder: Path) -> None:
    try:
        flush(folder)
    except OSError as err:
        if err.errno != errno.EINVAL:  # some file systems of sticks know no such thing
            raise
