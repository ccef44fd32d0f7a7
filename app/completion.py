"""``clip-mat completion``: the shell completes commands, options and file names."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands, options and file names.

    \b
    Examples:  clip-mat completion bash > ~/.local/share/bash-completion/completions/clip-mat
               clip-mat completion zsh >> ~/.zshrc     # after the line with compinit
               clip-mat completion fish > ~/.config/fish/completions/clip-mat.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, shell
    script = kind(context.find_root().command, {}, "clip-mat", "_CLIP_MAT_COMPLETE").source()
    # click's script for fish cuts what a command does off at its first comma.
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))
