"""`tongjie hub cases` on a real database."""

from __future__ import annotations

import json

from click.testing import CliRunner, Result

from sync.hub import cli
from tests.integration import decision_stories as stories
from tests.integration.hub_world import County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

CASE = "loan_displaced:k2-e1-1"


def run(here: County, *words: str) -> Result:
    url = here.hub.database.engine.url.render_as_string(hide_password=False)
    environment = {"TONGJIE_HUB_DATABASE": url}
    return CliRunner(env=environment).invoke(cli.hub, ["cases", *words])


def test_case_is_listed_shown_decided_and_taken_back(county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)

    listed = [json.loads(line) for line in run(county, "list", "--json").output.split()]
    shown = json.loads(run(county, "show", CASE, "--json").output)
    decided = run(county, "resolve", CASE, "annul", "--note", "on the shelf", "--json")
    after = county.open_loans()
    undone = json.loads(run(county, "undo", CASE, "--json").output)

    assert [one["case_id"] for one in listed] == [CASE]
    assert [one["name"] for one in shown["devices"]] == ["event", "before"]
    assert shown["choices"][0] == "noted"
    assert json.loads(decided.output) == {"case_id": CASE, "state": "resolved"}
    assert after == {"YL0001": "R1"}
    assert undone == {"case_id": CASE, "state": "open"}
    assert county.open_loans() == {"YL0001": "R2"}


def test_text_form_says_the_same(county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)

    assert CASE in run(county, "list").output
    assert "choices\tnoted" in run(county, "show", CASE).output


def test_what_can_not_be_done_is_one_line_and_exit_code_1(county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)

    for words in (("show", "x"), ("undo", CASE), ("resolve", CASE, "register")):
        done = run(county, *words)
        assert (done.exit_code, done.output.count("\n")) == (1, 1), done.output
        assert done.output.startswith("Error: ")
