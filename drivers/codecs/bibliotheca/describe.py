"""Whole 3M / Bibliotheca frames in words, for `tongjie frame decode`.

Nothing in a frame says who sent it, so each is read both ways. Where both make sense,
the way whose UID looks like one is taken (E0 first, or four zeros before the number of
an old Tag-it tag), and then the reply.
"""

from __future__ import annotations

from drivers.api import BadFrame
from drivers.codecs.bibliotheca import replies, requests
from drivers.codecs.bibliotheca.describe_content import REPLIES, REQUESTS, nothing
from drivers.codecs.bibliotheca.frames import Frame, Layer, decode
from drivers.codecs.bibliotheca.replies import Reply
from drivers.codecs.bibliotheca.requests import (
    ADDRESSED,
    BOOT_VERSION,
    UID_BYTES,
    Command,
)
from drivers.codecs.bibliotheca.status import Status, is_known, status_text
from drivers.codecs.content import Content, Reading, to_hex

#: A frame of these says how long it is; where that is wrong the frame is worthless.
_COUNTED = frozenset(
    {
        Command.INVENTORY,
        Command.READ_BLOCKS,
        Command.WRITE_BLOCKS,
        Command.TAG_INFO,
        Command.PASS_THROUGH,
    }
)


def describe(frame: bytes) -> Content:
    """Decoded content of one whole frame. Codes are hex, counts and numbers decimal.

    Raises BadFrame for a frame that is none, and for one that contradicts itself. What
    this protocol's document does not explain is told as it is, direction "unknown".
    """
    found = decode(frame)
    content = {"layer": f"{found.layer:02X}", **_head(found)}
    if found.layer is Layer.BOOT:
        return content | _boot(found.body)
    return content | _either(found.body)


def _head(frame: Frame) -> Content:
    code, boot = frame.body[0], frame.layer is Layer.BOOT
    known = code in list(Command) and not boot
    name = Command(code).title if known else "unknown"
    return {"cmd": f"{code:02X}", "name": "boot" if boot else name}


def _boot(body: bytes) -> Content:
    if not body.startswith(BOOT_VERSION):
        return {"direction": "unknown", "data": to_hex(body)}
    if body == BOOT_VERSION:
        return {"direction": "request", "data": to_hex(body)}
    version = replies.parse_version(body[len(BOOT_VERSION) :])
    return {"direction": "response", "data": to_hex(body), "version": str(version)}


def _either(body: bytes) -> Content:
    reply, request = _attempt(_reply, body), _attempt(_request, body)
    if isinstance(reply, BadFrame):
        return (
            _unexplained(body, request, reply)
            if isinstance(request, BadFrame)
            else request
        )
    if isinstance(request, BadFrame) or _looks_right(reply):
        return reply
    return request if _looks_right(request) else reply


def _unexplained(body: bytes, request: BadFrame, reply: BadFrame) -> Content:
    if body[0] in _COUNTED:
        raise BadFrame(f"neither a request ({request}) nor a reply ({reply})")
    return {"direction": "unknown", "data": to_hex(body[1:])}


def _attempt(reading: Reading, body: bytes) -> Content | BadFrame:
    try:
        return reading(body)
    except BadFrame as err:
        return err


def _looks_right(content: Content) -> bool:
    return str(content.get("uid", "E0")).startswith(("E0", "00000000"))


def _request(body: bytes) -> Content:
    request = requests.parse_request(body)
    content: Content = {"direction": "request", "data": to_hex(body[1:])}
    if request.uid:
        content["uid"] = request.uid
    explain = REQUESTS.get(request.command)
    return content | (explain(request.tail) if explain else {})


def _reply(body: bytes) -> Content:
    reply = replies.parse_reply(body)
    content: Content = {
        "direction": "response",
        "status": f"{reply.status:02X}",
        "data": to_hex(reply.data),
    }
    if reply.status != Status.OK:
        return content | _error(reply)
    if reply.command not in list(Command):
        return content
    command, data = Command(reply.command), reply.data
    if command in ADDRESSED:
        content["uid"], data = replies.split_uid(data)
    return content | REPLIES.get(command, nothing)(data)


def _error(reply: Reply) -> Content:
    """Only a short reply is believed to tell an error that nobody knows."""
    if reply.data and not is_known(reply.status):
        raise BadFrame(f"3M reply: status {reply.status:02X} is unknown")
    content: Content = {"error": status_text(reply.status)}
    if reply.command in ADDRESSED and len(reply.data) >= UID_BYTES:
        content["uid"], _ = replies.split_uid(reply.data)
    return content
