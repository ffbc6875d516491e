"""Chinese terms: texts use a technician's words, not those that a newcomer stumbled over."""

from pathlib import Path

import pytest

from devices.tables import families

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    *sorted((ROOT / "devices" / "families").glob("*.yaml")),
    *sorted((ROOT / "facilityd").glob("**/*.yaml")),
    *sorted((ROOT / "facilityd").glob("**/*.py")),
]
BETTER = {
    "无人监测": "监测中断",
    "可以升降": "具备条件",  # a power cabinet raises nothing
    "依据或须加装": "依据／缺少的信号",
    "什么也没有收到": "未收到任何数据",
    "按当前工况应有的": "当前工况预期值",
    "水泵报干转": "水泵干转报警",
    "先做": "首要措施",
    "提示中的模块和寄存器": "提示中的模块及其寄存器或主题",  # an MQTT unit has topics
}


@pytest.mark.parametrize("term", BETTER)
def test_texts_use_the_better_term(term: str) -> None:
    where = [str(path.relative_to(ROOT)) for path in TEXTS if term in path.read_text(encoding="utf-8")]
    assert not where, f"write {BETTER[term]!r} instead of {term!r}"


@pytest.mark.parametrize("name", ["contact", "flagpole", "fountain", "hoist", "lighting"])
def test_silence_may_come_of_a_wrong_topic(name: str) -> None:
    """A unit on a broker has a topic and no device id: nobody publishes there where it is wrong."""
    cause = families(None)[name].rules["silent"].cause
    assert "主题" in cause.zh
    assert "topic" in cause.en
