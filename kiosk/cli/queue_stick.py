"""`tongjie queue export` and `import`: the way to the hub and back on a USB stick."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.bell import Bell, agent_bell, kiosk_bell
from kiosk.cli.options import DATA, JSON, wait
from kiosk.identity import BadIdentity, Identity, NotEnrolled, enrolled
from kiosk.store.errors import MirrorInUse, StoreError
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from kiosk.store.pending import Pending
from sync.agent.stick_export import Exported
from sync.agent.stick_export import export as export_to
from sync.agent.stick_import import Applied
from sync.agent.stick_inbox import StickInbox
from sync.agent.stick_tray import StickTray
from sync.keys import BadKey, key_path, load_key
from sync.stick.names import ANSWER, found
from sync.stick.writing import BadStick

#: How often the agent's word is looked for.
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class _Point:
    data: Path
    identity: Identity
    key: Ed25519PrivateKey


@click.command()
@click.argument("stick", type=click.Path(path_type=Path))
@DATA
@click.option(
    "--same-disk", is_flag=True, help="STICK may lie on the kiosk's own card."
)
@JSON
def export(stick: Path, data: Path, *, same_disk: bool, as_json: bool) -> None:
    """Write all that waits into the folder STICK, sealed for the hub.

    Works beside a running kiosk. Nothing counts as sent until the hub's answer is
    here, so it may be done again at any time.
    """
    with _reported():
        point = _open_point(data)
        _check_target(stick, data, same_disk=same_disk)
        done = _export_with_progress(point, stick)
    if as_json:
        click.echo(msgspec.json.encode(done))
    else:
        click.echo(f"{done.file}: {done.events} events; carry it to the hub")


@click.command("import")
@click.argument(
    "paths",
    metavar="STICK…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@DATA
@wait(120)
@JSON
def imports(
    paths: tuple[Path, ...], data: Path, wait_s: float, *, as_json: bool
) -> None:
    """Take the hub's answers from a folder or from files of a USB stick.

    A running agent applies them in its turn; without one this command does. Files of
    other kiosks are left alone. The exit code is 1 when anything did not count.
    """
    problems = False
    with _reported():
        point = _open_point(data)
        files = found(paths, ANSWER, point.identity.kiosk_id)
        if not files:
            raise BadStick(f"no answer for {point.identity.kiosk_id} here")
        names = [StickInbox(data).put(file) for file in files]
        for applied in _outcomes(point, names, wait_s):
            problems |= bool(applied.problems)
            click.echo(msgspec.json.encode(applied) if as_json else _told(applied))
    if problems:
        sys.exit(1)


@contextmanager
def _reported() -> Iterator[None]:
    """Every expected failure as one line for people."""
    try:
        yield
    except (BadIdentity, BadKey, NotEnrolled, OSError, StoreError) as err:
        raise click.ClickException(str(err)) from err


def _open_point(data: Path) -> _Point:
    return _Point(data, enrolled(data), load_key(key_path(data)))


def _check_target(stick: Path, data: Path, *, same_disk: bool) -> None:
    """An empty mount point looks like the stick; what lands there leaves with nobody."""
    if not stick.is_dir():
        raise BadStick(f"{stick}: not a folder; is the stick mounted?")
    if not same_disk and stick.stat().st_dev == data.stat().st_dev:
        raise BadStick(
            f"{stick}: lies on the kiosk's own card; is the stick mounted? (--same-disk)"
        )


def _export_with_progress(point: _Point, stick: Path) -> Exported:
    ledger = LedgerReader(point.data / "ledger.db")
    count = Pending(ledger, MirrorReader(point.data / "mirror.db")).count()
    with click.progressbar(
        length=count, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        return export_to(point.data, stick, point.identity, point.key, bar.update)


def _outcomes(point: _Point, names: list[str], wait_s: float) -> Iterator[Applied]:
    """What became of each file, whoever applies it. Raises BadStick if nobody did."""
    inbox, deadline = StickInbox(point.data), time.monotonic() + wait_s
    waiting = list(names)
    while waiting:
        _ring_or_apply(point)
        for name in tuple(waiting):
            if (applied := inbox.outcome(name)) is not None:
                waiting.remove(name)
                yield applied
        if waiting and time.monotonic() > deadline:
            raise BadStick(f"{waiting[0]}: is with the agent, which is still busy")
        if waiting:
            time.sleep(_LOOK_S)


def _ring_or_apply(point: _Point) -> None:
    """Leave it to the process that owns the mirror; where there is none, own it."""
    try:
        mirror = MirrorWriter(point.data / "mirror.db", point.identity.hub_key)
    except MirrorInUse:
        _ring(agent_bell(point.data))
        return
    with closing(mirror):
        tray = StickTray(point.data, point.identity, point.key, mirror)
        if tray.take_all():
            _ring(kiosk_bell(point.data))


def _ring(path: Path) -> None:
    with closing(Bell(path)) as bell:
        bell.ring()


def _told(applied: Applied) -> str:
    counts = (
        f"{applied.verdicts} verdicts, {applied.pages} new pages"
        f" ({applied.pages_known} known already)"
    )
    lines = [f"{applied.file}: {counts}"]
    if applied.conflicts:
        lines.append(f"the hub holds other events in place of {applied.conflicts}")
    lines += [f"{applied.file}: {problem}" for problem in applied.problems]
    return "\n".join(lines)
