"""From the address of a camera in the configuration to its frames."""

from __future__ import annotations

from pathlib import Path

from drivers.camera.frames import Frames
from drivers.camera.pi_camera import PiCamera
from drivers.camera.pictures import PictureFolder, StillPicture

_PICAMERA2 = "picamera2:"
#: What `open_frames` understands.
ADDRESS = rf"^({_PICAMERA2}[0-9]|/.+)$"


def open_frames(address: str, width: int, height: int) -> Frames:
    """Open "picamera2:0", or the path of a picture or of a folder of pictures.

    The size is asked of a camera; pictures have their own. Raises DeviceLost.
    """
    if address.startswith(_PICAMERA2):
        return PiCamera(int(address.removeprefix(_PICAMERA2)), width, height)
    path = Path(address)
    return StillPicture(path) if path.is_file() else PictureFolder(path)
