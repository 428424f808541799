"""`tongjie hub backup` and `tongjie hub restore`."""

from __future__ import annotations

from pathlib import Path

import click

from sync.hub.backup.archive import Manifest
from sync.hub.backup.backup import back_up, drill
from sync.hub.backup.backup import restore as put_back
from sync.hub.options import (
    DATABASE,
    JSON,
    KEY,
    as_line,
    now,
    opened,
    place_of_key,
    reported,
)
from sync.hub.store.setup import default_key_path

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@_FILE
@DATABASE
@KEY
@click.option(
    "--check",
    is_flag=True,
    help="Make none: restore FILE into a temporary database and count what came.",
)
@click.option("--with-key", is_flag=True, help="Put the hub's private key in as well.")
@JSON
def backup(
    file: Path,
    database: str,
    key_path: Path | None,
    *,
    check: bool,
    with_key: bool,
    as_json: bool,
) -> None:
    """Write the whole database to FILE while the hub serves.

    The file holds readers' data and the hub's secrets, but not its private key
    unless --with-key: keep a copy of the key apart.
    """
    if check and with_key:
        raise click.UsageError("--check makes no backup, so --with-key means nothing")
    with reported(), opened(database) as store:
        if check:
            _tell("this backup can be restored", drill(store, file), as_json=as_json)
            return
        key = place_of_key(database, key_path) if with_key else None
        made = back_up(store, file, key, now())
    _tell(f"{file} is written", made, as_json=as_json)


@click.command()
@_FILE
@DATABASE
@KEY
@click.option("--replace", is_flag=True, help="Put away the hub that is there now.")
@JSON
def restore(
    file: Path, database: str, key_path: Path | None, *, replace: bool, as_json: bool
) -> None:
    """Put the backup FILE in the place of a database. Stop the hub before.

    A key in the backup is put to --key, if there is none yet.
    """
    place = key_path or default_key_path(database)
    with reported(), opened(database) as store:
        done = put_back(store, file, place, replace=replace)
    _tell("restored; kiosks send again what this hub forgot", done, as_json=as_json)


def _tell(done: str, manifest: Manifest, *, as_json: bool) -> None:
    if as_json:
        click.echo(as_line(manifest))
        return
    content = manifest.content
    click.echo(f"{done}: {sum(content.rows.values())} rows of {content.isil}")
    click.echo(f"made {manifest.made_at:%Y-%m-%d %H:%M} UTC, schema {content.revision}")
    click.echo(f"feed {content.feed_version}, key {_within(manifest)}")


def _within(manifest: Manifest) -> str:
    return "included" if manifest.has_key else "not included"
