"""What devices tell and are told, between a real kiosk's databases and a real hub."""

from __future__ import annotations

import itertools
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from drivers.api import PeoplePassed, Sense, SenseChanged, Tag
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.pty import Pty
from drivers.emulators.tag import VirtualTag
from drivers.pads.feig import FeigPad
from kiosk.contacts import Contacts
from kiosk.domain.rules import Rules, SecurityMode, SecurityRule
from kiosk.domain.session import BookClass
from kiosk.domain.values import Site
from kiosk.messages import DeviceUp, Inbox, TagsWritten, WriteOrder
from kiosk.runner import DeviceRunner
from kiosk.service.classify import read_stack
from kiosk.service.daybook import Daybook
from kiosk.service.knowledge import Knowledge
from kiosk.service.security import Custodian
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.agent import Agent
from sync.agent.client import HubClient, Signer
from sync.agent.enrol import enrol
from sync.agent.linkwatch import WatchedHub
from sync.hub.cli import hub as hub_command
from sync.hub.county import catalogue
from sync.hub.county.rulebook import current_rules, put_rules
from sync.hub.store import schema
from sync.keys import key_path, load_or_make_key, sign_rules
from sync.protocol import Outcome
from tests.integration.hub_server import Server, server
from tests.integration.store_samples import AT

__all__ = ["server"]

IN, OUT = 0x07, 0xC2
#: A tag of an old vendor: nothing in its memory that anybody else could read.
PRIVATE = Tag("E00401000012ABCD", memory=bytes.fromhex("C0FFEE00") * 7)
HEADING = "条码号,记录号,文献类型,状态,所属馆,馆藏地,标签序列号\n"


@dataclass
class Kiosk:
    """The data folder of an enrolled kiosk, and its agent."""

    kiosk_id: str
    ledger: SqliteLedger
    mirror: MirrorReader
    agent: Agent

    @property
    def knowledge(self) -> Knowledge:
        return Knowledge(self.ledger, self.mirror)

    def exchange(self) -> None:
        self.agent.turn_or_raise()


@pytest.fixture
def kiosk(server: Server, tmp_path: Path) -> Iterator[Kiosk]:
    identity = enrol(server.url, server.code(), tmp_path, 5.0)
    with ExitStack() as stack:
        ledger = SqliteLedger(tmp_path / "ledger.db", identity.kiosk_id)
        stack.callback(ledger.close)
        writer = MirrorWriter(tmp_path / "mirror.db", identity.hub_key)
        stack.callback(writer.close)
        signer = Signer(load_or_make_key(key_path(tmp_path)), identity.kiosk_id)
        client = HubClient(server.url, signer, 5.0)
        stack.callback(client.close)
        agent = Agent(
            WatchedHub(client, tmp_path, 1.5),
            LedgerReader(tmp_path / "ledger.db"),
            writer,
            tmp_path,
            poll_s=15,
            stop=threading.Event(),
        )
        stack.callback(agent.close)
        reader = MirrorReader(tmp_path / "mirror.db")
        yield Kiosk(identity.kiosk_id, ledger, reader, agent)


# Contacts and the counter ---------------------------------------------------------


def test_people_and_contacts_reach_the_hub_once_and_open_no_case(
    server: Server, kiosk: Kiosk
) -> None:
    ids = (f"{kiosk.kiosk_id}-{number}" for number in itertools.count(1))
    daybook = Daybook(kiosk.knowledge, "A", lambda: AT, lambda _: next(ids))
    contacts = Contacts(daybook)

    contacts.changed("box", SenseChanged(Sense.BOX_FULL, active=True), 0.0)
    contacts.changed("box", SenseChanged(Sense.TAMPER, active=True), 0.0)
    contacts.passed(PeoplePassed(2), now=0)
    contacts.passed(PeoplePassed(1), now=1)
    contacts.close()
    for _ in range(3):
        kiosk.exchange()

    assert _received(server, kiosk.kiosk_id) == [
        ("CONTACT_CHANGED", {"contact": "box_full", "active": True}),
        ("CONTACT_CHANGED", {"contact": "tamper", "active": True}),
        ("PEOPLE_COUNTED", {"count": 3}),
    ]
    verdicts = kiosk.mirror.verdicts([f"{kiosk.kiosk_id}-{n}" for n in (1, 2, 3)])
    assert [one.outcome for one in verdicts.values()] == [Outcome.ACCEPTED] * 3
    assert _cases(server, kiosk.kiosk_id) == []


def _received(server: Server, kiosk_id: str) -> list[tuple[str, object]]:
    query = (
        select(schema.events.c.body)
        .where(schema.events.c.kiosk_id == kiosk_id)
        .order_by(schema.events.c.seq)
    )
    with server.database.reading() as conn:
        bodies = [json.loads(body) for body in conn.execute(query).scalars()]
    return [(body["kind"], body["payload"]) for body in bodies]


def _cases(server: Server, kiosk_id: str) -> list[object]:
    query = select(schema.cases).where(schema.cases.c.kiosk_id == kiosk_id)
    with server.database.reading() as conn:
        return list(conn.execute(query))


# The security of tags -------------------------------------------------------------


@pytest.fixture
def reader() -> FeigEmulator:
    return FeigEmulator(has_eas=True)


@pytest.fixture
def pad(tmp_path: Path, reader: FeigEmulator) -> Iterator[tuple[DeviceRunner, Inbox]]:
    pty = Pty(tmp_path / "pad", reader.answer)
    pty.start()
    inbox: Inbox = queue.Queue()
    runner = DeviceRunner("pad", FeigPad(FeigPad.Options(port=str(pty.path))), inbox)
    runner.start()
    yield runner, inbox
    runner.stop()
    pty.stop()


@pytest.mark.parametrize(
    ("mode", "afi", "eas"),
    [
        (SecurityMode.AFI, OUT, True),
        (SecurityMode.EAS, IN, False),
        (SecurityMode.BOTH, OUT, False),
    ],
)
def test_a_tag_is_disarmed_the_way_the_hubs_rules_say(
    server: Server,
    kiosk: Kiosk,
    pad: tuple[DeviceRunner, Inbox],
    reader: FeigEmulator,
    mode: SecurityMode,
    afi: int,
    *,
    eas: bool,
) -> None:
    tag = VirtualTag("E004015000000001", afi=IN, dsfid=6, eas=True)
    reader.place(tag)
    _decree(server, mode)
    kiosk.exchange()
    runner, inbox = pad
    assert inbox.get(timeout=5) == DeviceUp("pad")

    rule = Custodian(kiosk.knowledge).rule()
    assert rule.mode is mode
    runner.order(WriteOrder(1, {tag.uid: OUT}, rule))

    assert _written(inbox) == {tag.uid: OUT}
    assert (tag.afi, tag.eas) == (afi, eas)


def _decree(server: Server, mode: SecurityMode) -> None:
    key = load_or_make_key(
        Path(_url(server).removeprefix("sqlite:///")).parent / "hub.key"
    )
    with server.database.writing() as conn:
        rules: Rules = current_rules(conn)
        rules = replace(
            rules, version=rules.version + 1, security=SecurityRule(mode=mode)
        )
        put_rules(conn, sign_rules(key, rules), AT.wall)


def _url(server: Server) -> str:
    return server.database.engine.url.render_as_string(hide_password=False)


def _written(inbox: Inbox) -> dict[str, int | None]:
    while not isinstance(message := inbox.get(timeout=5), TagsWritten):
        pass
    return dict(message.seen)


# Tags that are known by their UID -------------------------------------------------


def test_a_private_tag_is_the_book_that_the_library_says(
    server: Server, kiosk: Kiosk, tmp_path: Path
) -> None:
    with server.database.writing() as conn:
        catalogue.put_sites(conn, [Site("0417", "马坪村借阅点", "马坪村", "point")])
    row = "YL0001,t1,BOOK,lendable,CN-629900-1-YLT,0417,e0 04 01 00 00 12 ab cd\n"
    table = tmp_path / "items.csv"
    table.write_text(HEADING + row, "utf-8")
    done = CliRunner().invoke(
        hub_command,
        ["import", "items", str(table), "--database", _url(server)],
    )
    assert done.exit_code == 0, done.output

    kiosk.exchange()

    (book,) = read_stack([PRIVATE], kiosk.mirror)
    assert (book.barcode, book.kind, book.title) == ("YL0001", BookClass.OWN, "围城")
    exported = CliRunner().invoke(
        hub_command,
        ["export", "items", "--json", "--database", _url(server)],
    )
    assert '"barcode":"YL0001"' in exported.output
    assert '"tag_uid":"E00401000012ABCD"' in exported.output
