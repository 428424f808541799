"""A text as a QR code, drawn into the page: nothing is fetched, nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

#: More than this makes modules too small for an old phone's camera.
LONGEST_BYTES = 320
_MORE = "…"
#: Of a line that is longer than both, so that one long title does not hide the rest.
_HEAD_BYTES, _TAIL_BYTES = 36, 30
_QUIET_ZONE = 4


def qr_svg(lines: Iterable[str]) -> Markup:
    """Return an inline SVG that scales with its box; lines that are too many are cut."""
    import segno  # noqa: PLC0415  (5 MB that a point with a printer never needs)

    code = segno.make_qr(qr_text(lines), error="l", boost_error=False)
    drawing = code.svg_inline(
        border=_QUIET_ZONE, light="#fff", dark="#000", omitsize=True, svgclass="qr"
    )
    return Markup(drawing)  # noqa: S704  (drawn from modules, holds no text)


def qr_text(lines: Iterable[str]) -> str:
    """What of these lines goes into the code; an ellipsis stands for the rest."""
    text = ""
    for line in map(_short, lines):
        longer = f"{text}\n{line}" if text else line
        if len(longer.encode()) > LONGEST_BYTES:
            return f"{text}\n{_MORE}"
        text = longer
    return text


def _short(line: str) -> str:
    """What a line begins and ends with; a loan's ends with its date."""
    raw = line.encode()
    if len(raw) <= _HEAD_BYTES + _TAIL_BYTES:
        return line
    head, tail = raw[:_HEAD_BYTES], raw[-_TAIL_BYTES:]
    return f"{head.decode(errors='ignore')}{_MORE}{tail.decode(errors='ignore')}"
