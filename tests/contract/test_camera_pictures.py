"""Pictures in a camera's place that mean harm: none stops the camera or stays in memory."""

from __future__ import annotations

import gc
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.api import CodeScanned, ProtocolError
from drivers.camera.frames import Frame
from drivers.camera.pictures import MAX_PIXELS, PictureFolder, read_picture
from drivers.registry import create
from drivers.scanners.camera import CameraScanner
from tests.codes_in_pictures import drop, scene, symbol

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + check


def claimed(width: int, height: int) -> bytes:
    """A small file that says it is a big picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def good(folder: Path) -> bytes:
    drop(scene(symbol("YL0417170061")), folder, "good")
    path = folder / "good.png"
    content = path.read_bytes()
    path.unlink()
    return content


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[CameraScanner]:
    made = create("camera", {"port": str(tmp_path), "repeat_suppress_s": 0.0})
    assert isinstance(made, CameraScanner)
    made.open()
    yield made
    made.close()


def codes(camera: CameraScanner, looks: int) -> list[str]:
    events = camera.events()
    seen = [next(events) for _ in range(looks)]
    return [event.text for event in seen if isinstance(event, CodeScanned)]


def test_thirty_pictures_are_each_read_once(
    camera: CameraScanner, tmp_path: Path
) -> None:
    numbers = [f"YL04171700{number:02}" for number in range(30)]
    for number in numbers:
        drop(scene(symbol(number)), tmp_path, number)

    assert codes(camera, 32) == numbers


@pytest.mark.parametrize(
    "content",
    [
        b"",
        PNG,
        claimed(MAX_PIXELS, 2),
        claimed(10_000, 10_000),
        claimed(1 << 30, 1 << 30),
        claimed(0, 0),
        b"P5 4294967295 4294967295 255\n",
        b"P5 100000 1000 255\n" + bytes(10),
        b"P5 -1 -1 255\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nquit\n",
        b"\xff" * 1000,
    ],
    ids=[
        "empty", "cut", "long", "big", "bomb", "none", "big PGM", "cut PGM",
        "negative", "a program", "noise",
    ],
)  # fmt: skip
def test_a_picture_that_is_none_is_passed_over(
    camera: CameraScanner, tmp_path: Path, content: bytes
) -> None:
    for name in ("1.png", "2.pgm"):
        (tmp_path / name).write_bytes(content)
    drop(scene(symbol("YL0417170061")), tmp_path, "3")

    assert codes(camera, 4) == ["YL0417170061"]


def test_what_is_no_file_is_no_picture(camera: CameraScanner, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    (tmp_path / "2.png").mkdir()
    (tmp_path / "3.png").symlink_to("/dev/zero")
    (tmp_path / "4.png").symlink_to(tmp_path / "gone")
    drop(scene(symbol("YL0417170061")), tmp_path, "5")

    assert codes(camera, 3) == ["YL0417170061"]


@pytest.mark.parametrize("spoil", [0, 1], ids=["cut", "changed"])
def test_any_damage_to_a_picture_is_told_as_that(tmp_path: Path, spoil: int) -> None:
    whole, chance = good(tmp_path), random.Random(spoil)
    path = tmp_path / "x.png"
    for _ in range(150):
        damaged = bytearray(whole)
        at = chance.randrange(len(damaged))
        if spoil:
            damaged[at] = chance.randrange(256)
        else:
            del damaged[at:]
        path.write_bytes(damaged)
        with suppress(ProtocolError):
            read_picture(path)


def test_a_picture_that_vanishes_while_it_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.png").write_bytes(good(tmp_path))
    frames = PictureFolder(tmp_path)
    listing: Callable[[PictureFolder], list[Path]] = PictureFolder._waiting

    def then_gone(folder: PictureFolder) -> list[Path]:
        found = listing(folder)
        for path in found:
            path.unlink()
        return found

    monkeypatch.setattr(PictureFolder, "_waiting", then_gone)

    with pytest.raises(ProtocolError, match="No such file"):
        frames.capture(1.0)


def test_no_frame_is_kept(camera: CameraScanner, tmp_path: Path) -> None:
    for number in range(5):
        drop(scene(symbol(f"YL041717006{number}")), tmp_path, str(number))

    assert len(codes(camera, 5)) == 5

    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, Frame)]
