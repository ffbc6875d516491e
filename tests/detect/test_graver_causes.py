"""Nothing graver is ever hidden behind something lesser, in any family that ships."""

from __future__ import annotations

import pytest

from devices.family import Family
from devices.tables import families, load_family
from facilityd.errors import ConfigError
from facilityd.model.rule import Priority

PAIRS = [
    (family, cause, name)
    for family in families().values()
    for name, rule in family.rules.items()
    for cause in rule.consequence_of
]


@pytest.mark.parametrize(("family", "cause", "name"), PAIRS, ids=lambda one: getattr(one, "family", one))
def test_a_consequence_is_no_graver_than_its_cause(family: Family, cause: str, name: str) -> None:
    lesser, graver = family.rules[cause], family.rules[name]
    assert lesser.priority >= graver.priority
    assert graver.at_stake != "safety" or lesser.at_stake == "safety"


def test_current_in_the_water_is_told_whatever_else_is_known() -> None:
    rules = families()["fountain"].rules
    assert rules["leakage"].priority is Priority.CRITICAL
    assert rules["leakage"].consequence_of == ()


def test_a_sites_own_family_cannot_say_otherwise(tmp_path) -> None:
    rule = """\
    detect: {kind: limit, signal: %s, is: true}
    name: {zh: 甲, en: A}
    cause: {zh: 甲, en: A}
    consequence: {zh: 甲, en: A}
    action: [{zh: 甲, en: A}]
    confirm: {zh: 甲, en: A}
    respond: %s
    at_stake: %s
"""
    text = "family: mast\nname: {zh: 杆, en: Mast}\nsignals:\n"
    text += "".join(
        f"  {n}: {{type: bool, name: {{zh: 甲, en: A}}, active: {{zh: 甲, en: A}}, inactive: {{zh: 甲, en: A}}}}\n"
        for n in "ab"
    )
    text += "rules:\n  worn:\n" + rule % ("a", "2d", "asset") + "  live:\n" + rule % ("b", "5min", "safety")
    (tmp_path / "mast.yaml").write_text(text, encoding="utf-8")
    assert load_family(tmp_path / "mast.yaml").family == "mast"
    (tmp_path / "mast.yaml").write_text(text + "    consequence_of: [worn]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="rule live is graver than worn"):
        load_family(tmp_path / "mast.yaml")
