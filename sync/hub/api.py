"""The kiosks' API; `sync/PROTOCOL.md` is its specification."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection, select

from sync.hub import chain, devices, enrolment, feed, quarantine, schema, wire
from sync.hub.answers import json_answer
from sync.hub.devices import Device, DeviceState
from sync.hub.feedmarks import version
from sync.hub.gate import known_device, new_key
from sync.hub.ingest import CONFLICT, INVALID, Ingested, Sender, ingest
from sync.hub.problems import Refused
from sync.hub.setup import Hub
from sync.keys import public_hex
from sync.protocol import (
    BatchAnswer,
    Enrol,
    Enrolled,
    Heartbeat,
    HeartbeatAnswer,
    Outcome,
    Verdict,
)

#: Where the app keeps its `Hub`.
HUB = "tongjie-hub"
DEFAULT_PAGE = 500
_DIGITS = re.compile(r"[0-9]{1,19}")

api = Blueprint("api", __name__)
Body = TypeVar("Body")


@api.post("/v1/enrol")
def enrol() -> Response:
    hub, now = _hub(), _now()
    caller = new_key(hub, request, now)
    body = _decode(Enrol, caller.nonce)
    if body.public_key != caller.key_id:
        detail = "public_key is not the signing key"
        raise Refused(400, "malformed", detail, caller.nonce)
    try:
        with hub.database.writing() as conn:
            device = enrolment.redeem(
                conn, body.code, body.public_key, body.hostname[:64], now
            )
    except enrolment.KeyInUse as err:
        raise Refused(409, "key_in_use", str(err), caller.nonce) from err
    if device is None:
        raise Refused(403, "bad_code", "the code is no good", caller.nonce)
    answer = Enrolled(
        kiosk_id=device.kiosk_id,
        site_id=device.site_id,
        hub_key=public_hex(hub.key),
        hub_time=now,
    )
    return json_answer(answer, nonce=caller.nonce)


@api.post("/v1/events")
def events() -> Response:
    hub, now = _hub(), _now()
    device, nonce = known_device(hub, request, now)
    batch = _batch(nonce)
    with hub.database.writing() as conn:
        if device.state is DeviceState.REVOKED:
            taken = _set_aside(conn, device, batch, now)
        else:
            sender = Sender(device.kiosk_id, device.site_id)
            taken = ingest(conn, sender, batch, now)
    _refuse_if_nothing_counts(taken.verdicts, nonce)
    answer = BatchAnswer(
        verdicts=taken.verdicts, acked_through=taken.acked_through, hub_time=now
    )
    return json_answer(answer, nonce=nonce)


@api.get("/v1/feed")
def changes() -> Response:
    hub, now = _hub(), _now()
    _device, nonce = _in_service(hub, now)
    cursor = _number("cursor", 0, 0, 1 << 62, nonce)
    limit = _number("limit", DEFAULT_PAGE, 1, feed.MAX_PAGE, nonce)
    try:
        with hub.database.reading() as conn:
            page = feed.page(conn, cursor, limit, now)
    except feed.CursorAhead as err:
        raise Refused(409, "cursor_ahead", str(err), nonce) from err
    return json_answer(page, nonce=nonce)


@api.post("/v1/heartbeat")
def heartbeat() -> Response:
    hub, now = _hub(), _now()
    device, nonce = _in_service(hub, now)
    body = _decode(Heartbeat, nonce)
    with hub.database.writing() as conn:
        devices.note_heartbeat(conn, device.kiosk_id, body, now)
        answer = HeartbeatAnswer(
            acked_through=chain.acked_through(conn, device.kiosk_id, body.epoch),
            feed_version=version(conn),
            hub_time=now,
        )
    return json_answer(answer, nonce=nonce)


@api.get("/healthz")
def healthz() -> Response:
    """200 if the database answers."""
    with _hub().database.reading() as conn:
        conn.execute(select(schema.feed_clock.c.version)).scalar_one()
    return Response("ok\n", mimetype="text/plain")


def _in_service(hub: Hub, now: dt.datetime) -> tuple[Device, str]:
    device, nonce = known_device(hub, request, now)
    if device.state is DeviceState.REVOKED:
        raise Refused(403, "revoked", f"{device.kiosk_id} is out of service", nonce)
    return device, nonce


def _set_aside(
    conn: Connection,
    device: Device,
    batch: Sequence[wire.Received],
    now: dt.datetime,
) -> Ingested:
    verdicts = quarantine.set_aside(conn, device.kiosk_id, batch, now)
    epoch = batch[-1].envelope.epoch if batch else ""
    return Ingested(verdicts, chain.acked_through(conn, device.kiosk_id, epoch))


def _batch(nonce: str) -> tuple[wire.Received, ...]:
    try:
        return wire.read_batch(request.get_data())
    except wire.TooLarge as err:
        raise Refused(413, "too_large", str(err), nonce) from err
    except wire.Malformed as err:
        raise Refused(400, "malformed", str(err), nonce) from err


def _refuse_if_nothing_counts(verdicts: Sequence[Verdict], nonce: str) -> None:
    """Say so by the status if no event of the batch could be taken."""
    reasons = {
        verdict.reason if verdict.outcome is Outcome.REFUSED else None
        for verdict in verdicts
    }
    if reasons and reasons <= {CONFLICT, INVALID}:
        detail = "; ".join(
            f"seq {verdict.seq}: {verdict.reason} {verdict.params.get('detail', '')}"
            for verdict in verdicts
        )
        status = 409 if CONFLICT in reasons else 422
        word = CONFLICT if CONFLICT in reasons else INVALID
        raise Refused(status, word, detail, nonce)


def _decode(kind: type[Body], nonce: str) -> Body:
    try:
        return msgspec.json.decode(request.get_data(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Refused(400, "malformed", str(err), nonce) from err


def _number(name: str, default: int, low: int, high: int, nonce: str) -> int:
    text = request.args.get(name, str(default))
    if not _DIGITS.fullmatch(text) or not low <= int(text) <= high:
        detail = f"{name}={text[:40]!r}: a whole number of {low} to {high}"
        raise Refused(400, "malformed", detail, nonce)
    return int(text)


def _hub() -> Hub:
    hub: Hub = current_app.extensions[HUB]
    return hub


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
