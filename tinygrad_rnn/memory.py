"""Memory: what a long graph asks of Python's collector and of the C library's allocator.

A graph has no reference cycles, so counting references frees it; and each training step asks for
the same amount of memory as the one before. Neither the collector nor the allocator can know.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_open = 0  # how many blocks are open, in all threads
_was_enabled = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from walking a growing graph again and again, to find nothing.

    At 100,000 steps it took two thirds of the time of the forward pass. It is on again, if it was
    on before, when the last open block ends.

    >>> with collector_paused():
    ...     gc.isenabled()
    False
    """
    global _open, _was_enabled
    with _lock:
        if _open == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _open += 1
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if _open == 0 and _was_enabled:
                gc.enable()


# The numbers of mallopt's parameters in glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3


def keep_memory(spare: int = 256 * 2**20) -> bool:
    """Tell the C library to keep what arrays give back, instead of returning it to the system.

    A training step frees its graph and builds one of the same size. By default glibc returns that
    memory and fetches it again, zeroed page by page, which can take a quarter of the step. Call
    this once at the start of a program that trains; it holds for the whole process, which then
    stays as large as it ever was.

    Args:
        spare: bytes to fetch at a time beyond what is needed.

    Returns:
        Whether it took effect: only where the C library is glibc.

    >>> keep_memory() in (True, False)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    settings = ((_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, spare), (_MMAP_THRESHOLD, 32 * 2**20))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)
