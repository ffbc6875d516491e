"""What is heard behind a wildcard topic and watched by nobody: named wherever a person looks first."""

from __future__ import annotations

from rich.text import Text

from facilityd.config.found import file_of, read_found
from facilityd.config.site import Site
from facilityd.model.text import Language

SHOWN = 10
"""Names in one line."""
_SAID: dict[Language, str] = {
    "zh": "{topic} 下听到而未监测 {count} 个：{names}（原因见 facilityd check）",
    "en": "heard behind {topic} and not watched {count}: {names} (facilityd check says why)",
}


def unwatched(site: Site) -> dict[str, dict[str, str]]:
    """Return by unit with a wildcard topic the names heard there and not watched, each with the reason."""
    if not site.templates:
        return {}
    heard = read_found(file_of(site))[0].heard
    return {
        unit: {n: why for n, why in heard.get(unit, {}).items() if n not in (*one.names, *one.ignore)}
        for unit, one in site.templates.items()
    }


def unwatched_lines(site: Site, language: Language) -> list[Text]:
    """Return one line for each wildcard topic behind which somebody speaks unheard."""
    return [
        Text(_line(site.templates[unit].unit.topic, list(names), language), style="yellow")
        for unit, names in unwatched(site).items()
        if names
    ]


def _line(topic: str, names: list[str], language: Language) -> str:
    shown = ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")
    return _SAID[language].format(topic=topic, count=len(names), names=shown)
