"""docs/cli.md ends with the help of every verb. After a change: `python tests/unit/cli/test_cli.py` rewrites it."""

from pathlib import Path

import click

from pulsestream.cli import VERBS, program

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
HEADING = "# Every verb\n"


def help_of_every_verb():
    parts = []
    with program.make_context("pulsestream", [], resilient_parsing=True) as parent:
        for verb in VERBS:
            command = program.get_command(parent, verb)
            with click.Context(command, parent=parent, info_name=verb, terminal_width=100) as context:
                parts.append(f"\n### pulsestream {verb}\n\n```\n{command.get_help(context)}\n```\n")
    return "".join(parts)


def rewritten():
    before = PAGE.read_text(encoding="utf-8").split("#" + HEADING)[0]
    return f"{before}#{HEADING}{help_of_every_verb()}"


def test_the_page_has_the_help_as_it_is():
    said = PAGE.read_text(encoding="utf-8")
    assert said == rewritten(), f"the help has changed: run python {Path(__file__).relative_to(PAGE.parents[1])}"


def test_every_verb_and_option_says_what_it_does():
    with click.Context(program, info_name="pulsestream") as parent:
        for verb in VERBS:
            command = program.get_command(parent, verb)
            assert command.help
            for option in command.params:
                assert isinstance(option, click.Argument) or option.help, (verb, option.name)


if __name__ == "__main__":
    PAGE.write_text(rewritten(), encoding="utf-8")
