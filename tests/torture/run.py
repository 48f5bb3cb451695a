"""Try the fuzz targets for a bounded time each, from the corpus of hostile input. `make torture` starts this.

What breaks a target is kept in `tests/torture/found/`, and how to try it again is printed. Needs the dependency group
`torture`, which is for CPython on Linux.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).parent
TARGETS = ("decode", "parameters")
FOUND = HERE / "found"
INPUT_BYTES_MAX = 4_096


def seeds(target: str) -> Iterator[bytes]:
    from hostile.bodies import small
    from hostile.corpus import odds
    from hostile.odd_texts import ODD_TEXTS

    if target == "decode":
        for odd in odds():
            yield b"\2" + odd.raw
            yield b"\1" + odd.raw
        for body in small():
            form = {"gzip": b"\3", "zstd": b"\4"}.get(body.headers.get("Content_Encoding", ""), b"\0")
            yield form + body.data
        return
    for text in ODD_TEXTS.values():
        yield f"service={quote(text)}&tag={quote(text)}:{quote(text)}&q={quote(text)}&status_code=200".encode()
    yield b"start_time=2025-01-01T00:00:00%2B02:00&end_time=9999-12-31T00:00:00Z&severity=info&event_type=api_call"
    yield b"cursor=WzEsMiwzXQ&after=NQ&q=x"


def run(target: str, seconds: int) -> bool:
    """Whether nothing was found. Says the figures."""
    FOUND.mkdir(exist_ok=True)
    paths = os.pathsep.join(str(HERE.parents[1] / name) for name in ("src", "tests"))
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds(target)):
            if len(seed) <= INPUT_BYTES_MAX:
                (Path(folder) / str(number)).write_bytes(seed)
        options = [f"-max_total_time={seconds}", f"-max_len={INPUT_BYTES_MAX}", "-timeout=20", "-print_final_stats=1"]
        ended = subprocess.run(
            [sys.executable, HERE / f"fuzz_{target}.py", folder, *options, f"-artifact_prefix={FOUND}/{target}-"],
            env=os.environ | {"PYTHONPATH": paths},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + 120,
            check=False,
        )
    told = ended.stdout + ended.stderr
    tried = re.search(r"number_of_executed_units: (\d+)", told)
    count = f"torture: {target}: {int(tried[1]) if tried else 0:,} inputs in {seconds} s"
    if ended.returncode == 0:
        say(f"{count}, nothing found")
        return True
    say(f"{count}, and it broke:\n{told[max(told.find('Uncaught Python exception'), 0) :][:4_000]}")
    kept = re.search(r"Test unit written to (\S+)", told)
    if kept:
        say(f"again: PYTHONPATH={paths} {sys.executable} {HERE / f'fuzz_{target}.py'} {kept[1]}")
    return False


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120, help="for each target")
    parser.add_argument("targets", nargs="*", default=TARGETS, help=f"of {', '.join(TARGETS)}; all if none is named")
    given = parser.parse_args()
    sys.path.insert(0, str(HERE.parent))
    good = [run(target, given.seconds) for target in given.targets]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
