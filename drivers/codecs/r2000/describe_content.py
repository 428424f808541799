"""What is inside R2000 requests and replies, in words, by command."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.content import Content, Reading, numbers
from drivers.codecs.r2000 import describe_reader as of_reader
from drivers.codecs.r2000 import describe_tags as of_tag
from drivers.codecs.r2000.commands import CODE_TEXTS, Command


def request_content(cmd: int, data: bytes) -> Content:
    """Raises BadFrame for data that no request of this command has."""
    return _REQUESTS[cmd](data) if cmd in _REQUESTS else {}


def reply_content(cmd: int, data: bytes) -> Content:
    """Raises BadFrame for data that no reply to this command has."""
    if cmd in _REPLIES:
        return _REPLIES[cmd](data)
    if cmd not in set(Command):
        return {}
    if len(data) != 1 or data[0] not in CODE_TEXTS:
        raise BadFrame(f"R2000 reply to {cmd:02X}: {data.hex().upper()} is no result")
    return of_reader.result(data[0])


def _anything(data: bytes) -> Content:  # noqa: ARG001  (a Reading)
    return {}


_NOTHING = numbers("R2000")

_REQUESTS: Mapping[int, Reading] = {
    **dict.fromkeys(Command, _NOTHING),
    Command.WRITE_GPIO: numbers("R2000", "gpio", "level"),
    Command.SET_TEMPORARY_POWER: of_reader.powers,
    Command.SET_RF_PROFILE: numbers("R2000", "profile"),
    Command.SET_BAUD: of_reader.baud,
    Command.SET_ADDRESS: numbers("R2000", "address"),
    Command.SET_WORK_ANTENNA: numbers("R2000", "antenna"),
    Command.SET_POWER: of_reader.powers,
    Command.SET_REGION: of_reader.region,
    Command.SET_BEEPER: numbers("R2000", "beeper"),
    Command.GET_RETURN_LOSS: numbers("R2000", "channel"),
    Command.BUFFERED_INVENTORY: numbers("R2000", "repeat"),
    Command.READ: of_tag.read_request,
    Command.WRITE: of_tag.write_request,
    Command.BLOCK_WRITE: of_tag.write_request,
    Command.LOCK: of_tag.lock,
    Command.KILL: of_tag.kill,
    Command.SET_EPC_MATCH: of_tag.match,
    Command.INVENTORY: numbers("R2000", "repeat"),
    Command.FAST_SWITCH_INVENTORY: of_tag.fast_switch,
    Command.SESSION_INVENTORY: of_tag.session,
    Command.GEN2_SELECT: _anything,
}

_REPLIES: Mapping[int, Reading] = {
    Command.READ_GPIO: of_reader.or_result(numbers("R2000", "gpio1", "gpio2")),
    Command.GET_RF_PROFILE: numbers("R2000", "profile"),
    Command.GET_FIRMWARE: of_reader.or_result(numbers("R2000", "major", "minor")),
    Command.GET_WORK_ANTENNA: numbers("R2000", "antenna"),
    Command.GET_POWER: of_reader.powers,
    Command.GET_REGION: of_reader.or_result(of_reader.region),
    Command.GET_TEMPERATURE: of_reader.or_result(of_reader.temperature),
    Command.GET_RETURN_LOSS: numbers("R2000", "return_loss_db"),
    Command.BUFFERED_INVENTORY: of_tag.buffered_reply,
    Command.READ: of_tag.read_reply,
    Command.WRITE: of_tag.write_reply,
    Command.BLOCK_WRITE: of_tag.write_reply,
    Command.LOCK: of_tag.write_reply,
    Command.KILL: of_tag.write_reply,
    Command.GET_EPC_MATCH: of_tag.match_reply,
    Command.INVENTORY: of_tag.inventory_reply,
    Command.FAST_SWITCH_INVENTORY: of_tag.fast_switch_reply,
    Command.SESSION_INVENTORY: of_tag.inventory_reply,
    Command.GET_BUFFER: of_tag.buffer_reply,
    Command.GET_AND_CLEAR_BUFFER: of_tag.buffer_reply,
    Command.GET_BUFFER_COUNT: of_reader.or_result(of_tag.count),
}
