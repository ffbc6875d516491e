"""What the API tells of spans of time: as the read model has it, instants with their offsets, nobody's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.query_sites import StoredSite
from support.web import WebPeer, add_token, add_user, web_server

from facilityd.model.sample import NS
from facilityd.query.site import SiteQuery
from facilityd.query.timeline import TimelineQuery

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00")


def test_the_timeline_is_the_read_models_with_offsets(open_web: WebPeer, morning: StoredSite) -> None:
    found = open_web.api("/timeline?since=2026-06-10T04:20&compare=true&device=fountain-2&device=hoist-1")
    with morning.ask() as query:
        span = (morning.now - 27 * 60 * NS, morning.now)
        asked = query.timeline(TimelineQuery(*span, ("fountain-2", "hoist-1")))
    assert [one["what"]["en"] for one in found["entries"]] == [one.what.en for one in asked.entries]
    incident = next(one for one in found["entries"] if one["kind"] == "incident")
    assert ISO.fullmatch(incident["since"])
    assert {"evidence"} <= {line["kind"] for line in incident["lines"]}
    assert set(found["before"]["figures"].values()) == {None}, "of the day before nothing is known"


def test_a_night_is_named_by_its_day(open_web: WebPeer) -> None:
    found = open_web.api("/timeline?night=2026-06-09")
    assert open_web.api("/timeline?night=last")["since"] == found["since"]
    assert ("2026-06-09T18:" in found["since"], "2026-06-10T05:" in found["until"]) == (True, True)


@pytest.fixture(scope="module")
def roles(morning: StoredSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, WebPeer]]:
    """A copy of the morning, as a viewer and somebody of the crew see it."""
    path = tmp_path_factory.mktemp("roles") / "journal.db"
    with SiteQuery(morning.site) as query:
        query.journal.of_signal("weather", "wind", lambda db, _: db.execute("VACUUM INTO ?", (str(path),)))
    site = replace(morning.site, store=replace(morning.site.store, path=str(path)))
    for role in ("viewer", "crew"):
        add_user(site, role, role)  # type: ignore[arg-type]
    with web_server(site, clock=lambda: morning.now) as peer:
        yield {role: peer.with_token(add_token(site, role, "read")) for role in ("viewer", "crew")}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/timeline?night=soon", 422), ("/timeline?since=2020-01-01", 422), ("/timeline?since=2026-06-10&device=fier", 404),
        ("/timeline?since=1h&until=2h", 422), ("/kpi?month=2026-13", 422), ("/kpi?month=2026-06&quarter=2026-Q2", 422),
        ("/report?quarter=Q2", 422), ("/hazards?device=fier", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(roles: dict[str, WebPeer], path: str, status: int) -> None:
    answer = roles["crew"].get(f"/api/v1{path}")
    assert answer.status == status, answer.body


def test_figures_report_and_hazards_are_the_read_models(
    roles: dict[str, WebPeer], morning: StoredSite
) -> None:
    crew = roles["crew"]
    with morning.ask() as query:
        hazards = query.hazards()
    assert [one["ref"] for one in crew.api("/hazards")] == [row.ref for row in hazards]
    figures = crew.api("/kpi?since=2026-06-10T04:20")
    assert (figures["alarms"] > 0, bool(ISO.fullmatch(figures["window"]["since"]))) == (True, True)
    report = crew.api("/report?month=2026-06")
    assert report["period"]["en"] == "2026-06"
    assert ISO.fullmatch(report["ceremonies"][0]["at"])


def test_who_only_looks_learns_nobodys_figures(roles: dict[str, WebPeer]) -> None:
    for path in ("/kpi", "/report"):
        assert roles["viewer"].get(f"/api/v1{path}?since=2026-06-10T04:20").status == 403, path
    assert roles["viewer"].get("/api/v1/timeline?since=2026-06-10T04:20").status == 200


SPAN = "since=2026-06-10T04:20"


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (f"/log?{SPAN}&kind=raise", {"at", "said", "more"}),
        (f"/occurrences?{SPAN}&family=fountain", {"since", "told_at", "evidence"}),
        (f"/occurrences?{SPAN}&about=leaks", {"rule", "seconds"}),
        ("/values/as-of?at=2026-06-10T04:40&signal=hoist-1", {"time", "quality", "held"}),
    ],
)  # fmt: skip
def test_what_happened_one_by_one(open_web: WebPeer, path: str, keys: set[str]) -> None:
    rows = open_web.api(path)
    assert rows
    assert keys <= rows[0].keys()
    at = next(rows[0][name] for name in ("at", "since", "time") if name in rows[0])
    assert ISO.fullmatch(at), at


def test_states_and_the_worst_devices_are_the_read_models(open_web: WebPeer, morning: StoredSite) -> None:
    found = open_web.api(f"/devices/hoist-1/signals/brake_open/states?{SPAN}")
    with morning.ask() as query:
        asked = query.states("hoist-1", "brake_open", morning.now - 27 * 60 * NS, morning.now, 1000)
    assert [one["value"] for one in found["spans"]] == [one.value for one in asked.spans]
    assert ISO.fullmatch(found["spans"][0]["from"])
    worst = open_web.api(f"/worst?{SPAN}&top=1&by=time")["devices"]
    assert [one["device"] for one in worst] == ["fountain-2"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/log?kind=risen", 422), ("/occurrences?about=lamp", 422), ("/worst?by=luck", 422),
        ("/values/as-of", 422), ("/values/as-of?at=21:00&signal=fier.*", 404),
        ("/devices/hoist-1/signals/brake/states", 404),
    ],
)  # fmt: skip
def test_a_question_that_means_nothing_is_refused(open_web: WebPeer, path: str, status: int) -> None:
    query = path if "states" not in path else f"{path}?{SPAN}"
    query = query.replace("?kind", f"?{SPAN}&kind").replace("?about", f"?{SPAN}&about")
    assert open_web.get(f"/api/v1{query}").status == status


def test_runs_are_laid_over_each_other(open_web: WebPeer) -> None:
    found = open_web.api("/devices/hoist-1/runs?signal=torque&kind=raising&until=2026-06-10T05:00")
    assert (found["runs"], found["median_s"]) == ([], None), "the flag is still on its way"
    lit = open_web.api("/devices/bridges/runs?signal=power&last=3")
    (power,) = lit["signals"]
    assert (len(power["middle"]), lit["name"]["en"]) == (len(power["seconds"]), "lit")
    assert all(ISO.fullmatch(one["since"]) for one in lit["runs"])
    assert open_web.get("/api/v1/devices/weather/runs").status == 422
    assert open_web.get("/api/v1/devices/hoist-9/runs").status == 404


def test_several_signals_come_in_the_same_buckets(open_web: WebPeer) -> None:
    found = open_web.api(f"/history?signal=hoist-1.*current&signal=weather.wind&{SPAN}&bucket=5min")
    assert {(one["device"], one["signal"]) for one in found} >= {
        ("hoist-1", "motor_current"),
        ("weather", "wind"),
    }
    assert len({len(one["series"]["buckets"]) for one in found}) == 1
    for wrong in ("signal=fier.*", "", "signal=*&bucket=1s", "signal=weather&bucket="):
        status = open_web.get(f"/api/v1/history?{wrong}&{SPAN}").status
        assert status in (404, 422), wrong
