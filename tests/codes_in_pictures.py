"""Pictures with codes in them, made by zxing-cpp, as a camera would see them."""

from __future__ import annotations

import random
from pathlib import Path

import zxingcpp
from PIL import Image, ImageFilter

from drivers.camera.frames import Frame

WIDTH, HEIGHT = 640, 360
_GREY = 190


def symbol(text: str, kind: str = "QRCode", scale: int = 2) -> Image.Image:
    """The printed code alone, on white."""
    code = zxingcpp.create_barcode(text, zxingcpp.barcode_format_from_str(kind))
    pixels = memoryview(code.to_image(scale=scale))
    height, width = pixels.shape
    return Image.frombytes("L", (width, height), pixels.tobytes())


def scene(*codes: Image.Image, turned: float = 0, noise: int = 0) -> Image.Image:
    """Codes side by side before a grey ground, turned by degrees, with noise and blur."""
    picture = Image.new("L", (WIDTH, HEIGHT), _GREY)
    at = 20
    for code in codes:
        picture.paste(code, (at, (HEIGHT - code.height) // 2))
        at += code.width + 20
    if turned:
        picture = picture.rotate(
            turned, fillcolor=_GREY, resample=Image.Resampling.BICUBIC
        )
    if noise:
        picture = _noisy(picture, noise)
    return picture


def as_frame(picture: Image.Image) -> Frame:
    return Frame(*picture.size, picture.tobytes())


def drop(picture: Image.Image, folder: Path, name: str) -> None:
    """Put a picture where a `PictureFolder` looks, whole at once."""
    part = folder / f"{name}.part"
    picture.save(part, format="PNG")
    part.rename(folder / f"{name}.png")


def _noisy(picture: Image.Image, sigma: int) -> Image.Image:
    chance = random.Random(1)
    blurred = picture.filter(ImageFilter.GaussianBlur(0.6)).tobytes()
    noisy = (min(255, max(0, round(chance.gauss(byte, sigma)))) for byte in blurred)
    return Image.frombytes("L", picture.size, bytes(noisy))
