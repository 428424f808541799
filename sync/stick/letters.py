"""What a stick's segments say: the wire's own values, carried instead of sent."""

from __future__ import annotations

import msgspec

from sync.protocol import BatchAnswer, Count, Event, FeedPage, Run


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Kiosk to hub: a `Batch`, and where the kiosk's mirror goes on."""

    events: tuple[Event, ...]
    cursor: Count
    run: Run = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True, tag="judged"):
    """Hub to kiosk: what the hub made of one `Report`.

    `acked_through` of the answer is what the hub held when it wrote the whole file.
    """

    epoch: str
    answer: BatchAnswer


class Page(msgspec.Struct, frozen=True, kw_only=True, tag="page"):
    """Hub to kiosk: a page of the feed that begins after the cursor `after`.

    `newest` is the newest version that the hub had when it wrote the file.
    """

    after: Count
    newest: Count
    page: FeedPage


Letter = Judged | Page
