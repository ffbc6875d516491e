"""What makes commands start quickly says the same as what it stands in for."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz import CASES

from facilityd import yaml_events, yaml_loader, yaml_source
from facilityd.model import measure
from facilityd.yaml_source import Document, read

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(
    [*ROOT.glob("devices/*/*.yaml"), *ROOT.glob("config/**/*.yaml"), *ROOT.glob("simulators/**/*.yaml")]
)
ANCHORED = re.compile(r"[:-] [&*][a-z]")
PIECES = st.sampled_from(
    ["a", ": ", "b", "\n", "  ", "- ", "{", "}", "[", "]", ", ", "'", '"', "1", "0x1", "true", "null", "!!int ",
     "&x ", "*x", "<<", "#", "|", ">", "---", "...", "%", "@", "`", "?", "：", "\t", "1_000", "1e3", "~", "旗"]
)  # fmt: skip


def _slowly(path, monkeypatch):
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    return read(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_quick_loader_reads_shipped_files_as_the_slow_one(path, monkeypatch):
    quick, slow = read(path), _slowly(path, monkeypatch)
    assert quick.data == slow.data
    assert quick.marks == slow.marks
    assert quick.problems == slow.problems == []


@settings(max_examples=CASES, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_what_the_slow_loader_reads_the_quick_one_reads_as_well(text):
    """The quick one takes a tab between two words, as YAML does; else they are of one mind."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(yaml, "__with_libyaml__", False)
        slow, said = _nodes(text)
    quick, now = _nodes(text)
    if slow:
        assert quick
        assert now == said
    elif not quick:
        assert now == said, "errors are the slow one's, which say more"


@settings(max_examples=CASES, deadline=None)
@given(
    st.lists(PIECES | st.sampled_from(["=", "-0.0", "09", "\\0", "2026-01-01", "a: 1\n"]), max_size=25).map(
        "".join
    )
)
def test_what_is_built_without_nodes_is_what_nodes_give(text):
    """Types too: a number is no word. What the events cannot tell is left to the nodes."""
    try:
        data, marks = yaml_events.built(text)
    except yaml_events.Unusual:
        return
    document = Document("file")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(yaml_source, "built", _unusual)
        yaml_source.parse(text, document)
    assert (repr(document.data), document.problems) == (repr(data), [])
    assert document.marks == marks


def _unusual(_):
    raise yaml_events.Unusual


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_most_shipped_files_are_built_without_nodes(path):
    text = path.read_text(encoding="utf-8")
    if not ANCHORED.search(text):
        yaml_events.built(text)


def _nodes(text):
    try:
        _, node = yaml_loader.composed(text)
    except yaml.YAMLError as error:
        return False, str(error)
    return True, node and yaml.serialize(node)


def test_the_usual_units_are_known_to_the_library_and_convert_as_it_says(monkeypatch):
    usual = dict(measure.USUAL)
    monkeypatch.setattr(measure, "USUAL", {})
    assert {pair: measure.conversion(*pair) for pair in usual} == usual
    for name in measure.COMMON - {""}:
        assert measure.registry().parse_units(name), name
