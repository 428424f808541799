"""The files of a county as its library system exports them, of any size.

Made record by record and always the same, so a file need not fit into memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from kiosk.domain.values import Item, ItemState, Title
from sync.hub.county.export_marc import Catalogued, cnmarc

OWNER = "CN-629900-1-YLT"
SITE = "0417"
COPIES_A_TITLE = 5
_SEED = 20260703
#: Common enough that names and titles share them, as real ones do.
_SIGNS = (
    "春秋山河人家故事中国历史文化农业技术小说诗歌教育儿童科学生活健康植物"
    "动物世界地理经济法律天地水火风云红楼西游水浒三国儒林围城边城骆驼祥子"
)
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_CLASSES = ("I247.5", "I287.45", "S641.2", "K203", "TP311.1", "G624", "R161", "J121")


def titles(folder: Path, copies: int) -> Path:
    """CNMARC in ISO 2709: so many copies, five to a record."""
    path = folder / "titles.mrc"
    with path.open("wb") as file:
        for title, of_title in _catalogue(copies):
            file.write(cnmarc(Catalogued(title, of_title)))
    return path


def items(folder: Path, copies: int) -> Path:
    """A table of as many other copies of the same titles."""
    path = folder / "items.csv"
    with path.open("w", encoding="gb18030") as file:
        file.write("条码号,记录号,文献类型,状态,所属馆,馆藏地\n")
        for n in range(copies):
            of = n // COPIES_A_TITLE
            file.write(f"ZJ{n:010d},YL{of:08d},普通图书,可借,{OWNER},{SITE}\n")
    return path


def patrons(folder: Path, count: int) -> Path:
    """A table of readers, each with a number and nothing else to show."""
    path, choice = folder / "patrons.csv", random.Random(_SEED)
    with path.open("w", encoding="utf-8") as file:
        file.write("number,name,patron_type,state\n")
        for n in range(count):
            name = choice.choice(_SURNAMES) + _some(choice, 1, 2)
            file.write(f"R6299{n:08d},{name},ADULT,valid\n")
    return path


def _catalogue(copies: int) -> Iterator[tuple[Title, list[Item]]]:
    choice = random.Random(_SEED)
    for first in range(0, copies, COPIES_A_TITLE):
        key = f"YL{first // COPIES_A_TITLE:08d}"
        title = Title(
            key,
            _some(choice, 4, 12),
            choice.choice(_SURNAMES) + _some(choice, 1, 2),
            f"{_some(choice, 2, 2)}出版社",
            str(choice.randrange(1980, 2026)),
            clc=choice.choice(_CLASSES),
        )
        numbers = range(first, min(first + COPIES_A_TITLE, copies))
        yield title, [_copy(number, key) for number in numbers]


def _copy(number: int, title_id: str) -> Item:
    barcode, state = f"YL{number:010d}", ItemState.LENDABLE
    return Item(barcode, title_id, "BOOK", state, OWNER, SITE, SITE)


def _some(choice: random.Random, least: int, most: int) -> str:
    return "".join(choice.choices(_SIGNS, k=choice.randint(least, most)))
