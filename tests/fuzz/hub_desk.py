"""Pages of the desk with made-up addresses, queries and forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from hypothesis import strategies as st
from werkzeug.routing import Rule

from sync.hub import desk

#: Those that end or begin a session.
LEFT_OUT = {"login", "enter", "logout", "static"}
_FIELD = re.compile(r'name="([a-z_]+)"')
_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>")
#: What a person or a program may put into any field.
ODD = (
    "",
    " ",
    "0",
    "-1",
    "9" * 30,
    "1e9",
    "nan",
    "\0",
    "a\0b",
    "\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "围城",
    "'; --",
    "%",
    "..",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "mon-fri 09:00-17:00",
    "x" * 5000,
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request to the desk; `fields` go into the query or, by POST, into the form."""

    endpoint: str
    method: str
    path: str
    fields: dict[str, str]


def visits(app: Flask, names: Sequence[str]) -> st.SearchStrategy[Visit]:
    """Requests to every page. `names`: what there is in the county, of any kind."""
    values = st.one_of(
        st.sampled_from(names), st.sampled_from(ODD), st.text(max_size=20)
    )
    fields = st.dictionaries(st.sampled_from(field_names()), values, max_size=8)
    return st.one_of(
        [
            _to(rule, method, names, fields)
            for rule in sorted(pages(app), key=str)
            for method in sorted((rule.methods or set()) & {"GET", "POST"})
        ]
    )


def pages(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.rpartition(".")
        if blueprint == "desk" and name not in LEFT_OUT:
            yield rule


def field_names() -> list[str]:
    """Every field of every form of the desk, and how a page is turned."""
    folder = Path(desk.__file__).parent / "templates"
    found = {"after", "before", "page", "state"}
    for template in folder.rglob("*.html"):
        found.update(_FIELD.findall(template.read_text("utf-8")))
    return sorted(found - {"csrf"})


def _to(
    rule: Rule,
    method: str,
    names: Sequence[str],
    fields: st.SearchStrategy[dict[str, str]],
) -> st.SearchStrategy[Visit]:
    text = st.one_of(st.sampled_from(names), st.sampled_from(("0", "none", "%00", "…")))
    number = st.sampled_from(("0", "1", "2", "999999999999999999999"))
    places = _PLACE.findall(rule.rule)
    parts = st.tuples(*(number if kind == "int" else text for kind, _ in places))
    return st.builds(
        lambda filled, given: Visit(
            rule.endpoint, method, _filled(rule.rule, filled), given
        ),
        parts,
        fields,
    )


def _filled(pattern: str, parts: Sequence[str]) -> str:
    rest = iter(parts)
    return _PLACE.sub(lambda _place: next(rest), pattern)
