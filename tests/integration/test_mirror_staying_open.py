"""A reader keeps the mirror open; nobody who writes or replaces it may notice."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from kiosk.store.engine import staying_reader_engine, transaction
from kiosk.store.errors import mirror_error
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.keys import sign_rules
from sync.protocol import PatronChanged, RulesChanged
from tests.integration.mirror_world import page, path, reader, writer
from tests.integration.store_samples import HUB_KEY, HUB_PUBLIC, NOON, patron, rules

__all__ = ["path", "reader", "writer"]
_LOOKS = """
import sys
from pathlib import Path
from kiosk.store.mirror import MirrorReader
reader = MirrorReader(Path(sys.argv[1]))
for _ in sys.stdin:
    print(reader.status().cursor, flush=True)
"""


def descriptors_of(path: Path) -> int:
    """How many this process has of a file, or had when it was removed."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith(str(path)) for link in links)


def set_aside(path: Path) -> None:
    """As the agent does with a damaged one, from a process of its own."""
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    for suffix in ("-wal", ""):
        old = path.with_name(path.name + suffix)
        if old.exists():
            old.replace(old.with_name("aside.db" + suffix))


def remove_all_but_its_wal(path: Path) -> None:
    path.unlink()


@contextmanager
def looking_on(path: Path) -> Iterator[Callable[[], int]]:
    """A kiosk's process; it says its cursor when asked."""
    words = [sys.executable, "-c", _LOOKS, str(path)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as kiosk:
        asks, answers = kiosk.stdin, kiosk.stdout
        assert asks is not None
        assert answers is not None

        def cursor() -> int:
            asks.write("?\n")
            asks.flush()
            return int(answers.readline())

        yield cursor
        asks.close()


def test_the_file_is_opened_once_for_many_looks(
    path: Path, writer: MirrorWriter
) -> None:
    writer.apply_page(page(1, PatronChanged(patron())))
    engine = staying_reader_engine(path)
    opened: list[object] = []
    event.listen(engine, "connect", lambda connection, _: opened.append(connection))

    for _ in range(5):
        with transaction(engine, mirror_error) as connection:
            connection.exec_driver_sql("SELECT * FROM feed").one()

    assert len(opened) == 1
    engine.dispose()


@pytest.mark.parametrize("gone", [set_aside, remove_all_but_its_wal])
def test_reader_that_holds_the_file_open_follows_its_replacement(
    path: Path, reader: MirrorReader, gone: Callable[[Path], None]
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as old:
        old.apply_page(page(1, PatronChanged(patron("P1"))))
        assert reader.patron("P1") == patron("P1")
    gone(path)
    assert reader.patron("P1") is None

    for name in ("P2", "P3"):
        with closing(MirrorWriter(path, HUB_PUBLIC)) as new:
            new.apply_page(page(len(name) + 1, PatronChanged(patron(name))))
            new.empty()
            new.apply_page(page(1, PatronChanged(patron(name))))

            assert reader.patron(name) == patron(name)
            assert reader.patron("P1") is None


@pytest.mark.slow
@pytest.mark.parametrize("gone", [set_aside, remove_all_but_its_wal])
def test_new_mirror_begins_though_another_process_holds_the_old_one_open(
    path: Path, gone: Callable[[Path], None]
) -> None:
    """SQLite lets a new file share the old one's index if it finds that still there."""
    with closing(MirrorWriter(path, HUB_PUBLIC)) as old, looking_on(path) as cursor:
        old.apply_page(page(7, PatronChanged(patron("P1"))))
        assert cursor() == 7
        old.close()
        gone(path)

        with closing(MirrorWriter(path, HUB_PUBLIC)) as new:
            assert new.cursor() == 0
            new.apply_page(page(2, PatronChanged(patron("P2"))))
            assert cursor() == 2


def test_file_that_was_replaced_is_let_go(path: Path, reader: MirrorReader) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as old:
        old.apply_page(page(1, PatronChanged(patron())))
        reader.status()
    assert descriptors_of(path) > 0
    set_aside(path)
    with closing(MirrorWriter(path, HUB_PUBLIC)):
        reader.status()

        assert descriptors_of(path.with_name("aside.db")) == 0


def test_reader_that_stays_open_holds_back_no_checkpoint(
    path: Path, writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(page(1, PatronChanged(patron())))
    assert reader.status().cursor == 1
    wal = path.with_name("mirror.db-wal")

    assert emptied(path)
    assert wal.stat().st_size == 0


def test_reader_in_the_middle_of_a_look_does_hold_it_back(
    path: Path, writer: MirrorWriter
) -> None:
    """Positive control of the test above."""
    writer.apply_page(page(1, PatronChanged(patron())))
    engine = staying_reader_engine(path)
    with transaction(engine, mirror_error) as connection:
        connection.exec_driver_sql("SELECT * FROM feed").one()

        assert not emptied(path)
    engine.dispose()


def test_what_is_kept_of_a_look_follows_every_change(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    for version in (1, 2, 3):
        signed = sign_rules(HUB_KEY, rules(version))
        writer.apply_page(page(version, RulesChanged(signed)))

        for _ in range(2):
            assert reader.rules() == rules(version)
            assert reader.status().cursor == version
    writer.mark_synced(NOON)
    assert reader.status().synced_at == NOON


def test_threads_read_side_by_side_while_the_mirror_is_replaced(
    path: Path, reader: MirrorReader
) -> None:
    """Each sees the old one, nothing, or the new one; afterwards only the new one."""
    stop = threading.Event()

    def look() -> set[int]:
        seen = set()
        while not stop.is_set():
            seen.add(reader.status().cursor)
        return seen

    with ThreadPoolExecutor(6) as pool:
        looks = [pool.submit(look) for _ in range(6)]
        for cursor in range(1, 9):
            with closing(MirrorWriter(path, HUB_PUBLIC)) as one:
                one.apply_page(page(cursor, PatronChanged(patron(f"P{cursor}"))))
                assert reader.status().cursor == cursor
            if cursor < 8:
                set_aside(path)
        stop.set()
        seen = set().union(*(each.result() for each in looks))

    assert seen <= set(range(9))
    assert reader.status().cursor == 8
    assert reader.patron("P8") == patron("P8")


def test_mirror_that_is_replaced_each_time_it_is_opened_holds_nothing_for_now(
    path: Path, reader: MirrorReader, writer: MirrorWriter
) -> None:
    writer.apply_page(page(7))

    def replace(*_: object) -> None:
        """Between the look at the file and its opening."""
        path.with_name("new.db").write_bytes(path.read_bytes())
        path.with_name("new.db").replace(path)

    event.listen(reader._engine, "do_connect", replace)
    assert reader.status().cursor == 0

    event.remove(reader._engine, "do_connect", replace)
    assert reader.status().cursor == 7


def emptied(path: Path) -> bool:
    """Whether a checkpoint got to the end of the WAL and could begin it anew."""
    with closing(sqlite3.connect(path, timeout=0.1)) as other:
        busy, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
