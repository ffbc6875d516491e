"""Reads a site's files into checked sections, each with the marks of where it stands."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from facilityd.config.fields import identifier, key_in_clear
from facilityd.config.hosts import UNSET
from facilityd.config.mend import mended, nothings, unreadable, unseen
from facilityd.config.schema import SECTIONS, SINGLE, adapter
from facilityd.model.message import Wording
from facilityd.model.regular import open_regular
from facilityd.model.text import LANGUAGES
from facilityd.yaml_source import (
    UNREADABLE,
    Document,
    Key,
    Problem,
    SourceLocation,
    read,
    suggestion,
    validate,
)

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """One checked item of a section and the place it was written."""

    id: str
    value: Any
    document: Document
    path: tuple[Key, ...]
    whole: bool = True
    """False where a mistake in it is reported already and something stands in its place."""

    def location(self, *below: Key, key: bool = False) -> SourceLocation:
        """Return the mark of something inside the item."""
        return self.document.location((*self.path, *below), key=key)

    def beside(self, path: str) -> Path:
        """Return a path that the item names: it begins at the file that says it, not where a command runs."""
        return Path(self.document.file).parent / path


@dataclass(slots=True)
class Sections:
    """All items of all files, by section and id; ids that are present but broken too."""

    entries: dict[str, dict[str, SectionEntry]] = field(default_factory=lambda: {n: {} for n in SECTIONS})
    broken: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in SECTIONS})
    problems: list[Problem] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    secrets: bool = True
    """False: for commands that only read; secrets in the environment or in files are not asked for."""
    resolved: set[str] = field(default_factory=set)
    """The secrets that were read, so that they can be masked wherever something repeats them."""
    beside: list[Path] = field(default_factory=list)
    """Other files that the site names and that were read: timetables, rosters."""
    unread: list[Path] = field(default_factory=list)
    """Files that cannot be read: what they hold is not known, so nothing is missing because of them."""
    language: str = ""
    """What the site says that people read, as far as that could be read: its mistakes are told so too."""

    def known_ids(self, section: str) -> set[str]:
        """Return every id of a section, right or wrong: a broken item is reported once."""
        return set(self.entries[section]) | self.broken[section]

    def knows(self, section: str, item: str) -> bool:
        """Return whether a section has this id, right or wrong."""
        return item in self.entries[section] or item in self.broken[section]

    def values(self, section: str) -> Iterator[SectionEntry]:
        """Iterate over the sound items of a section."""
        return iter(self.entries[section].values())

    def report(self, location: SourceLocation, what: str, hint: str = "") -> None:
        """Note a problem."""
        self.problems.append(Problem(location, what, hint))


def doubled(
    entries: Iterable[SectionEntry], key: Callable[[SectionEntry], Hashable]
) -> Iterator[tuple[SectionEntry, SectionEntry]]:
    """Iterate over the items whose key an earlier one has already, each with the first that has it."""
    known: dict[Hashable, SectionEntry] = {}
    for entry in entries:
        if not entry.whole:
            continue
        first = known.setdefault(key(entry), entry)
        if first is not entry:
            yield entry, first


def files_of(path: Path) -> list[Path]:
    """Return the site's files: the file itself, or every *.yaml of the folder."""
    return sorted(path.glob("*.yaml")) if path.is_dir() else [path]


def read_sections(paths: list[Path], *, secrets: bool = True) -> Sections:
    """Read and check every section of every file. Nothing is raised; problems are collected."""
    sections = Sections(secrets=secrets)
    for path in paths:
        sections.files += files_of(path)
    for file in sections.files:
        _read_file(file, sections)
    if not sections.files:
        sections.report(SourceLocation(str(paths[0])), Wording("config.no-yaml-file-here"))
        sections.broken["site"].add("site")  # one mistake, told once
    return sections


def _language(head: Any) -> str:
    asked = head.get("language") if isinstance(head, dict) else None
    return next((one for one in LANGUAGES if one == asked), "")


def _read_file(file: Path, sections: Sections) -> None:
    document = read(file)
    sections.problems += document.problems
    if not document.readable:
        sections.unread.append(file)
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        sections.report(document.location(()), Wording("config.site-file-mapping"), suggestion("", SECTIONS))
        return
    sections.language = _language(document.data.get("site")) or sections.language
    for name, content in document.data.items():
        if name not in SECTIONS:
            hint = suggestion(str(name), SECTIONS)
            sections.report(
                document.location((name,), key=True), Wording("config.unknown-key", name=name), hint
            )
        elif name in SINGLE:
            _add(sections, document, name, name, (name,))
        elif isinstance(content, dict):
            for item in content:
                _add(sections, document, name, str(item), (name, item))
        elif content is not None:
            sections.report(
                document.location((name,)), Wording("config.mapping-from-id-its-settings", name=name)
            )


def _add(sections: Sections, document: Document, section: str, item: str, path: tuple[Key, ...]) -> None:
    if sections.knows(section, item):
        earlier = sections.entries[section].get(item)
        first = Wording("config.first-at", location=earlier.location(key=True)) if earlier else ""
        one = "section" if section in SINGLE else section[:-1]
        sections.report(
            document.location(path, key=True), Wording("config.stands-twice-2", one=one, item=item), first
        )
        return
    if section not in SINGLE:
        try:
            identifier(item)
        except ValueError as error:
            sections.report(
                document.location(path, key=True), Wording("config.item-says", item=item, error=error)
            )
    _expand(sections, document, path)
    value, problems = validate(adapter(section), document, path)
    sections.problems += _with_what_is_not_seen(document, path, problems)
    whole = value is not None and not unreadable(_part(document, path))
    if not whole:
        value = mended(adapter(section), section, _part(document, path))
    if value is None:
        sections.broken[section].add(item)
    else:
        sections.entries[section][item] = SectionEntry(item, value, document, path, whole)


def _expand(sections: Sections, document: Document, path: tuple[Key, ...]) -> None:
    """Replace ${NAME} in plain settings; secrets keep theirs until they are resolved."""
    holder = _part(document, path[:-1])
    holder[path[-1]] = _expanded(sections, document, path, holder[path[-1]])


def _with_what_is_not_seen(
    document: Document, path: tuple[Key, ...], problems: list[Problem]
) -> list[Problem]:
    """Return an item's problems, those of invisible letters, and of keys that nothing follows.

    Such a key would count as left out.
    """
    part = _part(document, path)
    told = {problem.location for problem in problems}
    for where in unseen(part, path):
        if document.location(where) not in told:
            what = Wording("config.holds-control-character-or-space", where=where[-1])
            problems = [*problems, Problem(document.location(where), what, Wording("config.type-anew"))]
    for where in nothings(part, path):
        key, value = document.location(where, key=True), document.location(where)
        if not any(
            problem.location == key and problem.what.startswith("unknown key") for problem in problems
        ):
            name = repr(where[-1]) if isinstance(where[-1], str) else f"entry {where[-1] + 1}"
            mistake = Problem(
                key, Wording("config.has-no-value", name=name), Wording("config.write-one-or-leave-key")
            )
            problems = [*(problem for problem in problems if problem.location != value), mistake]
    return problems


def _part(document: Document, path: tuple[Key, ...]) -> Any:
    part: Any = document.data
    for step in path:
        part = part[step]
    return part


MAX_SECRET = 65_536
SECRET_KEYS = frozenset({"password", "secret", "token"})


def _expanded(sections: Sections, document: Document, path: tuple[Key, ...], value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _expanded(sections, document, (*path, k), v) for k, v in value.items()}
    if isinstance(value, list):
        return [_expanded(sections, document, (*path, n), v) for n, v in enumerate(value)]
    if not isinstance(value, str) or path[-1] in SECRET_KEYS:
        return value
    if path[-1] == "url" and (name := key_in_clear(value)):
        what = Wording("config.secret-in-clear-text-refused", name=name)
        sections.report(
            document.location(path), what, Wording("config.write-set-name-in-environment", name=name)
        )
    if UNSET in _VARIABLE.sub("", value):
        what = Wording("config.not-replaced", value=value[value.index(UNSET) :][:40])
        sections.report(document.location(path), what, Wording("config.variable-letters-digits-no-default"))
        return UNREADABLE
    text = _VARIABLE.sub(lambda found: variable(sections, document.location(path), found[1]), value)
    return UNREADABLE if UNSET in text and sections.secrets else text


def variable(sections: Sections, location: SourceLocation, name: str) -> str:
    """Return an environment variable; a missing one is a problem."""
    if name not in os.environ and sections.secrets:
        sections.report(
            location,
            Wording("config.environment-variable-not-set", name=name),
            Wording("config.export-before-starting", name=name),
        )
    return os.environ.get(name, f"${{{name}}}")


def serial_port(link: SectionEntry) -> str:
    """Return where a link's serial port is; a relative path begins at the file that says it."""
    return str(link.beside(link.value.serial_port))


def tls_file(link: SectionEntry, name: str) -> str:
    """Return where one of a link's files for TLS is; ``system``, and what is not given, as they stand."""
    given = getattr(link.value.tls, name, "")
    return str(link.beside(given)) if given and (name, given) != ("ca", "system") else given


def resolve_secret(sections: Sections, location: SourceLocation, value: str | dict[str, str] | None) -> str:
    """Return the secret's text from the environment or its file."""
    if value is None or not sections.secrets:
        return ""
    if isinstance(value, str):
        found: str | None = variable(sections, location, value[2:-1]).strip()
    else:
        found = _secret_file(sections, location, Path(location.file).parent / value["file"])
    if found is None:
        return ""
    if not found.isprintable():
        sections.report(
            location, Wording("config.secret-holds-line-break-or"), Wording("config.one-line-expected")
        )
    if len(found.encode("utf-8", "replace")) >= MAX_SECRET:
        sections.report(
            location,
            Wording("config.secret-longer-than-bytes", max_secret=MAX_SECRET - 1),
            Wording("config.another-file"),
        )
    if not found:
        sections.report(location, Wording("config.secret-empty"), Wording("config.leave-key-out-where-none"))
    sections.resolved.add(found)
    return found


def _secret_file(sections: Sections, location: SourceLocation, path: Path) -> str | None:
    """Return what a file holds; None where that could not be read, which is reported."""
    try:
        with open_regular(path) as stream:
            return stream.read(MAX_SECRET).decode().strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else Wording("config.not-utf")
        sections.report(location, Wording("config.secret-file-cannot-read", path=path, reason=reason))
        return None
