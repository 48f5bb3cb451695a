"""Ctrl-C, asked for politely: the first stops the work, the second stops the program."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXIT_INTERRUPTED = 130


@contextlib.contextmanager
def interruptible(stop: Callable[[], None], *, also: tuple[signal.Signals, ...] = ()) -> Iterator[None]:
    """Call `stop` at the first SIGINT (or a signal of `also`) in the block; a second SIGINT ends at once."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, *also)

    def first() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
        stop()

    for number in signals:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
