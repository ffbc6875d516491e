"""A reader's test: each question leads by one path to one file, and each word of the glossary to its class."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.references import CODE

GLOSSARY, ARCHITECTURE = Path("docs/glossary.md"), Path("docs/architecture.md")
LINKS = re.compile(r"\]\(([^)#]+)\)")


def read(file: Path) -> str:
    """Return a page's text."""
    return file.read_text(encoding="utf-8")


def test_the_glossary_names_classes_and_functions_where_they_are() -> None:
    pairs = re.findall(rf"`([\w.]+)` \(`({CODE.pattern})`\)", read(GLOSSARY))
    assert len(pairs) > 60
    defined = re.compile(
        r"^(?:    )?(?:async )?(?:class|def) (\w+)|^(?:    )?(\w+)(?::[^=\n]+)? = ", re.MULTILINE
    )
    lost = [
        f"{name} is not in {path}"
        for name, path in pairs
        if name.split(".")[-1] not in {a or b for a, b in defined.findall(read(Path(path)))}
    ]
    assert lost == []


QUESTIONS = {
    "a register decoded": "decode",
    "an alarm raised": "alarm",
    "a late answer recognised": "",
    "add a channel": "channel",
    "decides that a unit is offline": "",
    "value's quality decided": "",
    "request of a person": "command",
    "journal upgraded": "schema",
    "notices wait": "",
    "question to the journal answered": "query",
    "scenario's expectation checked": "checks",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_reader_is_led_to_one_file(question: str) -> None:
    rows = [row for row in read(ARCHITECTURE).splitlines() if row.startswith("|") and question in row]
    assert len(rows) == 1, rows
    answer = rows[0].split("|")[2]
    led = LINKS.findall(answer)
    assert len(led) == 1, f"one path, not {led}"
    assert (ARCHITECTURE.parent / led[0]).is_file()
    assert QUESTIONS[question] in led[0]
