"""Sites of the invented county. A site's number is its town and its village: 0417."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.demo import names

HUB = "0000"
#: Where the demo's kiosk stands: 马坪村 of 石门镇.
DEMO_SITE = "0417"


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A place, as it stands in sites.csv."""

    site_id: str
    name: str
    short_name: str
    level: str
    parent: str
    isil: str
    keeper: str
    phone: str
    opens: str
    closes: str


def make_sites(towns: Sequence[int], villages: Sequence[int]) -> tuple[SiteRow, ...]:
    """Return the hub, the towns' branches, and in each town points of these numbers."""
    branches = [f"{town:02d}00" for town in towns]
    points = [f"{town:02d}{village:02d}" for town in towns for village in villages]
    # The demo's site comes first and so has a village name without a number.
    points.sort(key=lambda point: (point != DEMO_SITE, point))
    return (
        _site(HUB, "云岭县图书馆", "县图书馆", "HUB", "", ("08:30", "20:30")),
        *(_branch(branch) for branch in branches),
        *(_point(point, place) for place, point in enumerate(points)),
    )


def _branch(site_id: str) -> SiteRow:
    town = names.TOWNS[int(site_id[:2]) - 1]
    hours = ("08:30", "18:00")
    return _site(site_id, f"{town}综合文化站", f"{town}分馆", "BRANCH", HUB, hours)


def _point(site_id: str, place: int) -> SiteRow:
    turn, name = divmod(place, len(names.VILLAGES))
    village = names.VILLAGES[name].format(names.VILLAGE_NUMBERS[turn])
    branch, hours = f"{site_id[:2]}00", ("09:00", "17:00")
    return _site(site_id, f"{village}图书服务点", village, "POINT", branch, hours)


def _site(
    site_id: str,
    name: str,
    short_name: str,
    level: str,
    parent: str,
    hours: tuple[str, str],
) -> SiteRow:
    # 101 keeps keepers of a branch and of its points apart.
    surname = names.SURNAMES[int(site_id) // 101 % len(names.SURNAMES)]
    return SiteRow(
        site_id=site_id,
        name=name,
        short_name=short_name,
        level=level,
        parent=parent,
        isil=names.ISIL if level == "HUB" else "",
        keeper=f"{surname}师傅",
        # 0629 is no area code, and no local number begins with 0.
        phone=f"0629-000{site_id}",
        opens=hours[0],
        closes=hours[1],
    )
