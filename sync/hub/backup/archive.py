"""The file of a backup: a tar of a manifest, the database, and the key if asked for.

The manifest says what must be found again: checksum, schema, where the feed stood
and how many rows each table had.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from kiosk.durable import flush
from sync.hub.store.database import BadDatabase

#: The form of the file; a newer one is refused.
FORMAT = 1
_MANIFEST, _DATABASE, _KEY = "manifest.json", "database", "hub.key"
_LARGEST_MANIFEST = 1 << 20


class BadBackup(BadDatabase):
    """A backup that can't be made, trusted or put back; the text says why."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a database holds: enough to tell whether a copy is whole."""

    backend: str
    revision: str
    isil: str
    feed_version: int
    feed_run: str
    rows: dict[str, int]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    made_at: dt.datetime
    sha256: str
    has_key: bool
    content: Content


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A backup whose checksum was right. `key`: the hub's private key, if it is in."""

    manifest: Manifest
    database: Path
    key: bytes | None


def pack(
    file: Path, database: Path, content: Content, key: bytes | None, now: dt.datetime
) -> Manifest:
    """Write a backup, readable by its owner alone: whole or not at all.

    `database` lies in a folder of its own on the same disk.
    """
    manifest = Manifest(
        format=FORMAT,
        made_at=now,
        sha256=_digest(database),
        has_key=key is not None,
        content=content,
    )
    beside = database.with_name("backup.tar")
    with _private(beside) as raw:
        with tarfile.open(fileobj=raw, mode="w") as tar:
            _add(tar, _MANIFEST, msgspec.json.encode(manifest), database.parent)
            if key is not None:
                _add(tar, _KEY, key, database.parent)
            tar.add(database, _DATABASE, filter=_anonymous)
        raw.flush()
        os.fsync(raw.fileno())
    beside.rename(file)
    flush(file.parent)
    return manifest


def unpack(file: Path, folder: Path) -> Unpacked:
    """Take a backup apart into a folder. Raises BadBackup, OSError."""
    try:
        with tarfile.open(file, "r:") as tar:
            manifest = _manifest(_member(tar, _MANIFEST).read(_LARGEST_MANIFEST))
            database = folder / _DATABASE
            with _private(database) as copy:
                shutil.copyfileobj(_member(tar, _DATABASE), copy)
            key = _member(tar, _KEY).read() if manifest.has_key else None
    except (tarfile.TarError, KeyError, msgspec.DecodeError) as err:
        raise BadBackup(f"{file} is no backup of a hub: {err}") from err
    if _digest(database) != manifest.sha256:
        raise BadBackup(f"{file} is damaged: the checksum is not that of its manifest")
    return Unpacked(manifest, database, key)


def _manifest(text: bytes) -> Manifest:
    form = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("format")
    if form is None or bytes(form) != str(FORMAT).encode():
        raise BadBackup("this backup is in a form that this version does not know")
    return msgspec.json.decode(text, type=Manifest)


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _add(tar: tarfile.TarFile, name: str, content: bytes, folder: Path) -> None:
    place = folder / name
    with _private(place) as file:
        file.write(content)
    tar.add(place, name, filter=_anonymous)


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
