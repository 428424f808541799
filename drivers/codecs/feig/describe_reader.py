"""Commands to the reader itself and their replies as `describe` shows them."""

from __future__ import annotations

from drivers.codecs.content import Content, to_hex
from drivers.codecs.feig import reader_commands
from drivers.codecs.feig.reader_commands import Command
from drivers.codecs.feig.status import READER_TYPES


def reader_request(command: Command, data: bytes) -> Content:
    """Raises BadFrame when the data is not as long as the command wants it."""
    reader_commands.check_request_size(command, data)
    match command:
        case Command.RF_OUTPUT:
            return {"rf": data[0]}
        case Command.READER_INFO:
            return {"mode": to_hex(data)}
        case Command.SET_OUTPUT:
            return _set_output(data)
        case Command.SET_OUTPUTS:
            return {"outputs": _set_outputs(data)}
        case Command.WRITE_CONFIG:
            return _config_address(data[0]) | {"config": to_hex(data[1:])}
        case Command.READ_CONFIG | Command.SAVE_CONFIG | Command.DEFAULT_CONFIG:
            return _config_address(data[0])
        case _:
            return {}


def reader_reply(command: Command, data: bytes) -> Content:
    """Data of a reply with status 00. Raises BadFrame when it is of another length."""
    reader_commands.check_reply_size(command, data)
    match command:
        case Command.SOFTWARE_VERSION:
            return _version(data)
        case Command.GET_INPUT:
            return {"inputs": f"{data[0]:02X}"}
        case Command.READ_CONFIG:
            return {"config": to_hex(data)}
        case _:
            return {}


def _set_output(data: bytes) -> Content:
    output = reader_commands.parse_set_output(data)
    return {
        "green": output.green.name.lower(),
        "red": output.red.name.lower(),
        "beeper": output.beeper.name.lower(),
        "flash_hz": output.flash_hz,
        "time_ms": reader_commands.output_ms(output.time),
        "output_time_ms": reader_commands.output_ms(output.output_time),
    }


def _set_outputs(data: bytes) -> list[Content]:
    return [
        {
            "kind": setting.kind,
            "number": setting.number,
            "level": setting.level.name.lower(),
            "time_ms": reader_commands.output_ms(setting.time),
        }
        for setting in reader_commands.parse_set_outputs(data)
    ]


def _config_address(code: int) -> Content:
    address = reader_commands.parse_config_address(code)
    return {
        "page": address.page,
        "memory": "EEPROM" if address.eeprom else "RAM",
        "all_pages": address.all_pages,
    }


def _version(data: bytes) -> Content:
    version = reader_commands.parse_version(data)
    return {
        "firmware": f"{version.major}.{version.minor}",
        "development": version.development,
        "hw_type": f"0x{version.hardware:02X}",
        "reader_type": version.reader_type,
        "reader": READER_TYPES.get(version.reader_type, "unknown"),
        "transponders": f"0x{version.transponders:04X}",
    }
