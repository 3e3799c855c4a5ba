"""Late end: an answer that is held ends after a while where the application listens on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_PATIENCE = 0.25  # seconds in which what broke the answer may still be raised


class LateEnd:
    """Ends an answer that waits for its application to return, which may never do so.

    An application that waits for the client to leave, while the client waits for the end of the
    answer, would keep both for good.

    Args:
        end: Ends the answer.
    """

    def __init__(self, end: Callable[[], Awaitable[None]]) -> None:
        self._end = end
        self._task: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        try:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self._begin)
        except RuntimeError:  # another event loop than asyncio's: there, it waits
            return

    async def settle(self) -> None:
        """Let it be as it is, now that the application has returned; await what has begun."""
        self.stop()
        if self._task is not None:
            await self._task

    def stop(self) -> None:
        """Begin no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self) -> None:
        self._task = asyncio.ensure_future(self._end())
