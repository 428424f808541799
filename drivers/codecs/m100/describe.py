"""Whole M100 frames in words, for `tongjie frame decode`."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.codecs.content import Content, Reading, to_hex
from drivers.codecs.m100 import describe_reader as of_reader
from drivers.codecs.m100 import describe_tags as of_tag
from drivers.codecs.m100.commands import Command
from drivers.codecs.m100.frames import Frame, FrameType, decode
from drivers.codecs.m100.replies import ERROR


def describe(raw: bytes) -> Content:
    """Decode one whole frame. Codes are hex, counts and numbers decimal.

    Raises BadFrame for a frame that is none, and for one whose content contradicts
    its command.
    """
    frame = decode(raw)
    content: Content = {
        "direction": "request" if frame.type is FrameType.REQUEST else "response",
        "type": int(frame.type),
        "cmd": f"{frame.cmd:02X}",
        "name": _name(frame),
        "params": to_hex(frame.params),
    }
    explain = _LAYOUTS.get((frame.type, frame.cmd))
    return content | explain(frame.params) if explain else content


def _name(frame: Frame) -> str:
    if frame.type is not FrameType.REQUEST and frame.cmd == ERROR:
        return "error"
    known = frame.cmd in list(Command)
    return Command(frame.cmd).name.lower() if known else "unknown"


_Q, _R = FrameType.REQUEST, FrameType.RESPONSE
#: What is inside a frame of a type and command; others have nothing, or nothing known.
_LAYOUTS: Mapping[tuple[FrameType, int], Reading] = {
    (FrameType.NOTICE, Command.SINGLE_POLL): of_tag.tag_notice,
    (_R, ERROR): of_tag.error_report,
    (FrameType.NOTICE, ERROR): of_tag.error_report,
    (_Q, Command.INFO): of_reader.info_request,
    (_R, Command.INFO): of_reader.info_reply,
    (_Q, Command.MULTI_POLL): of_reader.multi_poll_request,
    (_Q, Command.SET_SELECT): of_tag.select,
    (_R, Command.GET_SELECT): of_tag.select,
    (_Q, Command.SELECT_MODE): of_reader.select_mode_request,
    (_Q, Command.READ): of_tag.read_request,
    (_R, Command.READ): of_tag.read_reply,
    (_Q, Command.WRITE): of_tag.write_request,
    (_Q, Command.LOCK): of_tag.lock_request,
    (_Q, Command.KILL): of_tag.kill_request,
    (_Q, Command.SET_REGION): of_reader.region,
    (_R, Command.GET_REGION): of_reader.region,
    (_Q, Command.SET_CHANNEL): of_reader.channel,
    (_R, Command.GET_CHANNEL): of_reader.channel,
    (_Q, Command.HOPPING): of_reader.switch,
    (_Q, Command.CARRIER): of_reader.switch,
    (_Q, Command.SET_POWER): of_reader.power,
    (_R, Command.GET_POWER): of_reader.power,
    (_Q, Command.SET_QUERY): of_reader.query,
    (_R, Command.GET_QUERY): of_reader.query,
    (_Q, Command.IDLE_MINUTES): of_reader.idle_minutes,
    (_Q, Command.NXP_CHANGE_EAS): of_tag.change_eas_request,
    (_R, Command.NXP_EAS_ALARM): of_reader.eas_alarm_reply,
    **{
        (_R, command): of_tag.change_reply
        for command in (
            Command.WRITE,
            Command.LOCK,
            Command.KILL,
            Command.NXP_CHANGE_EAS,
        )
    },
    **{
        (_R, command): of_reader.result
        for command in (
            Command.STOP,
            Command.SET_SELECT,
            Command.SELECT_MODE,
            Command.SET_REGION,
            Command.SET_CHANNEL,
            Command.HOPPING,
            Command.CARRIER,
            Command.SET_POWER,
            Command.SET_QUERY,
            Command.SET_MODEM,
            Command.SLEEP,
            Command.IDLE_MINUTES,
        )
    },
}
