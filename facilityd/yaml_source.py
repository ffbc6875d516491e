"""YAML that remembers where everything stands, so that every mistake has file:line:column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from facilityd.errors import ConfigError, UnknownName
from facilityd.model.meant import meant
from facilityd.model.message import Wording, reason
from facilityd.model.regular import open_regular
from facilityd.model.validation import said_of
from facilityd.validator_text import choice, known_keys, without_echoes
from facilityd.yaml_events import KEY, Unusual, Where, built
from facilityd.yaml_loader import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    Loader,
    advice,
    composed,
    key_of,
    place,
    scalar,
    slip,
    unprintable,
)  # fmt: skip

Key = str | int
T = TypeVar("T")

UNREADABLE = "\0unreadable"
"""Stands for a value whose mistake is told already."""


@dataclass(frozen=True, slots=True, order=True)
class SourceLocation:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


_LINES = {
    "problem": ("yaml.problem", "yaml.problem-with-hint"),
    "warning": ("yaml.warning", "yaml.warning-with-hint"),
}


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it is, what is wrong, what is allowed or meant."""

    location: SourceLocation
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return str(self.message())

    def message(self, kind: str = "problem") -> Wording:
        """Return it as one line, in both languages; ``kind``: problem or warning."""
        alone, hinted = _LINES[kind]
        parts = {"location": str(self.location), "what": self.what}
        return Wording(hinted, **parts, hint=self.hint) if self.hint else Wording(alone, **parts)


@dataclass(slots=True)
class Document:
    """Plain data, and of each key and value in it line and column, from 1."""

    file: str
    data: Any = None
    marks: dict[Where, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def readable(self) -> bool:
        """False where nothing in the file could be understood."""
        return self.data is not None or not self.problems

    def problem(self, location: SourceLocation, what: str, hint: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(location, what, hint))

    def location(self, path: Iterable[Key], *, key: bool = False) -> SourceLocation:
        """Return the mark of a path, or of the nearest thing around it that has one."""
        where = tuple(path)
        if key and (*where, KEY) in self.marks:
            return SourceLocation(self.file, *self.marks[*where, KEY])
        while where and where not in self.marks:
            where = where[:-1]
        return SourceLocation(self.file, *self.marks.get(where, ()))


def read(path: Path, shown: str | None = None) -> Document:
    """Read one file. A file that is not YAML at all yields a document with problems only."""
    document = Document(shown or str(path))
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            document.problem(
                SourceLocation(document.file), Wording("yaml.larger-than-mib", max_bytes=MAX_BYTES // 2**20)
            )
        else:
            parse(content.decode("utf-8-sig"), document)
    except OSError as error:
        document.problem(SourceLocation(document.file), Wording("yaml.cannot-read", strerror=error.strerror))
    except UnicodeDecodeError as error:
        document.problem(SourceLocation(document.file), Wording("yaml.not-utf-at-byte", start=error.start))
    return document


def parse(text: str, document: Document) -> None:
    """Read a text into a document; what is wrong becomes its problems."""
    if found := unprintable(text):
        line, column = place(text, found[0])
        document.problem(
            SourceLocation(document.file, line, column), Wording("yaml.character-not-allowed", found=found[1])
        )
        return
    try:
        document.data, document.marks = built(text)
    except Unusual:
        _parse_nodes(text, document)


def _parse_nodes(text: str, document: Document) -> None:
    try:
        loader, node = composed(text)
        document.data = None if node is None else _Walk(loader, document).value(node, ())
    except yaml.MarkedYAMLError as error:
        _syntax(text, document, error)
    except (yaml.YAMLError, RecursionError) as error:
        document.problem(
            SourceLocation(document.file),
            Wording("yaml.not-yaml", reason=(str(error).splitlines() or ["?"])[0]),
        )


def _syntax(text: str, document: Document, error: yaml.MarkedYAMLError) -> None:
    document.data = None
    hint, opened = advice(error)
    at = opened or error.problem_mark or error.context_mark
    location = SourceLocation(document.file, *((at.line + 1, at.column + 1) if at else ()))
    found = slip(text, at.line) if at else None
    if found:
        document.problem(SourceLocation(document.file, *found[:2]), Wording("yaml.not-yaml", reason=found[2]))
    else:
        said = error.problem or error.context or ""
        why = f"{error.context}, {said}" if said.startswith("but ") and error.context else said
        document.problem(location, Wording("yaml.not-yaml", reason=why), hint)


class _Walk:
    """Turns nodes into plain data, noting where each stands; counts, as aliases may repeat without end."""

    def __init__(self, loader: Loader, document: Document) -> None:
        self._loader, self._document, self._count = loader, document, 0

    def value(self, node: yaml.Node, path: Where) -> Any:
        self._document.marks[path] = node.start_mark.line + 1, node.start_mark.column + 1
        self._count += 1
        if self._count > MAX_NODES or len(path) > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem="too much in one file; aliases (*) that repeat each other or themselves?",
                problem_mark=node.start_mark,
            )
        if isinstance(node, yaml.MappingNode) and node.tag == Loader.DEFAULT_MAPPING_TAG:
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == Loader.DEFAULT_SEQUENCE_TAG:
            return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]
        try:
            return scalar(self._loader, node)
        except ValueError as error:
            self._document.problem(self._document.location(path), reason(error))
            return UNREADABLE

    def _mapping(self, node: yaml.MappingNode, path: Where) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            location = SourceLocation(self._document.file, *mark)
            if not isinstance(key_node, yaml.ScalarNode):
                self._document.problem(location, Wording("yaml.key-plain-word"))
                continue
            try:
                name = key_of(self._loader, key_node)
            except ValueError as error:
                self._document.problem(location, reason(error))
                continue
            if name in out:
                first = Wording("yaml.first-at", marks=self._document.location((*path, name), key=True))
                self._document.problem(location, Wording("yaml.stands-twice", name=name), first)
                continue
            self._document.marks[*path, name, KEY] = mark
            out[name] = self.value(value_node, (*path, name))
        return out


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "did you mean …" for a near miss, else what is allowed."""
    return meant(word, sorted(set(known)))


def validate(
    model: type[T] | TypeAdapter[T], document: Document, path: Where = ()
) -> tuple[T | None, list[Problem]]:
    """Check the part of a document below ``path``; return the instance or every problem."""
    part = document.data
    for key in path:
        part = part[key]
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(part), []
    except ValidationError as error:
        lines = [dict(line) for line in error.errors() if line["input"] != UNREADABLE]
        lines = without_echoes(lines)
        return None, [_problem(document, path, line, adapter) for line in lines]


_HINTS = {("latitude", "less_than_equal"): Wording("yaml.exchanged")}


def _problem(document: Document, path: Where, line: dict[str, Any], adapter: TypeAdapter[Any]) -> Problem:
    # Pydantic puts names of union branches into the path; marks know only real keys.
    where = _real(document, path, line["loc"])
    kind, context = line["type"], line.get("ctx", {})
    if kind == "extra_forbidden":
        word = str(where[-1])
        return Problem(
            document.location(where, key=True),
            Wording("yaml.unknown-key", word=word),
            suggestion(word, known_keys(adapter.json_schema(), line["loc"])),
        )
    if kind == "missing":
        return Problem(
            document.location(where[:-1]), Wording("yaml.missing-2", str=".".join(map(str, where[-1:])))
        )
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        word = context.get("tag", line["input"])
        allowed = str(context.get("expected") or context.get("expected_tags", ""))
        names = [name.strip(" '") for name in allowed.replace(" or ", ", ").split(",")]
        return Problem(
            document.location(where), Wording("yaml.not-allowed", word=word), choice(str(word), names)
        )
    if kind == "secret":
        # What was found is never repeated.
        return Problem(document.location(where), context.get("said", line["msg"]))
    if isinstance(error := context.get("error"), UnknownName):
        place = _place_of(document, (*path, *error.under), error.word)
        return Problem(document.location(place), reason(error), suggestion(error.word, error.known))
    hint = _HINTS.get((str(where[-1]), kind), "") if where else ""
    return Problem(document.location(where), _with_input(said_of(line), line["input"]), hint)


def _place_of(document: Document, under: Where, word: str) -> Where:
    """Return the place of the first value below ``under`` that is this word, else ``under``."""
    places = [where for where in document.marks if where[: len(under)] == under]
    return next((where for where in sorted(places, key=len) if _found(document, where) == word), under)


def _found(document: Document, where: Where) -> object:
    part = document.data
    for key in where:
        try:
            part = part[key]
        except (KeyError, IndexError, TypeError):
            return None
    return part


def _with_input(what: str, value: object) -> str:
    return (
        what if isinstance(value, dict | list) else Wording("yaml.found", what=what, found=f"{value!r:.80}")
    )


def _real(document: Document, path: Where, loc: Sequence[Key]) -> Where:
    where = path
    for step in loc:
        if (*where, step) in document.marks:
            where = (*where, step)
    return where if not loc or where[-1:] == (loc[-1],) else (*where, loc[-1])


def raise_problems(problems: Iterable[Problem], language: str = "") -> None:
    """Raise ConfigError with every problem, in file order; nothing if there are none."""
    if found := tuple(problem.message() for problem in sorted(set(problems))):
        raise ConfigError(found, language)
