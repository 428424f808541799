"""Frames from pictures, and the codes that are found in frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from drivers.api import DeviceLost, ProtocolError
from drivers.camera.frames import Frame
from drivers.camera.pictures import PictureFolder, StillPicture, read_picture
from drivers.camera.sources import open_frames
from drivers.camera.symbols import SymbolReader
from tests.codes_in_pictures import HEIGHT, WIDTH, as_frame, drop, scene, symbol

ISBN = "9787020002207"
FORMATS = ("EAN13", "Code39", "Code128", "Codabar", "QRCode")
PRINTED = [
    ("EAN13", ISBN, "]E0"),
    ("Code39", "01557071", "]A0"),
    ("Code128", "CN-440100-1-GT:A_b/9", "]C0"),
    ("Codabar", "A35555000012346B", "]F0"),
    ("QRCode", "通借通还:0013961168", "]Q1"),
]


def reader(**tries: bool) -> SymbolReader:
    nothing = {"try_rotate": False, "try_downscale": False, "try_invert": False}
    return SymbolReader(FORMATS, **(nothing | tries))


def read(picture: Image.Image, **tries: bool) -> list[str]:
    return [found.text for found in reader(**tries).read(as_frame(picture))]


# --- frames -------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(0, 0), (3, 2), (6, 0)])
def test_frame_has_as_many_bytes_as_pixels(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="are not"):
        Frame(width, height, b"12345")


def test_frame_does_not_show_its_content() -> None:
    assert repr(Frame(2, 1, b"\x12\x34")) == "Frame(2x1)"


@pytest.mark.parametrize("name", ["still.png", "still.pgm"])
def test_picture_is_read_as_grey(tmp_path: Path, name: str) -> None:
    Image.new("RGB" if name.endswith("png") else "L", (3, 2), "white").save(
        tmp_path / name
    )

    assert read_picture(tmp_path / name) == Frame(3, 2, b"\xff" * 6)


def test_folder_shows_each_picture_once_by_name(tmp_path: Path) -> None:
    frames = PictureFolder(tmp_path)
    for shade in (2, 1):
        drop(Image.new("L", (1, 1), shade), tmp_path, f"picture-{shade}")

    assert frames.capture(0) == Frame(1, 1, b"\1")
    assert frames.capture(0) == Frame(1, 1, b"\2")
    assert frames.capture(0) is None
    drop(Image.new("L", (1, 1), 3), tmp_path, "picture-3")
    assert frames.capture(0) == Frame(1, 1, b"\3")


def test_other_files_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / "half.png.part").write_bytes(b"\x89PNG")

    assert PictureFolder(tmp_path).capture(0) is None


@pytest.mark.parametrize("suffix", ["png", "pgm"])
@pytest.mark.parametrize("kept", [0, 1, 10, 40, 60])
def test_broken_picture_is_named_and_passed_over(
    tmp_path: Path, suffix: str, kept: int
) -> None:
    whole = tmp_path / f"a.{suffix}"
    scene(symbol(ISBN, "EAN13")).save(whole)
    whole.write_bytes(whole.read_bytes()[:kept])
    drop(Image.new("L", (1, 1), 9), tmp_path, "b")
    frames = PictureFolder(tmp_path)

    with pytest.raises(ProtocolError, match=rf"a\.{suffix}: no picture"):
        frames.capture(0)

    assert frames.capture(0) == Frame(1, 1, b"\x09")


def test_picture_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    (tmp_path / "huge.pgm").write_bytes(b"P5 9000 9000 255\n")

    with pytest.raises(ProtocolError, match="9000x9000"):
        read_picture(tmp_path / "huge.pgm")


def test_folder_that_vanishes_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "camera"
    folder.mkdir()
    frames = PictureFolder(folder)
    folder.rmdir()

    with pytest.raises(DeviceLost, match="camera"):
        frames.capture(0)


def test_still_picture_stays(tmp_path: Path) -> None:
    drop(Image.new("L", (1, 1), 7), tmp_path, "still")

    frames = open_frames(str(tmp_path / "still.png"), 640, 480)

    assert isinstance(frames, StillPicture)
    assert frames.capture(0) == frames.capture(0) == Frame(1, 1, b"\7")
    frames.close()


@pytest.mark.parametrize("address", ["nothing", "nothing/there.png"])
def test_absent_pictures_are_lost(tmp_path: Path, address: str) -> None:
    with pytest.raises(DeviceLost, match="nothing"):
        open_frames(str(tmp_path / address), 640, 480)


def test_still_picture_that_is_none_is_lost(tmp_path: Path) -> None:
    (tmp_path / "still.png").write_bytes(b"no picture")

    with pytest.raises(DeviceLost, match="no picture"):
        open_frames(str(tmp_path / "still.png"), 640, 480)


# --- codes --------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "text", "aim"), PRINTED)
def test_code_is_read_with_its_symbology(kind: str, text: str, aim: str) -> None:
    (found,) = reader().read(as_frame(scene(symbol(text, kind))))

    assert (found.text, found.aim) == (text, aim)


@pytest.mark.parametrize(("kind", "text", "_aim"), PRINTED)
@pytest.mark.parametrize("turned", [3, -5, 180])
def test_code_in_a_turned_and_noisy_picture_is_read(
    kind: str, text: str, _aim: str, turned: float
) -> None:
    assert read(scene(symbol(text, kind), turned=turned, noise=12)) == [text]


def test_several_codes_are_read_at_once() -> None:
    picture = scene(symbol("A0001", "Code128"), symbol("通借", "QRCode", 3))

    assert sorted(read(picture)) == ["A0001", "通借"]


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_empty_picture_has_no_codes(shade: int) -> None:
    assert read(Image.new("L", (WIDTH, HEIGHT), shade)) == []


def test_noise_has_no_codes() -> None:
    assert read(scene(noise=80)) == []


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 2), (7, 3)])
def test_tiny_picture_has_no_codes(size: tuple[int, int]) -> None:
    assert read(Image.new("L", size)) == []


def test_code_on_end_is_read_when_asked_for() -> None:
    picture = scene(symbol("A0001", "Code39")).transpose(Image.Transpose.ROTATE_90)

    assert read(picture) == []
    assert read(picture, try_rotate=True) == ["A0001"]


def test_inverted_code_is_read_when_asked_for() -> None:
    picture = scene(symbol("A0001", "QRCode", 4)).point(lambda shade: 255 - shade)

    assert read(picture) == []
    assert read(picture, try_invert=True) == ["A0001"]


def test_format_that_was_not_asked_for_is_not_read() -> None:
    assert read(scene(symbol("A0001", "DataMatrix", 4))) == []
