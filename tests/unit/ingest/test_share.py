"""Nobody fills a common room, and who comes late finds some."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pulsestream.ingest.share import Share

ROOM = 7_000


def filled(share, tenant, size=1):
    """Take as long as there is room. The bytes taken."""
    taken = 0
    while share.has_room(tenant, size):
        share.take(tenant, size)
        taken += size
    return taken


def test_one_tenant_gets_three_quarters():
    assert abs(filled(Share(ROOM), "a") - ROOM * 3 / 4) <= 1


def test_two_busy_tenants_get_three_sevenths_each_whoever_came_first():
    share = Share(ROOM)
    filled(share, "first")
    filled(share, "second")
    for _ in range(200):  # the first one's events move on, and both go on sending
        share.give_back("first", 100)
        filled(share, "second")
        filled(share, "first")
        share.give_back("second", 100)
        filled(share, "first")
        filled(share, "second")
    for tenant in ("first", "second"):
        assert ROOM * 0.3 < share._held[tenant] < ROOM * 0.6, tenant


def test_a_newcomer_always_finds_room():
    share = Share(ROOM)
    for tenant in "abcdef":
        assert share.has_room(tenant)
        assert filled(share, tenant) > 0


def test_what_is_larger_than_the_room_never_fits():
    assert not Share(ROOM).has_room("a", ROOM + 1)


def test_what_has_no_size_comes_and_goes():
    share = Share(ROOM)
    for _ in range(2):
        share.take("a", 0)
    for _ in range(2):
        share.give_back("a", 0)
    assert share.has_room("a", ROOM // 2)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2_000)), max_size=200))
def test_never_more_than_the_room_and_all_of_it_comes_back(wanted):
    share, taken = Share(ROOM), []
    for tenant, size in wanted:
        if share.has_room(tenant, size):
            share.take(tenant, size)
            taken.append((tenant, size))
            assert sum(size for _, size in taken) <= ROOM
    for tenant, size in taken:
        share.give_back(tenant, size)
    assert abs(filled(share, "a") - ROOM * 3 / 4) <= 1
