"""Who may do what, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.hub.county.permits import (
    LOCAL,
    Action,
    Role,
    Standing,
    allows,
    may,
    reach,
)
from sync.hub.county.tree import in_order, ring, subtree

#: hub → two towns → a village each; and a second town's village.
PARENTS = {
    "hub": None,
    "north": "hub",
    "south": "hub",
    "n1": "north",
    "n2": "north",
    "s1": "south",
}
SITES = [f"s{number}" for number in range(12)]


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    """Sites of which each but the first stands below an earlier one, or at the top."""
    count = draw(st.integers(1, len(SITES)))
    return {
        site: draw(st.sampled_from([None, *SITES[:number]]))
        for number, site in enumerate(SITES[:count])
    }


def is_below(site: str | None, top: str, parents: dict[str, str | None]) -> bool:
    """The plain definition: climbing up from the site leads to `top`."""
    while site is not None:
        if site == top:
            return True
        site = parents[site]
    return False


@given(trees(), st.data())
def test_nobody_reaches_a_site_outside_the_own_subtree(
    parents: dict[str, str | None], data: st.DataObject
) -> None:
    home = data.draw(st.sampled_from(sorted(parents)))
    other = data.draw(st.sampled_from(sorted(parents)))
    action = data.draw(st.sampled_from(sorted(Action)))

    town = allows(Standing(Role.TOWN, home), action, other, parents)
    keeper = allows(Standing(Role.KEEPER, home), action, other, parents)

    assert town == (may(Role.TOWN, action) and is_below(other, home, parents))
    assert keeper == (may(Role.KEEPER, action) and other == home)


@given(trees())
def test_tree_is_listed_whole_with_each_site_after_the_one_above(
    parents: dict[str, str | None],
) -> None:
    listed = [site for site, _depth in in_order(parents)]

    assert sorted(listed) == sorted(parents)
    for site, parent in parents.items():
        assert parent is None or listed.index(parent) < listed.index(site)


@given(trees(), st.data())
def test_ring_is_found_and_only_what_hangs_on_it(
    parents: dict[str, str | None], data: st.DataObject
) -> None:
    assert ring(parents) == frozenset()
    top = data.draw(st.sampled_from(sorted(parents)))
    below = subtree(top, parents)

    bent = parents | {top: data.draw(st.sampled_from(sorted(below)))}

    assert ring(bent) == below


def test_ring_does_not_hang_the_search() -> None:
    assert subtree("a", {"a": "b", "b": "a"}) == {"a", "b"}


def test_town_sees_its_villages_and_no_other_town() -> None:
    assert reach(Standing(Role.TOWN, "north"), PARENTS) == {"north", "n1", "n2"}


def test_village_that_moves_is_seen_by_its_new_town_alone() -> None:
    moved = PARENTS | {"n2": "south"}

    assert "n2" not in (reach(Standing(Role.TOWN, "north"), moved) or ())
    assert "n2" in (reach(Standing(Role.TOWN, "south"), moved) or ())


@pytest.mark.parametrize("role", sorted(LOCAL))
def test_local_role_without_a_site_reaches_nothing(role: Role) -> None:
    assert reach(Standing(role), PARENTS) == frozenset()
    assert not allows(Standing(role), Action.SEE_FIGURES, None, PARENTS)


@pytest.mark.parametrize("role", sorted(set(Role) - LOCAL))
def test_county_role_reaches_the_county_itself(role: Role) -> None:
    assert reach(Standing(role), PARENTS) is None
    assert allows(Standing(role), Action.SEE_FIGURES, None, PARENTS)


@pytest.mark.parametrize("role", [Role.BUREAU, Role.ASSESSOR])
def test_who_only_reads_never_sees_persons_nor_changes_anything(role: Role) -> None:
    may_do = {action for action in Action if may(role, action)}

    assert not may_do & {Action.SEE_RECORDS, Action.SEE_PATRONS, Action.SEE_AUDIT}
    assert {action for action in may_do if not action.startswith("see_")} == {
        Action.OPEN,
        Action.OWN,
    }


def test_assessor_sees_sums_and_nothing_else() -> None:
    seen = {action for action in Action if may(Role.ASSESSOR, action)}

    assert seen == {Action.OPEN, Action.OWN, Action.SEE_FIGURES}
