"""Room for a run's large arrays that outlives it, since the next run asks for the same.

The C library returns a large array's memory to the system when it is freed, and has it zeroed and
mapped anew, page by page, for the next: a third of a training step. So what nobody refers to any
more is kept here for the next run, up to a limit. The fused engine borrows all its arrays here; the
op graph the largest: a step's products, what its gates send back, and the stacked outputs.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Any

import numpy as np

from tinygrad_rnn.tensor import Array

SMALL = 1 << 16  # bytes: below, the C library keeps what is freed
ROOMY = SMALL // 8  # elements: fewer are small in every dtype
KEPT = 1 << 28  # bytes that are kept at most


class Room:
    """So many bytes of memory, and where they begin."""

    __slots__ = ("address", "bytes", "size")

    def __init__(self, size: int) -> None:
        self.bytes, self.size = np.empty(size, np.uint8), size
        self.address = self.bytes.__array_interface__["data"][0]


class Loan:
    """What a borrowed array refers to as its base: it ends when the last view of the array does.

    Args:
        store: where the room goes back to.
        room: what is lent.
        shape: of the array, which may need less.
        dtype: of the array.
    """

    __slots__ = ("__array_interface__", "room", "store")

    def __init__(
        self, store: Store, room: Room, shape: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self.store, self.room = store, room
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": dtype.str,
            "data": (room.address, False),
        }

    def __del__(self) -> None:
        self.store.give_back(self.room)


class Store:
    """Freed room, the latest last.

    It never waits for its lock: a loan may end wherever Python's collector happens to run, in the
    midst of the methods here too.

    Args:
        limit: bytes to keep at most; the oldest go first.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.free: deque[Room] = deque()
        self.size = 0  # bytes in all that is free
        self.lock = threading.Lock()

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return an array of this shape and dtype, whatever it holds, as ``np.empty`` does."""
        dtype = np.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        if size < SMALL:
            return np.empty(shape, dtype)
        return np.asarray(Loan(self, self.take(size), shape, dtype))

    def like(self, array: Array) -> Array:
        """Return an array of the shape and dtype of another."""
        if array.nbytes < SMALL:  # at once: what `empty` asks takes longer than making it
            return np.empty(array.shape, array.dtype)
        return self.empty(array.shape, array.dtype)

    def take(self, size: int) -> Room:
        """Return room for `size` bytes: what was given back last and fits, else new."""
        if self.lock.acquire(blocking=False):
            try:
                for k in range(len(self.free) - 1, -1, -1):
                    room = self.free[k]
                    if size <= room.size <= 2 * size:
                        del self.free[k]
                        self.size -= room.size
                        return room
            finally:
                self.lock.release()
        return Room(size)

    def give_back(self, room: Room) -> None:
        """Keep room for later."""
        if self.lock.acquire(blocking=False):
            try:
                self.free.append(room)
                self.size += room.size
                while self.size > self.limit:
                    self.size -= self.free.popleft().size
            finally:
                self.lock.release()


store = Store(KEPT)
