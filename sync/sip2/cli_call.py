"""`tongjie sip2 call`: one request to a server, and what it said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

import click

from kiosk.cli.lines import print_answer
from sync.sip2 import messages
from sync.sip2.account import Account, Patience
from sync.sip2.answers import Answer
from sync.sip2.cli_options import CHARSET, DIALECT, JSON, PERSONAL, dialect_of
from sync.sip2.client import Client
from sync.sip2.errors import BadMessage, SipError, UnknownOutcome
from sync.sip2.requests import Request
from sync.sip2.shown import as_json as shown_as_json
from sync.sip2.shown import as_listing, from_json
from sync.sip2.tables import Summary

Ask = Callable[..., Answer]


def _send(client: Client, text: str) -> Answer:
    request = messages.read(from_json(text))
    if not isinstance(request, Request):
        raise BadMessage("is no request", message_id=request.ID)
    return client.ask(request)


#: Action → the words it wants, and the request.
ACTIONS: Mapping[str, tuple[tuple[str, ...], Ask]] = {
    "checkin": (("ITEM",), Client.checkin),
    "checkout": (("PATRON", "ITEM"), Client.checkout),
    "end": (("PATRON",), Client.end_session),
    "item": (("ITEM",), Client.item),
    "loans": (
        ("PATRON",),
        lambda client, patron: client.patron(patron, summary=Summary.CHARGED_ITEMS),
    ),
    "patron": (("PATRON",), Client.patron),
    "renew": (("PATRON", "ITEM"), Client.renew),
    "send": (("MESSAGE",), _send),
    "status": ((), Client.status),
}
#: They take the patron's PIN.
WITH_PIN = frozenset({"checkout", "patron", "renew"})


@click.command()
@click.argument("host")
@click.argument("port", type=click.IntRange(1, 65535))
@click.argument("action", type=click.Choice(sorted(ACTIONS)))
@click.argument("words", nargs=-1)
@click.option("--user", help="Log in with this name.")
@click.option("--password-file", type=click.File(), help="The login's password.")
@click.option("--pin-file", type=click.File(), help="The patron's PIN.")
@click.option("--institution", default="", help="Else as the server's status says.")
@click.option("--location", help="Code of the place we call from.")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=10.0)
@click.option("--tls", is_flag=True, help="Encrypt; needed for a public address.")
@click.option("--ca-file", type=click.Path(exists=True, path_type=Path))
@DIALECT
@CHARSET
@PERSONAL
@JSON
def call(
    host: str,
    port: int,
    action: str,
    words: tuple[str, ...],
    user: str | None,
    password_file: TextIO | None,
    pin_file: TextIO | None,
    institution: str,
    location: str | None,
    timeout: float,
    ca_file: Path | None,
    dialect: str,
    charset: str | None,
    *,
    tls: bool,
    show_personal: bool,
    as_json: bool,
) -> None:
    """Send one request and show the answer.

    Exit code 1: refused, failed, or the outcome is unknown.
    """
    account = Account(
        host=host,
        port=port,
        user=user,
        password=_first_line(password_file),
        institution_id=institution,
        location_code=location,
        tls=tls,
        ca_file=ca_file,
        dialect=dialect_of(dialect, charset),
        patience=Patience(answer_s=timeout, whole_s=2.5 * timeout),
    )
    pin = {"pin": _first_line(pin_file)} if pin_file is not None else {}
    if pin and action not in WITH_PIN:
        raise click.UsageError(f"{action} takes no PIN")
    wanted, ask = ACTIONS[action]
    if len(words) != len(wanted):
        raise click.UsageError(f"{action} wants {' '.join(wanted) or 'no more words'}")
    _show(account, lambda client: ask(client, *words, **pin), as_json, show_personal)


def _show(
    account: Account,
    ask: Callable[[Client], Answer],
    as_json: bool,  # noqa: FBT001  (as the command has them)
    show_personal: bool,  # noqa: FBT001
) -> None:
    try:
        with Client(account) as client:
            answer = ask(client)
            heard = client.heard
    except SipError as err:
        if not as_json:
            raise click.ClickException(str(err)) from err
        unknown = {"outcome": "unknown"} if isinstance(err, UnknownOutcome) else {}
        click.echo(json.dumps({"error": str(err), **unknown}, ensure_ascii=False))
        raise click.exceptions.Exit(1) from err
    if heard is not None:
        show = shown_as_json if as_json else as_listing
        print_answer(show(heard, show_personal=show_personal), as_json=as_json)
    if getattr(answer, "ok", True) is False:
        raise click.exceptions.Exit(1)


def _first_line(file: TextIO | None) -> str:
    return file.readline().rstrip("\r\n") if file is not None else ""
