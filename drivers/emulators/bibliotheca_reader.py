"""The inside of an emulated 3M / Bibliotheca pad: what it does with tags."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.codecs.bibliotheca.replies import (
    AirReply,
    Blocks,
    BlockStyle,
    Inventory,
    InventoryRecord,
    Reply,
    TagInformation,
)
from drivers.codecs.bibliotheca.requests import (
    BLOCK_BYTES,
    NEW_STYLE,
    WANT_AFI,
    WANT_DSFID,
    WANT_IC_REF,
    WANT_MEMORY,
    WITH_DSFID,
    WITH_UID,
    WITHOUT_LOCKS,
    Command,
    Request,
    parse_pass_through,
)
from drivers.codecs.bibliotheca.status import Status
from drivers.codecs.iso15693 import IsoError
from drivers.emulators.air import answer_on_air
from drivers.emulators.refused import Refused
from drivers.emulators.tag import TagRefused, VirtualTag

_INVENTORY_OPTIONS = 0x7F
_READ_OPTIONS = 0x0F
_STATUS_OF = {
    IsoError.NOT_SUPPORTED: Status.NO_TRANSPONDER,
    IsoError.NO_SUCH_BLOCK: Status.NOT_AVAILABLE,
    IsoError.ALREADY_LOCKED: Status.LOCKED,
    IsoError.LOCKED: Status.LOCKED,
}
_START_AND_END_SEEN = 0x03


class EmulatedReader:
    """Executes commands; not safe for threads.

    `duplicates`: tell each tag twice. `bad_blocks`: the first block of a read comes
    with an error in place of its lock byte. `refuses_empty`: an inventory of no tags is
    an error.
    """

    def __init__(self, tags: Mapping[str, VirtualTag]) -> None:
        """`tags`: those on the pad, by UID."""
        self._tags = tags
        self.duplicates = False
        self.bad_blocks = False
        self.refuses_empty = False
        self._quiet: set[str] = set()

    def execute(self, request: Request) -> Reply:
        """Do what a request says."""
        uid = bytes.fromhex(request.uid)
        try:
            data = self._execute(request)
        except Refused as err:
            # A tag that was not heard is not named in the refusal.
            named = b"" if err.status == Status.NO_TRANSPONDER else uid
            return Reply(request.command, err.status, named + err.data)
        except TagRefused as err:
            status = _STATUS_OF.get(err.error, Status.UNKNOWN)
            with_block = request.command is Command.WRITE_BLOCKS
            block = bytes([err.block]) if with_block else b""
            return Reply(request.command, status, uid + block)
        return Reply(request.command, data=uid + data)

    def _execute(self, request: Request) -> bytes:
        match request.command:
            case Command.INVENTORY:
                return self._inventory(*request.tail[:2])
            case Command.PASS_THROUGH:
                return self._pass_through(request.tail)
        if request.uid not in self._tags:
            raise Refused(Status.NO_TRANSPONDER)
        tag, tail = self._tags[request.uid], request.tail
        match request.command:
            case Command.QUIET:
                self._quiet.add(tag.uid)
            case Command.READ_BLOCKS:
                return self._read(tag, tail)
            case Command.WRITE_BLOCKS:
                return _write(tag, tail)
            case Command.WRITE_BLOCK | Command.WRITE_AND_LOCK_BLOCK:
                tag.write(tail[0], tail[1:])
                if request.command is Command.WRITE_AND_LOCK_BLOCK:
                    tag.lock(tail[0], 1)
            case Command.LOCK_BLOCK:
                tag.lock(tail[0], 1)
            case Command.TAG_INFO:
                return _information(tag, tail[0])
            case _:
                return _single_byte(request.command, tag, tail)
        return b""

    def _inventory(self, afi: int, options: int) -> bytes:
        if options & ~_INVENTORY_OPTIONS:
            raise Refused(Status.BAD_OPTION)
        heard = [
            tag
            for tag in self._tags.values()
            if tag.uid not in self._quiet and afi in (0, tag.afi)
        ]
        # "Quiet" holds until a tag has lost its power, which is after an inventory.
        self._quiet.clear()
        if self.refuses_empty and not heard:
            raise Refused(Status.NO_TRANSPONDER)
        records = tuple(
            InventoryRecord(
                tag.uid if options & WITH_UID else None,
                tag.dsfid if options & WITH_DSFID else None,
            )
            for tag in heard
        )
        return Inventory(afi, options, records * (1 + self.duplicates)).encode()

    def _read(self, tag: VirtualTag, tail: bytes) -> bytes:
        first, count, options = tail.ljust(3, b"\0")
        if options & ~_READ_OPTIONS:
            raise Refused(Status.BAD_OPTION)
        blocks = tag.read(first, count)
        locks = tag.security(first, count)
        if self.bad_blocks:
            locks = bytes([Status.NOT_READ]) + locks[1:]
        style = BlockStyle.OLD
        if options & NEW_STYLE:
            without = options & WITHOUT_LOCKS
            style = BlockStyle.NEW_WITHOUT_LOCKS if without else BlockStyle.NEW
        return Blocks(first, blocks, locks, style).encode()

    def _pass_through(self, tail: bytes) -> bytes:
        """Silence of the tags is an error of the reader."""
        answer = answer_on_air(self._tags.values(), parse_pass_through(tail).air)
        if answer is None:
            raise Refused(Status.NO_TRANSPONDER)
        return AirReply(_START_AND_END_SEEN, answer).encode()


def _write(tag: VirtualTag, tail: bytes) -> bytes:
    first, reserved = tail[0], tail[2]
    if reserved:
        raise Refused(Status.BAD_OPTION)
    tag.write(first, tail[3:])
    return bytes([first + len(tail[3:]) // BLOCK_BYTES & 0xFF])


def _information(tag: VirtualTag, want: int) -> bytes:
    if not tag.has_system_info:
        raise Refused(Status.NO_TRANSPONDER)
    size = want & WANT_MEMORY
    return TagInformation(
        dsfid=tag.dsfid if want & WANT_DSFID else None,
        afi=tag.afi if want & WANT_AFI else None,
        block_size=tag.block_size if size else None,
        block_count=tag.block_count if size else None,
        ic_ref=bytes([0, tag.ic_ref]) if want & WANT_IC_REF else None,
    ).encode()


def _single_byte(command: Command, tag: VirtualTag, tail: bytes) -> bytes:
    """Commands about AFI, DSFID and EAS."""
    match command:
        case Command.GET_AFI:
            return bytes([tag.afi])
        case Command.WRITE_AFI:
            tag.write_afi(tail[0])
        case Command.LOCK_AFI:
            tag.afi_locked = True
        case Command.GET_DSFID:
            return bytes([tag.dsfid])
        case Command.WRITE_DSFID:
            tag.write_dsfid(tail[0])
        case Command.LOCK_DSFID:
            tag.dsfid_locked = True
        case Command.CHECK_EAS:
            return _eas(tag)
        case Command.WRITE_EAS:
            _check_has_eas(tag)
            tag.write_eas(on=bool(tail[0]))
        case _:
            raise ValueError(f"{command.title} is not about a single byte")
    return b""


def _eas(tag: VirtualTag) -> bytes:
    """Only a tag that is armed answers at all."""
    if not tag.eas:
        raise Refused(Status.NO_TRANSPONDER, bytes.fromhex(tag.uid) + b"\x00")
    return b"\x01"


def _check_has_eas(tag: VirtualTag) -> None:
    if not tag.has_eas:
        raise Refused(Status.NO_TRANSPONDER)
