"""What one accepted loan costs the card: syncs, and bytes written."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Figure
from tests.bench.folders import new_folder

LOANS = 1_000
AIM_SYNCS_RATIO = 1.05
AIM_KB = 12.0
AIM_PEER_RATIO = 0.95
SYNCS = "fsync,fdatasync,sync_file_range,msync,sync,syncfs"
_SYNC_CALL = re.compile(rf"\b({SYNCS.replace(',', '|')})\(")


def measure(folder: Path, loans: int = LOANS) -> list[Figure]:
    """Of processes of their own; the folder must not lie in memory."""
    system = file_system(folder)
    syncs = _syncs(folder, loans) - _syncs(folder, 0)
    lend, record, queue = (
        _bytes_written(folder, what, loans) / loans / 1000
        for what in ("lend", "record", "queue")
    )
    return [
        Figure(
            name="syncs of lend_alone, 1 book",
            unit="syncs",
            value=syncs,
            beside="loans",
            reference=loans,
            aim=AIM_SYNCS_RATIO,
            aim_is_ratio=True,
            rounds=loans,
            note=f"checkpoints included; on {system}",
        ),
        _bytes_figure("written by lend_alone, 1 book", lend, loans, system),
        Figure(
            name="written by Ledger.record, 1 book",
            unit="kB",
            value=record,
            beside="SQLiteAckQueue.put of the same event",
            reference=queue,
            aim=AIM_PEER_RATIO,
            aim_is_ratio=True,
            rounds=loans,
        ),
    ]


def file_system(folder: Path) -> str:
    """Its type; where it is memory, nothing would be written at all."""
    words = ["stat", "--file-system", "--format=%T", str(folder)]
    name = subprocess.run(words, capture_output=True, text=True, check=True)
    kind = name.stdout.strip()
    if kind in ("tmpfs", "ramfs"):
        raise RuntimeError(f"{folder} lies in memory ({kind}): set TMPDIR to a disk")
    return kind


def _bytes_figure(name: str, value: float, loans: int, system: str) -> Figure:
    return Figure(
        name=name,
        unit="kB",
        value=value,
        aim=AIM_KB,
        rounds=loans,
        note=f"whole pages of the file cache, checkpoints included; on {system}",
    )


def _syncs(folder: Path, loans: int) -> int:
    """All syncs of a process that opens, lends and closes."""
    inside = new_folder(folder, f"syncs-{loans}")
    trace = inside / "trace"
    under = ["strace", "-f", "--seccomp-bpf", "-e", f"trace={SYNCS}", "-o", str(trace)]
    command = [*under, *_child("lend", inside, loans)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return len(_SYNC_CALL.findall(trace.read_text("utf-8")))


def _bytes_written(folder: Path, what: str, loans: int) -> int:
    words = _child(what, new_folder(folder, what), loans)
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE)
    return int(done.stdout.splitlines()[-1])


def _child(what: str, inside: Path, loans: int) -> list[str]:
    module = "tests.bench.ledger_child"
    return [sys.executable, "-m", module, what, str(inside), str(loans)]
