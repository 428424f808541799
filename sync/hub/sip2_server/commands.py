"""`tongjie hub sip2`: machines of others that lend and take back by SIP2."""

from __future__ import annotations

import ipaddress
import signal
import socket
from typing import TextIO

import click

from kiosk import logs
from sync.hub.account_commands import Accounts, disable_command, passwd_command
from sync.hub.options import (
    DATABASE,
    JSON,
    PASSWORD,
    as_line,
    county_of,
    now,
    operator,
    password_from,
    reported,
)
from sync.hub.sip2_server.accounts import (
    add_machine,
    machines,
    set_disabled,
    set_password,
)
from sync.hub.sip2_server.conversation import Conversation
from sync.hub.sip2_server.machine import LANGUAGES, Machine
from sync.hub.sip2_server.server import Limits, SipServer
from sync.hub.sip2_server.service import Service
from sync.hub.store.setup import county_names
from sync.sip2.link import is_public

_ACCOUNTS = Accounts("machine", set_password, set_disabled)


@click.group()
def sip2() -> None:
    """Machines of others that lend and take back here by SIP2."""


@sip2.command()
@DATABASE
@click.option(
    "--listen",
    default="127.0.0.1:6001",
    show_default=True,
    metavar="ADDRESS:PORT",
    help="An own network's address only: SIP2 sends passwords in clear.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 1000),
    default=Limits().connections,
    show_default=True,
    help="Machines at once.",
)
@JSON
def serve(database: str, listen: str, connections: int, *, as_json: bool) -> None:
    """Serve machines until SIGTERM."""
    address = _address(listen)
    logs.configure()
    with reported(), county_of(database) as store:
        with store.reading() as conn:
            isil, county = county_names(conn)
        service = Service(store, isil, county, now)
        limits = Limits(connections=connections)
        server = SipServer(lambda peer: Conversation(service, peer), limits)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        with socket.create_server(address) as listener:
            host, port = listener.getsockname()[:2]
            told = {"address": f"{host}:{port}"}
            click.echo(as_line(told) if as_json else f"ready: {told['address']}")
            server.serve(listener)


@sip2.command("add")
@click.argument("name")
@DATABASE
@click.option("--site", required=True, help="Where the machine stands.")
@click.option("--charset", default="utf-8", show_default=True, help="gb18030, say.")
@click.option("--crlf", is_flag=True, help="It ends lines with CR LF.")
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default=LANGUAGES[0],
    show_default=True,
    help="Of the texts on its screen.",
)
@click.option("--may-block", is_flag=True, help="It may put a card out of use.")
@PASSWORD
@JSON
def add(
    name: str,
    database: str,
    site: str,
    charset: str,
    language: str,
    password_file: TextIO | None,
    *,
    crlf: bool,
    may_block: bool,
    as_json: bool,
) -> None:
    """Make an account for one machine; two machines never share one."""
    machine = Machine(
        name=name,
        site_id=site,
        charset=charset,
        ends_with_lf=crlf,
        language=language,
        may_block=may_block,
    )
    password = password_from(password_file)
    with reported(), county_of(database) as store, store.writing() as conn:
        add_machine(conn, operator(), machine, password, now())
    _ACCOUNTS.tell(name, f"may log in, at {site}", as_json=as_json)


@sip2.command("list")
@DATABASE
@JSON
def list_machines(database: str, *, as_json: bool) -> None:
    """Print every account: its name, site and charset."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in machines(conn):
            state = "disabled" if one.disabled else "active"
            text = f"{one.name}\t{one.site_id}\t{one.charset}\t{state}"
            click.echo(as_line(one) if as_json else text)


_ANEW = "Give a new password, from the next login on."
_KEEP_OUT = "Keep a machine out, from its next request on."
sip2.add_command(passwd_command(_ACCOUNTS, _ANEW))
sip2.add_command(disable_command(_ACCOUNTS, _KEEP_OUT))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        if is_public(host) or ipaddress.ip_address(host).is_unspecified:
            text = f"{host} is no address of an own network"
            raise click.BadParameter(text, param_hint="--listen")
        return host, int(port)
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--listen") from err
