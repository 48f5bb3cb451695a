import numpy as np
import pyarrow as pa
import pytest

from pulsestream.generate.releases import releases
from pulsestream.generate.world import ENVIRONMENT_SHARES, SERVICES

DAY_BINS = 288
FIRST = 5_983_200  # of bins: 2026-11-20
EACH = len(ENVIRONMENT_SHARES)


def named(found, bin_, service, off=0):
    """The version of a bin; `off` -1 the previous one, 1 the candidate."""
    text = found.texts[int(found.current[bin_, service]) + off * EACH].as_py().decode()
    return tuple(map(int, text.partition('"')[0].split(".")))


def changes(found, service):
    return np.flatnonzero(np.diff(found.current[:, service])) + 1


def test_a_service_is_released_every_other_day_at_working_hours():
    found = releases(3, FIRST, 90 * DAY_BINS)
    for service in range(len(SERVICES)):
        at = changes(found, service)
        assert 25 < len(at) < 60
        assert 7 * 12 <= (at % DAY_BINS).min() <= (at % DAY_BINS).max() < 17 * 12


def test_a_candidate_becomes_the_current_version_and_that_the_previous_one():
    found = releases(3, FIRST, 90 * DAY_BINS)
    for service in range(len(SERVICES)):
        for at in changes(found, service):
            assert named(found, at, service) == named(found, at - 1, service, 1) > named(found, at - 1, service)
            assert named(found, at, service, -1) == named(found, at - 1, service)


def test_a_name_is_never_given_twice():
    found = releases(3, FIRST - 200 * DAY_BINS, 400 * DAY_BINS)
    for service in range(len(SERVICES)):
        names = [named(found, at, service) for at in changes(found, service)]
        assert len(set(names)) == len(names)
        assert names == sorted(names)
        assert {name[0] for name in names} == {SERVICES[service].version[0]}


@pytest.mark.parametrize("begin", [0, 100, 17 * DAY_BINS + 5, 45 * DAY_BINS - 1])
def test_a_moment_has_the_same_releases_in_every_range(begin):
    whole, part = releases(5, FIRST, 50 * DAY_BINS), releases(5, FIRST + begin, 300)
    for service in range(len(SERVICES)):
        for off in (-1, 0, 1):
            assert [named(part, bin_, service, off) for bin_ in range(0, 300, 7)] == [
                named(whole, begin + bin_, service, off) for bin_ in range(0, 300, 7)
            ]


def test_another_seed_has_other_releases():
    assert not np.array_equal(changes(releases(1, FIRST, 10_000), 0), changes(releases(2, FIRST, 10_000), 0))


@pytest.mark.parametrize(("first", "bins"), [(0, 1), (0, 40 * DAY_BINS), (DAY_BINS * 365 * 20, 300)])
def test_there_are_versions_at_all_times(first, bins):
    found = releases(7, first, bins)
    assert isinstance(found.texts, pa.Array)
    assert found.current.min() >= EACH
    assert found.current.max() + 2 * EACH <= len(found.texts)
    for service in range(len(SERVICES)):
        assert len({named(found, bins - 1, service, off) for off in (-1, 0, 1)}) == 3
