"""The first line of a notice: how bad, where and what, within what a phone shows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from facilityd.model.rule import Rule
from facilityd.model.text import SHORTEST, Language, Text
from facilityd.notify.texts import texts

GLANCE = 40
"""Characters that a phone shows of a message before it is opened."""
SHORT = "-short"
"""Behind a field's name: the same in fewer characters."""
CUT, TAIL = "…", 4
"""Between both ends of a name that is too long, and how much of its end is kept: there stands the number."""
LEAST = 10
"""Characters that are left of a place's name at least."""
END = "|"
"""In a template: up to here a phone shows it."""
Fields = Mapping[str, str]


def named(device: Text, device_id: str, rule: Rule, language: Language) -> dict[str, str]:
    """Return the fields of a headline about an alarm, each long and short."""
    priority = rule.priority.name.lower()
    return {
        "device": device.in_(language), "device-short": device_id,
        "rule": rule.name.in_(language), "rule-short": rule.brief(language),
        "priority": texts().priority[priority].in_(language),
        "priority-short": texts().priority_short[priority].in_(language),
    }  # fmt: skip


def headline(which: str, fields: Fields, language: Language) -> str:
    """Return the first line of a kind of notice, its names as long as there is room for them.

    A field with a short form of its own (``NAME-short``) is shortened where it must be: first what is wrong,
    then how bad, then the mark of the kind, last the place.
    """
    head, tail = next(
        (form for form in _forms(which, fields, language) if len(form[0]) <= GLANCE),
        (_cut(which, fields, language)),
    )
    return head + tail


def unsaid(subject: str, rule: str) -> str:
    """Return the name of a rule where a headline has no room for it, else ""; it stands below then."""
    return "" if rule in subject else rule


def _forms(which: str, fields: Fields, language: Language) -> Iterator[tuple[str, str]]:
    """Yield head and tail, the longest first."""
    whole = texts().subject[which].in_(language)
    brief = texts().brief[which].in_(language) if which in texts().brief else whole
    what = {name for name in _shortened(fields) if name not in ("device", "priority")}
    yield _filled(whole, fields)
    yield _filled(whole, _short(fields, what))
    yield _filled(whole, _short(fields, {*what, "priority"}))
    yield _filled(brief, _short(fields, {*what, "priority"}))
    yield _filled(brief, _short(fields, {*what, "priority", "device"}))


def _cut(which: str, fields: Fields, language: Language) -> tuple[str, str]:
    """Return head and tail, what is wrong cut in its middle; where that is not enough, the place too."""
    table = texts().brief if which in texts().brief else texts().subject
    template = table[which].in_(language)
    place = "device" if "{device}" in template.partition(END)[0] else "site"
    short = _short(fields, _shortened(fields))
    what = next((name for name in ("rule", "what") if f"{{{name}}}" in template.partition(END)[0]), "")
    room = _room(template, short, what)
    if what and len(short[what]) > max(room, SHORTEST):
        short[what] = _ends(short[what], max(room, SHORTEST))
    if len(_filled(template, short)[0]) > GLANCE:
        short[place] = _ends(fields[place], max(LEAST, _room(template, short, place)))
    return _filled(template, short)


def _room(template: str, fields: Fields, name: str) -> int:
    """Return how many characters are left for a field."""
    return 1 + GLANCE - len(_filled(template, {**fields, name: "x"})[0])


def _ends(name: str, room: int) -> str:
    """Return both ends of a name, in at most ``room`` characters."""
    if len(name) <= room:
        return name
    return f"{name[: room - TAIL - 1].rstrip()}{CUT}{name[-TAIL:]}"


def _shortened(fields: Fields) -> set[str]:
    return {name.removesuffix(SHORT) for name in fields if name.endswith(SHORT)}


def _short(fields: Fields, names: set[str]) -> dict[str, str]:
    """Return the fields with some of them in their short form."""
    return {
        name: fields[f"{name}{SHORT}"] if name in names and fields.get(f"{name}{SHORT}") else value
        for name, value in fields.items()
    }


def _filled(template: str, fields: Fields) -> tuple[str, str]:
    """Return what a phone shows and what follows; a name cannot forge the sign between them."""
    head, _, tail = template.partition(END)
    said = " ".join(head.format(**fields).split())
    rest = " ".join(tail.format(**fields).split())
    return said, f" {rest}" if tail.startswith(" ") and rest else rest
