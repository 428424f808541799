"""The county's sites as a tree: what lies below what, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: Site → the site above it, None at the top.
Parents = Mapping[str, str | None]


def subtree(site: str, parents: Parents) -> frozenset[str]:
    """A site and all below it. Ends even if the tree has a ring in it."""
    below = _children(parents)
    found, waiting = {site}, [site]
    while waiting:
        fresh = set(below.get(waiting.pop(), ())) - found
        found |= fresh
        waiting += fresh
    return frozenset(found)


def ring(parents: Parents) -> frozenset[str]:
    """Sites that never lead to the top, since one of them lies below itself."""
    good: set[str | None] = {None, *parents.values()} - set(parents)
    left = dict(parents)
    while fresh := [site for site, parent in left.items() if parent in good]:
        good.update(fresh)
        for site in fresh:
            del left[site]
    return frozenset(left)


def in_order(parents: Parents) -> Iterator[tuple[str, int]]:
    """Each site after the one above it, by number, with its depth from the top.

    A site whose parent is not among them stands at the top.
    """
    below = _children(
        {
            site: parent if parent in parents else None
            for site, parent in parents.items()
        }
    )
    waiting = [(site, 0) for site in sorted(below.get(None, ()), reverse=True)]
    while waiting:
        site, depth = waiting.pop()
        yield site, depth
        children = sorted(below.get(site, ()), reverse=True)
        waiting += [(child, depth + 1) for child in children]


def _children(parents: Parents) -> dict[str | None, list[str]]:
    below: dict[str | None, list[str]] = {}
    for child, parent in parents.items():
        below.setdefault(parent, []).append(child)
    return below
