"""Every message is in both languages: what the code says by slug stands in a table, and nothing else does."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from facilityd.model import message
from facilityd.model.message import Wording, texts_of

CHINESE = re.compile("[\u4e00-\u9fff]")
FOLDER = Path(message.__file__).parent / "messages"
AREAS = sorted(file.stem for file in FOLDER.glob("*.yaml"))
SOURCES = [path for top in ("facilityd", "devices", "simulators") for path in Path(top).rglob("*.py")]
SLUG = re.compile(rf'"((?:{"|".join(AREAS)})\.[a-z0-9-]+)"')
DONE = (
    "facilityd/config", "facilityd/yaml_source.py", "facilityd/yaml_loader.py", "facilityd/validator_text.py",
    "devices/family.py", "devices/profile.py", "devices/register.py", "devices/pointer.py",
    "devices/possible.py", "devices/limits.py", "facilityd/model/topic.py", "facilityd/model/measure.py",
    "facilityd/model/number.py", "facilityd/model/kinds.py", "facilityd/model/charts.py",
    "facilityd/model/rule_parameters.py", "facilityd/model/histories.py", "facilityd/model/readiness.py",
    "facilityd/model/validation.py", "facilityd/model/meant.py", "facilityd/cli", "facilityd/query", "simulators",
    "facilityd/scenario/load.py", "facilityd/scenario/schema.py", "facilityd/store/reader.py",
    "facilityd/store/backfill.py", "facilityd/store/influx_history.py", "facilityd/store/influx_query.py", "facilityd/store/journal.py", "facilityd/store/files.py", "facilityd/store/owner.py",
    "facilityd/supervise/inbox.py", "facilityd/supervise/share.py", "facilityd/supervise/site_key.py",
    "facilityd/web",
)  # fmt: skip
"""Where nothing is said that has no slug; the list only grows."""
NAMES = ("config.modbus", "config.mqtt")
"""Names that Chinese writes as they are."""
SPEAKERS = ("ValueError", "UsageError", "FacilitydError", "UnknownName", "PortTaken", "Problem", "report")


def _fields(text: str) -> set[str]:
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_slug_that_is_said_is_in_the_tables_and_every_one_there_is_said() -> None:
    said = {slug for path in SOURCES for slug in SLUG.findall(path.read_text(encoding="utf-8"))}
    assert said == {slug for area in AREAS for slug in texts_of(area)}


@pytest.mark.parametrize("area", AREAS)
def test_every_text_is_in_both_languages_with_the_same_parts(area: str) -> None:
    for slug, text in texts_of(area).items():
        assert text.keys() == {"zh", "en"}, slug
        assert _fields(text["zh"]) == _fields(text["en"]), slug
        assert not CHINESE.search(text["en"].replace("：", "")), slug
        words = re.sub(r"\{[^}]*\}|'[^']*'", "", text["zh"])
        assert CHINESE.search(words) or not re.search("[A-Za-z]{4}", words) or slug in NAMES, slug


def _bare(path: Path) -> Iterator[str]:
    """Yield what is said as a text of the place itself: an f-string or a literal."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in SPEAKERS:
            texts = [*node.args, *(key.value for key in node.keywords if key.arg == "hint")]
            yield from (f"{path}:{one.lineno}" for one in texts if _is_text(one))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)
    )


def test_what_is_wrong_with_a_file_is_said_by_slug_only() -> None:
    paths = [path for path in SOURCES if str(path).startswith(DONE)]
    assert len(paths) > 30
    assert [place for path in paths for place in _bare(path)] == []


def test_a_message_is_english_as_a_text_and_chinese_when_asked() -> None:
    inner = Wording("yaml.full-width-space")
    one = Wording("yaml.indents-here-yaml-takes-spaces", indents=inner)
    assert one == "a full-width space indents here; YAML takes spaces only"
    assert one.in_("zh") == "此处用全角空格缩进；YAML 只能用空格"
    assert message.spoken(ValueError(one), "zh") == one.in_("zh")
    assert message.spoken("as it is", "zh") == "as it is"
    with pytest.raises(KeyError):
        Wording("yaml.nobody-says-this")
