"""The line to a UHF reader: each of them hangs on a serial port or a TCP adapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from msgspec import Meta

from drivers.exchange import Exchange, FrameDecoder, Question
from drivers.pads.uhf_pad import UhfOptions
from drivers.transports.address import open_address
from drivers.transports.serial_port import SerialSettings

Frame = TypeVar("Frame")


class UhfLineOptions(UhfOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`port`: "/dev/…", "usb:…" or "tcp://host:port"; 8N1 on a serial port."""

    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    reply_timeout_s: Annotated[float, Meta(ge=0.05, le=10)] = 1.0


def open_line(
    options: UhfLineOptions,
    decoder: Callable[[], FrameDecoder[Frame]],
    harmless: Question[Frame],
) -> Exchange[Frame]:
    """Open the port; whether a reader answers there is still to be proved."""
    return Exchange(
        open_address(options.port, SerialSettings(options.baud)),
        options.port,
        decoder,
        harmless,
        timeout_s=options.reply_timeout_s,
    )
