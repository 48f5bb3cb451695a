import heapq
from random import Random

import pytest

from pulsestream.client.concurrency import Limit, Outcome

EVENTS = 1000


class Run:
    """A run against a server with so many workers, each taking so long; in time that passes at once.

    `lag_s` is on the way there and back. `room`: requests beyond it are refused, as a full server does. `values`
    are what the limit was, with the time of each change.
    """

    def __init__(self, *, workers, work_s=0.02, lag_s=0.0, room=10**6, jitter=0.1, limit=None, seed=1):
        self.limit = limit or Limit()
        self.workers, self.work_s, self.lag_s, self.room, self.jitter = workers, work_s, lag_s, room, jitter
        self.now_s, self.done, self.refused = 0.0, 0, 0
        self.values = [(0.0, self.limit.value)]
        self._rng = Random(seed)
        self._free_s = [0.0] * workers
        self._answers = []

    def _send(self):
        if len(self._answers) >= self.room:
            heapq.heappush(self._answers, (self.now_s + self.lag_s + 0.001, self.now_s, Outcome.OVERLOADED))
            return
        free_s = heapq.heappop(self._free_s)
        work_s = self.work_s * self._rng.uniform(1 - self.jitter, 1 + self.jitter)
        ready_s = max(free_s, self.now_s + self.lag_s / 2) + work_s
        heapq.heappush(self._free_s, ready_s)
        heapq.heappush(self._answers, (ready_s + self.lag_s / 2, self.now_s, Outcome.TAKEN))

    def go(self, seconds):
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            while len(self._answers) < self.limit.value:
                self._send()
            self.now_s, sent_s, outcome = heapq.heappop(self._answers)
            taken = outcome is Outcome.TAKEN
            self.done += taken
            self.refused += not taken
            self.limit.take(self.now_s, latency_s=self.now_s - sent_s, events=EVENTS, outcome=outcome)
            if self.limit.value != self.values[-1][1]:
                self.values.append((self.now_s, self.limit.value))
        return self

    def slow_down(self, fewer):
        """So many workers less."""
        self.workers -= fewer
        self._free_s = sorted(self._free_s)[: self.workers]

    def speed_up(self, more):
        self.workers += more
        for _ in range(more):
            heapq.heappush(self._free_s, self.now_s)

    def share(self, seconds):
        """The throughput of the next seconds, as a share of all that the server could do."""
        before = self.done
        self.go(seconds)
        return (self.done - before) / (seconds * self.workers / self.work_s)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("workers", "lag_s"), [(1, 0.0), (1, 0.05), (2, 0.0), (4, 0.0), (4, 0.04), (16, 0.0), (40, 0.005)]
)
def test_within_seconds_it_gets_nearly_all_that_the_server_can_do(workers, lag_s, seed):
    assert Run(workers=workers, lag_s=lag_s, seed=seed).go(5).share(15) > 0.9


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_it_stays_low_where_more_does_not_pay_and_changes_seldom(workers):
    run = Run(workers=workers).go(30)
    assert run.limit.held <= 3 * workers
    changes = [at_s for at_s, _ in run.values if at_s > 10]
    assert len(changes) < 30  # a try and its end each


def test_it_follows_a_server_that_gets_slower_and_faster():
    run = Run(workers=16).go(10)
    assert run.limit.held >= 10
    run.slow_down(14)
    assert run.go(30).limit.held <= 8
    run.speed_up(14)
    assert run.go(20).share(10) > 0.9


@pytest.mark.parametrize(("room", "workers"), [(1, 4), (3, 4), (8, 16), (20, 16)])
def test_a_server_that_refuses_beyond_some_number_is_kept_busy_and_hardly_asked_for_more(room, workers):
    run = Run(workers=workers, room=room).go(5)
    refused = run.refused
    assert run.share(20) > 0.9 * min(1, room / workers)
    assert run.refused - refused < 0.01 * run.done


@pytest.mark.parametrize("first", [1, 2, 16, 64])
def test_overload_halves_once_for_all_requests_of_that_time(first):
    limit = Limit(first=first)
    for number in range(first):
        limit.take(1.0 + number / 1000, latency_s=0.5, events=EVENTS, outcome=Outcome.OVERLOADED)
    assert limit.value == max(1, first // 2)
    limit.take(3.0, latency_s=0.5, events=EVENTS, outcome=Outcome.OVERLOADED)
    assert limit.value == max(1, first // 4)


def answers(limit, count, *, from_s, every_s=0.05):
    for number in range(count):
        limit.take(from_s + number * every_s, latency_s=0.01, events=EVENTS, outcome=Outcome.TAKEN)


def test_the_first_answers_are_followed_by_twice_as_many_requests():
    limit = Limit(first=2)
    answers(limit, 5, from_s=0)
    assert limit.value == 4


def test_answers_of_a_time_without_enough_to_send_count_for_nothing():
    limit = Limit()
    for begin in range(20):
        answers(limit, 7, from_s=begin)
        limit.restart()
    assert limit.value == 4


def test_a_highest_value_is_kept_to_from_the_beginning():
    assert max(value for _, value in Run(workers=16, limit=Limit(highest=5)).go(10).values) == 5
    assert Limit(highest=1).value == 1
