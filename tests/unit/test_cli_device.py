"""What `tongjie device` decides without a device."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, inspect

from drivers import registry
from drivers.api import CardSeen, CodeScanned, PeoplePassed, TagsOnPad
from drivers.known_devices import KNOWN, NO_DRIVER, PROBE, Bus, KnownDevice, look_up
from kiosk.cli.device_drivers import LIBRARIES, drivers, words
from kiosk.cli.device_events import Teller, line, masked
from kiosk.cli.device_probe import RECIPES, Recipe, Unknown, plan
from kiosk.cli.device_remarks import SPOKEN
from kiosk.cli.device_toml import Suggestion, named, remark, table
from kiosk.cli.device_where import locate
from kiosk.cli.frame import PROTOCOLS
from kiosk.config import Role

#: What an address may be at all; a lone half of a pair is no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def suggestion(**changes: object) -> Suggestion:
    plain = Suggestion("pad", Role.PAD, "feig_obid", {"port": "/dev/pad"}, "a pad")
    return msgspec.structs.replace(plain, **changes)


# --- tables ---------------------------------------------------------------------------


@given(port=TEXT, words=TEXT)
def test_table_says_what_was_meant_whatever_a_device_calls_itself(
    port: str, words: str
) -> None:
    text = table(suggestion(options={"port": port, "baud": 9600}, words=words))

    assert tomllib.loads(text) == {
        "device": [
            {
                "name": "pad",
                "role": "pad",
                "driver": "feig_obid",
                "options": {"port": port, "baud": 9600},
            }
        ]
    }


@given(port=TEXT, words=TEXT)
def test_doubtful_table_configures_nothing(port: str, words: str) -> None:
    text = table(suggestion(options={"port": port}, words=words, certain=False))

    assert tomllib.loads(text) == {}


@given(words=TEXT)
def test_remark_is_one_line(words: str) -> None:
    assert len(remark(words).splitlines()) == 1


def test_devices_of_one_role_are_numbered() -> None:
    devices = [suggestion(), suggestion(role=Role.CARD), suggestion()]

    assert [one.name for one in named(devices)] == ["pad", "card", "pad-2"]


# --- what to ask ----------------------------------------------------------------------


def test_every_driver_with_a_serial_line_can_be_asked_for() -> None:
    without = {"camera", "gpio", "line_scanner", "pcsc", "wedge_card", "wedge_scanner"}

    assert {recipe.driver for recipe in RECIPES} == set(registry.BUILT_IN) - without


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.driver)
def test_what_is_asked_is_something_that_the_driver_knows(recipe: Recipe) -> None:
    for options in recipe.lines:
        registry.create(recipe.driver, {"port": "/dev/x", **recipe.asking, **options})


def test_printer_is_asked_first_and_text_is_sent_last() -> None:
    assert RECIPES[0].driver == "escpos"
    assert RECIPES[-1].driver == "honeywell"


def test_other_speeds_come_after_all_devices_as_their_makers_deliver_them() -> None:
    asked = list(plan("/dev/ttyUSB0", RECIPES, talks=False))

    assert [recipe for recipe, _ in asked[: len(RECIPES)]] == list(RECIPES)
    assert all(line == {} for _, line in asked[: len(RECIPES)])
    assert all(line for _, line in asked[len(RECIPES) :])
    assert len(asked) == sum(len(recipe.lines) for recipe in RECIPES)


@pytest.mark.parametrize("port", ["/dev/ttyACM0", "/dev/pts/0", "tcp://pad:10001"])
def test_port_without_a_speed_is_asked_once(port: str) -> None:
    asked = list(plan(port, RECIPES, talks=False))

    assert [recipe for recipe, _ in asked] == list(RECIPES)


def test_port_that_talks_is_asked_only_what_has_a_check_sum_in_its_answer() -> None:
    asked = {recipe.driver for recipe, _ in plan("/dev/ttyUSB0", RECIPES, talks=True)}

    assert {recipe.driver for recipe in RECIPES} - asked == {"escpos", "honeywell"}


@pytest.mark.parametrize(
    ("heard", "scanner", "scan_mode"),
    [
        (b"", False, False),
        (b"9787020002207\r", True, False),
        (b"9787020002207\r\n978\r\n", True, False),
        ("读者0001\r".encode(), True, False),
        (b"9787020002207", False, False),
        (b"\x80\x99\xff\r", False, False),
        (b"E00401500A1B2C3D\r\n", False, True),
        (b"e00401500a1b2c3d\r\nE0", False, True),
        (b"E00401500A1B2C3D99\r", True, False),
        (b"\r\n\r\n", False, False),
    ],
)
def test_what_was_heard_tells_a_scanner_from_scan_mode(
    heard: bytes, *, scanner: bool, scan_mode: bool
) -> None:
    answer = Unknown(heard)

    assert answer.looks_like_a_scanner == scanner
    assert answer.looks_like_scan_mode == scan_mode


# --- known devices --------------------------------------------------------------------


@pytest.mark.parametrize(
    "known",
    [one for one in KNOWN if one.driver not in {PROBE, NO_DRIVER}],
    ids=lambda one: f"{one.vendor}:{one.product}",
)
def test_known_device_has_a_driver_that_takes_its_options(known: KnownDevice) -> None:
    least = {} if known.bus is Bus.PCSC else {"port": "usb:0000:0000"}

    registry.create(known.driver, {**least, **known.options})

    assert Role(known.role)


def test_numbers_are_four_hex_digits_and_told_once() -> None:
    keys = [(one.vendor, one.product, one.interface, one.bus) for one in KNOWN]

    assert len(set(keys)) == len(keys)
    for one in KNOWN:
        assert one.vendor == f"{int(one.vendor, 16):04X}"
        assert one.product in {"", f"{int(one.product or '0', 16):04X}"}


def test_device_is_looked_up_on_its_bus_in_either_case() -> None:
    acr = look_up("072f", "2200", Bus.PCSC)

    assert acr is not None
    assert acr.driver == "pcsc"
    assert look_up("072F", "2200", Bus.TTY) is None
    assert look_up("0000", "0000", Bus.USB) is None


def test_any_product_of_feig_is_a_reader() -> None:
    feig = look_up("0AB1", "0ABC", Bus.USB)

    assert feig is not None
    assert feig.driver == "feig_obid"


# --- what is shown --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "shown"),
    [("B0864D25", "…D25"), ("1234", "…234"), ("123", "…"), ("", "…")],
)
def test_number_is_masked_but_for_three(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_same_tags_are_told_once() -> None:
    teller = Teller()

    told = [teller.facts(event) for event in (TagsOnPad(()), TagsOnPad(()))]

    assert told == [{"event": "tags_on_pad", "count": 0, "tags": []}, None]


def test_facts_are_one_line() -> None:
    teller = Teller(full=True)
    events = (CardSeen("B0864D25"), CodeScanned("978"), PeoplePassed(2))

    lines = [line(facts) for event in events if (facts := teller.facts(event))]

    assert lines == [
        "card seen: card=…D25 kind=iso14443",
        "code scanned: code=978 length=3",
        "people passed: count=2",
    ]


class Options(msgspec.Struct):
    count: Annotated[int, Meta(gt=1, lt=5)]
    speed: Literal[9600, 19200] | None = None
    names: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("index", "said"),
    [(0, "whole number above 1 below 5"), (1, "9600 or 19200"), (2, "list of text")],
)
def test_types_are_put_into_words(index: int, said: str) -> None:
    described = inspect.type_info(Options)
    assert isinstance(described, inspect.StructType)

    assert words(described.fields[index].type) == said


def test_every_driver_and_library_is_told() -> None:
    found = {one.name: one for one in drivers()}

    assert found.keys() == set(registry.names())
    assert LIBRARIES.keys() <= found.keys()
    assert all(one.installed for one in found.values())
    assert all(option.takes for one in found.values() for option in one.options)


def test_every_driver_that_is_written_down_has_a_protocol() -> None:
    spoken = {recipe.driver for recipe in RECIPES} - {"samv"} | {"line_scanner"}

    assert SPOKEN.keys() == spoken
    assert set(SPOKEN.values()) <= PROTOCOLS.keys()


# --- where an address leads --------------------------------------------------------------


def test_address_that_is_none_is_missing_with_the_reason() -> None:
    place = locate("feig_obid", {"port": "usb:nonsense"})

    assert place.there is False
    assert "'usb:nonsense'" in place.reason


def test_link_is_followed_to_its_node(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to("/dev/null")

    place = locate("feig_obid", {"port": str(tmp_path / "by-id")})

    assert (place.there, place.node) == (True, "/dev/null")


def test_recorded_and_played_devices_are_looked_for_too(tmp_path: Path) -> None:
    trace = tmp_path / "it.trace"
    trace.write_text("", "ascii")

    assert locate("m100", {"port": f"replay:{trace}"}).there is True
    assert locate("m100", {"port": f"record:{trace}:/dev/null"}).there is True
    assert locate("m100", {"port": f"record:{trace}:/dev/no-port"}).there is False


@pytest.mark.parametrize(
    ("driver", "options"), [("gpio", {}), ("m100", {"port": "tcp://pad:4001"})]
)
def test_what_can_only_be_tried_is_unknown(
    driver: str, options: dict[str, object]
) -> None:
    assert locate(driver, options).there is None
