"""YAML within limits: whatever a file holds, reading ends soon, with data or a located error."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from facilityd.model.meant import INDENTS
from facilityd.model.message import Wording

MAX_BYTES = 4 * 2**20
MAX_DEPTH = 64
MAX_NODES = 200_000
"""Nodes with every alias written out: a site of 1,000 units has about 30,000."""
CORE = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
_MERGE = "tag:yaml.org,2002:merge"
_INT = re.compile(r"[-+]?(?:0x[0-9a-fA-F]{1,16}|[0-9]{1,20})")
_FULL_WIDTH = dict(zip("：，｛｝［］＃－", ":,{}[]#-", strict=True))
UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""What no file name, message or database takes: YAML's escapes can write it all the same."""
_KEY = re.compile(r"\s*(?:- +)?[\w.\-]+(?P<colon>：)")


class Limited(Composer):
    """Composes nodes, but not deeply nested ones."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse what is nested so deeply that following it would exhaust the stack."""
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                mark = self.peek_event().start_mark  # type: ignore[attr-defined]
                raise yaml.MarkedYAMLError(
                    problem=Wording("yaml.nested-more-than-levels-deep", max_depth=MAX_DEPTH),
                    problem_mark=mark,
                )
            node: yaml.Node | None = super().compose_node(parent, index)
            return node
        finally:
            self.depth -= 1


class Loader(Limited, yaml.SafeLoader):
    """Safe YAML, without the octal, sexagesimal and yes/no surprises of YAML 1.1."""


Loader.yaml_implicit_resolvers = {
    letter: [
        (tag, rule) for tag, rule in rules if not tag.endswith((":bool", ":timestamp", ":int", ":float"))
    ]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0x[0-9a-fA-F]+|[0-9]+)$"), list("-+0123456789")
)
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def plain_int(text: str) -> int:
    """Return an integer of at most 20 digits, or 16 hexadecimal ones. Raises ValueError."""
    if not _INT.fullmatch(text):
        raise ValueError(text)
    return int(text, 16) if "0x" in text.lower() else int(text, 10)


Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: plain_int(node.value))


if yaml.__with_libyaml__:

    class QuickLoader(Limited, yaml.cyaml.CParser, SafeConstructor, Resolver):  # type: ignore[name-defined,misc]
        """The same with libyaml's scanner: a tenth of the time, but errors that say less."""

        def __init__(self, text: str) -> None:
            yaml.cyaml.CParser.__init__(self, text)  # type: ignore[attr-defined]
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)

        yaml_implicit_resolvers = Loader.yaml_implicit_resolvers
        yaml_constructors = Loader.yaml_constructors


def composed(text: str) -> tuple[Loader, yaml.Node | None]:
    """Return a text's nodes and what makes values of them. Raises yaml.YAMLError with its place."""
    if yaml.__with_libyaml__:
        quick = QuickLoader(text)
        try:
            return quick, quick.get_single_node()
        except (yaml.YAMLError, ValueError):
            quick.dispose()  # the slow one says better what is wrong
    loader = Loader(text)
    return loader, loader.get_single_node()


def scalar(loader: Loader, node: yaml.Node) -> Any:
    """Return a plain value. Raises ValueError with a reason a person understands."""
    short = node.tag.replace("tag:yaml.org,2002:", "!!")
    if node.tag == _MERGE:
        raise ValueError(Wording("yaml.merge-keys-not-known-here"))
    if node.tag not in CORE or not isinstance(node, yaml.ScalarNode):
        raise ValueError(Wording("yaml.tag-not-known-here-write", short=short))
    try:
        value = loader.construct_object(node, deep=True)
    except (ValueError, KeyError, yaml.YAMLError) as error:
        kind = Wording("yaml.integer-at-most-digits") if short == "!!int" else short.removeprefix("!!")
        raise ValueError(Wording("yaml.not", node=node.value[:40], kind=kind)) from error
    if isinstance(value, str) and (bad := UNUSABLE.search(value)):
        raise ValueError(Wording("yaml.u-control-character-or-half", bad=ord(bad[0])))
    return value


def key_of(loader: Loader, node: yaml.ScalarNode) -> str | int:
    """Return a key: a number where it is one, else the word as it was written (``true``, ``null`` too)."""
    if node.tag == _MERGE or node.tag not in CORE:
        scalar(loader, node)
    value = scalar(loader, node) if node.tag.endswith(":int") else node.value
    return value if isinstance(value, int) else str(node.value)


def place(text: str, index: int) -> tuple[int, int]:
    """Return line and column of a character, from 1."""
    before = text[:index]
    return before.count("\n") + 1, index - before.rfind("\n")


def unprintable(text: str) -> tuple[int, str] | None:
    """Return the first character that YAML does not allow: its index and how to say it."""
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return (found.start(), f"U+{ord(found[0]):04X}") if found else None


_ADVICE = {
    "found unexpected end of stream": Wording("yaml.quotation-mark-here-never-closed"),
    "<stream end>": Wording("yaml.bracket-or-quotation-mark-not"),
    "expected ',' or": Wording("yaml.or-bracket-missing-before-or"),
    "mapping values are not allowed": Wording("yaml.line-indented-like-its-neighbours"),
    "expected <block end>": Wording("yaml.line-indented-unlike-lines-above"),
    "cannot start any token": Wording("yaml.value-that-begins-with-needs"),
}
"""What a reason of the YAML library means to a person, the first that fits."""


def advice(error: yaml.MarkedYAMLError) -> tuple[str, yaml.Mark | None]:
    """Return what a person probably did, and where if that is not where reading failed; else nothing."""
    said = error.problem or ""
    hint = next((words for part, words in _ADVICE.items() if part in said), "")
    # What is never closed is found missing at the end of the file; the mistake is where it was opened.
    unclosed = "end of stream" in said or "<stream end>" in said
    return hint, error.context_mark if unclosed and hint else None


def slip(text: str, line: int) -> tuple[int, int, str] | None:
    """Return line, column and reason of a usual slip at or before a broken line, counted from 0."""
    lines = text.splitlines()[: line + 1]
    for number in range(len(lines), max(0, len(lines) - 3), -1):
        content = lines[number - 1]
        indent = content[: len(content) - len(content.lstrip())]
        for column, letter in enumerate(indent, 1):
            if letter in INDENTS:
                return (
                    number,
                    column,
                    Wording("yaml.indents-here-yaml-takes-spaces", indents=INDENTS[letter]),
                )
        if found := _KEY.match(content):
            return number, found.start("colon") + 1, Wording("yaml.full-width-where-space-belong")
        for column, letter in enumerate(content, 1):
            if letter in _FULL_WIDTH and not {"'", '"'}.intersection(content):
                reason = Wording(
                    "yaml.full-width-where-belongs", letter=letter, full_width=_FULL_WIDTH[letter]
                )
                return number, column, reason
    return None
