"""The few paths of Koha's REST API that we need, by its own names."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
import requests
from msgspec import Meta

from sync.hub.library.koha_http import Fields, KohaHttp
from sync.hub.library.koha_reading import Declined, NoSuchPath, NotServed

#: Rows of one answer, and how many answers a list is read from at most.
PAGE_ROWS, MOST_PAGES = 50, 100


class Checkout(msgspec.Struct, frozen=True):
    """A loan that is open there. Without an item, that was deleted since."""

    checkout_id: int
    due_date: Annotated[dt.datetime, Meta(tz=True)]
    patron_id: int | None = None
    item_id: int | None = None


class Availability(msgspec.Struct, frozen=True):
    """Why a loan is impossible, and what somebody has to say yes to, by keyword."""

    confirmation_token: str
    blockers: dict[str, Any] = {}
    confirms: dict[str, Any] = {}


class _Item(msgspec.Struct, frozen=True):
    item_id: int
    external_id: str | None = None


class _Patron(msgspec.Struct, frozen=True):
    patron_id: int
    cardnumber: str | None = None


class KohaApi:
    """Each raises NotServed or Declined; `lend` and `renew` Uncertain as well."""

    def __init__(self, http: KohaHttp) -> None:
        self._http = http
        self._renewals = "renewals"

    def item_id(self, barcode: str) -> int | None:
        query = {"external_id": barcode, "_match": "exact"}
        rows = self._http.get("/items", list[_Item], query)
        found = [row.item_id for row in rows if _same(row.external_id, barcode)]
        return found[0] if len(found) == 1 else None

    def patron_id(self, number: str) -> int | None:
        query = {"cardnumber": number, "_match": "exact"}
        rows = self._http.get("/patrons", list[_Patron], query)
        found = [row.patron_id for row in rows if _same(row.cardnumber, number)]
        return found[0] if len(found) == 1 else None

    def barcode(self, item_id: int) -> str | None:
        return self._http.get(f"/items/{item_id}", _Item).external_id

    def checkout_of(self, item_id: int) -> Checkout | None:
        """The loan of an item; an answer about others is no answer."""
        wanted = msgspec.json.encode({"item_id": item_id}).decode()
        rows = self._http.get("/checkouts", list[Checkout], {"q": wanted})
        if any(row.item_id != item_id for row in rows):
            raise NotServed("this Koha does not search its loans by item")
        return rows[0] if rows else None

    def checkouts_by(self, patron_id: int) -> list[Checkout]:
        """All loans of a patron."""
        found: list[Checkout] = []
        for page in range(1, MOST_PAGES + 1):
            query: Fields = {
                "patron_id": patron_id,
                "_order_by": "checkout_id",
                "_per_page": PAGE_ROWS,
                "_page": page,
            }
            rows = self._http.get("/checkouts", list[Checkout], query)
            found += rows
            if len(rows) < PAGE_ROWS:
                return found
        raise NotServed("Koha's list of a patron's loans has no end")

    def availability(self, patron_id: int, item_id: int) -> Availability:
        query = {"patron_id": patron_id, "item_id": item_id}
        return self._http.get("/checkouts/availability", Availability, query)

    def lend(self, patron_id: int, item_id: int, confirmation: str = "") -> Checkout:
        """`confirmation`: the token of an `availability` that was looked through."""
        body = {"patron_id": patron_id, "item_id": item_id}
        query = {"confirmation": confirmation} if confirmation else None
        return self._http.post("/checkouts", Checkout, body, query)

    def renew(self, checkout_id: int) -> Checkout:
        """Older versions have another name for it, and no more than that."""
        try:
            return self._renew(checkout_id)
        except NoSuchPath:
            self._renewals = "renewal" if self._renewals == "renewals" else "renewals"
            return self._renew(checkout_id)

    def is_password(self, number: str, password: str) -> bool | None:
        """None if this version or this account does not tell."""
        body = {"identifier": number, "password": password}
        try:
            self._http.post("/auth/password/validation", _Patron, body)
        except NoSuchPath:
            return None
        except Declined as err:
            wrong = err.status == requests.codes.bad_request
            return False if wrong and "Validation failed" in str(err) else None
        return True

    def close(self) -> None:
        self._http.close()

    def _renew(self, checkout_id: int) -> Checkout:
        path = f"/checkouts/{checkout_id}/{self._renewals}"
        return self._http.post(path, Checkout, {})


def _same(there: str | None, here: str) -> bool:
    """Koha's database takes capital and small letters for the same."""
    return there is not None and there.casefold() == here.casefold()
