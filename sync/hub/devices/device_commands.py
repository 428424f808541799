"""`tongjie hub revoke|reinstate|quarantine`: what staff do about a kiosk."""

from __future__ import annotations

import click

from sync.hub.county.audit import note
from sync.hub.devices.devices import Device, UnknownKiosk, device
from sync.hub.devices.devices import reinstate as put_back
from sync.hub.devices.devices import revoke as put_out
from sync.hub.intake.admission import admit, kept_events
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)


@click.command()
@click.argument("kiosk")
@DATABASE
@click.option("--reason", required=True, help="Why, for those who ask later.")
def revoke(kiosk: str, database: str, reason: str) -> None:
    """Put a kiosk out of service; what it still sends is kept apart for staff."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = _known(device(conn, kiosk), kiosk).kiosk_id
        put_out(conn, known, reason)
        about = f"device:{known}"
        note(conn, operator(), "device.revoke", about, now(), reason=reason)
    click.echo(f"{kiosk} is out of service")


@click.command()
@click.argument("kiosk")
@DATABASE
def reinstate(kiosk: str, database: str) -> None:
    """Put a revoked kiosk back into service; what was set aside stays with staff."""
    with reported(), county_of(database) as store, store.writing() as conn:
        known = _known(device(conn, kiosk), kiosk).kiosk_id
        put_back(conn, known)
        note(conn, operator(), "device.reinstate", f"device:{known}", now())
    click.echo(f"{kiosk} is in service")


@click.group()
def quarantine() -> None:
    """What revoked devices sent: kept, not judged."""


@quarantine.command("list")
@DATABASE
@JSON
def list_kept(database: str, *, as_json: bool) -> None:
    """Print what was set aside, admitted events too."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for kept in kept_events(conn):
            state = "admitted" if kept.admitted_at else "waiting"
            text = (
                f"{kept.kiosk_id}\t{kept.epoch}\t{kept.seq}\t{kept.event_id}\t{state}"
            )
            click.echo(as_line(kept) if as_json else text)


@quarantine.command("admit")
@click.argument("kiosk")
@DATABASE
@JSON
def admit_kept(kiosk: str, database: str, *, as_json: bool) -> None:
    """Take in what was set aside of a kiosk, as if it came now. Asks stay out."""
    with reported(), county_of(database) as store, store.writing() as conn:
        who, known, at = operator(), _known(device(conn, kiosk), kiosk), now()
        done = admit(conn, known, who.name, at)
        counts = {"admitted": done.taken, "asks_left_out": done.asks}
        note(conn, who, "device.admit", f"device:{kiosk}", at, after=counts)
    if as_json:
        click.echo(as_line(counts))
    else:
        click.echo(f"{done.taken} events admitted, {done.asks} asks left out")


def _known(found: Device | None, kiosk: str) -> Device:
    if found is None:
        raise UnknownKiosk(f"there is no kiosk {kiosk!r}")
    return found
