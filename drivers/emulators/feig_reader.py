"""The inside of an emulated FEIG reader: tags in its field, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import BadFrame
from drivers.codecs.block_order import BlockOrder
from drivers.codecs.feig import reader_commands, requests
from drivers.codecs.feig.frames import Frame
from drivers.codecs.feig.reader_commands import PAGE_SIZE, Command, SoftwareVersion
from drivers.codecs.feig.replies import (
    Blocks,
    Inventory,
    InventoryRecord,
)
from drivers.codecs.feig.requests import (
    ISO_CUSTOM,
    ISO_HOST,
    MAX_BLOCK_BYTES,
    MODE_MORE,
    MODE_SECURITY,
    Addressing,
    EasRequest,
    EasSub,
    IsoRequest,
    Sub,
)
from drivers.codecs.feig.status import Status
from drivers.emulators.feig_tag_commands import run_on_tag
from drivers.emulators.refused import Refused
from drivers.emulators.tag import TagRefused, VirtualTag

#: A CPR40 with firmware 3.3, which reads ISO 15693 among others.
_VERSION = SoftwareVersion(3, 3, 0, 0x44, 83, 0x0D30)
_PAGES = 16
_RF_OFF = 0


class EmulatedReader:
    """Executes commands; not safe for threads.

    `tags`: those on the pad, by UID. `tags_per_reply`: more are sent in parts with the
    status "more data". `reports_once`: a tag is reported once until the field is reset
    (CFG5 ONT). `has_eas`: whether it knows command B1.
    """

    def __init__(
        self,
        tags: Mapping[str, VirtualTag],
        *,
        block_order: BlockOrder,
        tags_per_reply: int,
        reports_once: bool,
        has_eas: bool,
    ) -> None:
        #: Tags that the next inventories miss, though they can be addressed.
        self.hidden: frozenset[str] = frozenset()
        self.outputs = reader_commands.SetOutput()
        self._tags = tags
        self._order = block_order
        self._tags_per_reply = tags_per_reply
        self._reports_once = reports_once
        self._has_eas = has_eas
        self._rf_on = True
        self._quiet: set[str] = set()
        self._selected = ""
        self._unsent: list[VirtualTag] = []
        self._config = _ConfigPages()

    def execute(self, request: Frame) -> bytes:
        """Do what a request says; returns the body of the reply, status first."""
        try:
            return self._execute(request)
        except Refused as err:
            return bytes([err.status]) + err.data
        except BadFrame:
            return bytes([Status.LENGTH_ERROR])

    def _execute(self, request: Frame) -> bytes:
        if request.cmd == ISO_HOST:
            return self._iso_host(requests.parse_iso_request(request.body))
        if request.cmd == ISO_CUSTOM and self._has_eas:
            return self._eas(requests.parse_eas_request(request.body))
        if request.cmd not in list(Command):
            raise Refused(Status.UNKNOWN_COMMAND)
        command = Command(request.cmd)
        reader_commands.check_request_size(command, request.body)
        return bytes([Status.OK]) + self._reader_command(command, request.body)

    def _iso_host(self, request: IsoRequest) -> bytes:
        if request.sub is Sub.INVENTORY:
            return self._inventory(more=bool(request.mode & MODE_MORE))
        tag = self._target(request)
        try:
            return bytes([Status.OK]) + self._tag_command(request, tag)
        except TagRefused as err:
            data = bytes([err.error, err.block])
            with_block = request.sub in (Sub.WRITE_BLOCKS, Sub.LOCK_BLOCKS)
            raise Refused(Status.ISO_ERROR, data if with_block else data[:1]) from err

    def _inventory(self, *, more: bool) -> bytes:
        if not more:
            unheard = self._quiet | self.hidden
            self._unsent = [t for t in self._in_field() if t.uid not in unheard]
        part = self._unsent[: self._tags_per_reply]
        self._unsent = self._unsent[self._tags_per_reply :]
        if not part:
            raise Refused(Status.NO_TAG)
        if self._reports_once:
            self._quiet.update(tag.uid for tag in part)
        records = tuple(InventoryRecord(tag.uid, tag.dsfid) for tag in part)
        status = Status.MORE_DATA if self._unsent else Status.OK
        return bytes([status]) + Inventory(records).encode()

    def _in_field(self) -> list[VirtualTag]:
        return list(self._tags.values()) if self._rf_on else []

    def _target(self, request: IsoRequest | EasRequest) -> VirtualTag:
        """The tag that is meant. Raises Refused when it does not answer."""
        uid = request.uid
        if request.addressing is Addressing.SELECTED:
            uid = self._selected
        heard = [
            tag
            for tag in self._in_field()
            if tag.uid == uid
            or (request.addressing is Addressing.ANY and tag.uid not in self._quiet)
        ]
        if not heard:
            raise Refused(Status.NO_TAG)
        if len(heard) > 1:
            raise Refused(Status.COLLISION)
        return heard[0]

    def _tag_command(self, request: IsoRequest, tag: VirtualTag) -> bytes:
        match request.sub:
            case Sub.STAY_QUIET:
                self._quiet.add(tag.uid)
            case Sub.SELECT:
                self._selected = tag.uid
            case Sub.RESET_TO_READY:
                self._reset_to_ready(tag)
            case Sub.READ_BLOCKS:
                return self._read_blocks(request, tag)
            case Sub.WRITE_BLOCKS:
                self._write_blocks(request, tag)
            case _:
                return run_on_tag(request, tag)
        return b""

    def _reset_to_ready(self, tag: VirtualTag) -> None:
        self._quiet.discard(tag.uid)
        if self._selected == tag.uid:
            self._selected = ""

    def _read_blocks(self, request: IsoRequest, tag: VirtualTag) -> bytes:
        first, count, size = request.first_block, request.count, tag.block_size
        if count * size > MAX_BLOCK_BYTES:
            raise Refused(Status.PARAMETER_RANGE)
        blocks = tuple(
            self._order.turn(block, size) for block in tag.read(first, count)
        )
        asked = request.mode & MODE_SECURITY
        security = tag.security(first, count) if asked else bytes(count)
        return Blocks(size, blocks, security).encode()

    def _write_blocks(self, request: IsoRequest, tag: VirtualTag) -> None:
        if (
            len(request.blocks) > MAX_BLOCK_BYTES
            or request.block_size != tag.block_size
        ):
            raise Refused(Status.PARAMETER_RANGE)
        tag.write(request.first_block, self._order.turn(request.blocks, tag.block_size))

    def _eas(self, request: EasRequest) -> bytes:
        if request.sub is EasSub.EAS_ALARM:
            armed = any(tag.eas for tag in self._in_field())
            return bytes([Status.OK if armed else Status.NO_TAG])
        tag = self._target(request)
        try:
            if request.sub is EasSub.LOCK_EAS:
                tag.eas_locked = True
            else:
                tag.write_eas(on=request.sub is EasSub.SET_EAS)
        except TagRefused as err:
            raise Refused(Status.ISO_ERROR, bytes([err.error])) from err
        return bytes([Status.OK])

    def _reader_command(self, command: Command, data: bytes) -> bytes:
        match command:
            case Command.SOFTWARE_VERSION:
                return _VERSION.encode()
            case Command.CPU_RESET | Command.SYSTEM_RESET | Command.RF_RESET:
                self._reset_field()
            case Command.RF_OUTPUT:
                self._rf_on = data[0] != _RF_OFF
                self._reset_field()
            case Command.SET_OUTPUT:
                self.outputs = reader_commands.parse_set_output(data)
            case Command.SET_OUTPUTS:
                reader_commands.parse_set_outputs(data)
            case Command.GET_INPUT:
                return b"\x00"
            case Command.BAUD_DETECT:
                pass
            case Command.READ_CONFIG | Command.WRITE_CONFIG:
                return self._config.access(command, data)
            case Command.SAVE_CONFIG | Command.DEFAULT_CONFIG:
                self._config.keep(command)
            case _:
                raise Refused(Status.UNKNOWN_COMMAND)
        return b""

    def _reset_field(self) -> None:
        """Without power a tag forgets that it was selected or told to be quiet."""
        self._quiet.clear()
        self._selected = ""
        self._unsent = []


class _ConfigPages:
    """Configuration in RAM, and the copy in EEPROM that outlives a reset."""

    def __init__(self) -> None:
        self._pages = [bytes(PAGE_SIZE)] * _PAGES
        self._saved = list(self._pages)

    def access(self, command: Command, content: bytes) -> bytes:
        """Read or write the page that the first byte names."""
        address = reader_commands.parse_config_address(content[0])
        if address.page >= _PAGES:
            raise Refused(Status.PARAMETER_RANGE)
        pages = self._saved if address.eeprom else self._pages
        if command is Command.READ_CONFIG:
            return pages[address.page]
        pages[address.page] = content[1:]
        return b""

    def keep(self, command: Command) -> None:
        """Save the pages, or go back to those of the factory."""
        if command is Command.SAVE_CONFIG:
            self._saved = list(self._pages)
        else:
            self._pages = [bytes(PAGE_SIZE)] * _PAGES
