"""What texts of the repository cite, and whether it can be found: links, documents, sections, decisions, code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

LINK = re.compile(r"\]\(([^()\s]+)\)")
FENCE = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)
SECTION = r"(?:§\d+(?:\.\d+)*|T\d+\b)"
CITED = re.compile(rf"((?:docs/)[\w./-]+\.md)((?:(?:,| and)? {SECTION})*)")
CODE = re.compile(
    r"(?<![\w./-])(?:facilityd|devices|simulators|tests|tools|benchmarks|config|docs)/[\w./*-]*[\w*]/?"
)
MODULE = re.compile(r"(?<![\w./-])((?:facilityd|devices|simulators)(?:\.[a-z_]+)+)(?:\.([A-Z]\w*))?")
DECISION = re.compile(r"\bdecision (\d+)")
# Names under which nobody finds anything.
DANGLING = re.compile(
    r"(?<![\w/-])(?:(?:alarms|devices|anomalies|reliability|peers|models|servers)\.md"
    r"|DESIGN (?:decision|§)|DESIGN\.md|design notes|reliability (?:§|reference)|shared/reference)"
)
MADE = ("docs/findings.md", "CHANGELOG.md")
"""Made by a tool from what is checked itself, or history, which may name what is gone."""


def files(*endings: str) -> list[Path]:
    """Return the tracked (and new) files that end so. Raises CalledProcessError outside a checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [Path(name) for name in listed if name.endswith(endings) and Path(name).is_file()]


def unwrapped(text: str) -> str:
    """Return a text whose citations do not end with the line: comments are wrapped."""
    return re.sub(r"[ \t]*\n[ \t]*(?:#[ \t]*)?", " ", text)


def anchors(text: str) -> set[str]:
    """Return what GitHub makes of the headings; a repeated one gets a number."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(next(s for n in range(99) if (s := f"{slug}-{n}" if n else slug) not in found))
    return found


def sections(text: str) -> set[str]:
    """Return the numbers that headings begin with: ``§1``, ``§1.2``, ``T12``."""
    numbers = (heading.split()[0].rstrip(".") for heading in HEADING.findall(FENCE.sub("", text)) if heading)
    return {number if number.startswith("T") else f"§{number}" for number in numbers}


def dead_links(file: Path, text: str) -> Iterator[str]:
    """Iterate over relative links that lead to no file, or to no heading in it."""
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (file.parent / path) if path else file
        if not there.exists():
            yield f"{file}: ({target}) leads to no file"
        elif anchor and anchor not in anchors(there.read_text(encoding="utf-8")):
            yield f"{file}: ({target}) leads to no heading"


def dead_citations(file: Path, text: str) -> Iterator[str]:
    """Iterate over cited documents, sections and decisions that do not exist, and names that lead nowhere."""
    flat = unwrapped(text)
    for path, numbers in CITED.findall(flat):
        if not Path(path).exists():
            yield f"{file}: {path} does not exist"
            continue
        known = sections(Path(path).read_text(encoding="utf-8"))
        for number in re.findall(SECTION, numbers):
            if number not in known:
                yield f"{file}: {path} has no {number}"
    for number in DECISION.findall(flat):
        if not list(Path("docs/decisions").glob(f"{number}-*.md")):
            yield f"{file}: decision {number} does not exist"
    for name in DANGLING.findall(re.sub(LINK, "]", text)):
        yield f"{file}: nobody finds {name!r} here; cite docs/reference/….md §n, or a decision"


def dead_paths(file: Path, text: str) -> Iterator[str]:
    """Iterate over files and folders of this repository that a text names and that do not exist."""
    for path in CODE.findall(unwrapped(re.sub(LINK, "]", text))):
        wanted = path.rstrip("/.")
        if not (list(Path().glob(wanted)) if "*" in wanted else Path(wanted).exists()):
            yield f"{file}: {path} does not exist"


def dead_modules(file: Path, text: str) -> Iterator[str]:
    """Iterate over modules, and classes in them, that a text names as ``package.module.Class``."""
    for dotted, name in MODULE.findall(unwrapped(text)):
        path = Path(dotted.replace(".", "/"))
        module = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if not module.is_file():
            if (
                path.parent.is_dir()
            ):  # a site's keys and logger names look alike: only a package's part is sure
                yield f"{file}: {dotted} does not exist"
        elif name and not re.search(rf"\b{name}\b", module.read_text(encoding="utf-8")):
            yield f"{file}: {dotted} has no {name}"
