"""Says in a trace what each chunk is, after it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from drivers.transports.trace import TraceLine, parse_trace
from kiosk.cli.frame import PROTOCOLS

#: Driver → protocol of `tongjie frame decode`.
SPOKEN: Mapping[str, str] = {
    "bibliotheca": "reader_3m",
    "escpos": "escpos_status",
    "feig_obid": "feig_obid",
    "gm65": "scanner_serial",
    "honeywell": "scanner_serial",
    "line_scanner": "scanner_serial",
    "m100": "uhf_m100",
    "pn532": "pn532",
    "r2000": "uhf_r2000",
    "rfidstation": "reader_7e55",
    "ssi": "scanner_serial",
    "uhfreader18": "uhf_reader18",
}
#: What a frame may be called, in the words of its protocol, and how it went.
_NAMES = ("name", "sub", "family", "asks", "cmd", "direction")
_OUTCOME = "status_text"


def add_remarks(path: Path, driver: str) -> None:
    """Write behind each whole frame in the file what it is; leave all else as it is."""
    if driver not in SPOKEN:
        return
    describe = import_module(PROTOCOLS[SPOKEN[driver]]).describe
    lines = path.read_text("ascii").splitlines()
    path.write_text(
        "".join(f"{_with_remark(line, describe)}\n" for line in lines), "ascii"
    )


def _with_remark(line: str, describe: Callable[[bytes], Mapping[str, object]]) -> str:
    parsed = parse_trace([line])
    if not parsed or parsed[0].remark:
        return line
    try:
        told = describe(parsed[0].chunk)
    except ValueError:  # a part of a frame, or several
        return line
    return str(_remarked(parsed[0], told))


def _remarked(line: TraceLine, told: Mapping[str, object]) -> TraceLine:
    name = next((str(told[key]) for key in _NAMES if told.get(key)), "")
    outcome = str(told.get(_OUTCOME, ""))
    remark = " ".join(filter(None, (name, outcome)))
    return replace(line, remark=remark.encode("ascii", "replace").decode())
