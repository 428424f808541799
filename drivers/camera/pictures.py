"""Pictures on disk in a camera's place, for tests and demonstrations."""

from __future__ import annotations

from pathlib import Path

from drivers.api import DeviceLost, ProtocolError
from drivers.camera.frames import Frame

SUFFIXES = frozenset({".pgm", ".png"})
#: Pillow's names; of other formats it knows, some run programs.
_FORMATS = ("PNG", "PPM")
#: A picture is a few megapixels; a file that claims more would fill the memory.
MAX_PIXELS = 20_000_000


class PictureFolder:
    """Shows each picture in a folder once, in the order of their names.

    A picture that comes later is shown if its name does, too. Write it under another
    suffix and rename it, so that it is whole when it is seen.
    """

    def __init__(self, folder: Path) -> None:
        """Raises DeviceLost when there is no such folder."""
        self._folder = folder
        self._shown = ""
        self._waiting()

    def capture(self, timeout_s: float) -> Frame | None:  # noqa: ARG002  (never waits)
        waiting = self._waiting()
        if not waiting:
            return None
        picture = min(waiting)
        self._shown = picture.name
        return read_picture(picture)

    def close(self) -> None:
        """Nothing is held."""

    def _waiting(self) -> list[Path]:
        try:
            return [
                path
                for path in self._folder.iterdir()
                if path.suffix.lower() in SUFFIXES
                and path.name > self._shown
                and path.is_file()
            ]
        except OSError as err:
            raise DeviceLost(f"{self._folder}: {err.strerror}") from err


class StillPicture:
    """Shows one picture again and again."""

    def __init__(self, picture: Path) -> None:
        """Raises DeviceLost when it can't be read."""
        try:
            self._frame = read_picture(picture)
        except ProtocolError as err:
            raise DeviceLost(str(err)) from err

    def capture(self, timeout_s: float) -> Frame | None:  # noqa: ARG002  (never waits)
        return self._frame

    def close(self) -> None:
        """Nothing is held."""


def read_picture(path: Path) -> Frame:
    """Read a PGM or PNG file as grey. Raises ProtocolError."""
    from PIL import Image

    try:
        with Image.open(path, formats=_FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise ProtocolError(f"{path}: {width}x{height} is over {MAX_PIXELS}")
            return Frame(width, height, picture.convert("L").tobytes())
    # Pillow's readers raise SyntaxError for a broken PNG and ValueError for a PGM.
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as err:
        raise ProtocolError(f"{path}: no picture: {err}") from err
