"""Enrols a device: python -m tests.powercut.enroller FOLDER HUB CODE"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from sync.agent.enrol import AlreadyEnrolled, enrol
from tests.powercut.writing import await_word, say

TIMEOUT_S = 20.0


def main(folder: Path, hub: str, code: str) -> None:
    await_word()
    with suppress(AlreadyEnrolled):
        enrol(hub, code, folder, TIMEOUT_S)
    say("done")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
