"""A text as a QR code, drawn into the page: nothing is fetched, nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

#: More than this makes modules too small for an old phone's camera.
LONGEST_BYTES = 320
_MORE = "…"
_QUIET_ZONE = 4


def qr_svg(lines: Iterable[str]) -> Markup:
    """Return an inline SVG that scales with its box; lines that are too many are cut."""
    import segno  # noqa: PLC0415  (5 MB that a point with a printer never needs)

    code = segno.make_qr(_fitting(lines), error="l", boost_error=False)
    drawing = code.svg_inline(
        border=_QUIET_ZONE, light="#fff", dark="#000", omitsize=True, svgclass="qr"
    )
    return Markup(drawing)  # noqa: S704  (drawn from modules, holds no text)


def _fitting(lines: Iterable[str]) -> str:
    text = ""
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        if len(longer.encode()) > LONGEST_BYTES:
            return f"{text}\n{_MORE}"
        text = longer
    return text
