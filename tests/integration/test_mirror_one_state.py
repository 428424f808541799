"""One decision is made from one state of the mirror, whatever comes meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from sqlalchemy import event

from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import PatronChanged
from tests.integration.kiosk_world import READER, World, book
from tests.integration.mirror_world import page, path, reader, writer
from tests.integration.store_samples import HUB_PUBLIC, patron

__all__ = ["path", "reader", "writer"]


def test_what_comes_in_between_is_seen_afterwards(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(page(1, PatronChanged(patron("P1"))))

    with reader.one_state():
        assert reader.patron("P1") is not None
        writer.apply_page(page(2, PatronChanged(patron("P2"))))
        assert (reader.patron("P2"), reader.status().cursor) == (None, 1)

    assert (reader.patron("P2"), reader.status().cursor) == (patron("P2"), 2)


def test_another_thread_is_not_held_to_it(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(page(1, PatronChanged(patron("P1"))))

    with reader.one_state(), ThreadPoolExecutor(1) as other:
        reader.status()
        writer.apply_page(page(2, PatronChanged(patron("P2"))))
        assert other.submit(reader.patron, "P2").result() == patron("P2")


def test_a_mirror_that_is_not_there_says_nothing_and_may_come(
    path: Path, reader: MirrorReader
) -> None:
    with reader.one_state():
        assert reader.patron("P1") is None

    path.write_bytes(b"no database" * 100)
    with reader.one_state():
        assert reader.patron("P1") is None


def test_a_mirror_overwritten_in_place_brings_nobody_down(
    path: Path, reader: MirrorReader
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as mirror:
        mirror.apply_page(page(1, PatronChanged(patron("P1"))))
    content = path.read_bytes()
    assert reader.patron("P1") is not None

    with path.open("r+b") as file:
        file.write(bytes(len(content)))
    with reader.one_state():
        answers = {reader.patron("P1"), reader.patron("P2")}
    assert answers <= {None, patron("P1")}

    with path.open("r+b") as file:
        file.write(content)
    assert reader.patron("P1") == patron("P1")


def test_a_decision_on_a_stack_reads_the_mirror_once(world: World) -> None:
    begun: list[object] = []
    engine = world.knowledge.mirror._engine  # type: ignore[attr-defined]  (its pool tells)
    event.listen(engine, "checkout", lambda *_: begun.append(1))
    stack = [book("B1"), book("B2")]

    world.lending.lend_alone(READER, stack, "session")

    # One for the decision, the others for what is recorded with it.
    assert 0 < len(begun) <= 5
