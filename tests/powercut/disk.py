"""A disk to cut the power of: image, volatile cache, loop device, ext4, mount point.

Needs root, /dev/fuse, loop devices and a few Debian packages; `missing` names what is
not there. Every process and mount that a `Disk` starts is its own, and ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

Process = subprocess.Popen[bytes]
PLUGIN = Path(__file__).with_name("volatile_disk.py")
SIZE_BYTES = 48 << 20
PATIENCE_S = 30.0
_PROGRAMS = {
    "nbdkit": "nbdkit, nbdkit-plugin-python",
    "nbdfuse": "libnbd-bin",
    "fusermount3": "fuse3",
    "mkfs.ext4": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "mount": "mount",
}


class DiskFailed(RuntimeError):
    """The rig itself does not work; the text says which step."""


def missing() -> str | None:
    """Say what this machine lacks for power cuts; None when they can be done."""
    if os.geteuid() != 0:
        return "power cuts need root"
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not Path(device).exists():
            return f"power cuts need {device}"
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            return f"power cuts need {program} (Debian: {package})"
    plugin = subprocess.run(
        ["nbdkit", "--dump-plugin", "python"], capture_output=True, check=False
    )
    if plugin.returncode != 0:
        return "power cuts need nbdkit-plugin-python"
    return None


@dataclass(frozen=True, slots=True)
class Cut:
    """What a power cut did: requests served, sectors unflushed, and kept of them."""

    requests: int
    unflushed: int
    kept: int


@dataclass
class Disk:
    """An ext4 file system in `folder`; between two `powered` only the image is there."""

    folder: Path
    lying: bool = False
    last_cut: Cut = field(default=Cut(0, 0, 0), init=False)

    @property
    def root(self) -> Path:
        """Where the file system is mounted while the power is on."""
        return self.folder / "mnt"

    def format(self) -> None:
        """Make it empty, as from the shop."""
        self.root.mkdir(exist_ok=True)
        self._image.unlink(missing_ok=True)
        with self._image.open("wb") as image:
            image.truncate(SIZE_BYTES)
        _run("mkfs.ext4", "-q", "-F", "-E", "nodiscard", str(self._image))

    @contextlib.contextmanager
    def powered(self, seed: int, cut_after: int | None = None) -> Iterator[Disk]:
        """Switch it on and mount it; at the end nothing may use the file system any more.

        The power goes at `cut`, or by itself after `cut_after` writes and flushes;
        else it is taken out in order. `last_cut` says what was found on the medium.
        """
        self._set_power("on")
        self._export.touch()
        with contextlib.ExitStack() as parts:
            self._serve(parts, seed)
            self._mount(parts)
            if cut_after is not None:
                self._set_power(str(cut_after))
            yield self
        self.last_cut = self._report()
        self._check()

    @property
    def is_dead(self) -> bool:
        """The power is off; `cut_after` may have been reached."""
        return self._power.read_text("ascii") == "off"

    def cut(self) -> None:
        """No write and no flush succeeds from now on."""
        self._set_power("off")

    def _set_power(self, state: str) -> None:
        self._power.write_text(state, "ascii")

    def __post_init__(self) -> None:
        self._image = self.folder / "disk.img"
        self._export = self.folder / "export"
        self._socket = self.folder / "disk.sock"
        self._log = self.folder / "disk.log"
        self._power = self.folder / "power"
        self._report_path = self.folder / "report.json"

    def _serve(self, parts: contextlib.ExitStack, seed: int) -> None:
        options = {
            "image": self._image,
            "power": self._power,
            "report": self._report_path,
            "seed": seed,
            "lying": int(self.lying),
        }
        words = [f"{name}={value}" for name, value in options.items()]
        log = parts.enter_context(self._log.open("wb"))
        self._socket.unlink(missing_ok=True)
        disk = _start(
            log, "nbdkit", "-f", "-U", str(self._socket), "python", str(PLUGIN), *words
        )
        parts.callback(self._switch_off, disk)
        self._await(self._answers, disk)
        fuse = _start(log, "nbdfuse", str(self._export), "--unix", str(self._socket))
        parts.callback(self._unplug, fuse)
        self._await(lambda: self._export.stat().st_size == SIZE_BYTES, fuse)

    def _await(self, there: Callable[[], bool], process: Process) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not there():
            if process.poll() is not None or time.monotonic() > deadline:
                raise DiskFailed(f"no disk came up: {self._log.read_text()}")
            time.sleep(0.01)

    def _answers(self) -> bool:
        """Its socket is there a moment before it listens."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def _unplug(self, fuse: Process) -> None:
        if fuse.poll() is None:
            _retry("fusermount3", "-u", str(self._export))
        _reap(fuse)

    def _switch_off(self, disk: Process) -> None:
        """The server decides now what of its cache is found on the medium."""
        disk.terminate()
        _reap(disk)

    def _mount(self, parts: contextlib.ExitStack) -> None:
        if self.root.is_mount():
            raise DiskFailed(f"{self.root} is mounted already")
        _run(
            "mount",
            "-o",
            "loop,noatime,errors=remount-ro",
            str(self._export),
            str(self.root),
        )
        parts.callback(_retry, "umount", str(self.root))
        if _backing_file(self.root) != self._export:
            raise DiskFailed(f"{self.root}: something else is mounted there")

    def _report(self) -> Cut:
        found = json.loads(self._report_path.read_text("ascii"))
        return Cut(found["requests"], found["unflushed"], found["kept"])

    def _check(self) -> None:
        """Repair the file system as the boot of the device would."""
        # A disk that lied is beyond what is repaired without asking.
        how = "-fy" if self.lying else "-fp"
        done = subprocess.run(
            ["e2fsck", how, str(self._image)], check=False, capture_output=True
        )
        if done.returncode > 1:
            raise DiskFailed(f"e2fsck: {done.stdout.decode()} {done.stderr.decode()}")


def _backing_file(mounted: Path) -> Path | None:
    """The file behind the loop device that is mounted here."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        words = line.split()
        if words[4] == str(mounted.absolute()):
            device = Path("/sys/dev/block") / words[2] / "loop/backing_file"
            return Path(device.read_text().strip())
    return None


def _start(log: BinaryIO, *command: str) -> Process:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _reap(process: Process) -> None:
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise DiskFailed(f"{process.args!r} did not end") from None


def _run(*command: str) -> None:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )
    if done.returncode != 0:
        raise DiskFailed(f"{' '.join(command)}: {done.stderr.strip()}")


def _retry(*command: str) -> None:
    """A mount is busy for a moment after the process that used it was killed."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return _run(*command)
        except DiskFailed:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)
