"""From tags on the pad to books: whose they are, which belong together, what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from drivers.api import Tag
from drivers.tagdata.detect import Model, TagContent, read_tag
from kiosk.domain.rules import Rules
from kiosk.domain.session import Book, BookClass
from kiosk.service.ports import Mirror

#: Main type of usage "patron card" (ISO 28560-1, high nibble).
_USAGE_PATRON_CARD = 8


def read_stack(tags: Iterable[Tag], mirror: Mirror) -> tuple[Book, ...]:
    """Turn the tags of a stack into books, in the order the tags came.

    Tags with the same item are one book when they are different parts of a set,
    and a duplicate otherwise. A tag that says nothing may be known by its UID.
    """
    rules = mirror.rules()
    groups: dict[str, list[tuple[Tag, TagContent]]] = defaultdict(list)
    for tag in tags:
        content = _known_by_uid(tag, read_tag(tag), mirror)
        groups[content.item or tag.uid].append((tag, content))
    books: list[Book] = []
    for members in groups.values():
        books += _books(members, rules, mirror)
    return tuple(books)


def card_numbers(tag: Tag) -> tuple[str, ...]:
    """What a tag on the pad may be known by as a patron's card; nothing for a book."""
    content = read_tag(tag)
    if _is_card(content):
        return (content.item, tag.uid) if content.item else (tag.uid,)
    return () if content.item else (tag.uid,)


def scanned_book(barcode: str, mirror: Mirror) -> Book | None:
    """A book by its label, or None when the mirror does not know the barcode."""
    if mirror.item(barcode) is None:
        return None
    title, author = _words(barcode, mirror)
    return Book(barcode, BookClass.OWN, barcode, title, author)


def _known_by_uid(tag: Tag, content: TagContent, mirror: Mirror) -> TagContent:
    item = None if content.item else mirror.item_of_tag(tag.uid)
    if item is None:
        return content
    return TagContent(Model.UNKNOWN, item=item.barcode, owner=item.owner)


def _is_card(content: TagContent) -> bool:
    return content.usage is not None and content.usage >> 4 == _USAGE_PATRON_CARD


def _books(
    members: Sequence[tuple[Tag, TagContent]], rules: Rules | None, mirror: Mirror
) -> list[Book]:
    parts = [content.part for _, content in members]
    if len(members) > 1 and len(set(parts)) < len(members):
        return [_book([member], BookClass.DUPLICATE, mirror) for member in members]
    return [_book(members, _classify(members, rules), mirror)]


def _book(
    members: Sequence[tuple[Tag, TagContent]], kind: BookClass, mirror: Mirror
) -> Book:
    uids = tuple(tag.uid for tag, _ in members)
    content = members[0][1]
    # What is on a patron's card is nobody's business here, least of all the screen's.
    barcode = "" if kind is BookClass.CARD else content.item
    title, author = _words(barcode, mirror)
    return Book(
        key=uids[0] if kind is BookClass.DUPLICATE else barcode or uids[0],
        kind=kind,
        barcode=barcode,
        title=title,
        author=author,
        uids=uids,
        missing=max(0, content.parts - len(members)),
    )


def _classify(
    members: Sequence[tuple[Tag, TagContent]], rules: Rules | None
) -> BookClass:
    content = members[0][1]
    if content.model is Model.BLANK:
        return BookClass.BLANK
    if _is_card(content):
        return BookClass.CARD
    if not content.item:
        return BookClass.UNREADABLE
    if content.parts > len(members):
        return BookClass.INCOMPLETE
    return _owner_class(content.owner, rules)


def _owner_class(owner: str, rules: Rules | None) -> BookClass:
    # Old stock carries no owner; its barcode is then judged like a scanned one.
    if rules is None or not owner or owner in rules.owners:
        return BookClass.OWN
    return BookClass.PARTNER if owner in rules.partners else BookClass.FOREIGN


def _words(barcode: str, mirror: Mirror) -> tuple[str, str]:
    item = mirror.item(barcode) if barcode else None
    title = mirror.title(item.title_id) if item else None
    return (title.title, title.author) if title else ("", "")
