"""Which signals a history is of: as a person names them, those of facilityd itself too."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from support.query_sites import MeterSite

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError

SPAN = ["--since", "2026-09-21T22:14:00", "--until", "2026-09-21T22:30:00", "--bucket", "1min", "--json"]


def asked(yard: MeterSite, *names: str) -> set[tuple[str, str]]:
    done = CliRunner().invoke(facilityd, ["history", yard.site.source, *names, *SPAN], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    return {(one["device"], one["signal"]) for one in (told if isinstance(told, list) else [told])}


def test_signals_may_follow_the_name_of_their_device(yard: MeterSite) -> None:
    both = {("gate", "power"), ("gate", "commanded")}
    assert asked(yard, "gate", "power", "commanded") == both
    assert asked(yard, "gate.power", "gate.commanded") == both
    assert asked(yard, "gate", "power", "power") == {("gate", "power")}
    assert asked(yard, "gate", "pow*") == {("gate", "power")}
    assert asked(yard, "g?te", "power") == {("gate", "power")}


def test_what_facilityd_tells_of_itself_has_a_history(yard: MeterSite) -> None:
    assert asked(yard, "facilityd", "disk_free") == {("facilityd", "disk_free")}
    assert asked(yard, "facilityd.disk_free") == {("facilityd", "disk_free")}
    link = next(iter(yard.site.links))
    assert asked(yard, f"link-{link}", "up") == {(f"link-{link}", "up")}


def test_a_signal_that_the_device_has_not_is_told_by_its_name(yard: MeterSite) -> None:
    with pytest.raises(UsageError, match="gate has no signal 'powr'; did you mean 'power'"):
        asked(yard, "gate", "commanded", "powr")
    with pytest.raises(UsageError, match="no device 'gaet'"):
        asked(yard, "gaet", "power")
