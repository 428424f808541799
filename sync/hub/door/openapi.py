"""The kiosks' API as OpenAPI 3.1, made from what really travels.

Shapes come from the structs of `sync/protocol.py`; what they mean, and how requests
are signed, says `sync/PROTOCOL.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from sync.hub.feed.feed import MAX_PAGE
from sync.protocol import (
    RUN_PATTERN,
    Batch,
    BatchAnswer,
    Enrol,
    Enrolled,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Problem,
)
from sync.signing import NONCE_HEADER

Json = dict[str, Any]

_REF = "#/components/schemas/{name}"
#: Whatever is asked: not genuine, too large, wrong type, a bug, no room.
_ALWAYS = (400, 401, 403, 413, 500, 503)


@dataclass(frozen=True, slots=True)
class Operation:
    """A route with a signed request: what goes in, what comes out, what else may come."""

    method: str
    path: str
    summary: str
    body: type[msgspec.Struct] | None
    answer: type[msgspec.Struct]
    problems: tuple[int, ...] = ()
    query: tuple[Json, ...] = ()


OPERATIONS = (
    Operation(
        "post", "/v1/enrol", "A new device redeems its code.", Enrol, Enrolled, (409,)
    ),
    Operation(
        "post",
        "/v1/events",
        "Events of one epoch in order; their verdicts come back.",
        Batch,
        BatchAnswer,
        (409, 422),
    ),
    Operation(
        "get",
        "/v1/feed",
        "What changed at the county since a cursor.",
        None,
        FeedPage,
        (409,),
        query=(
            {"name": "cursor", "schema": {"type": "integer", "minimum": 0}},
            {
                "name": "limit",
                "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
            },
            {"name": "run", "schema": {"type": "string", "pattern": RUN_PATTERN}},
        ),
    ),
    Operation(
        "post",
        "/v1/heartbeat",
        "A device says where its ledger stands.",
        Heartbeat,
        HeartbeatAnswer,
    ),
)


def description() -> Json:
    """The whole document, ready to be written as JSON."""
    structs = [Problem, *(one.answer for one in OPERATIONS)]
    structs += [one.body for one in OPERATIONS if one.body is not None]
    _, schemas = msgspec.json.schema_components(structs, ref_template=_REF)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tongjie county hub: the kiosks' API",
            "version": version("tongjie"),
            "description": "Requests are signed by RFC 9421; see sync/PROTOCOL.md.",
        },
        "paths": {"/healthz": _health()}
        | {one.path: {one.method: _operation(one)} for one in OPERATIONS},
        "components": {"schemas": schemas, "securitySchemes": _signature()},
    }


def _operation(one: Operation) -> Json:
    said: Json = {
        "operationId": one.path.rsplit("/", 1)[-1],
        "summary": one.summary,
        "security": [{"signature": []}],
        "responses": {"200": _answer("Done.", one.answer)}
        | {
            str(status): _answer(HTTPStatus(status).phrase, Problem)
            for status in sorted({*_ALWAYS, *one.problems})
        },
    }
    if one.body is not None:
        said["requestBody"] = {"required": True, "content": _json(one.body)}
    if one.query:
        said["parameters"] = [{"in": "query", **each} for each in one.query]
    return said


def _answer(text: str, struct: type[msgspec.Struct]) -> Json:
    nonce = {"description": "For the next request.", "schema": {"type": "string"}}
    return {
        "description": text,
        "headers": {NONCE_HEADER: nonce},
        "content": _json(struct),
    }


def _json(struct: type[msgspec.Struct]) -> Json:
    return {"application/json": {"schema": {"$ref": _REF.format(name=struct.__name__)}}}


def _health() -> Json:
    answers = {"200": {"description": "The database answers."}}
    return {"get": {"operationId": "healthz", "responses": answers}}


def _signature() -> Json:
    text = (
        "Signature and Signature-Input with Ed25519; the key id is the device's name."
    )
    return {
        "signature": {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": text,
        }
    }
