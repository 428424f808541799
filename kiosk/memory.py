"""How the C library keeps memory, for processes that must share a small machine."""

from __future__ import annotations

import ctypes

#: `mallopt` parameters, from glibc's malloc.h.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
#: A block of this size or more goes back to the system when it is freed.
_BIG_BYTES = 1 << 20


def use_sparingly() -> None:
    """Give big blocks back, and let all threads share one heap. Call it before threads.

    Identifying a card takes 16 MB for a moment (`kiosk.domain.credentials`); from the
    first such block glibc would learn to keep the next for good. A heap per thread
    helps no threads that run one at a time. A C library without `mallopt` is left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _BIG_BYTES)
        mallopt(_M_ARENA_MAX, 1)
