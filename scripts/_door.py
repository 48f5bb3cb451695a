"""The way from a script of this checkout to a verb of the `pulsestream` program.

Kept to what any Python 3.6 reads: it is often run by one without the package, and maybe too old for it.
"""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def enter(verb: str) -> None:
    """Run `pulsestream <verb>` with these arguments, by the checkout's .venv if this Python lacks it."""
    try:
        from pulsestream.cli import main
    except (ImportError, SyntaxError):  # absent, or installed for a newer Python than this one
        _enter_venv()
    else:
        sys.argv[:] = ["pulsestream", verb, *sys.argv[1:]]
        main()


def _enter_venv() -> None:
    script = Path(sys.argv[0]).resolve()
    venv = CHECKOUT / ".venv"
    python = venv / "bin" / "python"
    # Already inside it: the package is what is missing, and running ourselves again would never end.
    inside = Path(sys.prefix).resolve() == venv.resolve()
    if not inside and python.exists():
        os.execv(str(python), [str(python), str(script), *sys.argv[1:]])  # noqa: S606 - this file again, no shell
    sys.stderr.write(f"{script.name}: PulseStream is not installed yet: run `make install` in {CHECKOUT}\n")
    sys.exit(2)
