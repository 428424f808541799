"""From stick to mirror: the hub's answer, as far as it is genuine and fits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, assert_never

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.identity import Identity
from kiosk.store.errors import BadRulesSignature, PageTooFarOn
from sync.agent.errors import HubUnreachable
from sync.agent.outbox import holds
from sync.keys import box_key, public_key
from sync.protocol import AckedThrough, Verdict, is_sane, not_stored
from sync.stick.letters import Judged, Letter, Page
from sync.stick.reading import Damage, Opened, Unseal, read
from sync.stick.segments import BadSegment, Direction, Segment, unseal


class Interrupted(Exception):
    """The process is to end; the file is applied again at the next start."""


class LateMirror(Protocol):
    """What a stick is written into; each call is one transaction."""

    def put_late_verdicts(
        self,
        verdicts: Sequence[Verdict],
        acked_through: AckedThrough | None,
        hub_time: dt.datetime,
    ) -> None: ...

    def apply_late_page(self, letter: Page) -> bool: ...


class Applied(msgspec.Struct, frozen=True):
    """What became of a file. `pages_known`: pages that the mirror had already.

    `conflicts`: events that the hub did not take, because it holds others under their
    numbers; `problems` name the place in the file and what is wrong there.
    """

    file: str
    verdicts: int = 0
    conflicts: int = 0
    pages: int = 0
    pages_known: int = 0
    hub_time: dt.datetime | None = None
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Application:
    """Applies files of one kiosk, segment by segment."""

    identity: Identity
    key: Ed25519PrivateKey
    mirror: LateMirror
    go_on: Callable[[], bool] = field(default=lambda: True)

    def apply(
        self, path: Path, progress: Callable[[int], None] = lambda _bytes: None
    ) -> Applied:
        """Apply what is good of a file; `progress` gets the bytes read so far.

        Raises StoreError, and Interrupted once `go_on` says no.
        """
        done = Applied(path.name)
        for found in read(path, self._unseal()):
            if not self.go_on():
                raise Interrupted(f"{path.name}: goes on at the next start")
            if isinstance(found, Damage):
                done = _with_problem(done, str(found))
            else:
                done = self._take(done, found)
                progress(found.end)
        return done

    def _unseal(self) -> Unseal:
        hub, own = public_key(self.identity.hub_key), box_key(self.key)

        def open_ours(segment: Segment) -> bytes:
            header = segment.header
            if header.direction is not Direction.TO_KIOSK:
                raise BadSegment("is on its way to the hub, not from it")
            if header.kiosk_id != self.identity.kiosk_id:
                raise BadSegment(f"is for {header.kiosk_id[:80]!r}, not for this kiosk")
            return unseal(segment, hub, own)

        return open_ours

    def _take(self, done: Applied, opened: Opened) -> Applied:
        try:
            letter: Letter = msgspec.json.decode(opened.content, type=Letter)
            return self._apply(done, letter)
        except (
            BadRulesSignature,
            HubUnreachable,
            PageTooFarOn,
            msgspec.DecodeError,
        ) as err:
            return _with_problem(done, f"segment {opened.header.number}: {err}")

    def _apply(self, done: Applied, letter: Letter) -> Applied:
        told = letter.answer if isinstance(letter, Judged) else letter.page
        if not is_sane(told.hub_time):
            raise HubUnreachable(f"written at an impossible time, {told.hub_time}")
        match letter:
            case Judged(answer=answer):
                stored = [one for one in answer.verdicts if not not_stored(one)]
                acked = holds(letter.epoch, answer.acked_through)
                self.mirror.put_late_verdicts(stored, acked, answer.hub_time)
                return msgspec.structs.replace(
                    done,
                    verdicts=done.verdicts + len(stored),
                    conflicts=done.conflicts + len(answer.verdicts) - len(stored),
                    hub_time=answer.hub_time,
                )
            case Page(page=page):
                was_new = self.mirror.apply_late_page(letter)
                return msgspec.structs.replace(
                    done,
                    pages=done.pages + was_new,
                    pages_known=done.pages_known + (not was_new),
                    hub_time=page.hub_time,
                )
            case _:
                assert_never(letter)


def _with_problem(done: Applied, problem: str) -> Applied:
    return msgspec.structs.replace(done, problems=(*done.problems, problem))
