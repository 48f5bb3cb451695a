import subprocess
import sys

import numpy as np

from pulsestream.generate import arrow


def plain(array):
    return [bytes(value.as_py()) for value in array]


def test_texts_numbers_and_strips_join_row_by_row():
    strip = np.zeros(2, dtype=[("a", "S2"), ("b", "S1")])
    strip["a"], strip["b"] = [b"xy", b"zw"], [b"1", b"2"]
    words = arrow.take(arrow.texts(["São", "", "Paulo"]), np.array([2, 0], dtype=np.int32))

    joined = arrow.join(words, arrow.constant("|"), arrow.numbers(np.array([-5, 1 << 40])), arrow.strips(strip))

    assert plain(joined) == [b"Paulo|-5xy1", "São|1099511627776zw2".encode()]


def test_lines_are_the_bytes_of_a_part_too():
    array = arrow.texts(["one\n", "two\n", "three\n"])

    assert bytes(arrow.lines(array)) == b"one\ntwo\nthree\n"
    assert bytes(arrow.lines(array.slice(1, 1))) == b"two\n"


def test_generating_does_not_load_pandas():
    program = """if True:
        import sys
        from datetime import UTC, datetime
        from pulsestream.generate import Traffic
        Traffic(1).slice(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), 10)
        print("pandas" in sys.modules)
    """
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout == "False\n"
