"""Calls that are done whole: a caller that is cancelled still waits for the driver to let go.

The driver runs each connection in a thread of its own. A task that is cancelled between two of
its steps would leave that connection neither used nor closed, and its thread would keep the
process from ending.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar, copy_context
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_hurry: ContextVar[asyncio.Event | None] = ContextVar("hurry", default=None)


def in_a_hurry() -> bool:
    """Whether the caller of this call was cancelled, so that waiting has no point any more."""
    hurry = _hurry.get()
    return hurry is not None and hurry.is_set()


def whole(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Awaitable[T]]:
    """Make a call that, once begun, ends by itself; cancelling it only makes it hurry."""

    @wraps(call)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        hurry = asyncio.Event()
        context = copy_context()
        context.run(_hurry.set, hurry)
        task = asyncio.get_running_loop().create_task(call(*args, **kwargs), context=context)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            hurry.set()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # seen here, so that the loop does not complain of it
            raise

    return run
