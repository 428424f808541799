"""Deliver every batch many times over two bad lines, then look what came of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import func, select

from sync.agent.client import HubClient
from sync.agent.errors import HubBusy, HubError
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.protocol import Event, Kind
from tests.deliveries.hubs import Device, kinds
from tests.deliveries.proxy import Address, Cut, proxy

#: A half-open line costs this much each time; a loaded hub may need as long.
TIMEOUT_S = 4.0
#: Tries of one batch over a whole line before the hub is held to be broken.
MAX_TRIES = 50
_LINES = 2
_PAUSE_S = 0.05
Sender = Callable[[str, Device, int, int], None]
_CUTS = tuple(cut for cut in Cut if cut not in {Cut.NONE, Cut.HALF_OPEN})


@dataclass(slots=True)
class Figures:
    """What was done and what it came to; `faults` is empty if all is right."""

    events: int = 0
    deliveries: int = 0
    seconds: float = 0.0
    cuts: Counter[Cut] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        cuts = ", ".join(f"{n} {cut.value}" for cut, n in _named(self.cuts))
        rate = self.deliveries / self.seconds if self.seconds else 0
        return (
            f"{self.deliveries} deliveries of {self.events} events in "
            f"{self.seconds:.1f} s ({rate:.0f}/s); {cuts}; "
            f"faults: {'; '.join(self.faults) or 'none'}"
        )


class Chance:
    """Where the next request is cut: seeded; half-open lines are rare, they take time."""

    def __init__(self, seed: int, whole: float = 0.4, half_open: float = 0.002) -> None:
        self._random = random.Random(seed)
        self._whole = whole
        self._half_open = half_open
        self.healed = False

    def __call__(self) -> tuple[Cut, bool]:
        if self.healed:
            return Cut.NONE, False
        luck, hard = self._random.random(), self._random.random() < 0.5
        if luck < self._whole:
            return Cut.NONE, hard
        if luck < self._whole + self._half_open:
            return Cut.HALF_OPEN, hard
        return self._random.choice(_CUTS), hard


def deliver(
    hub: Hub,
    addresses: list[Address],
    devices: Sequence[Device],
    *,
    seed: int,
    batch: int = 100,
) -> Figures:
    """Send each batch one to ten times from two connections a kiosk, then once whole."""
    figures = Figures(events=sum(len(device.events) for device in devices))
    chance = Chance(seed)

    def note(request: bytes) -> None:
        figures.deliveries += request.count(b'"event_id":')

    started = time.monotonic()
    with proxy(addresses, chance, note) as line:
        _all_at_once(_careless, line.url, devices, seed, batch)
        chance.healed = True
        _all_at_once(_until_taken, line.url, devices, seed, batch)
        figures.cuts = line.cuts
    figures.seconds = time.monotonic() - started
    figures.faults = faults_of(hub, devices)
    return figures


def faults_of(hub: Hub, devices: Sequence[Device]) -> list[str]:
    """Whatever the hub has lost, doubled or invented."""
    sent = [event for device in devices for event in device.events]
    return [
        fault
        for fault in (_stored(hub, sent), _effects(hub, sent), _heads(hub, devices))
        if fault
    ]


def schedule(batches: int, rng: random.Random) -> list[int]:
    """Each batch one to five times on this line, now and then behind later ones."""
    places = [
        (number + rng.random() * (3 if again else 0), number)
        for number in range(batches)
        for again in range(rng.randint(1, 5))
    ]
    return [number for _, number in sorted(places)]


def _careless(url: str, device: Device, seed: int, batch: int) -> None:
    """Send by the schedule, whatever becomes of it."""
    batches, client = device.batches(batch), HubClient(url, device.signer, TIMEOUT_S)
    for number in schedule(len(batches), random.Random(seed)):
        try:
            client.push(batches[number])
        except HubError:
            continue
    client.close()


def _until_taken(url: str, device: Device, seed: int, batch: int) -> None:
    """As an agent does: the same batch until its answer is here."""
    del seed
    client = HubClient(url, device.signer, 3 * TIMEOUT_S)
    for each in device.batches(batch):
        _push(client, each)
    client.close()


def _push(client: HubClient, batch: Sequence[Event]) -> None:
    for _ in range(MAX_TRIES):
        try:
            answer = client.push(batch)
        except HubBusy as err:
            time.sleep(min(err.retry_after_s or _PAUSE_S, TIMEOUT_S))
            continue
        except HubError:
            continue
        listed = [verdict.event_id for verdict in answer.verdicts]
        assert listed == [event.event_id for event in batch]
        return


def _all_at_once(
    send: Sender, url: str, devices: Sequence[Device], seed: int, batch: int
) -> None:
    with ThreadPoolExecutor(_LINES * len(devices)) as lines:
        sending = [
            lines.submit(send, url, device, seed + line, batch)
            for line in range(_LINES)
            for device in devices
        ]
        for one in sending:
            one.result()


def _stored(hub: Hub, sent: Sequence[Event]) -> str:
    events = schema.events.c
    with hub.database.reading() as conn:
        rows = conn.execute(select(events.event_id, events.hash, events.verdict)).all()
    held = {(row.event_id, row.hash) for row in rows}
    ours = {(event.event_id, event.hash) for event in sent}
    if held != ours or len(rows) != len(held):
        return (
            f"{len(ours - held)} events lost, {len(rows) - len(ours & held)} too many"
        )
    unjudged = sum(row.verdict is None for row in rows)
    return f"{unjudged} events without a verdict" if unjudged else ""


def _effects(hub: Hub, sent: Sequence[Event]) -> str:
    """Each checkout began one loan, each checkin ended one; nothing else happened."""
    loans = schema.loans.c
    with hub.database.reading() as conn:
        rows = conn.execute(select(loans.loan_id, loans.closed_by, loans.renewed)).all()
        facts = conn.execute(select(func.count()).select_from(schema.facts)).scalar()
    begun = Counter(row.loan_id for row in rows)
    ended = Counter(row.closed_by for row in rows if row.closed_by)
    right = (
        begun == Counter(kinds(sent, Kind.CHECKOUT))
        and ended == Counter(kinds(sent, Kind.CHECKIN))
        and facts == len(sent)
        and not any(row.renewed for row in rows)
    )
    text = f"{facts} facts, {len(begun)} loans begun and {len(ended)} ended"
    return "" if right else f"{text} by {len(sent)} events"


def _heads(hub: Hub, devices: Sequence[Device]) -> str:
    """The hub acknowledges exactly what was sent, and found no break or conflict."""
    heads, cases = schema.kiosk_heads.c, schema.cases.c
    with hub.database.reading() as conn:
        rows = conn.execute(select(heads.kiosk_id, heads.seq, heads.hash)).all()
        alarms = conn.execute(
            select(cases.kind).where(
                cases.kind.in_(("chain_broken", "event_conflict", "event_parked"))
            )
        ).scalars()
        alarmed = Counter(alarms)
    held = {row.kiosk_id: (row.seq, row.hash) for row in rows}
    ours = {
        device.signer.key_id: (device.events[-1].seq, device.events[-1].hash)
        for device in devices
    }
    wrong = [name for name in ours if held.get(name) != ours[name]]
    return f"heads of {wrong}, alarms {dict(alarmed)}" if wrong or alarmed else ""


def _named(cuts: Counter[Cut]) -> list[tuple[Cut, int]]:
    return sorted(cuts.items(), key=lambda one: list(Cut).index(one[0]))
