"""The file on a stick: whole pieces count, nothing else does."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.keys import BadKey, box_hex, box_key, box_public, public_hex, sign_rules
from sync.stick.reading import Damage, Opened, read
from sync.stick.segments import (
    MAGIC,
    NOTHING_BEFORE,
    SIGNATURE_BYTES,
    BadSegment,
    Direction,
    Header,
    Segment,
    parse,
    seal,
    unseal,
)
from sync.stick.writing import BadStick, Parties, StickWriter
from tests.integration.store_samples import rules

KIOSK = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
HUB = Ed25519PrivateKey.from_private_bytes(b"h" * 32)
THIRD = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
CONTENTS = (b'{"events":[1]}', b'{"events":[2,2]}', b'{"events":[3,3,3]}')
HEADER = Header(
    kiosk_id="K-1",
    direction=Direction.TO_HUB,
    number=1,
    last=True,
    before=NOTHING_BEFORE,
)


def open_it(segment: Segment) -> bytes:
    return unseal(segment, KIOSK.public_key(), box_key(HUB))


def write(path: Path, contents: tuple[bytes, ...] = CONTENTS) -> bytes:
    parties = Parties("K-1", Direction.TO_HUB, KIOSK, box_public(box_hex(HUB)))
    with StickWriter(path, parties) as writer:
        for content in contents:
            writer.add(content)
        writer.finish()
    return path.read_bytes()


def reading(path: Path, raw: bytes) -> tuple[list[bytes], list[str]]:
    """The contents that count, and what is said of the rest."""
    path.write_bytes(raw)
    found = list(read(path, open_it))
    opened = [one.content for one in found if isinstance(one, Opened)]
    return opened, [str(one) for one in found if isinstance(one, Damage)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stick") / "K-1.e.3.tongjie-report"


@pytest.fixture(scope="module")
def whole(place: Path) -> bytes:
    return write(place)


def starts(raw: bytes) -> list[int]:
    """Where each segment begins."""
    return [at for at in range(len(raw)) if raw.startswith(MAGIC, at)]


def test_what_was_written_is_read(place: Path, whole: bytes) -> None:
    assert reading(place, whole) == (list(CONTENTS), [])


def test_two_writings_of_the_same_differ(tmp_path: Path) -> None:
    assert write(tmp_path / "a") != write(tmp_path / "b")


def test_torn_anywhere_the_whole_segments_count(place: Path, whole: bytes) -> None:
    ends = [*starts(whole)[1:], len(whole)]

    for cut in range(len(whole)):
        contents, damages = reading(place, whole[:cut])
        assert contents == list(CONTENTS[: sum(end <= cut for end in ends)])
        assert damages, f"cut at {cut} was not named"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.sets(st.integers(0, 10**6), min_size=1, max_size=4))
def test_flipped_bits_are_never_accepted(
    place: Path, whole: bytes, flips: set[int]
) -> None:
    raw = bytearray(whole)
    for flip in {flip % (len(raw) * 8) for flip in flips}:
        raw[flip // 8] ^= 1 << flip % 8
    begin = [*starts(whole), len(whole)]
    spared = [
        content
        for content, (start, end) in zip(
            CONTENTS, itertools.pairwise(begin), strict=False
        )
        if raw[start:end] == whole[start:end]
    ]

    contents, damages = reading(place, bytes(raw))

    assert contents == spared
    assert damages


@settings(max_examples=200)
@given(noise=st.binary(max_size=400))
def test_noise_is_read_as_nothing(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise"

    contents, damages = reading(path, noise)

    assert contents == []
    assert damages


def test_rubbish_between_segments_hides_none(place: Path, whole: bytes) -> None:
    second = starts(whole)[1]

    contents, damages = reading(
        place, whole[:second] + b"rubbish" + MAGIC + b"\xff" * 9 + whole[second:]
    )

    assert contents == list(CONTENTS)
    assert any("byte" in damage for damage in damages)


def test_pieces_in_another_order_count_and_are_named(place: Path, whole: bytes) -> None:
    first, second, third = starts(whole)
    mixed = whole[second:third] + whole[first:second] + whole[third:]

    contents, damages = reading(place, mixed)

    assert sorted(contents) == sorted(CONTENTS)
    assert any("does not follow" in damage for damage in damages)


def test_only_the_receiver_can_open() -> None:
    segment = parse(seal(HEADER, b"x", KIOSK, box_key(HUB).public_key()))

    assert unseal(segment, KIOSK.public_key(), box_key(HUB)) == b"x"
    with pytest.raises(BadSegment, match="not sealed for this receiver"):
        unseal(segment, KIOSK.public_key(), box_key(THIRD))


def test_only_the_sender_can_have_made_it() -> None:
    forged = parse(seal(HEADER, b"x", THIRD, box_key(HUB).public_key()))

    assert unseal(forged, THIRD.public_key(), box_key(HUB)) == b"x"
    with pytest.raises(BadSegment, match="not signed by its sender"):
        unseal(forged, KIOSK.public_key(), box_key(HUB))


@pytest.mark.parametrize("change", ["nothing", "sender", "header"])
def test_sealed_words_can_not_be_signed_anew(change: str) -> None:
    """Neither as another sender's own nor under another header."""
    raw = seal(HEADER, b"x", KIOSK, box_key(HUB).public_key())
    signer = THIRD if change == "sender" else KIOSK
    signed = raw[:-SIGNATURE_BYTES]
    if change == "header":
        signed = signed.replace(b"K-1", b"K-2")
    stolen = parse(signed + signer.sign(signed))

    if change == "nothing":
        assert unseal(stolen, signer.public_key(), box_key(HUB)) == b"x"
        return
    with pytest.raises(BadSegment, match="not sealed"):
        unseal(stolen, signer.public_key(), box_key(HUB))


def test_signature_on_rules_is_none_on_a_stick() -> None:
    signed = bytes.fromhex(sign_rules(HUB, rules()).signature)
    raw = seal(HEADER, b"x", HUB, box_key(KIOSK).public_key())

    with pytest.raises(BadSegment, match="not signed"):
        unseal(parse(raw[:-SIGNATURE_BYTES] + signed), HUB.public_key(), box_key(KIOSK))


def test_box_key_is_always_the_same_and_tells_nothing_of_the_signing_key() -> None:
    assert box_hex(KIOSK) == box_hex(KIOSK)
    assert box_hex(KIOSK) not in {box_hex(HUB), public_hex(KIOSK)}
    assert box_key(KIOSK).private_bytes_raw() != KIOSK.private_bytes_raw()


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab", "00" * 32, "01" + "00" * 31])
def test_box_key_that_anybody_could_open_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        box_public(text)


def test_unfinished_file_is_taken_away(tmp_path: Path) -> None:
    parties = Parties("K-1", Direction.TO_HUB, KIOSK, box_public(box_hex(HUB)))

    with StickWriter(tmp_path / "report", parties) as writer:
        writer.add(b"x")
        assert [path.name for path in tmp_path.iterdir()] == ["report.part"]

    assert list(tmp_path.iterdir()) == []


def test_missing_stick_is_named(tmp_path: Path) -> None:
    parties = Parties("K-1", Direction.TO_HUB, KIOSK, box_public(box_hex(HUB)))

    with pytest.raises(BadStick, match="is the stick mounted"):
        StickWriter(tmp_path / "no" / "report", parties)


def test_header_says_nothing_but_whose_and_which(whole: bytes) -> None:
    header = parse(whole[: starts(whole)[1]]).header

    assert set(msgspec.to_builtins(header)) == {
        "kiosk_id",
        "direction",
        "number",
        "last",
        "before",
    }
    second = parse(whole[starts(whole)[1] : starts(whole)[2]]).header
    assert second.before == hashlib.sha256(whole[: starts(whole)[1]]).hexdigest()
