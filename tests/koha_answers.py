"""What a small Koha answers to the paths of its REST API that a client may need.

Its loans are those of `tests.sip2_library`, so that a SIP2 server can stand beside it.
Nothing tells a repeat from something new: what is sent twice leaves a trace in `deeds`.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from sync.sip2 import requests as sip
from tests.sip2_library import Library, Loan

JSON = "application/json;charset=UTF-8"
#: The last minute of a day in the county, as Koha may say it: in another zone.
LAST_MINUTE = dt.time(15, 59, tzinfo=dt.UTC)
FIRST_ITEM, FIRST_PATRON, LOANS_OF_ITEM = 100, 1, 1000


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": JSON})


@dataclass
class Koha:
    """`confirms` and `blockers` are what it says of every loan."""

    library: Library = field(default_factory=Library)
    secret: str = "hush"
    confirms: set[str] = field(default_factory=set)
    blockers: set[str] = field(default_factory=set)
    ignores_search: bool = False
    tokens: list[str] = field(default_factory=list)

    # --- ids ----------------------------------------------------------------------

    def item_id(self, barcode: str) -> int:
        return FIRST_ITEM + sorted(self.library.titles).index(barcode)

    def patron_id(self, card: str) -> int:
        return FIRST_PATRON + sorted(self.library.pins).index(card)

    def barcode(self, item_id: int) -> str | None:
        names = {self.item_id(name): name for name in self.library.titles}
        return names.get(item_id)

    def card(self, patron_id: int) -> str | None:
        names = {self.patron_id(name): name for name in self.library.pins}
        return names.get(patron_id)

    def checkout(self, barcode: str, loan: Loan) -> dict[str, Any]:
        before = self.library.deeds.count(("lent", barcode))
        due = dt.datetime.combine(loan.due, LAST_MINUTE)
        return {
            "checkout_id": LOANS_OF_ITEM * before + self.item_id(barcode),
            "patron_id": self.patron_id(loan.patron),
            "item_id": self.item_id(barcode),
            "due_date": due.isoformat(),
            "library_id": "CPL",
            "checkin_date": None,
        }

    # --- what is asked --------------------------------------------------------------

    def token(self, form: dict[str, str]) -> Response:
        if form.get("grant_type") != "client_credentials":
            return problem(400, "Unimplemented grant type")
        if (form.get("client_id"), form.get("client_secret")) != ("key", self.secret):
            return problem(403, "unauthorized_client")
        self.tokens.append(f"token-{len(self.tokens)}")
        told = {"access_token": self.tokens[-1], "token_type": "Bearer"}
        return answer(200, told | {"expires_in": 3600})

    def items(self, query: dict[str, str]) -> Response:
        name = query["external_id"]
        known = [name] if name in self.library.titles else []
        return answer(200, [self._item(one) for one in known])

    def item(self, item_id: int) -> Response:
        barcode = self.barcode(item_id)
        if barcode is None:
            return problem(404, "Item not found")
        return answer(200, self._item(barcode))

    def patrons(self, query: dict[str, str]) -> Response:
        card = query["cardnumber"]
        known = [card] if card in self.library.pins else []
        rows = [{"patron_id": self.patron_id(one), "cardnumber": one} for one in known]
        return answer(200, rows)

    def checkouts(self, query: dict[str, str]) -> Response:
        loans = self.library.loans.items()
        rows = [self.checkout(barcode, loan) for barcode, loan in loans]
        if not self.ignores_search:
            wanted = json.loads(query.get("q", "{}"))
            wanted |= {k: int(v) for k, v in query.items() if k == "patron_id"}
            rows = [row for row in rows if wanted.items() <= row.items()]
        size = int(query.get("_per_page", 20))
        first = size * (int(query.get("_page", 1)) - 1)
        return answer(200, rows[first : first + size])

    def availability(self, query: dict[str, str]) -> Response:
        item_id, patron_id = int(query["item_id"]), int(query["patron_id"])
        asked = self._asked(self.barcode(item_id), self.card(patron_id))
        told: dict[str, Any] = {"warnings": {}, "confirmation_token": seal(asked)}
        told["confirms"] = {keyword: {"more": 1} for keyword in asked}
        told["blockers"] = dict.fromkeys(self.blockers, 1)
        return answer(200, told)

    def lend(self, query: dict[str, str], body: dict[str, int]) -> Response:
        barcode, card = self.barcode(body["item_id"]), self.card(body["patron_id"])
        if barcode is None:
            return problem(409, "Item not found", error_code="ITEM_NOT_FOUND")
        if card is None:
            return problem(409, "Patron not found", error_code="PATRON_NOT_FOUND")
        if self.blockers:
            words = " ".join(sorted(self.blockers))
            return problem(403, f"Checkout not authorized ({words})")
        asked = self._asked(barcode, card)
        if asked and query.get("confirmation") != seal(asked):
            return problem(412, "Confirmation error")
        return self._done(barcode, card)

    def renew(self, checkout_id: int) -> Response:
        barcode = self.barcode(checkout_id % LOANS_OF_ITEM)
        loan = self.library.loans.get(barcode or "")
        if barcode is None or loan is None:
            return problem(404, "Checkout not found", error_code="not_found")
        if self.blockers:
            words = " ".join(sorted(self.blockers))
            return problem(403, f"Renewal not authorized ({words})")
        self.library.answer(a_renewal(loan.patron, barcode))
        return answer(201, self.checkout(barcode, self.library.loans[barcode]))

    def validation(self, body: dict[str, str]) -> Response:
        card = body["identifier"]
        if self.library.pins.get(card) != body["password"]:
            return problem(400, "Validation failed")
        told = {"cardnumber": card, "patron_id": self.patron_id(card)}
        return answer(201, told)

    def _item(self, barcode: str) -> dict[str, Any]:
        lent = "2026-11-23" if barcode in self.library.loans else None
        return {
            "item_id": self.item_id(barcode),
            "external_id": barcode,
            "checked_out_date": lent,
        }

    def _asked(self, barcode: str | None, card: str | None) -> set[str]:
        loan = self.library.loans.get(barcode or "")
        if loan is None:
            return set(self.confirms)
        own = loan.patron == card
        return self.confirms | {"RENEW_ISSUE" if own else "ISSUED_TO_ANOTHER"}

    def _done(self, barcode: str, card: str) -> Response:
        loan = self.library.loans.get(barcode)
        if loan is not None and loan.patron != card:
            del self.library.loans[barcode]
            self.library.deeds.append(("taken away", barcode))
        self.library.answer(a_checkout(card, barcode))
        return answer(201, self.checkout(barcode, self.library.loans[barcode]))


def answer(status: int, told: object) -> Response:
    return Response(status, json.dumps(told).encode())


def problem(status: int, error: str, **more: Any) -> Response:
    return answer(status, {"error": error, **more})


def no_route() -> Response:
    return answer(404, {"errors": [{"message": "Not Found.", "path": "/"}]})


def seal(keywords: set[str]) -> str:
    return "sealed:" + ":".join(sorted(keywords))


def a_checkout(card: str, barcode: str) -> sip.Checkout:
    return sip.Checkout(
        sc_renewal_policy=False,
        no_block=False,
        transaction_date=None,
        nb_due_date=None,
        institution_id="",
        patron_identifier=card,
        item_identifier=barcode,
        terminal_password="",
    )


def a_renewal(card: str, barcode: str) -> sip.Renew:
    return sip.Renew(
        third_party_allowed=False,
        no_block=False,
        transaction_date=None,
        nb_due_date=None,
        institution_id="",
        patron_identifier=card,
        item_identifier=barcode,
    )
