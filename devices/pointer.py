"""JSON pointers (RFC 6901): where a value stands in a message."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from facilityd.model.message import Wording

_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
ABSENT = object()
"""What is found where nothing is."""


def steps_of(pointer: str) -> tuple[str, ...]:
    """Return the steps of a pointer; none for the whole document."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def sound_pointer(text: str) -> str:
    """Return a pointer. Raises ValueError for what would find nothing in any message."""
    if not text.startswith("/") and text:
        raise ValueError(Wording("tables.pointer-begins-with-write-or", value=f"/{text}"))
    if not _POINTER.fullmatch(text):
        raise ValueError(Wording("tables.in-pointer-written-within-name"))
    return text


Pointer = Annotated[str, AfterValidator(sound_pointer)]


def find(document: object, steps: tuple[str, ...]) -> object:
    """Follow steps through a document; what is not there is ``ABSENT``."""
    for step in steps:
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list) and step.isascii() and step.isdigit() and int(step) < len(document):
            document = document[int(step)]
        else:
            return ABSENT
    return document
