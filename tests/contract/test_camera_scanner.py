"""The camera driver on pictures, on a source that dies, and on a stand-in for picamera2."""

from __future__ import annotations

import gc
import itertools
import queue
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image

from drivers import registry
from drivers.api import BadOptions, CodeScanned, DeviceEvent, DeviceLost, Triggered
from drivers.camera.frames import Frame
from drivers.scanners.camera import CameraScanner
from tests.codes_in_pictures import as_frame, drop, scene, symbol
from tests.contract.listening import for_a_while, listen, until
from tests.contract.scanner_contract import ISBN, ScannerContract, texts

#: A code that never comes ends the test, not the patience.
pytestmark = pytest.mark.timeout(30)

INTERVAL_S = 0.02


@dataclass
class Rig:
    scanner: CameraScanner
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def scan(self, text: str) -> None:
        kind = "EAN13" if text == ISBN else "Code128"
        self.show(scene(symbol(text, kind)))

    def show(self, picture: Image.Image) -> None:
        drop(picture, self.folder, f"{next(self.numbers):04}")

    def disturb(self) -> None:
        number = next(self.numbers)
        (self.folder / f"{number:04}.png").write_bytes(b"\x89PNG no picture")
        self.show(scene(noise=60))

    def unplug(self) -> None:
        self.folder.rename(self.folder.with_suffix(".away"))

    def plug(self) -> None:
        self.folder.mkdir()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "camera"
    path.mkdir()
    return path


@pytest.fixture
def rig(folder: Path) -> Iterator[Rig]:
    options = {"port": str(folder), "frame_interval_s": INTERVAL_S}
    scanner = registry.create("camera", options)
    assert isinstance(scanner, CameraScanner)
    scanner.open()
    yield Rig(scanner, folder)
    scanner.close()


class TestCameraScanner(ScannerContract):
    @pytest.fixture
    def rig(self, rig: Rig) -> Rig:
        return rig


class FramesByHand:
    """A source of our own: gives what is put in, and dies silently when that is all."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Frame] = queue.Queue()
        self.closed = False

    def show(self, *pictures: Image.Image) -> None:
        for picture in pictures:
            self.waiting.put(as_frame(picture))

    def capture(self, timeout_s: float) -> Frame | None:
        try:
            return self.waiting.get(timeout=timeout_s)
        except queue.Empty as err:
            raise DeviceLost(f"no frame in {timeout_s} s") from err

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def frames() -> FramesByHand:
    return FramesByHand()


def camera(frames: FramesByHand, **options: object) -> CameraScanner:
    settings = {
        "port": "picamera2:0",
        "frame_timeout_s": 0.2,
        "frame_interval_s": 0.001,
    }
    made = registry.create("camera", settings | options)
    assert isinstance(made, CameraScanner)
    scanner = CameraScanner(made._options, lambda _port, _width, _height: frames)
    scanner.open()
    return scanner


def all_codes(scanner: CameraScanner) -> list[str]:
    """What is scanned before the source dies."""
    said: list[DeviceEvent] = []
    with suppress(DeviceLost):
        for event in listen(scanner):
            said += [event] if event else []
    return texts(said)


# --- what is in sight ---------------------------------------------------------------


def test_codabar_number_loses_its_letters(frames: FramesByHand) -> None:
    frames.show(scene(symbol("A35555000012346B", "Codabar")))

    assert all_codes(camera(frames)) == ["35555000012346"]


def test_letters_stay_when_the_rules_say_so(frames: FramesByHand) -> None:
    frames.show(scene(symbol("A35555000012346B", "Codabar")))

    assert all_codes(camera(frames, rules={})) == ["A35555000012346B"]


def test_letters_of_another_symbology_stay(frames: FramesByHand) -> None:
    frames.show(scene(symbol("A0001B", "Code39")))

    assert all_codes(camera(frames)) == ["A0001B"]


def test_wrong_check_digit_is_dropped_when_asked_for(frames: FramesByHand) -> None:
    frames.show(
        scene(symbol("A35555000012349B", "Codabar")),
        scene(symbol("A35555000012346B", "Codabar")),
    )
    rules = {"codabar_letters_stripped": True, "library14_checked": True}

    assert all_codes(camera(frames, rules=rules)) == ["35555000012346"]


def test_code_that_stays_in_sight_is_scanned_once(frames: FramesByHand) -> None:
    frames.show(*[scene(symbol(ISBN, "EAN13"))] * 10)

    assert all_codes(camera(frames)) == [ISBN]


def test_two_codes_in_sight_are_scanned_once_each(frames: FramesByHand) -> None:
    one, other = symbol("A0001", "Code128"), symbol("A0002", "Code128")
    both = scene(one, other)
    # Now and then a frame misses one of the two.
    frames.show(both, both, scene(one), both, scene(other), both)

    assert sorted(all_codes(camera(frames))) == ["A0001", "A0002"]


def test_code_out_of_sight_for_long_is_scanned_again(frames: FramesByHand) -> None:
    picture = scene(symbol(ISBN, "EAN13"))
    scanner = camera(frames, repeat_suppress_s=0.05)
    events = listen(scanner)
    frames.show(picture)
    assert until(events, CodeScanned(ISBN))
    time.sleep(0.1)
    frames.show(picture)

    assert all_codes(scanner) == [ISBN]


def test_text_with_control_characters_is_no_code(frames: FramesByHand) -> None:
    frames.show(
        scene(symbol("A0001\nB0002", "QRCode", 4)), scene(symbol(ISBN, "EAN13"))
    )

    assert all_codes(camera(frames)) == [ISBN]


def test_chinese_reader_code_on_a_phone_is_read(rig: Rig) -> None:
    rig.show(scene(symbol("读者证:00012345", "QRCode", 4), turned=7, noise=10))

    seen = CodeScanned("读者证:00012345")
    assert until(listen(rig.scanner), seen) == [seen]


# --- the source ---------------------------------------------------------------------


def test_source_that_stops_delivering_is_a_lost_camera_in_time(
    frames: FramesByHand,
) -> None:
    scanner = camera(frames, frame_timeout_s=0.1)
    frames.show(scene())
    events = scanner.events()
    assert next(events) is None

    started = time.monotonic()
    with pytest.raises(DeviceLost, match="no frame in"):
        next(events)

    assert time.monotonic() - started < 1.0


def test_source_is_closed_with_the_driver(frames: FramesByHand) -> None:
    camera(frames).close()

    assert frames.closed


def test_no_frame_outlives_the_look_at_it(frames: FramesByHand) -> None:
    scanner = camera(frames)
    frames.show(scene(symbol(ISBN, "EAN13")))

    event = next(scanner.events())

    gc.collect()
    left = [thing for thing in gc.get_objects() if isinstance(thing, Frame)]
    assert (event, left) == (CodeScanned(ISBN), [])


def test_nothing_is_written_where_pictures_lie(rig: Rig) -> None:
    rig.scan(ISBN)
    before = sorted(rig.folder.rglob("*"))

    for_a_while(listen(rig.scanner))

    assert sorted(rig.folder.rglob("*")) == before


def test_camera_cannot_be_triggered(frames: FramesByHand) -> None:
    assert not isinstance(camera(frames), Triggered)


@pytest.mark.parametrize(
    "options",
    [
        {"port": "camera0"},
        {"formats": []},
        {"formats": ["ISBN"]},
        {"width": 641},
        {"frame_interval_s": 0},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match="camera"):
        registry.create("camera", {"port": "picamera2:0"} | options)


# --- picamera2 ----------------------------------------------------------------------

#: Stands in for the library, which needs a Pi: the same calls, two good frames of 4x2
#: with rows of 6 bytes, then a frame thread that is dead. Shows nothing but our time-out
#: and our cutting of rows.
STAND_IN = """
    from concurrent.futures import Future

    class Picamera2:
        def __init__(self, number):
            if number != 0:
                raise IndexError("no such camera")
            self.frames = 2

        def create_video_configuration(self, main, lores):
            return main, lores

        def configure(self, config):
            assert config[1]["format"] == "YUV420"

        def start(self):
            pass

        def stream_configuration(self, name):
            return {"size": (4, 2), "stride": 6}

        def capture_buffer(self, name, wait):
            assert (name, wait) == ("lores", False)
            job = Future()
            if self.frames:
                job.set_result(b"abcd..efgh.." + b"U" * 6)
            self.frames -= 1
            return job

        def wait(self, job, timeout):
            return job.result(timeout=timeout)

        def close(self):
            print("closed")
"""
TRIAL = """
    import sys, time
    from drivers.api import DeviceLost
    from drivers.camera.pi_camera import PiCamera

    assert "numpy" not in sys.modules
    camera = PiCamera(0, 4, 2)
    print(camera.capture(5.0).luma)
    started = time.monotonic()
    try:
        camera.capture(0.2)
    except DeviceLost as err:
        print(err, time.monotonic() - started < 2.0)
    camera.close()
    camera.close()
    try:
        PiCamera(1, 4, 2)
    except DeviceLost as err:
        print(err)
"""


def test_silent_death_of_the_camera_thread_ends_in_time(tmp_path: Path) -> None:
    (tmp_path / "picamera2").mkdir()
    (tmp_path / "picamera2" / "__init__.py").write_text(textwrap.dedent(STAND_IN))
    paths = [str(tmp_path), str(Path(__file__).parents[2])]

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(TRIAL)],
        env={"PYTHONPATH": ":".join(paths)},
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert done.stdout.splitlines() == [
        "b'abcdefgh'",
        "picamera2:0: no frame in 0.2 s True",
        "closed",
        "picamera2:1: no such camera",
    ]


def test_pi_without_the_library_has_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    scanner = registry.create("camera", {"port": "picamera2:0"})

    with pytest.raises(DeviceLost, match="picamera2:0: import of picamera2"):
        scanner.open()
