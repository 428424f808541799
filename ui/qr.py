"""A text as a QR code, drawn into the page: nothing is fetched, nothing is stored."""

from __future__ import annotations

import segno
from markupsafe import Markup

#: More than this makes modules too small for an old phone's camera.
LONGEST_BYTES = 700
_QUIET_ZONE = 4


def qr_svg(text: str) -> Markup:
    """Return an inline SVG that scales with its box; a text too long is cut."""
    cut = text.encode()[:LONGEST_BYTES].decode(errors="ignore")
    code = segno.make_qr(cut, error="m", encoding="utf-8")
    drawing = code.svg_inline(
        border=_QUIET_ZONE, light="#fff", dark="#000", omitsize=True, svgclass="qr"
    )
    return Markup(drawing)  # noqa: S704  (drawn from modules, holds no text)
