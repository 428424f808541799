"""`DATA/stick-in`: answers that were copied from a stick and wait to be applied.

A file lies there until all of it is safe in the mirror; what became of it is left in
a small file beside it, for the command that brought it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kiosk.durable import flush
from sync.agent.spool import COPYING, Spool
from sync.agent.stick_import import Applied
from sync.stick.writing import BadStick

#: What must stay free on the card for what readers do, beside all that is imported.
RESERVE_BYTES = 128 << 20
#: A mirror grows by up to this many times what it is told, its WAL included.
_GROWTH = 3


class StickInbox(Spool[Applied]):
    """Files are put by commands and taken by whoever writes the mirror."""

    def __init__(self, data: Path) -> None:
        super().__init__(data / "stick-in", Applied)

    def put(self, source: Path) -> str:
        """Copy a file so that a power cut can't take it; return its name here.

        Raises BadStick when the stick can't be read or the card has no room for it.
        """
        place = self.place_for(source.name)
        beside = place.with_name(source.name + COPYING)
        try:
            self._check_room(source.stat().st_size)
            with source.open("rb") as stick, beside.open("wb") as copy:
                shutil.copyfileobj(stick, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
        except OSError as err:
            beside.unlink(missing_ok=True)
            raise BadStick(f"{source}: {err.strerror or err}") from err
        beside.replace(place)
        flush(self.folder)
        return source.name

    def _check_room(self, size: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < size * _GROWTH + RESERVE_BYTES:
            raise BadStick(f"no room on the kiosk's own card: {free} bytes are free")
