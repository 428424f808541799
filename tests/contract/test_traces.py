"""Every recorded conversation, played to its driver."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import BadOptions, DeviceEvent, DeviceLost
from drivers.transports.address import open_address
from drivers.transports.trace import TraceOver
from tests.emulated_devices import KINDS, Kind

TRACES = Path(__file__).parents[1] / "traces"
#: Drivers without a line of bytes, and the one that reads what is personal.
WITHOUT = {"camera", "gpio", "pcsc", "samv", "wedge_card", "wedge_scanner"}
STEPS = 100


def events_of(driver: str, trace: Path) -> list[DeviceEvent]:
    """All that the driver makes of a trace, which must come to its end."""
    player = registry.create(driver, {"port": f"replay:{trace}"})
    told: list[DeviceEvent] = []
    player.open()
    try:
        for event in islice(player.events(), STEPS):
            told += [event] if event else []
    except TraceOver:
        return told
    finally:
        player.close()
    raise AssertionError(f"{trace} never came to its end")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.driver)
def test_a_trace_tells_the_event_that_was_seen(kind: Kind) -> None:
    told = events_of(kind.driver, TRACES / f"{kind.driver}.trace")

    assert told == [kind.expected]


def test_every_driver_with_a_line_has_a_trace() -> None:
    assert {path.stem for path in TRACES.glob("*.trace")} == (
        set(registry.BUILT_IN) - WITHOUT
    )


def test_no_trace_claims_to_be_from_a_device() -> None:
    for path in TRACES.glob("*.trace"):
        assert "from the emulator" in path.read_text("ascii").splitlines()[0]


def test_driver_that_asks_otherwise_is_told_what_was_asked() -> None:
    driver = registry.create(
        "r2000", {"port": f"replay:{TRACES / 'r2000.trace'}", "address": 1}
    )

    with pytest.raises(DeviceLost, match=r"sent A0 03 01 .* has A0 03 FF 72 EC"):
        driver.open()


def test_driver_of_another_protocol_is_refused() -> None:
    driver = registry.create("m100", {"port": f"replay:{TRACES / 'feig_obid.trace'}"})

    with pytest.raises(DeviceLost, match="the trace has 05 FF 65 E5 CB"):
        driver.open()


def test_missing_trace_is_a_lost_device(tmp_path: Path) -> None:
    with pytest.raises(DeviceLost, match=r"nothing\.trace: No such file"):
        open_address(f"replay:{tmp_path / 'nothing.trace'}")


@pytest.mark.parametrize("content", [b"> 0G\n", b"hello\n", b"\xff\xfe", b"< \n> 1"])
def test_file_that_is_no_trace_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.trace"
    path.write_bytes(content)

    with pytest.raises(BadOptions, match=r"odd\.trace"):
        open_address(f"replay:{path}")


def test_personal_device_is_never_recorded(tmp_path: Path) -> None:
    out = tmp_path / "card.trace"
    reader = registry.create("samv", {"port": f"record:{out}:/dev/ttyS0"})

    with pytest.raises(BadOptions, match="personal"):
        reader.open()

    assert not out.exists()


@pytest.mark.parametrize("inner", ["", "nonsense", "record:"])
def test_record_of_nothing_is_refused(tmp_path: Path, inner: str) -> None:
    with pytest.raises(BadOptions):
        open_address(f"record:{tmp_path / 'out.trace'}:{inner}")
