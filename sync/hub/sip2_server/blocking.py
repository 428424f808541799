"""A machine says that a card should be out of use: noted always, done if it may."""

from __future__ import annotations

from sync.hub.county.audit import Actor, note
from sync.hub.county.card_kinds import CardState
from sync.hub.county.cards import set_card_state
from sync.hub.sip2_server.circulating import Desk
from sync.hub.sip2_server.known import Reader
from sync.sip2.requests import BlockPatron


def block(desk: Desk, request: BlockPatron) -> Reader | None:
    """The reader as he or she stands afterwards."""
    who = desk.reader(request.patron_identifier)
    if who is None:
        return None
    machine, now = desk.here.machine, desk.here.now
    by = Actor(machine.kiosk_id, "sip2")
    about = f"patron:{who.patron.patron_ref}"
    kept = {"card_retained": request.card_retained}
    note(desk.conn, by, "patron.block_asked", about, now, after=kept)
    if machine.may_block and who.card_works:
        ref = who.patron.patron_ref
        set_card_state(desk.conn, ref, who.card_id, CardState.LOST, by, now)
    return desk.reader(request.patron_identifier)
