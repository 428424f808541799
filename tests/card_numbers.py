"""One card under every form of number: the same for each kind of reader."""

from __future__ import annotations

UID = "B0864D25"
LONG_UID = "0463F80A4F5381"

#: UID, options of the reader, what it reports.
REPORTED: list[tuple[str, dict[str, object], str]] = [
    (UID, {}, UID),
    (UID, {"report": "hex"}, UID),
    (UID, {"report": "hex", "report_order": "reversed"}, "254D86B0"),
    (UID, {"report": "dec10"}, "2961591589"),
    (UID, {"report": "dec10", "report_order": "reversed"}, "0625837744"),
    (
        UID,
        {"report": "dec10", "report_order": "reversed", "strip_zeros": True},
        "625837744",
    ),
    (
        UID,
        {"report": "dec10", "report_order": "reversed", "last_digits": 6},
        "837744",
    ),
    (UID, {"report": "glued"}, "1761347737"),
    (UID, {"report": "hex6"}, "864D25"),
    (UID, {"report": "dec8", "report_order": "reversed"}, "05080752"),
    (UID, {"report": "wg26", "report_order": "reversed"}, "07734480"),
    (UID, {"report": "wg26_comma", "report_order": "reversed"}, "077,34480"),
    (UID, {"last_digits": 4}, "4D25"),
    (LONG_UID, {"report": "dec10"}, LONG_UID),
    (LONG_UID, {"report": "dec8", "last_digits": 4}, LONG_UID),
    (LONG_UID, {"report": "hex", "report_order": "reversed"}, "81534F0AF86304"),
]
