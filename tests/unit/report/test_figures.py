"""Numbers and times as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from pulsestream.report import figures

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (figures.percent(None), "–"),
        (figures.percent(0), "0.0 %"),
        (figures.percent(0.0004), "0.04 %"),
        (figures.percent(0.00001), "< 0.01 %"),
        (figures.percent(0.028), "2.8 %"),
        (figures.milliseconds(None), "–"),
        (figures.milliseconds(3.21), "3.2 ms"),
        (figures.milliseconds(619.4), "619 ms"),
        (figures.milliseconds(1_603), "1.60 s"),
        (figures.milliseconds(19_750), "19.8 s"),
        (figures.growth(None), "–"),
        (figures.growth(0.001), "the same"),
        (figures.growth(0.25), "+25 %"),
        (figures.growth(-0.059), "−5.9 %"),
        (figures.growth(1.4), "2.4 times"),
        (figures.short(1_500), "1.5k"),
        (figures.short(2_000_000), "2M"),
        (figures.short(0.25), "0.25"),
        (figures.axis_percent(0.2), "20 %"),
        (figures.axis_milliseconds(0), "0"),
        (figures.axis_milliseconds(2_500), "2.5 s"),
        (figures.length(timedelta(hours=24)), "24 hours"),
        (figures.length(timedelta(days=7)), "7 days"),
        (figures.length(timedelta(minutes=90)), "90 minutes"),
        (figures.length(timedelta(hours=1)), "1 hour"),
        (figures.length(timedelta(seconds=61)), "61 seconds"),
        (figures.ago(NOON - timedelta(days=2), NOON), "2 days ago"),
        (figures.ago(NOON - timedelta(minutes=1), NOON), "1 minute ago"),
        (figures.ago(NOON + timedelta(minutes=1), NOON), "just now"),
        (figures.span(NOON, NOON + timedelta(hours=1), UTC), "Nov 20, 2026, 12:00 to 13:00"),
    ],
)
def test_a_figure_is_said_as_people_say_it(said, expected):
    assert said == expected
