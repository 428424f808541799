"""A Koha with two doors, REST and SIP2, and the hub's adapter in front of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sync.hub.library.koha import KohaLibrary
from sync.hub.library.koha_api import KohaApi
from sync.hub.library.koha_http import KohaAccount, KohaHttp
from sync.hub.library.port import NoBlock
from sync.hub.library.sip2 import Sip2Library
from sync.sip2.account import Account, Patience
from sync.sip2.client import Client
from tests.integration.hub_world import ITEMS
from tests.koha_server import KohaServer, serving
from tests.sip2_library import Library
from tests.sip2_server import SipServer
from tests.sip2_server import serving as serving_sip2


@dataclass
class Doors:
    """`library` is what stands behind both."""

    rest: KohaServer
    sip2: SipServer

    @property
    def library(self) -> Library:
        return self.rest.library

    @contextmanager
    def entered(
        self,
        no_block: NoBlock = NoBlock.AUTO,
        *,
        basic: bool = False,
        sip2: bool = True,
        patience_s: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Iterator[KohaLibrary]:
        """The adapter as the hub uses it; without `sip2` nothing takes items back."""
        account = KohaAccount(
            base=self.rest.address,
            user="key",
            secret=self.rest.secret,
            basic=basic,
            timeout_s=patience_s,
        )
        returns = Sip2Library(self._client(patience_s)) if sip2 else None
        system = KohaLibrary(KohaApi(KohaHttp(account, monotonic)), returns, no_block)
        try:
            yield system
        finally:
            system.close()

    def _client(self, patience_s: float) -> Client:
        patience = Patience(answer_s=patience_s, retries=1)
        account = Account(
            host="127.0.0.1",
            port=self.sip2.port,
            user="kiosk",
            password="secret",
            patience=patience,
        )
        return Client(account)


@contextmanager
def koha_with_two_doors() -> Iterator[Doors]:
    titles = {item: f"书 {item}" for item in ITEMS}
    library = Library(pins={"R1": "0417", "R2": "1234"}, titles=titles)
    doors = Doors(KohaServer(library=library), SipServer(library=library))
    with serving(doors.rest), serving_sip2(doors.sip2):
        yield doors
