"""Frames of serial scanners in words, whichever of three families they belong to.

GM65 frames begin with 7E, 02 or 03 and 00, Honeywell commands with 16 and a letter; SSI
packets have a known opcode and a source behind their length. What is none of these must
be a plain line, which any scanner may send.
"""

from __future__ import annotations

from drivers.codecs import honeywell, lines
from drivers.codecs.content import Content
from drivers.codecs.gm65.frames import (
    HEARTBEAT_START,
    REPLY_START,
    REQUEST_START,
    Kind,
    Zone,
    decode_reply,
    decode_request,
)
from drivers.codecs.gm65.line import open_envelope
from drivers.codecs.lines import decoded
from drivers.codecs.ssi.codes import CODE_TYPES
from drivers.codecs.ssi.packets import (
    CONTINUED,
    DECODER,
    HOST,
    LONG_MARK,
    PERMANENT,
    RETRANSMIT,
    Nak,
    Op,
    Packet,
    decode,
)
from drivers.codecs.ssi.settings import parse_settings

_RESPONSES = frozenset(
    {Op.CMD_ACK, Op.CMD_NAK, Op.REPLY_REVISION, Op.CAPABILITIES_REPLY}
)
_OPS = frozenset(Op)
_HONEYWELL_START = 0x16


def describe(frame: bytes) -> Content:
    """Decoded content of one whole frame. Codes and data are hex, counts decimal."""
    if frame[:2] == REQUEST_START:
        return {"family": "GM65", "direction": "request", **_gm65_request(frame)}
    if frame[:2] in {REPLY_START, HEARTBEAT_START}:
        return {"family": "GM65", **_gm65_answer(frame)}
    if frame[:1] == bytes((_HONEYWELL_START,)) and frame[1:2].isalpha():
        command = honeywell.describe(frame)
        return {"family": "Honeywell", "direction": "request", **command}
    if frame[:2] == LONG_MARK or (frame[1:2] and _looks_like_ssi(frame)):
        return {"family": "SSI", **_ssi(decode(frame))}
    return {"family": "plain line", "direction": "data", **lines.describe(frame)}


def _looks_like_ssi(frame: bytes) -> bool:
    return frame[1] in _OPS and frame[2:3] in {b"", bytes((DECODER,)), bytes((HOST,))}


def _gm65_request(frame: bytes) -> Content:
    request = decode_request(frame)
    content: Content = {
        "cmd": f"{request.kind:02X}",
        "name": request.kind.name.lower(),
        "crc": "checked" if request.checked else "ABCD = do not check",
    }
    if request.kind not in {Kind.READ_ZONE, Kind.WRITE_ZONE}:
        return content
    content |= {"zone": f"{request.address:04X}", "zone_name": _zone(request.address)}
    if request.kind is Kind.READ_ZONE:
        return content | {"bytes": int.from_bytes(request.data)}
    return content | {"data": request.data.hex().upper()}


def _zone(address: int) -> str:
    return Zone(address).name.lower() if address in set(Zone) else "unknown"


def _gm65_answer(frame: bytes) -> Content:
    if frame[:2] == HEARTBEAT_START and frame[2:3] != b"\0":
        text = lines.describe(open_envelope(frame))
        return {"direction": "data", "name": "code in an envelope", **text}
    reply = decode_reply(frame)
    return {
        "direction": "response",
        "name": "heartbeat" if reply.heartbeat else "reply",
        "status": f"{reply.status:02X}",
        "data": reply.data.hex().upper(),
    }


def _ssi(packet: Packet) -> Content:
    status = packet.status
    return {
        "direction": _ssi_direction(packet),
        "cmd": f"{packet.op:02X}",
        "name": packet.op.name.lower(),
        "source": "decoder" if packet.source == DECODER else "host",
        "status": f"{status:02X}",
        "data": packet.data.hex().upper(),
        **({"retransmitted": True} if status & RETRANSMIT else {}),
        **_ssi_content(packet),
    }


def _ssi_direction(packet: Packet) -> str:
    if packet.is_code or packet.op is Op.EVENT:
        return "data"
    return "response" if packet.op in _RESPONSES else "request"


def _ssi_content(packet: Packet) -> Content:
    match packet.op:
        case Op.DECODE_DATA | Op.DECODE_DATA_LONG if packet.data:
            return _ssi_code(packet)
        case Op.CMD_NAK if packet.data:
            known = packet.data[0] in set(Nak)
            reason = Nak(packet.data[0]).name.lower() if known else "unknown"
            return {"reason": reason}
        case Op.PARAM_SEND:
            beep, settings = parse_settings(packet.data)
            shown = {
                number.hex().upper(): f"{settings[number]:02X}" for number in settings
            }
            permanent = bool(packet.status & PERMANENT)
            return {"beep": f"{beep:02X}", "settings": shown, "permanent": permanent}
        case _:
            return {}


def _ssi_code(packet: Packet) -> Content:
    kind, text = packet.data[0], packet.data[1:].rstrip(lines.TERMINATORS)
    name, _ = CODE_TYPES.get(kind, ("unknown", ""))
    content: Content = {"code_type": f"{kind:02X}", "symbology": name}
    if packet.status & CONTINUED:
        return content | {"continued": True}
    return content | {"text": decoded(text)}
