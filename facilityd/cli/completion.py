"""facilityd completion: shell completion, by click's own means."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from facilityd.cli.language import spoken_lang_option
from facilityd.cli.output import json_option, print_json


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@spoken_lang_option
@json_option
def completion(shell: str, as_json: bool) -> None:
    """Print the completion script of a SHELL.

    Use it as: source <(facilityd completion bash)
    """
    from facilityd.cli.main import facilityd

    kind = get_completion_class(shell)
    assert kind  # noqa: S101 - click knows each of the choices
    script = kind(facilityd, {}, "facilityd", "_FACILITYD_COMPLETE").source()
    if as_json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
