"""The daemon with a forecast: advice before the ceremony and the night, and nothing else any different."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cap import EN, ZH, alert, info, reference
from support.web import add_user, web_server

from facilityd.model.readiness import ItemOutcome
from facilityd.model.sample import NS
from facilityd.query.forecast import ForecastAnswer
from facilityd.query.site import SiteQuery
from facilityd.query.timeline import TimelineQuery
from facilityd.scenario.load import square
from facilityd.store.reader import JournalReader

SECTION = """
forecast:
  model: {{kind: file, path: {hours}, name: {{zh: 数值预报, en: Model}}, every: 1min}}
  cma: {{kind: file, path: {warnings}, content: cap, name: {{zh: 市气象台, en: Weather bureau}}, every: 1min}}
"""
START = "2026-06-10T17:30"
Make = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The square, with its sources in two places where nothing stands yet."""
    made = tmp_path / "square"
    shutil.copytree(square(), made, ignore=shutil.ignore_patterns(".facilityd"))
    (made / "forecast.yaml").write_text(SECTION.format(hours="hours.json", warnings="warnings"))
    (made / "warnings").mkdir()
    return made


def _hours(folder: Path, *, start: str = START, issued: str = "", **values: float) -> None:
    first = datetime.fromisoformat(start + "+08:00").replace(minute=0)
    rows = [{"at": (first + timedelta(hours=n)).isoformat(), **values} for n in range(40)]
    text = json.dumps({"issued": issued or f"{start}+08:00", "hours": rows})
    (folder / "next.json").write_text(text)
    (folder / "next.json").replace(folder / "hours.json")


def _answer(site: Any) -> ForecastAnswer:
    with SiteQuery(site.site, lambda: round(site.now.timestamp()) * NS) as query:
        return query.forecast()


def _item(site: Any, device: str = "hoist-1") -> tuple[ItemOutcome, str, str, bool]:
    with SiteQuery(site.site, lambda: round(site.now.timestamp()) * NS) as query:
        found = query.readiness(device)
    (row,) = (one for one in found.items if one.checked.item == "wind-forecast")
    return row.checked.outcome, row.shown("en"), row.shown("zh"), row.checked.stands_against


def _raised(site: Any) -> list[tuple[str, str]]:
    return [(one.device, one.rule) for one in site.alarms() if one.device == "forecast"]


def test_gusts_forecast_for_the_ceremony_are_advice_with_source_and_age(
    simulated_site: Make, folder: Path
) -> None:
    _hours(folder, gust=14.2, temperature=20.0)
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("20min")
    outcome, english, chinese, against = _item(site)
    assert outcome is ItemOutcome.ADVISED
    assert "Gust forecast at the next ceremony (Model) is 14.2 m/s" in english
    assert "at most 10.8 m/s" in english
    assert "age of that forecast" in english
    assert "（数值预报）14.2 m/s" in chinese.replace("为", "").replace(" 14.2", "14.2")
    assert not against, "it only advises"
    assert _raised(site) == [("forecast", "ceremony-gust")]


def test_calm_is_a_pass_and_nothing_is_told(simulated_site: Make, folder: Path) -> None:
    _hours(folder, gust=4.0, temperature=20.0)
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("20min")
    assert _item(site)[0] is ItemOutcome.PASS
    assert _raised(site) == []


def test_a_forecast_too_old_is_none_and_readiness_is_as_without(simulated_site: Make, folder: Path) -> None:
    _hours(folder, gust=14.2, issued="2026-06-10T09:00+08:00")
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("20min")
    assert _item(site)[0] is ItemOutcome.ABSENT
    assert not _item(site)[3]
    assert _answer(site).gust is None
    assert _raised(site) == []


def test_it_grows_old_while_the_daemon_runs(simulated_site: Make, folder: Path) -> None:
    _hours(folder, gust=14.2, issued="2026-06-10T12:00+08:00")
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("20min")
    assert _item(site)[0] is ItemOutcome.ADVISED
    site.advance("60min")
    assert _item(site)[0] is ItemOutcome.ABSENT


def test_a_warning_over_the_ceremony_is_named_and_its_cancellation_ends_it(
    simulated_site: Make, folder: Path
) -> None:
    (folder / "warnings" / "a.xml").write_text(alert("a-1", info(ZH), info(EN)))
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("5min")
    outcome, english, _, against = _item(site)
    assert (outcome, against) == (ItemOutcome.ADVISED, False)
    assert "Blue gale warning for Beijing" in english
    assert "Weather bureau" in english
    assert [one.warning.event("zh") for one in _answer(site).in_force] == ["大风"]
    cancel = alert("a-2", kind="Cancel", references=reference(), sent="2026-06-10T17:20:00+08:00")
    (folder / "warnings" / "b.xml").write_text(cancel)
    site.advance("12min")
    assert _answer(site).warnings == ()
    assert _answer(site).warned is False
    assert {rule for _, rule in _raised(site)} == {"ceremony-warning", "warning"}


def test_status_hazards_and_timeline_show_a_warning_in_force_by_its_name(
    simulated_site: Make, folder: Path
) -> None:
    text = alert("a-1", info(EN, onset="2026-06-10T12:00:00+08:00", expires="2026-06-10T13:00:00+08:00"))
    (folder / "warnings" / "a.xml").write_text(text)
    site = simulated_site(folder, only=["weather"], start="2026-06-10T12:10")
    site.advance("5min")
    now = round(site.now.timestamp()) * NS
    with SiteQuery(site.site, lambda: now) as query:
        (status,) = query.devices(("forecast",))
        (hazard,) = [one for one in query.hazards() if one.kind == "alarm"]
        (shown,) = query.forecast().in_force
        (incident,) = query.timeline(TimelineQuery(now - 3600 * NS, now)).of("incident")
    assert {s.signal: s.value for s in status.signals}["warning"] == "Blue gale warning for Beijing"
    assert (hazard.device, hazard.ref) == ("forecast", "warning")
    assert shown.warning.headline("en") == "Blue gale warning for Beijing"
    assert "Blue gale warning for Beijing" in str(incident.plain())
    assert "Weather bureau" in str(incident.plain())


def test_api_page_and_command_show_it(simulated_site: Make, folder: Path) -> None:
    _hours(folder, gust=14.2, temperature=20.0)
    (folder / "warnings" / "a.xml").write_text(alert("a-1", info(ZH), info(EN)))
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("20min")
    add_user(site.site, "vi", "viewer")
    with web_server(site.site, clock=lambda: round(site.now.timestamp()) * NS) as peer:
        browser = peer.signed_in("vi")
        told = browser.api("/forecast")
        page = browser.get("/").body.decode()
    assert json.loads(json.dumps(_answer(site).plain()))["warnings"] == told["warnings"]
    (warning,) = told["warnings"]
    assert warning["headline"] == {"zh": ZH["headline"], "en": EN["headline"]}
    assert (warning["in_force"], warning["severity"]) == (True, "Minor")
    assert told["ceremony_gust"]["value"] == 14.2
    assert told["ceremony_gust"]["age_s"] >= 1200
    assert told["ceremony_warned"] is True
    assert [(one["source"], one["fresh"]) for one in told["sources"]] == [("model", True), ("cma", True)]
    assert told["sources"][0]["hours"][0]["at"].startswith("2026-06-10T17:00:00")
    assert 'id="weather"' in page
    assert ZH["headline"] in page or EN["headline"] in page
    with SiteQuery(site.site) as query:
        assert query.forecast().plain()["sources"][0]["hours"] == [], "years later nothing of it is believed"


def test_frost_for_the_night_is_told_once(simulated_site: Make, folder: Path) -> None:
    start = "2026-11-20T14:00"
    _hours(folder, start=start, temperature=-4.0)
    site = simulated_site(folder, only=["hoist-1", "fountain-1"], start=start)
    site.advance("3h")
    assert _raised(site) == [("forecast", "night-frost")]
    (told,) = [one for one in site.notices() if "night-frost" in one]
    assert "Lowest temperature forecast for the night (Model) is -4.0 °C" in told


def test_no_fountain_no_advice_about_frost(simulated_site: Make, folder: Path) -> None:
    _hours(folder, start="2026-11-20T14:00", temperature=-4.0)
    site = simulated_site(folder, only=["hoist-1"], start="2026-11-20T14:00")
    site.advance("1h")
    assert _raised(site) == []
    assert _answer(site).minimum is not None


def test_a_bad_file_spoils_nothing_but_itself(simulated_site: Make, folder: Path) -> None:
    _hours(folder, gust=14.2)
    (folder / "warnings" / "a.xml").write_text(alert("a-1", info(EN)))
    (folder / "warnings" / "b.xml").write_text("<alert>")
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("3min")
    (folder / "hours.json").write_text('{"issued": "2026-06-10T17:3')
    site.advance("3min")
    hours, warnings = _answer(site).sources
    assert hours.trouble is not None
    assert "hours.json:1:12: no JSON" in hours.trouble.en
    assert "不是有效的 JSON" in hours.trouble.zh
    assert hours.fresh, "the last good one is used"
    assert warnings.trouble is not None
    assert "b.xml:1:8: no XML" in warnings.trouble.en
    assert len(_answer(site).in_force) == 1
    _hours(folder, gust=3.0)
    site.advance("3min")
    assert _answer(site).sources[0].trouble is None
    assert _answer(site).gust is not None


def test_what_was_said_outlives_a_restart(simulated_site: Make, folder: Path) -> None:
    _hours(folder, gust=14.2)
    site = simulated_site(folder, only=["hoist-1"], start=START)
    site.advance("5min")
    (folder / "hours.json").unlink()
    site.restart()
    site.advance("15min")
    source = _answer(site).sources[0]
    assert source.trouble is not None
    assert "No such file" in source.trouble.en
    assert _item(site)[0] is ItemOutcome.ADVISED


QUIET = """
forecast:
  {0}: {{kind: mqtt, link: broker, topic: weather/{0}, content: {1}}}
"""
SOME = ["hoist-1", "weather", "lantern-1"]


def _digest(site: Any) -> list[str]:
    """Return what the journal has of the site's own devices: samples, verdicts, alarms, checks and notices."""
    own = site.site.devices
    with JournalReader.open(site.journal) as reader:
        samples = [reader.sample(row) for row in reader.samples_after(0, 1_000_000)]
        findings = [one.finding for one in reader.verdicts()]
        changes = [one.change for one in reader.changes(0)]
        checks = [
            f"{one.at} {one.device} {one.ready} {[str(i) for i in one.items if i.item != 'wind-forecast']}"
            for one in reader.checks(0)
        ]
    mine = [str(one) for one in (*samples, *findings) if getattr(one, "stream", one).device in own]
    return [*mine, *map(str, changes), *checks, *site.notices()]


@pytest.mark.parametrize("content", ["facilityd", "cap"])
def test_a_silent_source_changes_nothing_in_a_day(simulated_site: Make, folder: Path, content: str) -> None:
    """A day with both ceremonies: every sample, verdict, alarm, check and notice is the same."""
    (folder / "forecast.yaml").write_text(QUIET.format("silent", content))
    silent = simulated_site(folder, only=SOME, start="2026-06-10T18:20")
    silent.advance("24h")
    (folder / "forecast.yaml").unlink()
    without = simulated_site(folder, only=SOME, start="2026-06-10T18:20")
    without.advance("24h")
    digest = _digest(without)
    assert _digest(silent) == digest
    assert len(digest) > 10_000
    assert _item(silent)[0] is ItemOutcome.ABSENT


def test_a_source_that_is_away_leaves_alarms_and_checks_as_they_are(
    simulated_site: Make, folder: Path
) -> None:
    (folder / "warnings").rmdir()
    away = simulated_site(folder, only=SOME, start="2026-06-10T18:20")
    away.advance("100min")
    (folder / "forecast.yaml").unlink()
    without = simulated_site(folder, only=SOME, start="2026-06-10T18:20")
    without.advance("100min")
    assert [(a.device, a.rule, a.raised) for a in away.alarms()] == [
        (a.device, a.rule, a.raised) for a in without.alarms()
    ]
    against = [
        [(c.at, c.before, c.ready, [i.item for i in c.items if i.stands_against]) for c in checks]
        for one in (away, without) for checks in [_checks(one)]
    ]  # fmt: skip
    assert against[0] == against[1]
    assert len(against[0]) == 3


def _checks(site: Any) -> list[Any]:
    with JournalReader.open(site.journal) as reader:
        return [one for one in reader.checks(0) if one.device == "hoist-1"]


def test_without_the_section_the_checklist_does_not_ask_of_it(simulated_site: Make, folder: Path) -> None:
    (folder / "forecast.yaml").unlink()
    site = simulated_site(folder, only=["hoist-1"], start=START)
    assert "wind-forecast" not in site.site.devices["hoist-1"].family.readiness
