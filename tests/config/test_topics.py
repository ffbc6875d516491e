"""A topic that can never receive anything is told by ``check``, where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd

SITE = """\
site: {{id: yard, name: {{zh: 院子, en: Yard}}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}}
links: {{broker: {{protocol: mqtt, host: 192.0.2.7}}}}
units:
  plug: {{link: broker, profile: shelly_gen2, period: 60s, topic: {topic}}}
devices:
  gate: {{family: lighting, name: {{zh: 城楼, en: Gate}}, signals: {{power: plug.power_0}}}}
"""


def _check(folder: Path, topic: str) -> tuple[int, str]:
    (folder / "site.yaml").write_text(SITE.format(topic=topic), encoding="utf-8")
    result = CliRunner().invoke(facilityd, ["check", str(folder)], catch_exceptions=False)
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ('""', "empty"),
        ('"lamps/#/one"', "wildcard"),
        ('"lamps/+x"', "wildcard"),
        ('"+/lamps/+"', "one '+'"),
        ('"#"', "wildcard"),
        ('"$share/crew/lamps/one"', "shared subscription"),
        ('"lamps/one/"', "ends in '/'"),
        (r'"lamps/\0one"', "control character"),
        (r'"lamps/\none"', "control character"),
        ("' lamps/one'", "begins or ends with a space"),
        ("lamps／one", "stands in no topic"),
        ("mqtt://192.0.2.7/lamps/one", "stands in no topic"),
        ('"' + "x" * 65_536 + '"', "longer than 65535 bytes"),
    ],
)
def test_a_topic_that_receives_nothing_is_refused(tmp_path: Path, topic: str, said: str) -> None:
    code, text = _check(tmp_path, topic)
    assert code != 0
    assert said in text
    assert "site.yaml:4:" in text


@pytest.mark.parametrize("topic", ["lamps/one", "/lamps/one", "$SYS/lamps", "广场/灯 1"])
def test_a_topic_that_can_receive_passes(tmp_path: Path, topic: str) -> None:
    code, text = _check(tmp_path, topic)
    assert code == 0, text
