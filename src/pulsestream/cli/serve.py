"""`pulsestream serve`: the server, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import random
import secrets
import signal
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
import msgspec

from pulsestream.api.origin import is_loopback
from pulsestream.cli.log import log_defect, write_log
from pulsestream.clock import SystemClock
from pulsestream.config import SETTINGS, Settings, is_exposed, load
from pulsestream.control.keys import DEMO_KEY
from pulsestream.errors import ConfigError
from pulsestream.meters import time_loop
from pulsestream.metrics import CONNECTIONS

if TYPE_CHECKING:
    from litestar.types import ASGIApp

    from pulsestream.api.wire import Wire
    from pulsestream.wiring import Server

log = logging.getLogger(__name__)

Command = TypeVar("Command", bound=Callable[..., Any])

# A request that is under way at a stop may take this long.
_LAST_REQUESTS_S = 10
_OBJECTS_UNTIL_COLLECTED = 10_000
# The event loop gives up the interpreter with every wait, and gets it back from a thread that decodes only when this
# is over. With Python's own 5 ms, under overload a refusal came after 1.2 s, and with this after 10 ms.
_SWITCH_S = 0.000_5
_OURS_ONLY = 0o077  # what a file mode must not have
_KEY_LENGTH_MIN = 20  # of a key that somebody else chose, where strangers can try


def _setting_options(command: Command) -> Command:
    """An option for every row of the SETTINGS table."""
    for setting in reversed(SETTINGS.values()):
        default = f" [default: {setting.default}]" if setting.default != "" else ""
        option = click.option(
            "--" + setting.name.replace("_", "-"),
            setting.name,
            type=str,
            metavar="NUMBER" if setting.type is int else "TEXT",
            help=f"{setting.help}{default}",
        )
        command = option(command)
    return command


@click.command()
@_setting_options
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="PULSESTREAM_CONFIG",
    help="TOML file with any of these settings, by their names",
)
def command(config: Path | None, **given: str | None) -> None:
    """Run the server, until it is told to stop (Ctrl-C, SIGTERM).

    Every setting can also be given as PULSESTREAM_NAME in the environment or in a TOML file (--config).
    """
    settings = load({name: value for name, value in given.items() if value is not None}, os.environ, config)
    write_log(settings.log_level, settings.log_format)
    if config is not None and is_exposed(config):
        log.warning("others on this machine can read the key in %s: chmod 600 %s", config, config)
    os.umask(_OURS_ONLY)
    listener = _listen(settings)
    _refuse_known_keys(settings.api_key, listener.getsockname()[0])
    _refuse_open_doors(settings, listener.getsockname()[0])
    settings = _move_in(settings)
    import uvloop

    uvloop.run(_serve(settings, listener))


def _listen(settings: Settings) -> socket.socket:
    """Take the port first: whatever else takes long, a port that is in use is said at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except socket.gaierror as error:
        raise ConfigError(f"there is no address {settings.host!r} on this machine ({error.strerror})") from error
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {settings.host}:{settings.port} ({os.strerror(error.errno or 0)}): stop what uses it, "
            "or choose another with --port"
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the socket's signature
    return listener


def _refuse_known_keys(api_key: str, address: str) -> None:
    """Raises ConfigError for a key that strangers know or soon guess, where strangers can send it."""
    if not api_key or is_loopback(address):
        return
    advice = (
        "leave api_key out, and the first start prints a good key, or set PULSESTREAM_API_KEY to the output of "
        "`openssl rand -hex 32`; without --host the server answers this machine only"
    )
    if api_key == DEMO_KEY:
        raise ConfigError(
            f"the key {DEMO_KEY} is in the documentation, and {address} can be reached from outside: {advice}"
        )
    if len(api_key) < _KEY_LENGTH_MIN:
        raise ConfigError(
            f"the key in api_key has {len(api_key)} characters and can be guessed, and {address} can be reached from "
            f"outside: it needs {_KEY_LENGTH_MIN} at least; {advice}"
        )


def _refuse_open_doors(settings: Settings, address: str) -> None:
    """Raises ConfigError where people would be signed in by themselves who are not known to sit at this machine."""
    if settings.sign_in == "key":
        return
    if not is_loopback(address):
        raise ConfigError(
            f"with sign_in = {settings.sign_in} whoever opens the pages is signed in, and {address} can be reached "
            "from outside: leave out sign_in, or --host"
        )
    if not settings.api_key:
        raise ConfigError(
            f"with sign_in = {settings.sign_in} people are signed in with api_key, and there is none: set "
            "PULSESTREAM_API_KEY, or leave out sign_in"
        )


def _move_in(settings: Settings) -> Settings:
    """Work in the data folder: the embedded engine obeys a config.xml of the folder that it starts in."""
    data = Path(settings.data).resolve()
    try:
        data.mkdir(parents=True, exist_ok=True)
        _close_to_others(data)
        os.chdir(data)
    except OSError as error:
        raise ConfigError(f"the data folder {data} cannot be used: {error.strerror}") from error
    return msgspec.structs.replace(settings, data=str(data))


def _close_to_others(data: Path) -> None:
    """What an earlier version or a hand made may be readable; behind a closed folder nothing is."""
    mode = stat.S_IMODE(data.stat().st_mode)
    if not mode & _OURS_ONLY:
        return
    try:
        data.chmod(mode & ~_OURS_ONLY)
    except OSError as error:
        log.warning("the data folder %s is open to others (mode %o), and stays so: %s", data, mode, error.strerror)
    else:
        log.warning("the data folder %s was open to others (mode %o), and is now closed to them", data, mode)


async def _serve(settings: Settings, listener: socket.socket) -> None:
    from pulsestream.api.app import build
    from pulsestream.wiring import Server

    asyncio.get_running_loop().set_exception_handler(log_defect)
    server = await Server.start(settings, clock=SystemClock())
    try:
        application = build(server)
        _tune_interpreter()
        await _answer_until_told_to_stop(application, listener, _wire(server), server)
    finally:
        await server.stop()


def _tune_interpreter() -> None:
    """Nearly nothing is part of a cycle here; to look for one every 700 objects takes a tenth of a busy server.

    For `_SWITCH_S` see there.
    """
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_UNTIL_COLLECTED, 20, 50)


def _wire(server: Server) -> Wire:
    from pulsestream.api.observer import Observer
    from pulsestream.api.wire import Bounds, Wire, connections_allowed

    settings = server.settings
    bounds = Bounds(
        connections_max=connections_allowed(settings.connections_max),
        header_timeout_s=settings.header_timeout_s,
        body_timeout_s=settings.body_timeout_s,
    )
    rng = random.Random(secrets.randbits(64))  # noqa: S311 - for names of requests, which are no secret
    wire = Wire(bounds, Observer(server.meters, server.clock.monotonic, rng))
    server.meters.watch(CONNECTIONS, lambda: len(wire.open))
    return wire


async def _answer_until_told_to_stop(application: ASGIApp, listener: socket.socket, wire: Wire, server: Server) -> None:
    import uvicorn

    from pulsestream.api.connection import Connection

    class Web(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            # uvicorn's own would raise the signal again when it is done, and so end us before the journal is fed.
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.handle_exit, number, None)
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(server, listener)  # who has read it may ask, and may stop us: both are seen to by now

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            server.end_streams()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        cast("Any", application),
        http=cast("Any", partial(Connection, wire)),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nothing here asks who the peer is, so no header may say it
        timeout_graceful_shutdown=_LAST_REQUESTS_S,
    )
    watches = [asyncio.create_task(wire.watch()), asyncio.create_task(time_loop(server.meters))]
    try:
        await Web(config).serve(sockets=[listener])
    finally:
        for watch in watches:
            watch.cancel()


def _announce(server: Server, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    if server.first_key is not None:
        click.echo(
            "The operator's first key, shown this once. It may do everything (ingest, read, admin); keep it safe:\n\n"
            f"  {server.first_key.secret}\n\n"
            "Programs need less: `pulsestream key create --scope ingest` makes a key that can only send events."
        )
    click.echo(f"PulseStream listens on http://{shown}:{port}, data in {server.data.resolve()}")
