"""Koha over TLS, with a certificate that the county made itself."""

from __future__ import annotations

from pathlib import Path

from sync.hub.library.koha import KohaLibrary
from sync.hub.library.koha_api import KohaApi
from sync.hub.library.koha_http import KohaAccount, KohaHttp
from sync.hub.library.port import Away, ItemThere
from tests.certificates import certificate
from tests.koha_server import KohaServer, serving


def look(koha: KohaServer, ca_file: Path | None) -> ItemThere | Away:
    account = KohaAccount(
        base=koha.address, user="key", secret=koha.secret, ca_file=ca_file
    )
    system = KohaLibrary(KohaApi(KohaHttp(account)))
    try:
        return system.item("B1")
    finally:
        system.close()


def test_only_a_certificate_that_is_known_gets_the_secret(tmp_path: Path) -> None:
    file = certificate(tmp_path, "127.0.0.1")
    with serving(KohaServer(), file) as koha:
        unknown = look(koha, None)
        heard_of_it = list(koha.heard)
        known = look(koha, file)

    assert isinstance(unknown, Away)
    assert "certificate" in unknown.why
    assert heard_of_it == []
    assert known == ItemThere(on_loan=False)
