"""Not yet tried on hardware. A Raspberry Pi's camera through picamera2 (0.3.17)."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol, cast

from drivers.api import DeviceLost
from drivers.camera.frames import Frame

#: The first frame takes long: sensor and exposure start up.
START_TIMEOUT_S = 10.0
#: The small stream beside the main one; its first plane is the picture in grey.
_STREAM = "lores"


class _Camera(Protocol):
    """What is used of `picamera2.Picamera2`."""

    def create_video_configuration(
        self, main: dict[str, object], lores: dict[str, object]
    ) -> object: ...

    def configure(self, camera_config: object) -> object: ...

    def start(self) -> object: ...

    def stream_configuration(self, name: str) -> dict[str, object]: ...

    def capture_buffer(self, name: str, wait: bool) -> object: ...  # noqa: FBT001  (the library's)

    def wait(self, job: object, timeout: float) -> bytes: ...

    def close(self) -> object: ...


class PiCamera:
    """Grey frames. The camera's own thread may die silently: no frame is a lost camera."""

    def __init__(self, number: int, width: int, height: int) -> None:
        """Start the camera and wait for its first frame. Raises DeviceLost."""
        self._name = f"picamera2:{number}"
        self._camera: _Camera | None = None
        try:
            from picamera2 import Picamera2

            self._camera = cast(_Camera, Picamera2(number))
            self._start(self._camera, (width, height))
        except (ImportError, IndexError, OSError, RuntimeError) as err:
            self.close()
            raise DeviceLost(f"{self._name}: {err}") from err
        self.capture(START_TIMEOUT_S)

    def capture(self, timeout_s: float) -> Frame:
        """The next frame. Raises DeviceLost when none comes; then only `close` is left."""
        if self._camera is None:
            raise DeviceLost(f"{self._name}: the camera is closed")
        try:
            job = self._camera.capture_buffer(_STREAM, wait=False)
            planes = self._camera.wait(job, timeout=timeout_s)
        except TimeoutError as err:
            raise DeviceLost(f"{self._name}: no frame in {timeout_s} s") from err
        except (OSError, RuntimeError) as err:
            raise DeviceLost(f"{self._name}: {err}") from err
        return self._grey(memoryview(planes).cast("B"))

    def close(self) -> None:
        """Twice is fine."""
        camera, self._camera = self._camera, None
        if camera is not None:
            with suppress(OSError, RuntimeError):
                camera.close()

    def _start(self, camera: _Camera, size: tuple[int, int]) -> None:
        wanted: dict[str, object] = {"size": size}
        camera.configure(
            camera.create_video_configuration(
                main=wanted, lores=wanted | {"format": "YUV420"}
            )
        )
        camera.start()
        # The library aligns sizes; what it made of them counts.
        stream = camera.stream_configuration(_STREAM)
        self._width, self._height = cast(tuple[int, int], stream["size"])
        self._stride = cast(int, stream["stride"])

    def _grey(self, planes: memoryview) -> Frame:
        """The first plane, without what fills up its rows."""
        starts = range(0, self._height * self._stride, self._stride)
        rows = (planes[at : at + self._width] for at in starts)
        return Frame(self._width, self._height, b"".join(rows))
