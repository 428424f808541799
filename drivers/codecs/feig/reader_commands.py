"""Commands to an OBID reader itself: its version, outputs, inputs, configuration.

(FEIG manual H20800-16e; set output 72 as in the manuals of the LR/LRU readers)
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader

#: Time of an output that stays as it is until the next command.
PERMANENT = 0xFFFF
#: One configuration page.
PAGE_SIZE = 14

_FLASH_HZ = (5.0, 2.5, 1.25, 0.625)
_TIME_UNIT_MS = 100
_LOGIN_SIZE = 4


class Command(enum.IntEnum):
    """Commands that concern no tag."""

    BAUD_DETECT = 0x52
    CPU_RESET = 0x63
    SYSTEM_RESET = 0x64
    SOFTWARE_VERSION = 0x65
    READER_INFO = 0x66
    RF_RESET = 0x69
    RF_OUTPUT = 0x6A
    SET_OUTPUT = 0x71
    SET_OUTPUTS = 0x72
    GET_INPUT = 0x74
    READ_CONFIG = 0x80
    WRITE_CONFIG = 0x81
    SAVE_CONFIG = 0x82
    DEFAULT_CONFIG = 0x83
    LOGIN = 0xA0


#: Size of each request's data; SET_OUTPUTS says its own.
_REQUEST_SIZES = {
    Command.BAUD_DETECT: 1,
    Command.CPU_RESET: 0,
    Command.SYSTEM_RESET: 1,
    Command.SOFTWARE_VERSION: 0,
    Command.READER_INFO: 1,
    Command.RF_RESET: 0,
    Command.RF_OUTPUT: 1,
    Command.SET_OUTPUT: 8,
    Command.GET_INPUT: 0,
    Command.READ_CONFIG: 1,
    Command.WRITE_CONFIG: 1 + PAGE_SIZE,
    Command.SAVE_CONFIG: 1,
    Command.DEFAULT_CONFIG: 1,
    Command.LOGIN: _LOGIN_SIZE,
}
#: Size of the data of a good reply, where it is fixed.
_REPLY_SIZES = {
    Command.BAUD_DETECT: 0,
    Command.CPU_RESET: 0,
    Command.SYSTEM_RESET: 0,
    Command.RF_RESET: 0,
    Command.RF_OUTPUT: 0,
    Command.SET_OUTPUT: 0,
    Command.SET_OUTPUTS: 0,
    Command.GET_INPUT: 1,
    Command.READ_CONFIG: PAGE_SIZE,
    Command.WRITE_CONFIG: 0,
    Command.SAVE_CONFIG: 0,
    Command.DEFAULT_CONFIG: 0,
    Command.LOGIN: 0,
}


@dataclass(frozen=True, slots=True)
class SoftwareVersion:
    """Reply to 65. `transponders`: bit mask of tag types; `reader_type`: READER_TYPES."""

    major: int
    minor: int
    development: int
    hardware: int
    reader_type: int
    transponders: int

    def encode(self) -> bytes:
        head = [self.major, self.minor, self.development, self.hardware]
        return bytes([*head, self.reader_type]) + self.transponders.to_bytes(2, "big")


def parse_version(data: bytes) -> SoftwareVersion:
    """Read the reply to 65; newer readers add their buffer sizes, which are left out."""
    reader = ByteReader(data, "FEIG software version")
    major, minor = reader.byte("SW-REV"), reader.byte("SW-REV")
    development = reader.byte("D-REV")
    hardware, model = reader.byte("HW-TYPE"), reader.byte("SW-TYPE")
    transponders = int.from_bytes(reader.take(2, "TR-TYPE"), "big")
    return SoftwareVersion(major, minor, development, hardware, model, transponders)


class Level(enum.IntEnum):
    """What an output is told to do, two bits each."""

    UNCHANGED = 0
    ON = 1
    OFF = 2
    FLASH = 3


@dataclass(frozen=True, slots=True)
class SetOutput:
    """Data of 71: lamps and beeper of a pad, for `time` x 100 ms or PERMANENT.

    `flash`: rate of all outputs, two bits each in the order of `levels`.
    """

    green: Level = Level.UNCHANGED
    red: Level = Level.UNCHANGED
    beeper: Level = Level.UNCHANGED
    flash: int = 0
    time: int = PERMANENT
    output_time: int = 0

    @property
    def flash_hz(self) -> dict[str, float]:
        """Flash rate of each output."""
        names = ("green", "red", "beeper")
        return {n: _FLASH_HZ[self.flash >> 2 * i & 3] for i, n in enumerate(names)}

    def encode(self) -> bytes:
        outputs = self.green | self.red << 2 | self.beeper << 4
        words = (outputs, self.flash, self.time, self.output_time)
        return b"".join(word.to_bytes(2, "big") for word in words)


def parse_set_output(data: bytes) -> SetOutput:
    """Read the data of 71. Raises BadFrame when it is not eight bytes."""
    reader = ByteReader(data, "FEIG set output")
    fields = ("OS", "OSF", "OS-TIME", "OUT-TIME")
    words = [int.from_bytes(reader.take(2, name), "big") for name in fields]
    reader.finish()
    outputs, flash, time, output_time = words
    green, red, beeper = (Level(outputs >> shift & 3) for shift in (0, 2, 4))
    return SetOutput(green, red, beeper, flash, time, output_time)


def output_ms(time: int) -> int | None:
    """An output's time in milliseconds; None: for ever."""
    return None if time == PERMANENT else time * _TIME_UNIT_MS


@dataclass(frozen=True, slots=True)
class OutputSetting:
    """One entry of 72: `output` names kind and number, `state` its level and rate."""

    output: int
    state: int
    time: int

    @property
    def kind(self) -> str:
        names = {0: "output", 1: "lamp", 2: "beeper", 4: "relay"}
        return names.get(self.output >> 5, "unknown")

    @property
    def number(self) -> int:
        return self.output & 0x0F

    @property
    def level(self) -> Level:
        return Level(self.state & 3)


def parse_set_outputs(data: bytes) -> tuple[OutputSetting, ...]:
    """Read the data of 72: `MODE N` and N settings. Raises BadFrame."""
    reader = ByteReader(data, "FEIG set outputs")
    reader.byte("MODE")
    settings = []
    for _ in range(reader.byte("number of outputs")):
        output, state = reader.byte("output"), reader.byte("state")
        time = int.from_bytes(reader.take(2, "time"), "big")
        settings.append(OutputSetting(output, state, time))
    reader.finish()
    return tuple(settings)


@dataclass(frozen=True, slots=True)
class ConfigAddress:
    """First data byte of 80 to 83: which page, or all, in RAM or in the EEPROM."""

    page: int
    eeprom: bool = False
    all_pages: bool = False

    def encode(self) -> int:
        return self.page | self.eeprom << 7 | self.all_pages << 6


def parse_config_address(code: int) -> ConfigAddress:
    return ConfigAddress(code & 0x3F, bool(code & 0x80), bool(code & 0x40))


def check_request_size(command: Command, data: bytes) -> None:
    """Raises BadFrame when the request's data is not as long as it must be."""
    size = _REQUEST_SIZES.get(command, len(data))
    # The old 64 has no data; newer readers take a mode.
    if len(data) != size and not (command is Command.SYSTEM_RESET and not data):
        raise BadFrame(
            f"FEIG request {command:02X} has {len(data)} bytes of data, not {size}"
        )


def check_reply_size(command: Command, data: bytes) -> None:
    """Raises BadFrame when a good reply's data is not as long as it must be."""
    size = _REPLY_SIZES.get(command, len(data))
    many = command is Command.READ_CONFIG and data and len(data) % PAGE_SIZE == 0
    if len(data) != size and not many:
        raise BadFrame(
            f"FEIG reply to {command:02X} has {len(data)} bytes of data, not {size}"
        )
