"""An agent that writes pages of the feed into a mirror until its power is cut.

    python -m tests.powercut.mirroring FOLDER

Page n renames every title to n, so a page that is there in part would be seen.
"""

from __future__ import annotations

import itertools
import sys
from contextlib import closing
from pathlib import Path

from kiosk import logs
from kiosk.domain.values import Title
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import FeedPage, TitleChanged
from tests.integration.store_samples import HUB_PUBLIC, NOON
from tests.powercut.writing import await_word, say

TITLES = 20


def page(number: int) -> FeedPage:
    titles = [Title(f"T{place}", str(number), "") for place in range(TITLES)]
    changes = tuple(TitleChanged(title) for title in titles)
    return FeedPage(changes=changes, cursor=number, more=False, hub_time=NOON)


def main(folder: Path) -> None:
    logs.configure()  # to standard error
    await_word()
    with closing(MirrorWriter(folder / "mirror.db", HUB_PUBLIC)) as mirror:
        for number in itertools.count(mirror.cursor() + 1):
            mirror.apply_page(page(number))
            say("done", number)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
