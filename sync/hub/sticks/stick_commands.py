"""`tongjie hub stick`: what points without a network send on USB sticks, and the answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import msgspec
from sqlalchemy import select

from kiosk import logs
from sync.hub.devices.devices import Device, device
from sync.hub.feed.feedruns import BEGINNING, Position
from sync.hub.options import (
    DATABASE,
    JSON,
    KEY,
    now,
    opened,
    place_of_key,
    reported,
)
from sync.hub.sticks.stick_answer import Answered, NothingToSay, answer, stored_verdicts
from sync.hub.sticks.stick_report import Imported, TakenReport, summary, take_report
from sync.hub.store import schema
from sync.hub.store.setup import Hub, open_hub
from sync.keys import BadKey
from sync.protocol import Verdict
from sync.stick.names import REPORT, found
from sync.stick.writing import BadStick


@click.group()
def stick() -> None:
    """Take in what kiosks without a network sent on USB sticks, and answer."""
    logs.configure()


@stick.command("import")
@click.argument(
    "paths",
    metavar="STICK…",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@DATABASE
@KEY
@click.option("--answer", "reply", is_flag=True, help="Write the way back at once.")
@JSON
def imports(
    paths: tuple[Path, ...],
    database: str,
    key_path: Path | None,
    *,
    reply: bool,
    as_json: bool,
) -> None:
    """Take in the reports in folders or files of a stick.

    Safe to repeat, in any order, by several people at once. The exit code is 1 when
    anything did not count; everything else did.
    """
    with reported(), _opened_hub(database, key_path) as hub:
        files = found(paths, REPORT)
        if not files:
            raise BadStick("no report of a kiosk here")
        reports = _take_all(hub, files)
        with hub.database.reading() as conn:
            told = [summary(conn, report) for report in reports]
        answers = _answer_reports(hub, files[0].parent, reports) if reply else []
    _show([*told, *answers], as_json=as_json)


@stick.command()
@click.argument("target", metavar="STICK", type=click.Path(path_type=Path))
@DATABASE
@KEY
@click.option("--kiosk", "kiosks", multiple=True, help="Answer this kiosk.")
@click.option("--all", "everybody", is_flag=True, help="Answer all kiosks.")
@JSON
def export(
    target: Path,
    database: str,
    key_path: Path | None,
    *,
    kiosks: tuple[str, ...],
    everybody: bool,
    as_json: bool,
) -> None:
    """Write answers into the folder STICK: verdicts, and what changed in the county.

    A kiosk whose report lies there is answered as `import --answer` does; any other
    one gets every verdict and the whole mirror.
    """
    if not kiosks and not everybody:
        raise click.UsageError("--kiosk or --all is needed")
    with reported(), _opened_hub(database, key_path) as hub:
        if not target.is_dir():
            raise BadStick(f"{target}: not a folder; is the stick mounted?")
        wanted = _devices(hub, kiosks)
        names = {one.kiosk_id for one in wanted}
        reports = _take_all(hub, found([target], REPORT))
        ours = [one for one in reports if one.sender and one.sender.kiosk_id in names]
        answers = _answer_reports(hub, target, ours)
        heard = {one.sender.kiosk_id for one in ours if one.sender}
        unheard = [one for one in wanted if one.kiosk_id not in heard]
        answers += _answer_anew(hub, target, unheard)
    _show(answers, as_json=as_json)


class Failed(msgspec.Struct, frozen=True):
    """A kiosk that got no answer, and why."""

    kiosk_id: str
    problems: tuple[str, ...]


def _take_all(hub: Hub, files: Sequence[Path]) -> list[TakenReport]:
    size = sum(file.stat().st_size for file in files)
    with _bar(size) as advance:
        reports, before = [], 0
        for file in files:
            reports.append(take_report(hub, file, now(), partial(advance, before)))
            before += file.stat().st_size
    return reports


def _answer_reports(
    hub: Hub, target: Path, reports: Iterable[TakenReport]
) -> list[Answered | Failed]:
    """One answer a kiosk, to all its reports: on from the oldest position it named."""
    by_kiosk: dict[str, list[TakenReport]] = {}
    for report in reports:
        if report.sender is not None:
            by_kiosk.setdefault(report.sender.kiosk_id, []).append(report)
    answers = []
    for of_kiosk in by_kiosk.values():
        verdicts = {one.event_id: one for each in of_kiosk for one in each.verdicts}
        oldest = min(report.position for report in of_kiosk)
        sender = of_kiosk[0].sender
        if sender is not None:
            answers.append(_answer(hub, target, sender, oldest, [*verdicts.values()]))
    return answers


def _answer_anew(
    hub: Hub, target: Path, devices: Iterable[Device]
) -> list[Answered | Failed]:
    answers = []
    for one in devices:
        with hub.database.reading() as conn:
            verdicts = stored_verdicts(conn, one.kiosk_id)
        answers.append(_answer(hub, target, one, BEGINNING, verdicts))
    return answers


def _answer(
    hub: Hub,
    target: Path,
    receiver: Device,
    position: Position,
    verdicts: Sequence[Verdict],
) -> Answered | Failed:
    """One kiosk that can't be answered holds up no other one; a full stick does."""
    try:
        return answer(hub, target, receiver, position, verdicts, now())
    except (BadKey, NothingToSay) as err:
        return Failed(receiver.kiosk_id, (f"no answer: {err}",))


def _devices(hub: Hub, kiosks: Sequence[str]) -> list[Device]:
    """The devices of these names, or all. Raises BadStick for an unknown one."""
    with hub.database.reading() as conn:
        names = kiosks or conn.execute(select(schema.devices.c.kiosk_id)).scalars()
        wanted = {name: device(conn, name) for name in names}
    unknown = [name for name, one in wanted.items() if one is None]
    if unknown:
        raise BadStick(f"the hub knows no device {', '.join(unknown)}")
    return [one for one in wanted.values() if one is not None]


@contextmanager
def _opened_hub(database: str, key_path: Path | None) -> Iterator[Hub]:
    with opened(database) as store:
        yield open_hub(store, place_of_key(database, key_path))


@contextmanager
def _bar(length: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar that is told where it is, not how far it went."""
    with click.progressbar(
        length=length, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def advance(before: int, position: int) -> None:
            bar.update(max(before + position - bar.pos, 0))

        yield advance


def _show(told: Sequence[Imported | Answered | Failed], *, as_json: bool) -> None:
    for one in told:
        click.echo(msgspec.json.encode(one) if as_json else _words(one))
    if any(not isinstance(one, Answered) and one.problems for one in told):
        sys.exit(1)


def _words(told: Imported | Answered | Failed) -> str:
    match told:
        case Imported():
            counts = (
                f"{told.new} new, {told.known} known, {told.refused} refused;"
                f" {told.cases} cases opened"
            )
            gaps = [
                f"missing: {gap.first} to {gap.last} of {gap.epoch}"
                for gap in told.missing
            ]
            return "\n".join([f"{told.file}: {counts}", *gaps, *told.problems])
        case Answered():
            return (
                f"{told.file}: {told.verdicts} verdicts, news up to {told.cursor};"
                f" carry it to {told.kiosk_id}"
            )
        case Failed():
            return "\n".join(f"{told.kiosk_id}: {why}" for why in told.problems)
