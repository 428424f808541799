"""A small real hub on loopback that misbehaves as a test tells it to."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.keys import box_hex, public_hex
from sync.protocol import (
    AckedThrough,
    Batch,
    BatchAnswer,
    Change,
    Enrol,
    Enrolled,
    Event,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Outcome,
    Problem,
    Verdict,
)
from sync.signing import (
    NONCE_HEADER,
    SigningError,
    StaleNonce,
    issue_nonce,
    nonce_is_fresh,
    verify,
)

SECRET = b"the hub's secret"
HUB_KEY = Ed25519PrivateKey.from_private_bytes(b"h" * 32)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send instead of the true answer; `cut` bytes of it, then hang up."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pause_per_byte_s: float = 0.0


Fault = Reply | Callable[[Any], Reply]


def problem(status: int, error: str, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, msgspec.json.encode(Problem(error=error)), headers=names)


class ScriptedHub:
    """Keeps what it was sent. `faults` are answered first, one for each request.

    `only` confines faults to paths that end so. `lose_answers`: do the work, then
    hang up. `unreadable`: event ids that it answers with `unreadable_status`.
    `outcomes`, `reasons`: verdicts by event id; an event with a reason is not kept.
    """

    def __init__(self, keys: dict[str, str]) -> None:
        self.keys = keys
        self.events: dict[tuple[str, int], Event] = {}
        self.arrivals: list[tuple[int, ...]] = []
        self.requests: list[str] = []
        self.heartbeats: list[Heartbeat] = []
        self.faults: deque[Fault] = deque()
        self.only = ""
        self.lose_answers = 0
        self.list_only: Callable[[Event], bool] = lambda _: True
        self.unreadable: set[str] = set()
        self.unreadable_status = 422
        self.reasons: dict[str, str] = {}
        self.max_events = 1000
        self.outcomes: dict[str, Outcome] = {}
        self.changes: list[Change] = []
        self.page_size = 500
        self.claims: AckedThrough | None = None
        self.codes: dict[str, str | None] = {}
        self.revoked = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), name="scripted-hub"
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def seqs(self, epoch: str) -> list[int]:
        return sorted(seq for of, seq in self.events if of == epoch)

    def forget_after(self, epoch: str, seq: int) -> None:
        """Be restored from an older backup."""
        gone = [key for key in self.events if key[0] == epoch and key[1] > seq]
        for key in gone:
            del self.events[key]

    def answer(self, method: str, path: str, body: bytes, headers: Any) -> Reply:
        self.requests.append(f"{method} {urlsplit(path).path}")
        if self.faults and path.partition("?")[0].endswith(self.only):
            fault = self.faults.popleft()
            return fault if isinstance(fault, Reply) else fault(self)
        try:
            kiosk = self._signer(method, path, body, headers)
        except StaleNonce as err:
            return self._with_nonce(problem(401, "stale_nonce"), err.key_id)
        except SigningError:
            return problem(401, "bad_signature")
        reply = self._dispatch(urlsplit(path).path, path, body)
        if self.lose_answers > 0:
            self.lose_answers -= 1
            return Reply(reply.status, reply.body, cut=0)
        return self._with_nonce(reply, kiosk)

    def _signer(self, method: str, path: str, body: bytes, headers: Any) -> str:
        def key_of(key_id: str) -> str | None:
            return key_id if path == "/v1/enrol" else self.keys.get(key_id)

        def fresh(key_id: str, nonce: str) -> bool:
            return nonce_is_fresh(SECRET, key_id, nonce, _now())

        url = f"http://{headers['Host']}{path}"
        return verify(method, url, headers, body, key_of, fresh)

    def _with_nonce(self, reply: Reply, key_id: str) -> Reply:
        nonce = issue_nonce(SECRET, key_id, _now())
        return Reply(
            reply.status,
            reply.body,
            reply.content_type,
            {**reply.headers, NONCE_HEADER: nonce},
        )

    def _dispatch(self, route: str, path: str, body: bytes) -> Reply:
        if route == "/v1/events":
            return self._take(msgspec.json.decode(body, type=Batch).events)
        if self.revoked:
            return problem(403, "revoked")
        if route == "/v1/feed":
            return self._page(int(parse_qs(urlsplit(path).query)["cursor"][0]))
        if route == "/v1/heartbeat":
            return self._beat(msgspec.json.decode(body, type=Heartbeat))
        return self._enrol(msgspec.json.decode(body, type=Enrol))

    def _take(self, events: tuple[Event, ...]) -> Reply:
        if len(events) > self.max_events:
            return problem(413, "too_large")
        if any(event.event_id in self.unreadable for event in events):
            return problem(self.unreadable_status, "invalid")
        self.arrivals.append(tuple(event.seq for event in events))
        if not self._keep(events):
            return problem(409, "conflict")
        verdicts = tuple(self._verdict(e) for e in events if self.list_only(e))
        answer = BatchAnswer(
            verdicts=verdicts,
            acked_through=self._acked(events[0].epoch),
            hub_time=_now(),
        )
        return _ok(answer)

    def _keep(self, events: tuple[Event, ...]) -> bool:
        good = [event for event in events if event.event_id not in self.reasons]
        held = [self.events.setdefault((e.epoch, e.seq), e) for e in good]
        return held == good

    def _verdict(self, event: Event) -> Verdict:
        return Verdict(
            event_id=event.event_id,
            epoch=event.epoch,
            seq=event.seq,
            outcome=self.outcomes.get(event.event_id, Outcome.ACCEPTED),
            reason=self.reasons.get(event.event_id),
        )

    def _acked(self, epoch: str) -> AckedThrough | None:
        if self.claims is not None:
            return self.claims
        seq = 0
        while (epoch, seq + 1) in self.events:
            seq += 1
        if seq == 0:
            return None
        return AckedThrough(epoch=epoch, seq=seq, hash=self.events[epoch, seq].hash)

    def _page(self, cursor: int) -> Reply:
        if cursor > len(self.changes):
            return problem(409, "cursor_unknown")
        end = min(cursor + self.page_size, len(self.changes))
        page = FeedPage(
            changes=tuple(self.changes[cursor:end]),
            cursor=end,
            more=end < len(self.changes),
            hub_time=_now(),
        )
        return _ok(page)

    def _beat(self, beat: Heartbeat) -> Reply:
        self.heartbeats.append(beat)
        answer = HeartbeatAnswer(
            acked_through=self._acked(beat.epoch),
            hub_time=_now(),
        )
        return _ok(answer)

    def _enrol(self, request: Enrol) -> Reply:
        holder = self.codes.get(request.code, "unknown")
        if holder not in {None, request.public_key}:
            return problem(403, "bad_code")
        self.codes[request.code] = request.public_key
        self.keys["K-1"] = request.public_key
        enrolled = Enrolled(
            kiosk_id="K-1",
            site_id="S-1",
            hub_key=public_hex(HUB_KEY),
            hub_box_key=box_hex(HUB_KEY),
            hub_time=_now(),
        )
        return _ok(enrolled)

    def _handler(hub) -> type[BaseHTTPRequestHandler]:  # noqa: N805  (two selves)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._respond(b"")

            def do_POST(self) -> None:
                self._respond(self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: object) -> None:
                """Stay silent."""

            def _respond(self, body: bytes) -> None:
                reply = hub.answer(self.command, self.path, body, self.headers)
                try:
                    self._send(reply)
                except OSError:
                    self.close_connection = True

            def _send(self, reply: Reply) -> None:
                if reply.cut == 0:
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self._send_body(reply)

            def _send_body(self, reply: Reply) -> None:
                body = reply.body[: reply.cut]
                if not reply.pause_per_byte_s:
                    self.wfile.write(body)
                else:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        time.sleep(reply.pause_per_byte_s)
                if reply.cut is not None:
                    self.close_connection = True

        return Handler


def _ok(answer: msgspec.Struct) -> Reply:
    return Reply(body=msgspec.json.encode(answer))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


PORTAL = Reply(body=b"<html>Welcome, please log in</html>", content_type="text/html")
