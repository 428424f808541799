"""What an emulated R2000 reader can be set to."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.codecs.r2000.commands import REGIONS, Code, Command

_MAX_POWER_DBM = 33
_DEGREES = 31
_PROFILE = 0xD1
_REGIONS = (1, 2, 3)


@dataclass(slots=True)
class R2000Settings:
    """`flash_writes` counts what wears the flash memory out."""

    antenna: int = 0
    power_dbm: int = 30
    region: bytes = REGIONS["fcc"].encode()
    flash_writes: int = 0

    def change(self, cmd: int, content: bytes) -> Code | None:
        """The result of a command that sets something; None for any other command."""
        match cmd:
            case Command.SET_WORK_ANTENNA:
                return self._set_antenna(content)
            case Command.SET_TEMPORARY_POWER:
                return self._set_power(content)
            case Command.SET_POWER:
                self.flash_writes += 1
                return self._set_power(content)
            case Command.SET_REGION:
                return self._set_region(content)
            case Command.SET_BEEPER:
                known = content in (b"\0", b"\1", b"\2")
                return Code.DONE if known else Code.BAD_BEEPER
            case _:
                return None

    def told(self, cmd: int) -> bytes | None:
        """The answer to a command that asks for a setting; None for any other."""
        match cmd:
            case Command.GET_WORK_ANTENNA:
                return bytes((self.antenna,))
            case Command.GET_POWER:
                return bytes((self.power_dbm,))
            case Command.GET_REGION:
                return self.region
            case Command.GET_TEMPERATURE:
                return bytes((1, _DEGREES))
            case Command.GET_RF_PROFILE:
                return bytes((_PROFILE,))
            case _:
                return None

    def _set_antenna(self, content: bytes) -> Code:
        if len(content) != 1 or content[0] > 3:
            return Code.BAD_ANTENNA
        self.antenna = content[0]
        return Code.DONE

    def _set_power(self, content: bytes) -> Code:
        if len(content) not in {1, 4} or max(content) > _MAX_POWER_DBM:
            return Code.BAD_POWER
        self.power_dbm = content[0]
        return Code.DONE

    def _set_region(self, content: bytes) -> Code:
        if len(content) != 3 or content[0] not in _REGIONS or content[1] > content[2]:
            return Code.BAD_REGION
        self.flash_writes += 1
        self.region = content
        return Code.DONE
