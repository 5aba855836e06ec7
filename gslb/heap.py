"""Python's garbage collector, kept from looking through a million objects that are no garbage.

It looks for cycles among all that lives each time that grows by a quarter. Where rows are made by
the hundred thousand, and hold no cycles, that took as long as the work itself.
"""

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_growing = 0


@contextmanager
def growing() -> Iterator[None]:
    """Have no garbage collected while many objects are made, in this or any other thread."""
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    global _growing  # noqa: PLW0603  (there is one collector a process, too)
    with _lock:
        _growing += change
        if _growing:
            gc.disable()
        else:
            gc.enable()


def let_go(many: list[Any]) -> None:
    """Let go of many objects one by one: all at once, their end would hold the interpreter."""
    while many:
        many.pop()


def settle() -> None:
    """Leave what lives now out of later collections, and give back to the system what was freed."""
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own; elsewhere not needed
    if trim is not None:
        trim(0)
