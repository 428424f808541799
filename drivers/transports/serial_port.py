"""A serial port, or a pseudo-terminal that stands in for one."""

from __future__ import annotations

import errno
import os
import select
import termios
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import serial

from drivers.api import DeviceLost, LineBlocked

Parity = Literal["N", "E", "O"]

#: More than any reply of a desk device; one read takes all that has arrived.
_CHUNK = 4096
#: For one `write`; a slip that takes longer is stuck.
_WRITE_TIMEOUT_S = 1.5
_UNPLUGGED = (errno.EIO, errno.ENODEV, errno.ENXIO)


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """The line: `baud` bits a second, 8 data bits, parity and stop bits."""

    baud: int = 9600
    parity: Parity = "N"
    stop_bits: Literal[1, 2] = 1


class SerialPort:
    """An open port that nobody else can open; every fault of it is DeviceLost."""

    def __init__(self, path: str, settings: SerialSettings | None = None) -> None:
        """Open `path`. Raises DeviceLost when it is absent, taken or not a port."""
        self._path = path
        self._port = _open(path, settings or SerialSettings())

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting at most `timeout_s`; b"" means nothing."""
        try:
            readable, _, _ = select.select([self._port], [], [], max(timeout_s, 0))
            received = os.read(self._port.fileno(), _CHUNK) if readable else None
        except BlockingIOError:
            return b""
        except OSError as err:
            raise self._lost(err) from err
        if received == b"":
            # Readable but empty is how some drivers of the kernel say "unplugged".
            raise DeviceLost(f"{self._path}: unplugged (end of file)")
        return received or b""

    def write(self, data: bytes) -> None:
        """Send all of it. Raises LineBlocked when the port takes no more."""
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as err:
            raise LineBlocked(f"{self._path}: takes no more bytes") from err
        except OSError as err:
            raise self._lost(err) from err

    def discard_input(self) -> None:
        """Forget what has arrived."""
        try:
            self._port.reset_input_buffer()
        except (OSError, termios.error) as err:
            raise self._lost(err) from err

    def close(self) -> None:
        """Twice is fine, and so is a port that is already gone."""
        with suppress(OSError, termios.error):
            # Closing waits for what was not sent, and a stuck device would hold it up.
            self._port.reset_output_buffer()
        with suppress(OSError, termios.error):
            self._port.close()

    def _lost(self, err: Exception) -> DeviceLost:
        return DeviceLost(f"{self._path}: {_reason(err)}")


def _open(path: str, settings: SerialSettings) -> serial.Serial:
    try:
        return _open_once(path, settings)
    except termios.error as err:
        if settings.parity == "N" or not _is_pseudo_terminal(path):
            raise DeviceLost(f"{path}: {_reason(err)}") from err
        # A pseudo-terminal has no line, so it may refuse parity; nothing is lost.
        return _open(path, replace(settings, parity="N"))
    except (OSError, ValueError) as err:
        raise DeviceLost(f"{path}: {_reason(err)}") from err


def _open_once(path: str, settings: SerialSettings) -> serial.Serial:
    return serial.Serial(
        path,
        baudrate=settings.baud,
        parity=settings.parity,
        stopbits=settings.stop_bits,
        timeout=0,
        write_timeout=_WRITE_TIMEOUT_S,
        exclusive=True,
    )


def _is_pseudo_terminal(path: str) -> bool:
    return str(Path(path).resolve()).startswith("/dev/pts/")


def _reason(err: Exception) -> str:
    """The kernel's words for the error, which pyserial wraps in words of its own."""
    if isinstance(err, serial.SerialException) and isinstance(err.__context__, OSError):
        err = err.__context__
    code = err.args[0] if err.args else None
    if code in _UNPLUGGED:
        return f"unplugged ({errno.errorcode[code]})"
    if code == errno.EWOULDBLOCK:
        return "in use by another program"
    return os.strerror(code) if isinstance(code, int) else str(err)
