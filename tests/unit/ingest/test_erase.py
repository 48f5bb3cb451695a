"""What is deleted is hidden at once, and leaves the engine when its tombstone has come there."""

from __future__ import annotations

import contextlib
import threading

import pytest

from pulsestream.errors import StoreBusy
from pulsestream.ingest import erase
from pulsestream.ingest.erase import Eraser
from pulsestream.store.connect import connect
from unit.ingest.lines import StillClock, event, line

PATIENCE_S = 60


@pytest.fixture
def store():
    with contextlib.closing(connect("chdb://memory", clock=StillClock(), memory_bytes_max=1 << 30)) as store:
        store.migrate()
        with contextlib.closing(store.session(threads=1)) as session:
            session.insert_events(b"".join(line(number, event(f"e{number}")) for number in range(1, 6)))
            session.insert_events(line(6, event("e1"), tenant="zeta"))
        yield store


def present(store):
    with contextlib.closing(store.session(threads=1)) as session:
        return list(session.present(1, 9))


class WatchedStore:
    """Opens sessions to the real engine; refuses the first ones; says when a delete was carried out."""

    def __init__(self, store, refusals=0):
        self.store = store
        self.refusals = refusals
        self.turn = threading.Condition()
        self.deleted = []

    def session(self):
        if self.refusals:
            self.refusals -= 1
            raise StoreBusy("connection refused")
        session = self.store.session(threads=1)
        delete = session.delete_events

        def deleting(tenant, event_ids):
            delete(tenant, event_ids)
            with self.turn:
                self.deleted += [(tenant, event_id) for event_id in event_ids]
                self.turn.notify_all()

        session.delete_events = deleting
        return session

    def wait_for(self, count):
        with self.turn:
            assert self.turn.wait_for(lambda: len(self.deleted) >= count, PATIENCE_S)


@pytest.fixture
def no_delay(monkeypatch):
    monkeypatch.setattr(erase, "_COLLECT_S", 0.01)


def wait_until_nothing_is_hidden(eraser, tenant):
    pause = threading.Event()
    for _ in range(PATIENCE_S * 100):
        if not eraser.hidden(tenant):
            return
        pause.wait(0.01)
    raise AssertionError(eraser.hidden(tenant))


@pytest.mark.usefixtures("no_delay")
def test_deleted_events_leave_the_engine_and_then_need_no_hiding(store):
    watched = WatchedStore(store)
    eraser = Eraser(open_session=watched.session, fed=lambda: 100)
    eraser.start([])
    eraser.hide("acme", "e1", 7)
    eraser.hide("acme", "e3", 8)
    watched.wait_for(2)
    wait_until_nothing_is_hidden(eraser, "acme")
    eraser.close()
    assert present(store) == [2, 4, 5, 6], "the other tenant's e1 stays"


@pytest.mark.usefixtures("no_delay")
def test_an_event_whose_tombstone_is_on_its_way_is_hidden_and_kept(store):
    """It may itself be on its way still: deleted now, it would come after."""
    fed = [7]
    watched = WatchedStore(store)
    eraser = Eraser(open_session=watched.session, fed=lambda: fed[0])
    eraser.start([])
    eraser.hide("acme", "e2", 8)
    eraser.hide("acme", "e1", 7)
    watched.wait_for(1)
    assert watched.deleted == [("acme", "e1")]
    assert "e2" in eraser.hidden("acme")
    fed[0] = 8
    watched.wait_for(2)
    wait_until_nothing_is_hidden(eraser, "acme")
    eraser.close()
    assert present(store) == [3, 4, 5, 6]


@pytest.mark.usefixtures("no_delay")
def test_what_a_stop_left_behind_is_deleted_at_the_next_start(store):
    watched = WatchedStore(store)
    eraser = Eraser(open_session=watched.session, fed=lambda: 0)
    eraser.start([("acme", "e5"), ("zeta", "e1")])
    watched.wait_for(2)
    eraser.close()
    assert present(store) == [1, 2, 3, 4]


@pytest.mark.usefixtures("no_delay")
def test_an_engine_that_is_down_is_asked_again_and_all_stays_hidden(store):
    watched = WatchedStore(store, refusals=3)
    eraser = Eraser(open_session=watched.session, fed=lambda: 100)
    eraser.start([])
    eraser.hide("acme", "e1", 7)
    assert eraser.hidden("acme") == ["e1"]
    watched.wait_for(1)
    assert watched.refusals == 0
    eraser.close()


def test_hidden_is_told_by_tenant_and_a_stop_does_not_wait(store):
    eraser = Eraser(open_session=WatchedStore(store).session, fed=lambda: 0)
    eraser.start([])
    eraser.hide("acme", "e1", 7)
    assert eraser.hidden("acme") == ["e1"]
    assert eraser.hidden("zeta") == []
    eraser.close()
    assert present(store) == [1, 2, 3, 4, 5, 6]
