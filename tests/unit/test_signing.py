from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.keys import public_hex
from sync.signing import (
    NONCE_BUCKET_S,
    BadSignature,
    SigningError,
    StaleNonce,
    UnknownKey,
    issue_nonce,
    nonce_is_fresh,
    sign,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEYS = {"K-1": public_hex(KEY), "K-2": public_hex(OTHER_KEY)}
SECRET = b"a secret of the hub"
NOW = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.UTC)
URL = "https://hub.example/v1/events?cursor=1"


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrives at the hub."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def verify(self, now: dt.datetime = NOW) -> str:
        def fresh(key_id: str, nonce: str) -> bool:
            return nonce_is_fresh(SECRET, key_id, nonce, now)

        return verify(self.method, self.url, self.headers, self.body, KEYS.get, fresh)

    def with_header(self, name: str, value: str) -> Received:
        return replace(self, headers={**self.headers, name: value})


def signed(
    *,
    body: bytes = b'{"events":[]}',
    key: Ed25519PrivateKey = KEY,
    key_id: str = "K-1",
    nonce: str | None = "given",
    method: str = "POST",
    created: dt.datetime = NOW,
) -> Received:
    headers = {"Content-Type": "application/json"} if body else {}
    request = requests.Request(method, URL, data=body or None, headers=headers)
    prepared = request.prepare()
    if nonce == "given":
        nonce = issue_nonce(SECRET, key_id, NOW)
    sign(prepared, key, key_id, nonce, created)
    return Received(method, URL, dict(prepared.headers), body)


def test_a_genuine_request_names_its_kiosk() -> None:
    assert signed().verify() == "K-1"


def test_a_request_without_a_body_needs_no_digest() -> None:
    request = signed(body=b"", method="GET")

    assert "Content-Digest" not in request.headers
    assert request.verify() == "K-1"


def test_header_names_count_in_any_case() -> None:
    request = signed()
    lower = {name.lower(): value for name, value in request.headers.items()}

    assert replace(request, headers=lower).verify() == "K-1"


@pytest.mark.parametrize("year", [1970, 2001, 2090])
def test_the_clock_of_the_device_does_not_matter(year: int) -> None:
    created = dt.datetime(year, 1, 2, tzinfo=dt.UTC)

    assert signed(created=created).verify() == "K-1"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"method": "post"},
        {"url": "https://hub.example/v1/heartbeat?cursor=1"},
        {"url": "https://hub.example/v1/events?cursor=2"},
        {"url": "https://hub.example/v1/events"},
        {"url": "https://other.example/v1/events?cursor=1"},
        {"url": "https://hub.example:8443/v1/events?cursor=1"},
        {"url": "not an address"},
        {"body": b'{"events":[1]}'},
        {"body": b""},
        {"body": b'{"events":[]} '},
    ],
)
def test_a_changed_request_is_refused(change: dict[str, object]) -> None:
    request = replace(signed(), **change)  # type: ignore[arg-type]  # fields of the table

    with pytest.raises(BadSignature):
        request.verify()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", "text/plain"),
        ("Content-Digest", "sha-256=:AAAA:"),
        ("Signature", ""),
        ("Signature", "tongjie=:AAAA:"),
        ("Signature", "tongjie=1"),
        ("Signature-Input", ""),
        ("Signature-Input", "tongjie=()"),
        ("Signature-Input", 'tongjie=();keyid="K-1"'),
        ("Signature-Input", 'tongjie=1;keyid="K-1"'),
        ("Signature-Input", 'a=();keyid="K-1", b=();keyid="K-1"'),
        ("Signature-Input", "\x00\xff"),
    ],
)
def test_a_changed_header_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadSignature):
        signed().with_header(name, value).verify()


@pytest.mark.parametrize(
    "name", ["Content-Type", "Content-Digest", "Signature", "Signature-Input"]
)
def test_a_missing_header_is_refused(name: str) -> None:
    request = signed()
    headers = {k: v for k, v in request.headers.items() if k != name}

    with pytest.raises(BadSignature):
        replace(request, headers=headers).verify()


def test_a_body_cannot_be_added_to_a_request_signed_without_one() -> None:
    request = signed(body=b"", method="POST")

    with pytest.raises(BadSignature):
        replace(request, body=b"{}").verify()


@pytest.mark.parametrize("covered", ["@method", "@authority", "@path", "@query"])
def test_a_signature_that_covers_less_is_refused(covered: str) -> None:
    request = signed()
    lacking = request.headers["Signature-Input"].replace(f'"{covered}" ', "")

    with pytest.raises(BadSignature):
        request.with_header("Signature-Input", lacking).verify()


def test_a_key_signs_for_its_own_kiosk_only() -> None:
    with pytest.raises(BadSignature):
        signed(key=OTHER_KEY, key_id="K-1").verify()


def test_one_kiosks_signature_does_not_do_for_another() -> None:
    request = signed()
    renamed = request.headers["Signature-Input"].replace("K-1", "K-2")

    with pytest.raises(BadSignature):
        request.with_header("Signature-Input", renamed).verify()


def test_an_unknown_kiosk_is_named() -> None:
    with pytest.raises(UnknownKey) as caught:
        signed(key_id="K-9").verify()

    assert caught.value.key_id == "K-9"


def test_a_failing_key_store_is_not_taken_for_a_bad_signature() -> None:
    def broken(_key_id: str) -> str | None:
        raise OSError("no database")

    request = signed()

    with pytest.raises(OSError, match="no database"):
        verify("POST", URL, request.headers, request.body, broken, lambda *_: True)


@pytest.mark.parametrize("nonce", [None, "", "0" * 32, "zz"])
def test_a_request_without_a_good_nonce_is_stale(nonce: str | None) -> None:
    with pytest.raises(StaleNonce) as caught:
        signed(nonce=nonce).verify()

    assert caught.value.key_id == "K-1"


def test_a_forged_request_is_not_called_stale() -> None:
    with pytest.raises(BadSignature):
        signed(nonce=None, key=OTHER_KEY).verify()


def test_another_kiosks_nonce_is_stale() -> None:
    with pytest.raises(StaleNonce):
        signed(nonce=issue_nonce(SECRET, "K-2", NOW)).verify()


def test_a_whole_request_replayed_a_day_later_is_stale() -> None:
    with pytest.raises(StaleNonce):
        signed().verify(NOW + dt.timedelta(days=1))


@pytest.mark.parametrize(
    ("age_s", "fresh"),
    [
        (0, True),
        (NONCE_BUCKET_S - 1, True),
        (NONCE_BUCKET_S, True),
        (2 * NONCE_BUCKET_S - 1, True),
        (2 * NONCE_BUCKET_S, False),
        (-1, False),
    ],
)
def test_a_nonce_lives_for_its_bucket_and_the_next(age_s: int, *, fresh: bool) -> None:
    start = dt.datetime.fromtimestamp(NONCE_BUCKET_S * 1000, dt.UTC)
    nonce = issue_nonce(SECRET, "K-1", start)

    later = start + dt.timedelta(seconds=age_s)

    assert nonce_is_fresh(SECRET, "K-1", nonce, later) is fresh


def test_another_hubs_nonce_is_stale() -> None:
    nonce = issue_nonce(b"another hub", "K-1", NOW)

    assert not nonce_is_fresh(SECRET, "K-1", nonce, NOW)


def test_the_enrolling_key_signs_under_its_own_name() -> None:
    key_id = public_hex(KEY)
    request = signed(key_id=key_id)

    signer = verify(
        "POST", URL, request.headers, request.body, lambda given: given, lambda *_: True
    )

    assert signer == key_id


def test_a_key_id_that_is_no_key_is_refused_while_enrolling() -> None:
    request = signed(key_id="no key")

    with pytest.raises(BadSignature):
        verify(
            "POST",
            URL,
            request.headers,
            request.body,
            lambda given: given,
            lambda *_: True,
        )


COVERED = ("Content-Type", "Content-Digest", "Signature-Input", "Signature")


@settings(max_examples=600, deadline=None)
@given(
    where=st.sampled_from([*COVERED, "body", "method", "url"]),
    position=st.integers(min_value=0, max_value=10_000),
    bit=st.integers(min_value=0, max_value=7),
)
def test_any_flipped_bit_is_refused(where: str, position: int, bit: int) -> None:
    request = signed()

    if where == "body":
        changed = replace(request, body=flipped(request.body, position, bit))
    elif where in COVERED:
        text = flipped(request.headers[where].encode(), position, bit).decode("latin-1")
        changed = request.with_header(where, text)
    else:
        text = flipped(getattr(request, where).encode(), position, bit).decode(
            "latin-1"
        )
        changed = replace(request, **{where: text})  # type: ignore[arg-type]  # a str field

    if not means_the_same(request.url, changed.url):
        with pytest.raises(SigningError):
            changed.verify()


def flipped(content: bytes, position: int, bit: int) -> bytes:
    at = position % len(content)
    return content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]


def means_the_same(url: str, changed: str) -> bool:
    """Scheme and the case of the host are not part of what is signed."""
    before, after = url.partition("://")[2], changed.partition("://")[2]
    host, rest = before.partition("/")[::2]
    other_host, other_rest = after.partition("/")[::2]
    return url != changed and (host, rest) == (other_host.lower(), other_rest)
