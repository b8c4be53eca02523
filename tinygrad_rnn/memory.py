"""Memory: what a long graph asks of Python's collector and of the C library's allocator.

A graph has no reference cycles, so counting references frees it; and each training step asks for
the same amount of memory as the one before. Neither the collector nor the allocator can know.
"""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tinygrad_rnn.arguments import integer_in


class _Pause:
    """One open block: the collector rests for as long as one of these is there, in any thread.

    That an interrupt drops it ends it as well, so no moment of one can leave the collector off.
    """

    _lock = threading.RLock()  # a signal's handler may unroll, too
    _open = 0
    _was_enabled = False

    def __init__(self) -> None:
        with self._lock:
            if _Pause._open == 0:
                _Pause._was_enabled = gc.isenabled()
            _Pause._open += 1
            self.ended = False
            gc.disable()

    def end(self) -> None:
        """Let the collector work again if it did before, and no other block is open."""
        with self._lock:
            if getattr(self, "ended", True):
                return
            self.ended = True
            _Pause._open = max(_Pause._open - 1, 0)  # 0 in a child that was forked within a block
            if _Pause._open == 0 and _Pause._was_enabled:
                gc.enable()

    __del__ = end

    @classmethod
    def forget(cls) -> None:
        """Begin anew in a child process: the threads that paused the collector are not there."""
        cls._lock = threading.RLock()
        if cls._open and cls._was_enabled:
            gc.enable()
        cls._open = 0


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_Pause.forget)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from walking a growing graph again and again, to find nothing.

    At 100,000 steps it took two thirds of the time of the forward pass. It is on again, if it was
    on before, when the last open block ends.

    >>> with collector_paused():
    ...     gc.isenabled()
    False
    """
    pause = _Pause()
    try:
        yield
    finally:
        pause.end()


# The numbers of mallopt's parameters in glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3


def keep_memory(spare: int = 256 * 2**20) -> bool:
    """Tell the C library to keep what arrays give back, instead of returning it to the system.

    A training step frees its graph and builds one of the same size. By default glibc returns that
    memory and fetches it again, zeroed page by page, which can take a quarter of the step. Call
    this once at the start of a program that trains; it holds for the whole process, which then
    stays as large as it ever was.

    Args:
        spare: bytes to fetch at a time beyond what is needed, less than 2 GiB.

    Returns:
        Whether it took effect: only where the C library is glibc.

    Raises:
        TypeError: if `spare` is no whole number.
        ValueError: if it is negative, or 2 GiB or more, which a C int cannot hold.

    >>> keep_memory() in (True, False)
    True
    """
    spare = integer_in(spare, "keep_memory: spare", 0, 2**31 - 1)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return False
    settings = ((_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, spare), (_MMAP_THRESHOLD, 32 * 2**20))
    return all(mallopt(parameter, value) == 1 for parameter, value in settings)
