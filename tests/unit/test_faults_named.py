"""Every fault of FAULTS.md is shown by a marked test, and every mark names a row."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
_ROW = re.compile(r"^\| (O\d\d) \|.*\| (.*) \|$", re.MULTILINE)


def rows() -> dict[str, set[str]]:
    """Fault → the files that the table names."""
    text = (TESTS / "FAULTS.md").read_text("utf-8")
    return {
        fault: set(re.findall(r"`([^`]+)`", files))
        for fault, files in _ROW.findall(text)
    }


def marks() -> dict[str, set[str]]:
    """Fault → the files with a test that is marked with it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in TESTS.rglob("*.py"):
        source = path.read_text("utf-8")
        if "mark.fault" in source:
            for fault in marks_in(source):
                found[fault].add(path.relative_to(TESTS).as_posix())
    return found


def marks_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="mark"), attr="fault")
            ):
                yield from (ast.literal_eval(name) for name in node.args)


def test_a_mark_is_found_in_the_source() -> None:
    source = '@pytest.mark.fault("O01", "O02")\ndef test_it(): ...'

    assert list(marks_in(source)) == ["O01", "O02"]
    assert list(marks_in('rig.reader.fault("O01")')) == []


def test_every_fault_is_shown_by_a_test() -> None:
    shown = marks()

    assert [fault for fault in rows() if not shown[fault]] == []


def test_every_mark_names_a_fault_of_the_table() -> None:
    assert marks().keys() - rows().keys() == set()


def test_the_table_names_the_files_that_show_a_fault() -> None:
    shown = marks()
    wrong = {fault: files for fault, files in rows().items() if files != shown[fault]}

    assert wrong == {}


def missing_files(text: str) -> set[str]:
    """Files under `tests` that a text names, and that are not there."""
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    return {name for name in named if not is_there(name)}


def is_there(name: str) -> bool:
    return any((folder / name).is_file() for folder in (TESTS, TESTS.parent))


def test_every_file_that_the_table_names_is_there() -> None:
    """Control: one that is not there is missed."""
    text = (TESTS / "FAULTS.md").read_text("utf-8")

    assert missing_files(text) == set()
    assert missing_files("`bench/page_time.py` `bench/no_time.py`") == {
        "bench/no_time.py"
    }
