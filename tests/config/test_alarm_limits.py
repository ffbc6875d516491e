"""Section ``alarms``: how long people may keep alarms of a class from being told."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.config.load import load
from facilityd.errors import ConfigError
from facilityd.model.repeats import RepeatSpans
from facilityd.model.sample import NS
from facilityd.model.suppression import LIMITS, SuppressionLimits
from facilityd.scenario.load import square


def _site(folder: Path, alarms: str) -> Path:
    for file in square().glob("*.yaml"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("profiles",):
        (folder / name).symlink_to(square() / name)
    (folder / "alarms.yaml").write_text(alarms, encoding="utf-8")
    return folder


def test_a_class_has_its_limits_and_the_others_keep_theirs(tmp_path: Path) -> None:
    site = load(_site(tmp_path, "alarms:\n  safety: {longest_shelf: 15min}\n"), secrets=False)
    assert site.limits["safety"] == SuppressionLimits(900 * NS, LIMITS["safety"].review)
    assert site.limits["asset"] == LIMITS["asset"]


def test_what_comes_and_goes_is_held_as_the_class_says(tmp_path: Path) -> None:
    site = load(_site(tmp_path, "alarms:\n  safety: {hold: 0s, repeat_window: 1h}\n"), secrets=False)
    assert site.repeats["safety"] == RepeatSpans(0, 3600 * NS)
    assert site.repeats["asset"] == RepeatSpans(1800 * NS, 7200 * NS)


@pytest.mark.parametrize(
    ("alarms", "said"),
    [
        ("alarms: {danger: {longest_shelf: 1h}}", "danger"),
        ("alarms: {safety: {longest_shelf: 9000d}}", "longest_shelf|366"),
        ("alarms: {safety: {shelf: 1h}}", "shelf"),
        ("alarms: {safety: {hold: short}}", "short"),
    ],
)
def test_what_is_no_limit_is_refused_where_it_stands(tmp_path: Path, alarms: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"alarms.yaml:1:.*({said})"):
        load(_site(tmp_path, alarms), secrets=False)
