"""What the engine refuses is kept, whatever becomes of the process while it is written down."""

from __future__ import annotations

import json

import pytest

from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.files import Files
from unit.ingest.lines import checked, event, line

PATH = "aside.jsonl"


def opened(folder, files=None):
    return AsideList(folder / PATH, files or Files())


class FullDisk(Files):
    """Takes the first half of an append, `times` times."""

    def __init__(self, times):
        self.times = times

    def append(self, descriptor, data):
        if self.times:
            self.times -= 1
            super().append(descriptor, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        super().append(descriptor, data)


def test_what_was_set_aside_is_there_at_the_next_start(tmp_path):
    aside = opened(tmp_path)
    assert len(aside) == 0
    assert aside.last_position == 0
    aside.add(7, line(7, event("seven", message="São Paulo\n")), "Code: 27")
    aside.add(9, line(9, event(None), make_id=lambda _: "made"), "Code: 27")
    for list_ in (aside, opened(tmp_path)):
        assert [position for position in range(12) if position in list_] == [7, 9]
        assert len(list_) == 2
        assert list_.last_position == 9
        assert [(tenant, name) for tenant, name, _ in list_.ids()] == [("acme", "seven"), ("acme", "made")]


def test_each_line_says_what_was_refused_and_why(tmp_path):
    opened(tmp_path).add(7, line(7, event("seven")), "Code: 27. Cannot parse")
    told = json.loads((tmp_path / PATH).read_text())
    assert told == {"position": 7, "error": "Code: 27. Cannot parse", "line": line(7, event("seven")).decode()}


def test_an_id_comes_with_the_hash_of_its_content(tmp_path):
    aside = opened(tmp_path)
    raw = line(7, event("seven"))
    aside.add(7, raw, "refused")
    assert aside.ids() == [("acme", "seven", json.loads(raw)["content_hash"])]


def test_an_event_is_given_back_as_it_was_checked(tmp_path):
    opened(tmp_path).add(7, line(7, event("seven", message="São Paulo")), "refused")
    for aside in (opened(tmp_path), opened(tmp_path)):
        assert aside.line("acme", "seven") == checked(event("seven", message="São Paulo")).line
        assert aside.line("zeta", "seven") is aside.line("acme", "eight") is None


def test_a_line_torn_at_any_byte_is_forgotten_and_spoils_no_other(tmp_path):
    path = tmp_path / PATH
    opened(tmp_path).add(1, line(1, event("a")), "refused")
    first = path.read_bytes()
    opened(tmp_path).add(2, line(2, event("b")), "refused")
    both = path.read_bytes()
    for length in range(len(first), len(both)):
        path.write_bytes(both[:length])
        torn = opened(tmp_path)
        assert 1 in torn
        assert 2 not in torn
        torn.add(3, line(3, event("c")), "refused")
        again = opened(tmp_path)
        assert [position for position in (1, 2, 3) if position in again] == [1, 3]


def test_a_full_disk_keeps_nothing_and_the_next_attempt_the_whole(tmp_path):
    aside = opened(tmp_path, FullDisk(times=2))
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            aside.add(1, line(1, event("a")), "refused")
        assert 1 not in aside
    aside.add(1, line(1, event("a")), "refused")
    again = opened(tmp_path)
    assert len(again) == 1
    assert 1 in again


def test_what_was_set_aside_of_a_tenant_is_told_and_removed_for_good(tmp_path):
    aside = opened(tmp_path)
    aside.add(7, line(7, event("seven")), "Code: 27")
    aside.add(8, line(8, event("eight"), tenant="zeta"), "Code: 27")
    aside.add(9, b"no JSON at all\n", "Code: 27")
    assert (aside.of_tenant("acme"), aside.of_tenant("zeta"), aside.of_tenant("none")) == (["seven"], ["eight"], ())
    aside.remove_tenant("none")
    aside.remove_tenant("acme")
    aside.add(10, line(10, event("ten"), tenant="zeta"), "Code: 27")
    for list_ in (aside, opened(tmp_path)):
        assert list_.of_tenant("acme") == ()
        assert list_.of_tenant("zeta") == ["eight", "ten"]
        assert [position in list_ for position in (7, 8, 9, 10)] == [False, True, True, True]


def test_a_disk_that_is_full_when_a_tenant_is_removed_loses_nothing(tmp_path):
    aside = opened(tmp_path, FullDisk(0))
    aside.add(7, line(7, event("seven")), "Code: 27")
    aside.add(8, line(8, event("eight"), tenant="zeta"), "Code: 27")
    aside._files.times = 1
    with pytest.raises(OSError, match="No space"):
        aside.remove_tenant("acme")
    assert opened(tmp_path).of_tenant("acme") == aside.of_tenant("acme") == ["seven"]
    aside.remove_tenant("acme")
    assert opened(tmp_path).of_tenant("zeta") == ["eight"]
    assert [path.name for path in tmp_path.iterdir()] == [PATH]
