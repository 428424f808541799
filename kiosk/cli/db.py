"""`tongjie db`: look after the two databases of a kiosk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import msgspec
from sqlalchemy import Connection

from kiosk import logs
from kiosk.cli.options import DATA, JSON
from kiosk.identity import BadIdentity, Identity, load_identity
from kiosk.store.backup import back_up
from kiosk.store.engine import Translate, reader_engine, schema_version, transaction
from kiosk.store.errors import StoreError, ledger_error, mirror_error
from kiosk.store.inspection import Inspection, inspect_ledger, inspect_mirror
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter


class Upgraded(msgspec.Struct, frozen=True):
    """Schema versions before (0: there was none) and after; what opening found."""

    ledger_before: int
    ledger: int
    mirror_before: int
    mirror: int
    new_epoch: str | None
    fault: str | None


@click.group()
def db() -> None:
    """Check, copy and upgrade the ledger and the mirror of a kiosk."""
    logs.configure()


@db.command()
@DATA
@JSON
def check(data: Path, *, as_json: bool) -> None:
    """Check every page and the whole chain; changes nothing, beside a running kiosk."""
    try:
        found = {
            "ledger": _look(data / "ledger.db", ledger_error, inspect_ledger),
            "mirror": _look(data / "mirror.db", mirror_error, inspect_mirror),
        }
    except StoreError as err:
        raise click.ClickException(str(err)) from err
    if as_json:
        click.echo(msgspec.json.encode(found))
    else:
        for name, each in found.items():
            click.echo(_said(name, each))
    if any(each is not None and each.fault for each in found.values()):
        raise SystemExit(1)


@db.command()
@DATA
@JSON
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to make; it must not be there yet.",
)
def backup(data: Path, to: Path, *, as_json: bool) -> None:
    """Copy the ledger, checked and durable, beside a running kiosk."""
    try:
        found = back_up(data / "ledger.db", to)
    except StoreError as err:
        raise click.ClickException(str(err)) from err
    click.echo(msgspec.json.encode(found) if as_json else _said(str(to), found))


@db.command()
@DATA
@JSON
def upgrade(data: Path, *, as_json: bool) -> None:
    """Bring both databases to this program's schema; the kiosk must be stopped."""
    try:
        done = _upgrade(data, _identity(data))
    except (StoreError, BadIdentity) as err:
        raise click.ClickException(str(err)) from err
    if as_json:
        click.echo(msgspec.json.encode(done))
        return
    for name, before, after in (
        ("ledger", done.ledger_before, done.ledger),
        ("mirror", done.mirror_before, done.mirror),
    ):
        same = f"is at schema version {after} already"
        moved = f"schema version {before} became {after}"
        click.echo(f"{name}: {same if before == after else moved}")
    for word, why in (("set aside", done.fault), ("new epoch", done.new_epoch)):
        if why:
            click.echo(f"ledger: {word}: {why}")


def _look(
    path: Path, translate: Translate, inspect: Callable[[Connection], Inspection]
) -> Inspection | None:
    """None where there is no such file."""
    if not path.exists():
        return None
    try:
        with transaction(reader_engine(path), translate) as connection:
            return inspect(connection)
    except StoreError as err:
        return Inspection(str(err), 0)


def _said(name: str, found: Inspection | None) -> str:
    if found is None:
        return f"{name}: not there"
    if found.fault:
        return f"{name}: {found.fault}"
    epochs = (
        f"  epoch {epoch.epoch}: {epoch.events} events up to {epoch.last},"
        f" {epoch.removed} removed"
        for epoch in found.epochs
    )
    return "\n".join((f"{name}: sound, schema version {found.version}", *epochs))


def _upgrade(data: Path, identity: Identity) -> Upgraded:
    ledger, mirror = data / "ledger.db", data / "mirror.db"
    before = _version(ledger, ledger_error), _version(mirror, mirror_error)
    with closing(MirrorWriter(mirror, identity.hub_key)):
        pass
    hub = MirrorReader(mirror)
    with closing(
        SqliteLedger(ledger, identity.kiosk_id, hub.acked(), final=hub.final)
    ) as opened:
        opening = opened.opening
    return Upgraded(
        before[0],
        _version(ledger, ledger_error),
        before[1],
        _version(mirror, mirror_error),
        opening.began.value if opening.began else None,
        opening.fault,
    )


def _version(path: Path, translate: Translate) -> int:
    if not path.exists():
        return 0
    try:
        with transaction(reader_engine(path), translate) as connection:
            return schema_version(connection)
    except StoreError:
        return 0  # damaged: opening it says how


def _identity(data: Path) -> Identity:
    identity = load_identity(data)
    if identity is None:
        raise BadIdentity(f"{data}: not enrolled; there is nothing to upgrade")
    return identity
