"""The options that say who we are at a library system, made into accounts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

import click

from sync.exchange import BadAddress
from sync.hub.library.koha_http import KohaAccount
from sync.sip2.account import Account
from sync.sip2.cli_options import charset_option, dialect_of, dialect_option

Command = Callable[..., None]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SIP2 = (
    click.option("--host", envvar="TONGJIE_LIBRARY_HOST", help="The SIP2 server."),
    click.option(
        "--port",
        envvar="TONGJIE_LIBRARY_PORT",
        type=click.IntRange(1, 65535),
        default=6001,
        show_default=True,
    ),
    click.option(
        "--login", envvar="TONGJIE_LIBRARY_LOGIN", help="None: no login (93)."
    ),
    click.option(
        "--password-file",
        envvar="TONGJIE_LIBRARY_PASSWORD_FILE",
        type=_FILE,
        help="The login's password is its first line.",
    ),
    click.option(
        "--terminal-password-file",
        envvar="TONGJIE_LIBRARY_TERMINAL_PASSWORD_FILE",
        type=_FILE,
        help="For field AC, where one is asked for.",
    ),
    click.option(
        "--institution",
        envvar="TONGJIE_LIBRARY_INSTITUTION",
        default="",
        help="For field AO; as the library system says by default.",
    ),
    click.option(
        "--location", envvar="TONGJIE_LIBRARY_LOCATION", help="Fields CP and AP."
    ),
    dialect_option(envvar="TONGJIE_LIBRARY_DIALECT"),
    charset_option(envvar="TONGJIE_LIBRARY_CHARSET"),
    click.option("--tls", envvar="TONGJIE_LIBRARY_TLS", is_flag=True),
    click.option(
        "--ca-file", envvar="TONGJIE_LIBRARY_CA_FILE", type=_FILE, help="Who signed it."
    ),
)
_KOHA = (
    click.option(
        "--koha",
        envvar="TONGJIE_LIBRARY_KOHA",
        metavar="URL",
        help="Address of Koha's staff pages, https://…",
    ),
    click.option(
        "--koha-user",
        envvar="TONGJIE_LIBRARY_KOHA_USER",
        default="",
        help="Client id of an API key; a login name with --koha-basic.",
    ),
    click.option(
        "--koha-secret-file",
        envvar="TONGJIE_LIBRARY_KOHA_SECRET_FILE",
        type=_FILE,
        help="The secret, or the password, is its first line.",
    ),
    click.option(
        "--koha-basic",
        envvar="TONGJIE_LIBRARY_KOHA_BASIC",
        is_flag=True,
        help="Basic authentication instead of OAuth2.",
    ),
    click.option(
        "--koha-ca-file",
        envvar="TONGJIE_LIBRARY_KOHA_CA_FILE",
        type=_FILE,
        help="Who signed Koha's certificate, if no public authority did.",
    ),
)


def sip2_account(command: Command) -> Command:
    """The command gets `sip2`, an Account, or None where no host is named."""

    @wraps(command)
    def collected(
        *,
        host: str | None,
        port: int,
        login: str | None,
        password_file: Path | None,
        terminal_password_file: Path | None,
        institution: str,
        location: str | None,
        dialect: str,
        charset: str | None,
        tls: bool,
        ca_file: Path | None,
        **others: object,
    ) -> None:
        account = Account(
            host=host or "",
            port=port,
            user=login,
            password=_secret(password_file),
            terminal_password=_secret(terminal_password_file),
            institution_id=institution,
            location_code=location,
            dialect=dialect_of(dialect, charset),
            tls=tls,
            ca_file=ca_file,
        )
        command(sip2=account if host else None, **others)

    return _with_options(collected, _SIP2)


def koha_account(command: Command) -> Command:
    """The command gets `koha`, a KohaAccount, or None where no Koha is named."""

    @wraps(command)
    def collected(
        *,
        koha: str | None,
        koha_user: str,
        koha_secret_file: Path | None,
        koha_basic: bool,
        koha_ca_file: Path | None,
        **others: object,
    ) -> None:
        if not koha:
            return command(koha=None, **others)
        secret = _secret(koha_secret_file)
        if not (koha_user and secret):
            raise click.UsageError("--koha needs --koha-user and --koha-secret-file")
        try:
            account = KohaAccount(
                base=koha,
                user=koha_user,
                secret=secret,
                basic=koha_basic,
                ca_file=koha_ca_file,
            )
        except BadAddress as err:
            raise click.BadParameter(str(err), param_hint="--koha") from err
        return command(koha=account, **others)

    return _with_options(collected, _KOHA)


def _with_options(
    command: Command, options: tuple[Callable[[Command], Command], ...]
) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def _secret(file: Path | None) -> str:
    """OSError, and UnicodeDecodeError for what is no text."""
    return file.read_text().partition("\n")[0].rstrip("\r") if file else ""
