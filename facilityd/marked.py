"""YAML that remembers where everything stands, so that every mistake has file:line:column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import TypeAdapter, ValidationError

from facilityd.errors import ConfigError

Key = str | int
Where = tuple[Key, ...]
T = TypeVar("T")

_KEY = "\0key"
"""Last element of a path that means the key itself, not its value."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake: where it is, what is wrong, what is allowed or meant."""

    mark: Mark
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.mark}: {self.what}; {self.hint}" if self.hint else f"{self.mark}: {self.what}"


@dataclass(slots=True)
class Document:
    """Plain data and the mark of each key and value in it."""

    file: str
    data: Any = None
    marks: dict[Where, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def mark(self, path: Iterable[Key], *, key: bool = False) -> Mark:
        """Return the mark of a path, or of the nearest thing around it that has one."""
        where = tuple(path)
        if key and (*where, _KEY) in self.marks:
            return self.marks[*where, _KEY]
        while where and where not in self.marks:
            where = where[:-1]
        return self.marks.get(where, Mark(self.file))


class _Loader(yaml.SafeLoader):
    """Safe YAML, without the octal, sexagesimal and yes/no surprises of YAML 1.1."""


_Loader.yaml_implicit_resolvers = {
    letter: [
        (tag, rule) for tag, rule in rules if not tag.endswith((":bool", ":timestamp", ":int", ":float"))
    ]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def _int(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = node.value.lower()
    return int(text, 16) if "0x" in text else int(text, 10)


_Loader.add_constructor("tag:yaml.org,2002:int", _int)


def read(path: Path, shown: str | None = None) -> Document:
    """Read one file. A file that is not YAML at all yields a document with problems only."""
    document = Document(shown or str(path))
    try:
        text = path.read_text(encoding="utf-8")
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            document.data = None if node is None else _walk(loader, node, (), document)
        finally:
            loader.dispose()
    except OSError as error:
        document.problems.append(Problem(Mark(document.file), f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError as error:
        document.problems.append(Problem(Mark(document.file), f"is not UTF-8 at byte {error.start}"))
    except yaml.MarkedYAMLError as error:
        document.problems.append(_syntax(document.file, error))
    except yaml.YAMLError as error:
        document.problems.append(Problem(Mark(document.file), f"not YAML: {str(error).splitlines()[0]}"))
    return document


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Problem:
    at = error.problem_mark or error.context_mark
    mark = Mark(file, at.line + 1, at.column + 1) if at else Mark(file)
    return Problem(mark, f"not YAML: {error.problem or error.context}")


def _walk(loader: _Loader, node: yaml.Node, path: Where, document: Document) -> Any:
    document.marks[path] = Mark(document.file, node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_walk(loader, item, (*path, n), document) for n, item in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _mapping(loader: _Loader, node: yaml.MappingNode, path: Where, document: Document) -> dict[Any, Any]:
    out: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        mark = Mark(document.file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(Problem(mark, "a key is a plain word"))
            continue
        key = loader.construct_object(key_node)
        if key in out:
            document.problems.append(
                Problem(mark, f"{key!r} stands twice", f"first at {document.marks[*path, key]}")
            )
            continue
        document.marks[*path, key, _KEY] = mark
        out[key] = _walk(loader, value_node, (*path, key), document)
    return out


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return "did you mean …" for a near miss, else what is allowed."""
    names = sorted(set(known))
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else ""


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
        return None, [_problem(document, path, dict(line), adapter) for line in error.errors()]


def _problem(document: Document, path: Where, line: dict[str, Any], adapter: TypeAdapter[Any]) -> Problem:
    # Pydantic puts names of union branches into the path; marks know only real keys.
    where = _real(document, path, line["loc"])
    kind, context = line["type"], line.get("ctx", {})
    if kind == "extra_forbidden":
        word = str(where[-1])
        return Problem(
            document.mark(where, key=True),
            f"unknown key {word!r}",
            suggestion(word, _known(adapter, line["loc"])),
        )
    if kind == "missing":
        return Problem(document.mark(where[:-1]), f"{'.'.join(map(str, where[-1:]))!r} is missing")
    if kind in ("literal_error", "enum"):
        return Problem(
            document.mark(where),
            f"{line['input']!r} is not allowed",
            _choice(str(line["input"]), context.get("expected", "")),
        )
    if kind == "secret":
        return Problem(document.mark(where), line["msg"])  # what was found is never repeated
    what = str(context["error"]) if kind == "value_error" else line["msg"][0].lower() + line["msg"][1:]
    return Problem(document.mark(where), _with_input(what, line["input"]))


def _with_input(what: str, value: object) -> str:
    return what if isinstance(value, dict | list) else f"{what} (found {value!r})"


def _choice(word: str, expected: str) -> str:
    names = [name.strip(" '") for name in expected.replace(" or ", ", ").split(",")]
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    return f"allowed: {', '.join(names)}" + (f"; did you mean {near[0]!r}?" if near else "")


def _real(document: Document, path: Where, loc: Sequence[Key]) -> Where:
    where = path
    for step in loc:
        if (*where, step) in document.marks:
            where = (*where, step)
    return where if not loc or where[-1:] == (loc[-1],) else (*where, loc[-1])


def _known(adapter: TypeAdapter[Any], loc: Sequence[Key]) -> list[str]:
    """Return the keys allowed where an unknown one was found, from the JSON schema."""
    schema = adapter.json_schema()
    spots = [schema]
    for step in loc[:-1]:
        spots = [child for spot in spots for child in _children(schema, spot, step)] or spots
    return [name for spot in spots for flat in _flat(schema, spot) for name in flat.get("properties", {})]


def _flat(root: dict[str, Any], spot: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in spot:
        name = spot["$ref"].rsplit("/", 1)[-1]
        return _flat(root, cast("dict[str, Any]", root["$defs"][name]))
    branches = spot.get("anyOf", []) + spot.get("oneOf", []) + spot.get("allOf", [])
    return [flat for branch in branches for flat in _flat(root, branch)] if branches else [spot]


def _children(root: dict[str, Any], spot: dict[str, Any], step: Key) -> list[dict[str, Any]]:
    out = []
    for flat in _flat(root, spot):
        child = flat.get("properties", {}).get(step) or flat.get("items") or flat.get("additionalProperties")
        if isinstance(child, dict):
            out.append(child)
    return out


def fail(problems: Iterable[Problem]) -> None:
    """Raise ConfigError with every problem, in file order; nothing if there are none."""
    found = tuple(str(problem) for problem in sorted(set(problems)))
    if found:
        raise ConfigError(found)
