"""`tongjie demo`: a whole county on one machine."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import click
import msgspec

from kiosk.demo.children import CommandFailed
from kiosk.demo.launch import NotReady, Ports, Ready, start
from kiosk.store.errors import Permanent
from kiosk.store.lock import WriterLock

GUIDE = """\
  Touchscreen   {kiosk}
  Bench         {bench}   put books on the pad, a card on the reader
  County hub    {hub}   user {hub_user}, password {hub_password}

Open the touchscreen and the bench side by side. Ctrl-C ends the demo."""

_PORT = click.IntRange(0, 65535)


class DemoRuns(Permanent, RuntimeError):
    """Another demo has this folder: two would pull the devices from each other."""


@click.command()
@click.option(
    "--port", type=_PORT, default=8080, show_default=True, help="Touchscreen; 0: any."
)
@click.option(
    "--hub-port", type=_PORT, default=8081, show_default=True, help="Hub; 0: any."
)
@click.option(
    "--bench-port", type=_PORT, default=8082, show_default=True, help="Bench; 0: any."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything in this folder; default: a temporary one.",
)
@click.option("--seed-county", type=click.Choice(["small", "full"]), default="small")
@click.option("--json", "as_json", is_flag=True, help="One JSON line when ready.")
def demo(
    port: int,
    hub_port: int,
    bench_port: int,
    data: Path | None,
    seed_county: str,
    *,
    as_json: bool,
) -> None:
    """Borrow and return in a browser, on emulated hardware that speaks real bytes."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    say = _quiet if as_json else click.echo
    with ExitStack() as stack:
        try:
            folder = _folder(data, stack)
            ports = Ports(port, hub_port, bench_port)
            ready = start(folder, seed_county, ports, stack, say)
        except (CommandFailed, DemoRuns, NotReady, OSError) as err:
            raise click.ClickException(str(err)) from err
        click.echo(_words(ready, as_json=as_json))
        threading.Event().wait()


def _folder(data: Path | None, stack: ExitStack) -> Path:
    if data is None:
        temporary = tempfile.TemporaryDirectory(prefix="tongjie-demo-")
        return Path(stack.enter_context(temporary))
    data.mkdir(parents=True, exist_ok=True)
    stack.enter_context(closing(WriterLock(data / "demo.lock", DemoRuns)))
    return data.resolve()


def _words(ready: Ready, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(ready).decode()
    return GUIDE.format(**msgspec.to_builtins(ready))


def _quiet(_text: str) -> None:
    """Say nothing: the one JSON line is all."""
