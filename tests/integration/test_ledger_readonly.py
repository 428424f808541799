"""A data partition that goes read-only under a running kiosk, and comes back."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from kiosk.service.ports import Storage
from kiosk.store.space import Space
from tests.bench.processes import free_port
from tests.demo import Touchscreen
from tests.integration.test_daemon import PATIENCE_S, Place, running
from tests.waiting import eventually

#: Noticed by then, on the screen as well.
AIM_S = 5.0
DOWN = "不能借也不能还"


class Card:
    """An ext4 file system that stops at its first error, as an SD card's does."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "card.img"
        self.place = folder / "data"
        self.place.mkdir()
        with self._image.open("wb") as file:
            file.truncate(48 * 2**20)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    def fail(self) -> None:
        loop = _run("findmnt", "-no", "SOURCE", str(self.place)).strip()
        trigger = Path("/sys/fs/ext4", Path(loop).name, "trigger_fs_error")
        trigger.write_text("1")

    def protect(self, *, on: bool) -> None:
        """Read-only from now on, or no longer."""
        mode = "ro" if on else "rw"
        _run("mount", "-o", f"remount,{mode}", str(self.place))

    def come_back(self) -> None:
        """Checked and mounted again; who holds old handles writes nowhere."""
        mended = self._image.with_name("mended.img")
        shutil.copy(self._image, mended)
        subprocess.run(["e2fsck", "-fy", mended], check=False, capture_output=True)
        self._image = mended
        self._mount()

    def remove(self) -> None:
        while Path(self.place).is_mount():
            _run("umount", "--lazy", str(self.place))

    def _mount(self) -> None:
        options = "loop,errors=remount-ro"
        _run("mount", "-o", options, str(self._image), str(self.place))


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Card]:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    try:
        inserted = Card(folder)
    except subprocess.CalledProcessError:
        pytest.skip("loop devices take root")
    yield inserted
    inserted.remove()


def screen(url: str) -> str:
    return requests.get(url, timeout=5).text


@pytest.mark.slow
@pytest.mark.fault("O08")
def test_a_card_that_went_read_only_is_on_the_screen_and_recovers(
    card: Card, tmp_path: Path
) -> None:
    with ExitStack() as plugged:
        place = Place(tmp_path / "kiosk", plugged)
        place.enrol()
        with running(place) as (process, url):
            eventually(lambda: place.health().ready, "health")
            assert DOWN not in screen(url)

            card.fail()
            failed_at = time.monotonic()
            eventually(lambda: DOWN in screen(url), "the fault on the screen")
            noticed_s = time.monotonic() - failed_at

            card.come_back()
            eventually(lambda: DOWN not in screen(url), "the screen as before")
            assert process.poll() is None
    assert noticed_s <= AIM_S


def says_down(url: str) -> bool:
    try:
        return DOWN in screen(url)
    except requests.RequestException:
        return False


@contextmanager
def started(place: Place) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A kiosk that need not get as far as to say that it is ready."""
    port = free_port()
    place.config.write_text(f'data = "{place.folder}"\n[ui]\nport = {port}\n')
    with subprocess.Popen(
        place.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process, f"http://127.0.0.1:{port}/"
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.fault("O08")
def test_a_card_that_is_read_only_at_the_start_shows_it_and_recovers(
    card: Card, tmp_path: Path
) -> None:
    with ExitStack() as plugged:
        place = Place(tmp_path / "kiosk", plugged)
        place.enrol()
        card.protect(on=True)
        with started(place) as (process, url):
            eventually(lambda: says_down(url), "the fault on the screen")

            card.protect(on=False)
            eventually(lambda: place.health().ready, "the kiosk at work")

            assert DOWN not in screen(url)
            assert process.poll() is None


@pytest.mark.slow
@pytest.mark.fault("O08")
def test_out_of_service_no_touch_is_taken_and_it_ends_when_told_to(
    tmp_path: Path,
) -> None:
    with ExitStack() as plugged:
        place = Place(tmp_path, plugged)
        place.enrol()
        (place.folder / "ledger.lock").mkdir()
        with started(place) as (process, url):
            eventually(lambda: says_down(url), "the fault on the screen")

            assert not Touchscreen(url).touch("borrow")
            process.terminate()
            _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "Traceback" not in errors
    assert not (place.folder / "ledger.db").exists()


@pytest.mark.fault("O08")
def test_a_read_only_mount_is_seen_without_writing(tmp_path: Path) -> None:
    space = Space(tmp_path, reserve=2**20)
    assert space.look() is Storage.ENOUGH
    try:
        _run("mount", "--bind", str(tmp_path), str(tmp_path))
    except subprocess.CalledProcessError:
        pytest.skip("mounting takes root")
    try:
        _run("mount", "-o", "remount,bind,ro", str(tmp_path))
        assert space.look() is Storage.UNWRITABLE
    finally:
        _run("umount", "--lazy", str(tmp_path))

    assert space.look() is Storage.ENOUGH
