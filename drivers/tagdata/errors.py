"""The one way in which tag data can be wrong."""

from __future__ import annotations

from drivers.api import ProtocolError


class BadTagData(ProtocolError):
    """Tag memory breaks its data model, or a value does not fit into it.

    `what` is the bare reason; the text adds where: the byte of the memory and the
    element (relative OID), as far as they are known.
    """

    def __init__(
        self, what: str, *, offset: int | None = None, oid: int | None = None
    ) -> None:
        places = []
        if offset is not None:
            places.append(f"byte {offset}")
        if oid is not None:
            places.append(f"OID {oid}")
        super().__init__(f"{', '.join(places)}: {what}" if places else what)
        self.what = what
        self.offset = offset
        self.oid = oid
