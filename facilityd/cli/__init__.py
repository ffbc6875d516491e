"""The command line: what a person sees of facilityd."""

from facilityd.cli.main import main

__all__ = ["main"]
