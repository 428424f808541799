"""How emulated tags answer what a reader passes through to the air."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.codecs.iso15693 import ADDRESSED, HIGH_RATE, MAKER_NXP, NxpCommand
from drivers.emulators.tag import TagRefused, VirtualTag

#: A tag whose EAS bit is set answers an alarm with a fixed sequence of 256 bits.
EAS_SEQUENCE = bytes(range(0x10, 0x30))
_OK = b"\x00"
_UID = slice(3, 11)


def answer_on_air(tags: Iterable[VirtualTag], request: bytes) -> bytes | None:
    """The answer to `flags command maker [UID]` without CRC; None when no tag answers.

    Of the commands of NXP's own, its tags know those about EAS.
    """
    head = request[: _UID.start]
    if head == bytes([HIGH_RATE, NxpCommand.EAS_ALARM, MAKER_NXP]):
        return _OK + EAS_SEQUENCE if any(tag.eas for tag in tags) else None
    if len(request) != _UID.stop or head[:1] != bytes([HIGH_RATE | ADDRESSED]):
        return None
    uid = request[_UID][::-1].hex().upper()
    tag = next((tag for tag in tags if tag.uid == uid), None)
    if tag is None or not tag.has_eas or head[2] != MAKER_NXP:
        return None
    return _obey(tag, head[1])


def _obey(tag: VirtualTag, command: int) -> bytes | None:
    try:
        match command:
            case NxpCommand.SET_EAS:
                tag.write_eas(on=True)
            case NxpCommand.RESET_EAS:
                tag.write_eas(on=False)
            case NxpCommand.LOCK_EAS:
                tag.eas_locked = True
            case _:
                return None
    except TagRefused as err:
        return bytes([0x01, err.error])
    return _OK
