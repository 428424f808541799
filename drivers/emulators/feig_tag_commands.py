"""Commands of an emulated FEIG reader that concern one tag and nothing else."""

from __future__ import annotations

from drivers.codecs.feig.replies import SystemInfo
from drivers.codecs.feig.requests import IsoRequest, Sub
from drivers.codecs.iso15693 import IsoError
from drivers.emulators.tag import TagRefused, VirtualTag


def run_on_tag(request: IsoRequest, tag: VirtualTag) -> bytes:
    """Do it to the tag; returns the reply behind its status. Raises TagRefused."""
    match request.sub:
        case Sub.LOCK_BLOCKS:
            tag.lock(request.first_block, request.count)
        case Sub.WRITE_AFI:
            tag.write_afi(request.value)
        case Sub.LOCK_AFI:
            tag.afi_locked = True
        case Sub.WRITE_DSFID:
            tag.write_dsfid(request.value)
        case Sub.LOCK_DSFID:
            tag.dsfid_locked = True
        case Sub.SYSTEM_INFO:
            return _system_info(tag)
        case Sub.BLOCK_SECURITY:
            security = tag.security(request.first_block, request.count)
            return bytes([request.count]) + security
        case _:
            raise ValueError(f"{request.sub.title} is no command to one tag alone")
    return b""


def _system_info(tag: VirtualTag) -> bytes:
    if not tag.has_system_info:
        raise TagRefused(IsoError.NOT_SUPPORTED)
    size, count = tag.block_size, tag.block_count
    return SystemInfo(tag.uid, tag.dsfid, tag.afi, size, count, tag.ic_ref).encode()
