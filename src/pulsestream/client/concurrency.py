"""How many requests should be under way at once: found by trying, for as long as a run lasts.

Throughput probing, as MongoDB's execution control has it for storage transactions ("Execution Control",
src/mongo/db/admission/README.md; after J. L. Hellerstein, V. Morrison, E. Eilebrecht, "Optimizing Concurrency
Levels in the .NET ThreadPool", FeBID 2008), with the beginning and the back-off of TCP (V. Jacobson,
"Congestion Avoidance and Control", SIGCOMM 1988): doubled while that pays, halved at a sign of overload.

A rule that goes by response times (Vegas, gradients) does not fit a server with group commit: there they grow
with the number of requests while throughput still grows faster, and such a rule would stop far too early.
"""

from __future__ import annotations

import math
from enum import Enum, auto

LIMIT_MIN, LIMIT_MAX, LIMIT_FIRST = 1, 64, 4
STEP = 1.5
# Of throughput: what twice as many requests must bring at the beginning, what half as many again must bring later
# on, what a third fewer may cost. Low, because a server whose groups get larger gains some 10 % with each doubling
# up to 16 requests. Simulated on such a curve, from two requests on, the mean throughput of 20 s is 96 % of the best
# (90 % with 15 %, 5 % and 2 %) where rates vary by 5 % from one window to the next, and 90 % (88 %) where by 15 %.
GAIN_BEGIN, GAIN, LOSS = 0.03, 0.02, 0.01
# Answers of one group come together, so that few of them would make a rate of luck.
WINDOW_S, ANSWERS_MIN = 0.4, 12
WINDOW_S_BEGIN, ANSWERS_MIN_BEGIN = 0.2, 4
REST_MAX = 16  # windows without a try, where none pays
REST_OVERLOADED = 8  # windows at least: a request that is refused is held up for a second or more


class Outcome(Enum):
    """`TAKEN`: an answer about the events, whatever it says. `OVERLOADED`: refused for now, or no answer at all."""

    TAKEN = auto()
    OVERLOADED = auto()


class _Phase(Enum):
    BEGIN = auto()
    HOLD = auto()
    UP = auto()
    DOWN = auto()


class Limit:
    """`value` requests at once, from `lowest` to `highest`. It is told of every answer; time is an argument.

    Throughput is measured over windows of some answers at one value. A try, at a higher or a lower value, is
    compared with the window before it, at the value that is held: more must bring something, fewer may cost
    hardly anything. So of two values that are as good the lower one stays, where events wait less. A sign of
    overload ends a try of more at once, and halves what is held otherwise, once for all requests of that time.
    """

    def __init__(self, *, lowest: int = LIMIT_MIN, highest: int = LIMIT_MAX, first: int = LIMIT_FIRST) -> None:
        self.value = min(max(first, lowest), highest)
        self._lowest = lowest
        self._highest = highest
        self._phase = _Phase.BEGIN
        self.held = self.value  # `value` but for tries
        self._rate = 0.0  # events a second in the latest window at the value that is held
        self._changed_s = -math.inf
        self._next = _Phase.UP
        self._rest = 0
        self._rest_next = 1
        self.restart()

    def restart(self) -> None:
        """The window under way says nothing about the value: senders had nothing to send, or no leave to."""
        self._opened_s: float | None = None
        self._events = self._answers = 0

    def take(self, now_s: float, *, latency_s: float, events: int, outcome: Outcome) -> None:
        """An answer came: `latency_s` after its request, about so many events."""
        if now_s - latency_s < self._changed_s:
            return  # to a request of before the last change
        if outcome is Outcome.OVERLOADED:
            tried_more = self.value > self.held
            self._change(now_s, self.held if tried_more else max(self._lowest, self.value // 2))
            self.held = self.value
            self._rest_next = max(self._rest_next, REST_OVERLOADED)
            self._give_up(next_try=_Phase.UP)
            return
        if self._opened_s is None:
            self._opened_s = now_s
            return
        self._events += events
        self._answers += 1
        elapsed_s = now_s - self._opened_s
        begin = self._phase is _Phase.BEGIN
        enough = max(ANSWERS_MIN_BEGIN if begin else ANSWERS_MIN, 2 * self.value)
        if self._answers >= enough and elapsed_s >= (WINDOW_S_BEGIN if begin else WINDOW_S):
            self._judge(now_s, self._events / elapsed_s)

    def _judge(self, now_s: float, rate: float) -> None:
        needed = {_Phase.BEGIN: 1 + GAIN_BEGIN, _Phase.HOLD: 0.0, _Phase.UP: 1 + GAIN, _Phase.DOWN: 1 - LOSS}
        paid = rate >= self._rate * needed[self._phase]
        if paid:
            self.held, self._rate = self.value, rate
        match self._phase:
            case _Phase.BEGIN if paid and self.value < self._highest:
                self._change(now_s, min(self._highest, self.value * 2))
            case _Phase.BEGIN:
                self._change(now_s, self.held)
                self._phase = _Phase.HOLD
            case _Phase.HOLD:
                self._hold_or_try(now_s)
            case tried if paid:  # the same way again, after one more window here
                self._rest, self._rest_next = 0, 1
                self._phase, self._next = _Phase.HOLD, tried
                self.restart()
            case tried:
                self._change(now_s, self.held)
                self._give_up(next_try=_Phase.DOWN if tried is _Phase.UP else _Phase.UP)

    def _hold_or_try(self, now_s: float) -> None:
        self.restart()
        if self._rest > 0:
            self._rest -= 1
            return
        up = self.held == self._lowest or (self._next is _Phase.UP and self.held < self._highest)
        self._phase = _Phase.UP if up else _Phase.DOWN
        value = math.ceil(self.held * STEP) if up else round(self.held / STEP)
        self._change(now_s, max(self._lowest, min(self._highest, value)))

    def _give_up(self, *, next_try: _Phase) -> None:
        """Rest at what is held; longer each time."""
        self._phase, self._next = _Phase.HOLD, next_try
        self._rest, self._rest_next = self._rest_next, min(REST_MAX, 2 * self._rest_next)

    def _change(self, now_s: float, value: int) -> None:
        self.value = value
        self._changed_s = now_s
        self.restart()
