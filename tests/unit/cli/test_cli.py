"""docs/cli.md ends with the help of every verb. After a change: `python tests/unit/cli/test_cli.py` rewrites it."""

from pathlib import Path

import click

from pulsestream.cli import VERBS, program

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
HEADING = "# Every verb\n"


def every_command():
    """The context of each verb, and of each command of a verb that has some."""
    with program.make_context("pulsestream", [], resilient_parsing=True) as parent:
        for verb in VERBS:
            yield from _with_commands_below(program.get_command(parent, verb), parent, verb)


def _with_commands_below(command, parent, name):
    with click.Context(command, parent=parent, info_name=name, terminal_width=100) as context:
        yield context
        for below in getattr(command, "commands", ()):
            yield from _with_commands_below(command.commands[below], context, below)


def help_of_every_verb():
    return "".join(
        f"\n### {context.command_path}\n\n```\n{context.command.get_help(context)}\n```\n"
        for context in every_command()
    )


def rewritten():
    before = PAGE.read_text(encoding="utf-8").split("#" + HEADING)[0]
    return f"{before}#{HEADING}{help_of_every_verb()}"


def test_the_page_has_the_help_as_it_is():
    said = PAGE.read_text(encoding="utf-8")
    assert said == rewritten(), f"the help has changed: run python {Path(__file__).relative_to(PAGE.parents[1])}"


def test_every_verb_and_option_says_what_it_does():
    for context in every_command():
        assert context.command.help, context.command_path
        for option in context.command.params:
            assert isinstance(option, click.Argument) or option.help, (context.command_path, option.name)


def test_every_command_that_asks_a_server_says_where_it_is_and_by_which_key():
    asking = {context.command_path for context in every_command() if "url" in {p.name for p in context.command.params}}
    assert {"pulsestream key create", "pulsestream tenant delete", "pulsestream audit"} <= asking
    for context in every_command():
        names = {param.name for param in context.command.params}
        assert ("url" in names) <= ("api_key" in names), context.command_path


if __name__ == "__main__":
    PAGE.write_text(rewritten(), encoding="utf-8")
