"""What every question has."""

import pytest

from pulsestream.api import asked
from pulsestream.errors import BadParameters


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe", "x" * 5000, "\0"])
def test_a_zone_that_there_is_not_is_refused_by_name(name):
    with pytest.raises(BadParameters, match="tz: is no time zone: send a name of the IANA database"):
        asked._zone(name)
