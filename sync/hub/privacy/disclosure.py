"""All that the hub holds of one reader, for that reader: JSON, tables and a guide."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Collection
from typing import IO, Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, or_, select

from sync.hub.county.patron_files import PatronFile
from sync.hub.privacy.answers import answers_of
from sync.hub.privacy.consent import consents_of
from sync.hub.privacy.events import events_with
from sync.hub.privacy.imports import overwritten_of
from sync.hub.store import schema

Rows = list[dict[str, Any]]

README = """\
本馆保存的关于您的全部信息
patron.json 是全部内容；每个 CSV 文件是其中一部分，可用表格软件打开。
patron 登记信息 · cards 卡片 · loans 借阅 · holds 预约 · cases 馆员处理的问题
hold_steps 馆员为预约所做的事 · hold_bars 预约暂停的时间
machines 自助设备最后的答复，以及用当时未知的卡办理的借阅
consents 您的同意 · accesses 工作人员查看和修改您的记录 · imports 导入时被覆盖的旧值
归还满规定天数后，借阅记录不再写明读者，因此不在这里。
如需更正或删除，请联系图书馆。

Everything the library holds about you
patron.json has all of it; each CSV file is one part, for any spreadsheet program.
patron: your record; cards; loans; holds; cases: questions that staff looked at;
hold_steps: what staff did for a hold; hold_bars: when your holds were suspended;
machines: what a machine was told last, and loans by a card not known at the time;
consents: what you agreed to; accesses: when staff saw or changed your record;
imports: older values that an import overwrote.
Some days after its return a loan no longer says who had the book, so it is not here.
Ask the library to correct or erase any of it.
"""


def disclose(conn: Connection, patron: PatronFile) -> dict[str, Rows]:
    """Every row that tells of the reader, by what it is about."""
    held = {name: _rows(conn, query) for name, query in _queries(patron).items()}
    consents = [
        msgspec.to_builtins(one) for one in consents_of(conn, patron.patron_ref)
    ]
    machines = _at_machines(conn, [card["text"] for card in held["cards"]])
    record = {"patron": [msgspec.to_builtins(patron)]}
    return {**record, **held, "consents": consents, "machines": machines}


def _at_machines(conn: Connection, cards: Collection[str]) -> Rows:
    """What machines were told last of the reader, and loans by a card unknown then."""
    answers = [
        {"machine": name, "at": at, "text": text}
        for name, at, text in answers_of(conn, cards)
    ]
    events = [
        {"machine": row.kiosk_id, "at": row.received_at, "text": row.body}
        for row in events_with(conn, cards)
    ]
    return [msgspec.to_builtins(row) for row in (*answers, *events)]


def _queries(patron: PatronFile) -> dict[str, Select[Any]]:
    ref = patron.patron_ref
    cards, holds, cases = schema.credentials.c, schema.holds, schema.cases.c
    bars = schema.hold_bars
    log, old = schema.audit_log.c, schema.import_changes.c
    said = or_(cases.patron_ref == ref, cases.sides.contains(ref, autoescape=True))
    about_me = log.about == f"patron:{ref}"
    shown = (cases.kind, cases.opened_at, cases.state, cases.item)
    return {
        "cards": select(cards.kind, cards.text, cards.state, cards.since).where(
            cards.patron_ref == ref
        ),
        "loans": _loans(schema.loans.c.patron_ref == ref),
        "holds": select(holds).where(holds.c.patron_ref == ref),
        "hold_steps": _steps(holds.c.patron_ref == ref),
        "hold_bars": select(bars.c.since, bars.c.until).where(bars.c.patron_ref == ref),
        "cases": select(*shown).where(said),
        "accesses": select(log.at, log.who, log.what, log.reason).where(about_me),
        "imports": select(old.run_id, old.before).where(overwritten_of(patron)),
    }


def write_zip(held: dict[str, Rows], out: IO[bytes]) -> None:
    """`patron.json`, a CSV file for each part and a guide in both languages."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        text = msgspec.json.format(msgspec.json.encode(held), indent=2)
        archive.writestr("patron.json", text)
        for name, rows in held.items():
            archive.writestr(f"{name}.csv", _table(rows))


def _loans(whose: ColumnElement[bool]) -> Select[Any]:
    """With the titles, for people."""
    loans, items, titles = schema.loans, schema.items, schema.titles
    return (
        select(loans, titles.c.title)
        .outerjoin(items, items.c.barcode == loans.c.item)
        .outerjoin(titles, titles.c.title_id == items.c.title_id)
        .where(whose)
        .order_by(loans.c.loaned_at)
    )


def _steps(whose: ColumnElement[bool]) -> Select[Any]:
    """What staff did for the reader's holds; not who of them."""
    steps, holds = schema.hold_steps, schema.holds
    shown = (steps.c.hold_id, steps.c.at, steps.c.act, steps.c.item, steps.c.reason)
    mine = steps.join(holds, holds.c.hold_id == steps.c.hold_id)
    return select(*shown).select_from(mine).where(whose).order_by(steps.c.at)


def _rows(conn: Connection, query: Select[Any]) -> Rows:
    rows = conn.execute(query).mappings()
    return [msgspec.to_builtins(dict(row)) for row in rows]


def _table(rows: Rows) -> bytes:
    """With the mark by which spreadsheet programs know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    if rows:
        writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    """What a spreadsheet program would take for a formula is shown as text."""
    is_formula = isinstance(value, str) and value[:1] in "=+-@\t\r" and value
    return f"'{value}" if is_formula else value
