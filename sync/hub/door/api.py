"""The kiosks' API; `sync/PROTOCOL.md` is its specification."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from flask import Blueprint, Response, current_app, request
from sqlalchemy import Connection, select

from sync.hub.circulation.consequences import follow_all
from sync.hub.circulation.unit_of_work import unit_of_work
from sync.hub.clocks.contacts import Contact, learn
from sync.hub.county.audit import Actor
from sync.hub.county.rulebook import tell_calendars
from sync.hub.devices import devices, enrolment
from sync.hub.devices.devices import Device, DeviceState
from sync.hub.door.answers import json_answer
from sync.hub.door.gate import Caller, Stale, known_device, new_key, next_nonce
from sync.hub.door.lanes import Lanes, ToldToWait, Visit
from sync.hub.door.problems import Refused, busy
from sync.hub.feed import feed
from sync.hub.feed.feedruns import Position, is_known
from sync.hub.intake import cards, chain, quarantine, wire
from sync.hub.intake.ingest import Ingested, Sender
from sync.hub.intake.intake import take_in
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.keys import BadKey, box_hex, box_public, public_hex
from sync.protocol import (
    CONFLICT,
    ID_CONFLICT,
    INVALID,
    MAX_OLDER,
    RUN_PATTERN,
    BatchAnswer,
    Enrol,
    Enrolled,
    Heartbeat,
    HeartbeatAnswer,
    Verdict,
    not_stored,
)

#: Where the app keeps its `Hub`.
HUB = "tongjie-hub"
#: Where it keeps its `Lanes`.
LANES = "tongjie-lanes"
DEFAULT_PAGE = 500
_DIGITS = re.compile(r"[0-9]{1,19}")
_RUN = re.compile(RUN_PATTERN)

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
        box_public(body.box_key)
        with hub.database.writing() as conn:
            device = enrolment.redeem(
                conn, body.code, body.public_key, body.box_key, body.hostname[:64], now
            )
            if device is not None:
                who = Actor(device.kiosk_id, request.remote_addr or "")
                tell_calendars(conn, hub.key, who, now)
    except BadKey as err:
        raise Refused(400, "malformed", f"box_key: {err}", caller.nonce) from err
    except enrolment.KeyInUse as err:
        raise Refused(409, "key_in_use", str(err), caller.nonce) from err
    if device is None:
        raise Refused(403, "bad_code", "the code is no good", caller.nonce)
    answer = Enrolled(
        kiosk_id=device.kiosk_id,
        site_id=device.site_id,
        hub_key=public_hex(hub.key),
        hub_box_key=box_hex(hub.key),
        hub_time=now,
    )
    return json_answer(answer, nonce=caller.nonce)


@api.post("/v1/events")
def events() -> Response:
    hub, now, load = _hub(), _now(), wire.glance(request.get_data())
    try:
        device, caller = _sender(hub, Visit(load), now)
        visit = Visit(load, _ahead_s(caller, now))
        taken = _taken_in(hub, device, visit, caller.nonce, now)
    except ToldToWait as err:
        slot = now + dt.timedelta(seconds=err.ahead_s)
        nonce = next_nonce(hub, err.key_id, now, slot)
        return busy(str(err), err.wait_s, nonce)
    # An ask leaves the slot as it is; a backlog has used it.
    nonce = caller.nonce if load.open_ask else next_nonce(hub, caller.key_id, now)
    _refuse_if_nothing_counts(taken.verdicts, nonce)
    answer = BatchAnswer(
        verdicts=taken.verdicts, acked_through=taken.acked_through, hub_time=now
    )
    return json_answer(answer, nonce=nonce)


@api.get("/v1/feed")
def changes() -> Response:
    hub, now = _hub(), _now()
    device, nonce = _in_service(hub, now)
    cursor = _number("cursor", 0, 0, 1 << 62, nonce)
    limit = _number("limit", DEFAULT_PAGE, 1, feed.MAX_PAGE, nonce)
    run = _run(nonce)
    with hub.database.reading() as conn:
        if not is_known(conn, Position(cursor, run)):
            detail = f"cursor {cursor} of run {run!r}: this hub was put back since"
            raise Refused(409, "cursor_unknown", detail, nonce)
        page = feed.page(conn, cursor, limit, now, device.site_id)
    return json_answer(page, nonce=nonce)


@api.post("/v1/heartbeat")
def heartbeat() -> Response:
    hub, now = _hub(), _now()
    device, nonce = _in_service(hub, now)
    body = _beat(nonce)
    with hub.database.writing() as conn:
        devices.note_heartbeat(conn, device.kiosk_id, body, now)
        cards.meet(conn, device.kiosk_id, body, now)
        head = (body.epoch, body.seq)
        anew = learn(conn, Contact(device.kiosk_id, body.sent, now, head=head))
        with unit_of_work(conn) as work:
            follow_all(work, anew.items, now, anew.facts)
        answer = HeartbeatAnswer(
            acked_through=chain.acked_through(conn, device.kiosk_id, body.epoch),
            older=chain.holds_of(conn, device.kiosk_id, body.older[:MAX_OLDER]),
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
    device, caller = known_device(hub, request, now)
    nonce = caller.nonce
    if device.state is DeviceState.REVOKED:
        raise Refused(403, "revoked", f"{device.kiosk_id} is out of service", nonce)
    return device, nonce


def _sender(hub: Hub, visit: Visit, now: dt.datetime) -> tuple[Device, Caller]:
    """Who sends this batch. Raises Refused; ToldToWait instead of asking for a nonce."""
    try:
        return known_device(hub, request, now)
    except Stale as err:
        _lanes().turn_away_if_full(err.key_id, visit)
        raise


def _ahead_s(caller: Caller, now: dt.datetime) -> float | None:
    """Seconds until the slot that the caller was told, if it was."""
    return None if caller.slot is None else (caller.slot - now).total_seconds()


def _taken_in(
    hub: Hub, device: Device, visit: Visit, nonce: str, now: dt.datetime
) -> Ingested:
    """Take the batch in when it is its turn. Raises Refused, ToldToWait."""
    ticket = hub.database.turnstile.ticket(visit.lane)
    with _lanes().inside(device.kiosk_id, visit):
        batch = _batch(nonce)
        if device.state is DeviceState.REVOKED:
            with hub.database.writing(ticket) as conn:
                return _set_aside(conn, device, batch, now)
        sent = wire.read_sent(request.get_data())
        sender = Sender(device.kiosk_id, device.site_id, sent)
        return take_in(hub.database, sender, batch, now, ticket)


def _set_aside(
    conn: Connection,
    device: Device,
    batch: Sequence[wire.Received],
    now: dt.datetime,
) -> Ingested:
    verdicts = quarantine.set_aside(conn, device.kiosk_id, batch, now)
    sound = [one.envelope.epoch for one in batch if one.flaw is None]
    epoch = sound[-1] if sound else ""
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
    if not verdicts or not all(map(not_stored, verdicts)):
        return
    detail = "; ".join(
        f"seq {verdict.seq}: {verdict.reason} {verdict.params.get('detail', '')}"
        for verdict in verdicts
    )
    reasons = {verdict.reason for verdict in verdicts}
    word = next(word for word in (CONFLICT, ID_CONFLICT, INVALID) if word in reasons)
    raise Refused(422 if word == INVALID else 409, word, detail, nonce)


def _beat(nonce: str) -> Heartbeat:
    try:
        return wire.read_heartbeat(request.get_data())
    except wire.Malformed as err:
        raise Refused(400, "malformed", str(err), nonce) from err


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


def _run(nonce: str) -> str:
    text = request.args.get("run", "")
    if not _RUN.fullmatch(text):
        raise Refused(400, "malformed", f"run={text[:40]!r}: hex digits", nonce)
    return text


def _hub() -> Hub:
    hub: Hub = current_app.extensions[HUB]
    return hub


def _lanes() -> Lanes:
    lanes: Lanes = current_app.extensions[LANES]
    return lanes


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
