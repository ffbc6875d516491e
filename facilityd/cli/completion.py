"""facilityd completion: shell completion, by click's own means."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a SHELL.

    Use it as: source <(facilityd completion bash)
    """
    from facilityd.cli.main import facilityd

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(facilityd, {}, "facilityd", "_FACILITYD_COMPLETE").source())
