"""Every codec under atheris, for longer than a test may take: `make fuzz`.

The first two bytes of an input choose the codec, the third its other arguments or the
size of the pieces, and the rest is what it reads. An input that breaks one is kept as
crash-… and is read again with `python -m tests.fuzz.fuzz_codecs crash-…`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["drivers"]):
    from tests.fuzz import surface
    from tests.fuzz.checks import check_pieces, check_reader
    from tests.fuzz.seeds import SEALS, samples
    from tests.fuzz.streams import Case, cases
    from tests.fuzz.surface import Reader, family

    MODULES = surface.modules()

Target = Callable[[bytes, int], None]

_HEAD = 3
_SEEDS_PER_TARGET = 12


def main() -> None:
    """Run until a defect, or as the options of libFuzzer say."""
    targets = list(_targets())
    with TemporaryDirectory() as corpus:
        _plant(Path(corpus), [module for module, _ in targets])
        atheris.Setup(
            [*sys.argv, corpus] if _makes_inputs() else sys.argv,
            lambda data: _one(targets, data),
        )
        atheris.Fuzz()


def _targets() -> Iterator[tuple[str, Target]]:
    """The module and the check of every codec."""
    for module in MODULES:
        for reader in surface.readers(module):
            yield module.__name__, _reading(reader)
            if family(module.__name__) in SEALS:
                yield module.__name__, _reading_sealed(reader)
    for case in cases():
        yield case.source.__module__, _feeding(case)


def _reading(reader: Reader) -> Target:
    return lambda raw, choice: check_reader(reader, raw, bytes((choice,)))


def _reading_sealed(reader: Reader) -> Target:
    """With a right check sum, which chance would hardly find."""
    seal = SEALS[family(reader.function.__module__)]

    def read(raw: bytes, choice: int) -> None:
        frame = seal(choice, *raw[:1], raw[1:200]) if raw else b""
        check_reader(reader, frame)

    return read


def _feeding(case: Case) -> Target:
    return lambda raw, size: check_pieces(case.make, raw, [size, 1 + size % 7])


def _one(targets: list[tuple[str, Target]], data: bytes) -> None:
    if len(data) >= _HEAD:
        number = int.from_bytes(data[:2])
        _, check = targets[number % len(targets)]
        check(data[_HEAD:], data[2])


def _plant(corpus: Path, modules: list[str]) -> None:
    """Give each codec good bytes to begin with."""
    for number, module in enumerate(modules):
        for place, raw in enumerate(islice(samples(module), _SEEDS_PER_TARGET)):
            head = number.to_bytes(2) + bytes((place,))
            (corpus / f"{number}-{place}").write_bytes(head + raw)


def _makes_inputs() -> bool:
    """Whether no file to read again was named."""
    return all(word.startswith("-") for word in sys.argv[1:])


if __name__ == "__main__":
    main()
