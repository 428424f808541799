"""Good bytes to begin with: from the vectors, and made with right check sums."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from drivers.codecs import honeywell
from drivers.codecs.bibliotheca import frames as bibliotheca_frames
from drivers.codecs.feig import frames as feig_frames
from drivers.codecs.gm65 import frames as gm65_frames
from drivers.codecs.m100 import frames as m100_frames
from drivers.codecs.pn532 import frames as pn532_frames
from drivers.codecs.r2000 import frames as r2000_frames
from drivers.codecs.rfidstation import frames as rfidstation_frames
from drivers.codecs.samv import frames as samv_frames
from drivers.codecs.ssi import packets as ssi_packets
from drivers.codecs.ssi.packets import Op
from drivers.codecs.uhfreader18 import frames as uhfreader18_frames
from tests.fuzz.surface import family

_VECTORS = Path(__file__).parents[1] / "vectors"
_SCANNERS = "scanner_serial"
#: A codec's package, or module → the file with its frames.
_FAMILIES: Mapping[str, str] = {
    "bibliotheca": "reader_3m",
    "feig": "feig_obid",
    "gm65": _SCANNERS,
    "honeywell": _SCANNERS,
    "keys": _SCANNERS,
    "lines": _SCANNERS,
    "m100": "uhf_m100",
    "pn532": "pn532",
    "r2000": "uhf_r2000",
    "rfidstation": "reader_7e55",
    "samv": "samv_idcard",
    "scanner_serial": _SCANNERS,
    "ssi": _SCANNERS,
    "uhfreader18": "uhf_reader18",
}
_TAGS = ("iso28560_2", "iso28560_3", "iso28560_4", "cultu_uhf", "rfid501")
_OPS = [op for op in Op if op is not Op.DECODE_DATA_LONG]

#: A codec's package, or module → frames around any two bytes and a content.
SEALS: Mapping[str, Callable[[int, int, bytes], bytes]] = {
    "bibliotheca": lambda code, _, body: bibliotheca_frames.Frame(
        bytes((code,)) + body
    ).encode(),
    "feig": lambda adr, cmd, body: feig_frames.Frame(adr, cmd, body).encode(),
    "gm65": lambda status, kind, data: gm65_frames.encode_reply(
        gm65_frames.Reply(data, status, heartbeat=bool(kind & 1))
    ),
    "honeywell": lambda _, __, text: honeywell.MENU + text + b".",
    "m100": lambda kind, cmd, params: m100_frames.Frame(
        m100_frames.FrameType(kind % 3), cmd, params
    ).encode(),
    "pn532": lambda who, code, data: pn532_frames.encode(
        pn532_frames.Message(list(pn532_frames.Direction)[who % 2], code, data)
    ),
    "r2000": lambda adr, cmd, data: r2000_frames.Frame(adr, cmd, data).encode(),
    "rfidstation": lambda who, cmd, params: rfidstation_frames.Frame(
        cmd, params, is_reply=bool(who & 1), is_long=bool(who & 2)
    ).encode(),
    "samv": lambda who, status, data: (
        samv_frames.Reply(status, data).encode()
        if who & 1
        else samv_frames.Request(who << 8 | status, data).encode()
    ),
    "scanner_serial": lambda kind, zone, data: gm65_frames.encode_request(
        gm65_frames.Request(list(gm65_frames.Kind)[kind % 4], zone, data)
    ),
    "ssi": lambda op, status, data: ssi_packets.encode(
        ssi_packets.Packet(_OPS[op % len(_OPS)], data, op & 4, status)
    ),
    "uhfreader18": lambda adr, cmd, body: uhfreader18_frames.Frame(
        adr, cmd, body
    ).encode(),
}


@cache
def samples(module: str) -> tuple[bytes, ...]:
    """Good bytes for a module: its own family's, else what stands on tags."""
    own = _FAMILIES.get(family(module))
    files = (own,) if own else _TAGS
    texts = [text for file in files for text in _strings(_vectors(file))]
    return tuple(sorted({raw for text in texts if (raw := _bytes(text))}))


def _vectors(file: str) -> object:
    return json.loads((_VECTORS / f"{file}.json").read_text("utf-8"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)


def _bytes(text: str) -> bytes:
    """What a text in hex stands for; nothing for any other text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
