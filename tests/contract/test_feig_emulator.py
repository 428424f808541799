"""The emulated FEIG reader, asked frame by frame as a host would."""

from __future__ import annotations

import pytest

from drivers.codecs.feig import frames
from drivers.codecs.feig.frames import Frame, Framing
from drivers.codecs.feig.reader_commands import ConfigAddress, parse_config_address
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.hf_field import Fault
from drivers.emulators.tag import VirtualTag

UID = "E004015000000001"
OTHER_UID = "E004015000000002"
MEMORY = bytes.fromhex("9100051CBE991A14")


@pytest.fixture
def tag() -> VirtualTag:
    return VirtualTag(UID, afi=0x07, dsfid=0x06, memory=MEMORY)


@pytest.fixture
def reader(tag: VirtualTag) -> FeigEmulator:
    emulator = FeigEmulator()
    emulator.place(tag)
    return emulator


def _ask(reader: FeigEmulator, cmd: int, data: str = "") -> str:
    """The body of the reply in hex, status first; empty when there is none."""
    request = Frame(0xFF, cmd, bytes.fromhex(data)).encode()
    reply = b"".join(reader.answer(request))
    return frames.decode(reply).body.hex().upper() if reply else ""


def _iso(reader: FeigEmulator, data: str) -> str:
    return _ask(reader, 0xB0, data)


@pytest.mark.parametrize(
    ("cmd", "data", "body"),
    [
        (0x65, "", "0003030044530D30"),
        (0x63, "", "00"),
        (0x69, "", "00"),
        (0x52, "00", "00"),
        (0x71, "000100000005FFFF", "00"),
        (0x72, "000121030014", "00"),
        (0x74, "", "0000"),
        (0x66, "00", "80"),
        (0x99, "", "80"),
        (0x71, "0001", "81"),
        (0xB0, "99", "81"),
    ],
)
def test_command_to_the_reader_is_answered(
    reader: FeigEmulator, cmd: int, data: str, body: str
) -> None:
    assert _ask(reader, cmd, data) == body


def test_configuration_is_kept_when_it_is_saved(reader: FeigEmulator) -> None:
    page = "AB" * 14
    ram = f"{ConfigAddress(3).encode():02X}"
    eeprom = f"{ConfigAddress(3, eeprom=True).encode():02X}"

    _ask(reader, 0x81, ram + page)
    before = _ask(reader, 0x80, eeprom)
    _ask(reader, 0x82, ram)

    assert before == "00" * 15
    assert _ask(reader, 0x80, ram) == _ask(reader, 0x80, eeprom) == "00" + page
    assert _ask(reader, 0x83, ram) == "00"
    assert _ask(reader, 0x80, ram) == "00" * 15
    assert _ask(reader, 0x80, "3F") == "11"


def test_configuration_address_in_both_directions() -> None:
    address = ConfigAddress(7, eeprom=True, all_pages=True)

    assert address.encode() == 0xC7
    assert parse_config_address(0xC7) == address


def test_field_that_is_off_holds_no_tag(reader: FeigEmulator) -> None:
    _ask(reader, 0x6A, "00")
    off = _iso(reader, "0100")
    _ask(reader, 0x6A, "01")

    assert off == "01"
    assert _iso(reader, "0100") == f"00010306{UID}"


def test_quiet_tag_is_heard_again_after_a_reset(reader: FeigEmulator) -> None:
    _iso(reader, f"0201{UID}")
    quiet = _iso(reader, "0100")
    _iso(reader, f"2601{UID}")

    assert quiet == "01"
    assert _iso(reader, "0100").startswith("0001")


def test_selected_tag_is_meant_until_the_field_is_reset(reader: FeigEmulator) -> None:
    reader.place(VirtualTag(OTHER_UID))

    _iso(reader, f"2501{UID}")
    selected = _iso(reader, "230200" + "01")
    _ask(reader, 0x69)

    assert selected == "000104001C050091"
    assert _iso(reader, "23020001") == "01"
    assert _iso(reader, "23000001") == "0B"


def test_security_is_told_when_it_is_asked_for(reader: FeigEmulator) -> None:
    _iso(reader, f"2201{UID}0001")

    assert _iso(reader, f"2309{UID}0001") == "000104011C050091"
    assert _iso(reader, f"2C01{UID}0003") == "0003010000"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (f"2401{UID}00010400112233", "951200"),
        (f"2201{UID}0001", "951100"),
        (f"2301{UID}1B02", "9510"),
        (f"2301{UID}0021", "11"),
        (f"2401{UID}010108" + "00" * 8, "11"),
        (f"2401{OTHER_UID}00010400112233", "01"),
    ],
)
def test_what_a_tag_can_not_do_is_refused(
    reader: FeigEmulator, tag: VirtualTag, data: str, body: str
) -> None:
    tag.lock(0, 1)

    assert _iso(reader, data) == body


def test_locked_afi_and_dsfid_stay(reader: FeigEmulator, tag: VirtualTag) -> None:
    assert _iso(reader, f"2701{UID}C2") == "00"
    assert _iso(reader, f"2901{UID}3E") == "00"
    assert _iso(reader, f"2801{UID}") == "00"
    assert _iso(reader, f"2A01{UID}") == "00"

    assert _iso(reader, f"2701{UID}07") == "9512"
    assert _iso(reader, f"2901{UID}06") == "9512"
    assert (tag.afi, tag.dsfid) == (0xC2, 0x3E)
    assert _iso(reader, f"2B01{UID}") == f"003E{UID}C2031B01"


def test_eas_rings_while_it_is_set(reader: FeigEmulator) -> None:
    silent = _ask(reader, 0xB1, "04A500")
    _ask(reader, 0xB1, f"04A201{UID}")
    ringing = _ask(reader, 0xB1, "04A500")
    _ask(reader, 0xB1, f"04A301{UID}")

    assert (silent, ringing) == ("01", "00")
    assert _ask(reader, 0xB1, "04A500") == "01"


def test_locked_eas_stays(reader: FeigEmulator) -> None:
    _ask(reader, 0xB1, f"04A401{UID}")

    assert _ask(reader, 0xB1, f"04A201{UID}") == "9512"


def test_long_inventory_is_sent_in_parts(reader: FeigEmulator) -> None:
    for number in range(2, 31):
        reader.place(VirtualTag(f"E0040150000000{number:02X}"))

    first, second, third = (_iso(reader, data) for data in ("0100", "0180", "0180"))

    assert (first[:4], second[:4], third) == ("9418", "0006", "01")


@pytest.mark.parametrize("asked", Framing)
def test_reply_has_the_framing_of_the_request(
    reader: FeigEmulator, asked: Framing
) -> None:
    reply = b"".join(reader.answer(Frame(0xFF, 0x69, b"", asked).encode()))

    assert frames.decode(reply).framing is asked


@pytest.mark.parametrize("frame", ["05FF65E5CC", "0512650492", "FFFF"])
def test_frame_that_is_damaged_or_for_another_gets_no_reply(
    reader: FeigEmulator, frame: str
) -> None:
    assert list(reader.answer(bytes.fromhex(frame))) == []


def test_fault_strikes_as_often_as_it_is_told(reader: FeigEmulator) -> None:
    reader.fault(Fault.WRITE_FAILS, 2)

    answers = [_iso(reader, f"2401{UID}050104A1B2C3D4") for _ in range(3)]

    assert answers == ["0305", "0305", "00"]


def test_mended_reader_is_a_good_one(reader: FeigEmulator) -> None:
    reader.fault(Fault.FLICKER)
    missed = _iso(reader, "0100")

    reader.mend()

    assert missed == "01"
    assert _iso(reader, "0100").startswith("0001")


def test_reader_without_command_b1_does_not_know_it() -> None:
    assert _ask(FeigEmulator(has_eas=False), 0xB1, "04A500") == "80"


def test_memory_too_large_for_a_tag_is_refused() -> None:
    with pytest.raises(ValueError, match="113 bytes, room for 112"):
        VirtualTag(UID, memory=bytes(113))


def test_tags_are_in_the_order_they_were_placed(reader: FeigEmulator) -> None:
    reader.place(VirtualTag(OTHER_UID))

    assert [tag.uid for tag in reader.tags] == [UID, OTHER_UID]
