"""`tongjie frame decode` knows every codec that can explain frames, and trusts no bytes."""

from __future__ import annotations

import json
import pkgutil
import random
from importlib import import_module

import pytest
from click.testing import CliRunner, Result

from drivers import codecs
from kiosk.cli import main
from kiosk.cli.frame import PROTOCOLS

CODECS = [
    module.name
    for module in pkgutil.walk_packages(codecs.__path__, f"{codecs.__name__}.")
]
#: The names of the files with test vectors, which others use, too.
AGREED = {
    "feig_obid",
    "pn532",
    "reader_3m",
    "reader_7e55",
    "samv_idcard",
    "scanner_serial",
    "uhf_m100",
    "uhf_r2000",
    "uhf_reader18",
}


def decode(protocol: str, *frames: str) -> Result:
    words = ["frame", "decode", "--protocol", protocol, "-"]
    return CliRunner().invoke(main, words, input="\n".join(frames))


@pytest.mark.parametrize("codec", CODECS)
def test_codec_that_explains_frames_can_be_asked(codec: str) -> None:
    explains = callable(getattr(import_module(codec), "describe", None))

    assert explains == (codec in PROTOCOLS.values())


def test_agreed_names_are_there() -> None:
    assert PROTOCOLS.keys() >= AGREED


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_random_bytes_are_a_clean_error_or_a_frame(protocol: str) -> None:
    chance = random.Random(protocol)
    frames = [chance.randbytes(chance.randint(0, 64)).hex() for _ in range(200)]

    result = decode(protocol, *frames)

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(answers) == len(frames)
    assert all("error" not in answer or answer["error"] for answer in answers)
    assert result.exit_code == int(any("error" in answer for answer in answers))
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_byte_and_one_are_refused(protocol: str) -> None:
    result = decode(protocol, "", "00")

    errors = [json.loads(line)["error"] for line in result.stdout.splitlines()]
    assert len(errors) == 2
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("protocol", "frame", "said"),
    [
        ("escpos_status", "100404", {"asks": "roll"}),
        ("honeywell", "16540D", {"name": "trigger"}),
        ("barcode_line", "393738310D", {"text": "9781"}),
        ("reader_3m", "D500050400118C66", {"name": "boot"}),
        ("reader_7e55", "7E55080000FFFFF700BD60", {"name": "version"}),
        ("samv_idcard", "AAAAAA9669000311FFED", {"cmd": "11FF"}),
        ("scanner_serial", "04E90400FF0F", {"family": "SSI"}),
        ("uhf_m100", "BB00220000227E", {"name": "single_poll"}),
        ("uhf_r2000", "A0030172EA", {"name": "get_firmware"}),
        ("uhf_reader18", "050001FBF23D", {"status": "FB"}),
        ("feig_obid", "05FF65E5CB", {"cmd": "65"}),
        ("pn532", "0000FF02FED4022A00", {"name": "get_firmware_version"}),
    ],
)
def test_frame_of_each_protocol_is_explained(
    protocol: str, frame: str, said: dict[str, str]
) -> None:
    result = decode(protocol, frame)

    assert result.exit_code == 0
    assert json.loads(result.stdout).items() >= said.items()
