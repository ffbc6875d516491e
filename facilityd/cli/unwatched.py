"""What is heard behind a wildcard topic and watched by nobody: named wherever a person looks first."""

from __future__ import annotations

from rich.text import Text

from facilityd.cli.words import sentence
from facilityd.config.site import Site
from facilityd.model.text import Language
from facilityd.query.unwatched import unwatched

SHOWN = 10
"""Names in one line."""


def unwatched_lines(site: Site, language: Language) -> list[Text]:
    """Return one line for each wildcard topic behind which somebody speaks unheard."""
    return [
        Text(_line(site.templates[unit].unit.topic, list(names), language), style="yellow")
        for unit, names in unwatched(site).items()
        if names
    ]


def _line(topic: str, names: list[str], language: Language) -> str:
    shown = ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
    return sentence("unwatched", language, topic=topic, count=len(names), names=shown)
