"""What a command meets as it starts: a terminal of another locale, modules that a full disk cut short."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import NoReturn

from facilityd.errors import FacilitydError
from facilityd.model.message import Wording


def speak_any_locale() -> None:
    """Let a terminal that has no Chinese show ? in its place, and all the rest."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def refuse_cut_short(error: EOFError) -> NoReturn:
    """Raise FacilitydError where a module's bytecode ends early, else the error itself.

    Python 3.11 keeps what it could write of a compiled module, and no later start can read it (gh-126606).
    """
    if "marshal" not in str(error):
        raise error
    where = str(Path(__file__).parents[1])
    raise FacilitydError(Wording("ask.bytecode-cut"), where=where, hint=Wording("ask.remove-bytecode"))
