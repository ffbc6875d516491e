"""XML from outside, read within limits: no document type, so no entity; no network; each element has a place.

Entities, external ones too, are declared in a document type; a message that has one is refused where it
begins (as defusedxml does), before anything can be expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from facilityd.errors import UnreadableForecast
from facilityd.model.message import Wording

DEEPEST, MOST = 24, 20_000
"""Elements within each other, and in all: CAP needs 6 within each other."""
LONGEST = 20_000
"""Characters of one element's text that are kept."""
_GB = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding=["']gb[\w-]{1,10}["']""", re.IGNORECASE)
"""Chinese encodings, which expat does not know."""


@dataclass(slots=True)
class XmlElement:
    """One element: namespace and name, its text, where it begins."""

    space: str
    name: str
    line: int
    column: int
    parts: list[str] = field(default_factory=list)
    children: list[XmlElement] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text directly in it, without space around it."""
        return "".join(self.parts)[:LONGEST].strip()

    def all(self, name: str) -> list[XmlElement]:
        """Return the children of a name in the same namespace."""
        return [one for one in self.children if one.name == name and one.space == self.space]

    def first(self, name: str) -> XmlElement | None:
        """Return the first child of a name."""
        return next(iter(self.all(name)), None)

    def of(self, name: str) -> str:
        """Return the text of the first child of a name, "" where there is none."""
        found = self.first(name)
        return found.text if found else ""

    def walk(self) -> Iterator[XmlElement]:
        """Yield it and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse_xml(content: bytes, where: str) -> XmlElement:
    """Return the root of a document. Raises UnreadableForecast, with line and column."""
    reader = _Reader(where)
    return reader.read(content)


class _Reader:
    def __init__(self, where: str) -> None:
        self._where, self._open, self._count = where, list[XmlElement](), 0
        self._root: XmlElement | None = None

    def read(self, content: bytes) -> XmlElement:
        text: bytes | str = content
        encoding = None
        if _GB.match(content):
            text, encoding = content.decode("gb18030", errors="replace"), "utf-8"
        parser = self._parser = expat.ParserCreate(encoding, namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code) or ""
            raise self._bad(Wording("forecast.xml", said=said), error.lineno, error.offset + 1) from error
        except (ValueError, LookupError) as error:  # an encoding that nobody knows
            raise self._bad(Wording("forecast.xml", said=str(error))) from error
        if self._root is None:
            raise self._bad(Wording("forecast.xml", said="no element found"))
        return self._root

    def _bad(self, what: str, line: int = 0, column: int = 0) -> UnreadableForecast:
        return bad_at(self._where, what, line or self._parser.CurrentLineNumber,
                      column or self._parser.CurrentColumnNumber + 1)  # fmt: skip

    def _doctype(self, *_: object) -> None:
        raise self._bad(Wording("forecast.doctype"))

    def _start(self, name: str, _: Sequence[str] | dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST or self._count > MOST:
            raise self._bad(Wording("forecast.xml-too-much", deepest=DEEPEST, most=MOST))
        space, _, local = name.rpartition(" ")
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        made = XmlElement(space, local, line, column)
        if self._open:
            self._open[-1].children.append(made)
        else:
            self._root = made
        self._open.append(made)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].parts.append(text)


def bad_at(where: str, what: str, line: int, column: int) -> UnreadableForecast:
    """Return what is raised for a message that is wrong at a place."""
    return UnreadableForecast(what, where=f"{where}:{line}:{column}")
