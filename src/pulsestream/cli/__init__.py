"""The `pulsestream` program: one file per verb, loaded only when its verb is called."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from pulsestream.errors import PulseStreamError

# verb -> its one line in `pulsestream --help`; the module of the same name holds `command`.
VERBS = {
    "demo": "Server, a day of history, live traffic and a live view, in one command.",
    "serve": "Run the server.",
    "generate": "Write realistic API-call events to a file or stdout.",
    "ingest": "Send files of events to a server, with progress and statistics.",
    "search": "Find events.",
    "export": "All events that match, as a file: NDJSON, CSV, Parquet or Arrow.",
    "tail": "Follow new events as they arrive.",
    "top": "What there is most of, or what is worst.",
    "services": "Rate, errors and duration of services and endpoints, and how they are.",
    "errors": "What fails, in groups of the same failure.",
    "report": "A report as one HTML page, to be sent and printed.",
    "stats": "What the server received, stored and refused; services at a glance.",
    "key": "Make, list and revoke API keys.",
    "tenant": "Make, list, change and delete tenants.",
    "audit": "What administrators did.",
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in VERBS:
            return None
        command = importlib.import_module(f"pulsestream.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - a verb without a command is our own defect
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        # From the table, so that `--help` imports no verb (and no engine).
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pulsestream")
def program() -> None:
    """PulseStream takes API-call events over HTTP, keeps each one exactly once, and finds them again."""


def main() -> NoReturn:
    """Run the program. An expected error is one line on stderr and its own exit code."""
    try:
        code = program.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except PulseStreamError as error:
        click.echo(f"pulsestream: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
