"""Requests made up from the description of the kiosks' API, signed as a device signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from sync.hub.door.openapi import description
from sync.keys import box_hex, public_hex
from sync.protocol import GENESIS_HASH, Batch, Event, chain_hash
from sync.signing import NONCE_HEADER, sign
from tests.integration.hub_world import ITEMS, NOON

EPOCH = "e1"
BASE = "http://localhost"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def operations() -> list[str]:
    """Every operation that the description names, like "POST /v1/events"."""
    return [operation.label for operation in _operations()]


def requests_to(label: str) -> st.SearchStrategy[Case]:
    """Requests as described, and such as are not quite so."""
    (operation,) = (one for one in _operations() if one.label == label)
    return st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )


def _operations() -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(description())
    return (found.ok() for found in schema.get_all_operations())


@dataclass
class Device:
    """A device in front of a hub, with what its ledger would remember."""

    app: Flask
    key: Ed25519PrivateKey
    kiosk_id: str
    readers: Sequence[str]
    nonce: str | None = None
    seq: int = 0
    hash: str = GENESIS_HASH
    seen: set[int] = field(default_factory=set)

    def send(self, case: Case) -> None:
        """Send a request and keep its status; fails if the answer is not as described."""
        answer = self.ask(case)
        self.seen.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    def ask(self, case: Case) -> TestResponse:
        """As a kiosk does: once more with the nonce that the hub gave."""
        wanted = case.as_transport_kwargs(base_url=BASE)
        if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
            wanted["json"] = self._sensible(case.path, wanted.get("json"))
        key_id = public_hex(self.key) if case.path == "/v1/enrol" else self.kiosk_id
        answer = self._once(wanted, key_id)
        if answer.status_code == 401 and NONCE_HEADER in answer.headers:
            answer = self._once(wanted, key_id)
        return answer

    def _once(self, wanted: dict[str, Any], key_id: str) -> TestResponse:
        prepared = requests.Request(**wanted).prepare()
        sign(prepared, self.key, key_id, self.nonce, NOON)
        answer = self.app.test_client().open(
            str(prepared.path_url),
            method=prepared.method,
            headers=dict(prepared.headers),
            data=prepared.body,
            base_url=BASE,
        )
        self.nonce = answer.headers.get(NONCE_HEADER, self.nonce)
        return answer

    def _sensible(self, path: str, body: Any) -> Any:
        """What chance never hits, so that the rest of the body is looked at as well."""
        if path == "/v1/enrol":
            keys = {"public_key": public_hex(self.key), "box_key": box_hex(self.key)}
            return body | keys
        if path == "/v1/heartbeat":
            return body | {"epoch": EPOCH}
        return self._chained(body) if path == "/v1/events" else body

    def _chained(self, body: Any) -> Any:
        """Events as the ledger of this device would hold them, of books that there are."""
        try:
            batch = msgspec.convert(body, Batch)
        except msgspec.ValidationError:
            return body
        return msgspec.to_builtins(Batch(events=tuple(map(self._linked, batch.events))))

    def _linked(self, event: Event) -> Event:
        self.seq += 1
        bare = msgspec.structs.replace(
            event,
            kiosk_id=self.kiosk_id,
            epoch=EPOCH,
            seq=self.seq,
            prev_hash=self.hash,
            item=event.item and ITEMS[self.seq % len(ITEMS)],
            patron_ref=event.patron_ref and self.readers[self.seq % len(self.readers)],
        )
        self.hash = chain_hash(bare)
        return msgspec.structs.replace(bare, hash=self.hash)
