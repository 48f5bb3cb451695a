import numpy as np
import pytest

from pulsestream.generate import odds
from pulsestream.generate.odds import lookup


@pytest.mark.parametrize("shares", [[1], [0.5, 0.5], [3, 1], [0.2, 0, 0.8], [1e-3, 1, 2.5]])
def test_a_lookup_table_gives_each_index_its_share_of_the_places(shares):
    table = lookup(shares)

    assert len(table) == 65_536
    held = np.bincount(table, minlength=len(shares)) / len(table)
    assert held == pytest.approx(np.array(shares) / sum(shares), abs=1.01 / 65_536)


def test_response_times_have_a_mean_of_one_and_a_heavy_tail():
    times = odds.TIME_AT + odds.TIME_STEP / 2

    assert times.mean() == pytest.approx(1, abs=1e-4)
    assert np.quantile(times, 0.99) > 3 * np.quantile(times, 0.5)


def test_every_failure_of_an_operation_is_drawn_from_its_own_service():
    assert odds.FAILURE_CDF[:, :, -1] == pytest.approx(np.ones((2, len(odds.OPERATIONS))))
    for index, operation in enumerate(odds.OPERATIONS):
        own = odds.FAILURES[operation.service]
        for place in range(odds.OUTCOMES):
            failure = odds.failure_of(index * odds.OUTCOMES + place)
            expected = place - len(odds.SUCCESSES)
            assert failure == (own[expected] if 0 <= expected < len(own) else None)


def test_populations_fit_into_the_user_numbers():
    last = odds.FIRST_USER_IN + odds.USERS_IN
    assert last.max() <= 50_000
    assert (odds.USERS_IN > 1_000).all()
