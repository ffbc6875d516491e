"""What the API reads: each answer as the read model has it, in the shape that the description says."""

from __future__ import annotations

import csv
import http.client
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pyarrow import ipc, parquet
from support.query_sites import StoredSite
from support.web import WebPeer

from facilityd.web import answers, streams

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00")


def _numbers(data: Any, name: str = "") -> Iterator[tuple[str, int]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _numbers(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from _numbers(value, name)
    elif isinstance(data, int) and not isinstance(data, bool):
        yield name, data


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/devices", answers.DeviceAnswer), ("/values", answers.ValueAnswer),
        ("/alarms?all=true", answers.AlarmAnswer), ("/rules?device=hoist-1", answers.RuleAnswer),
        ("/readiness/records?since=2026-06-01", answers.RecordedCheckAnswer),
        ("/tasks?all=true", answers.TaskAnswer),
    ],
)  # fmt: skip
def test_every_list_has_instants_with_offsets_and_ages_in_seconds(
    open_web: WebPeer, path: str, model: type[answers.Answer]
) -> None:
    rows = open_web.api(path)
    assert rows or "tasks" in path
    assert [found for found in _numbers(rows) if found[1] > 10**15] == [], "an instant in ns slipped out"
    for row in rows:
        assert model.model_fields.keys() <= row.keys()


def test_devices_and_alarms_are_what_the_read_model_says(open_web: WebPeer, morning: StoredSite) -> None:
    rows = {row["device"]: row for row in open_web.api("/devices")}
    with morning.ask() as query:
        asked = {row.device: row for row in query.devices()}
        alarms = query.alarms()
    assert {name: row["state"] for name, row in rows.items()} == {n: r.state_id for n, r in asked.items()}
    assert rows["fountain-2"] == open_web.api("/devices/fountain-2")
    told = open_web.api("/alarms")
    assert [(one["device"], one["rule"]) for one in told] == [(a.device, a.rule) for a in alarms]
    assert ISO.fullmatch(told[0]["since"])
    assert told[0]["first"]["zh"]


def test_one_alarm_has_its_record_and_its_life(open_web: WebPeer) -> None:
    found = open_web.api("/alarms/fountain-2/leakage")
    assert found["evidence"]["en"].startswith("Residual current is")
    assert [change["kind"] for change in found["changes"]][-1] == "raise"
    assert ISO.fullmatch(found["changes"][-1]["at"])


def test_what_happened_to_a_device_is_one_call(open_web: WebPeer) -> None:
    told = open_web.api("/changes?device=fountain-2&since=2026-06-10T04:00&kind=raise")
    assert "leakage" in {one["rule"] for one in told["changes"]}
    assert all(ISO.fullmatch(one["at"]) for one in told["changes"])
    assert not told["more"]
    some = open_web.api("/changes?since=2026-06-10T04:00&most=2")
    assert (len(some["changes"]), some["more"]) == (2, True)


def test_readiness_names_the_ceremony_and_every_item(open_web: WebPeer) -> None:
    found = open_web.api("/readiness?device=hoist-1")
    assert found["ready"] is False
    assert found["ceremony"]["name"] in ("sunrise", "sunset")
    assert {"pass", "fail"} <= {item["result"] for item in found["items"]}


def test_history_comes_as_values_with_their_gaps(open_web: WebPeer) -> None:
    path = "/devices/weather/signals/wind/history?since=2026-06-10T04:00&until=2026-06-10T04:30:00+08:00"
    found = open_web.api(path)
    series = found["series"]
    assert series["since"] == "2026-06-10T04:00:00.000+08:00"
    assert series["until"] == "2026-06-10T04:30:00.000+08:00", "the '+' that nobody escaped is meant"
    assert series["points"][0]["quality"] == "good"
    assert series["gaps"][0]["since"] == series["since"], "nothing was recorded before the start"
    assert series["missing_s"] >= 1200


def test_history_in_buckets_can_be_compared_with_an_earlier_span(open_web: WebPeer) -> None:
    path = "/devices/weather/signals/wind/history?since=2026-06-10T04:20&until=2026-06-10T04:40"
    found = open_web.api(f"{path}&bucket=5min&compare=1d")
    assert [row["count"] > 0 for row in found["series"]["buckets"]] == [True] * 4
    assert {row["mean"] for row in found["compared"]["buckets"]} == {None}
    assert found["compared"]["since"].startswith("2026-06-09T04:20")


def test_history_as_csv_is_a_stream_of_the_same_values(open_web: WebPeer) -> None:
    path = "/devices/weather/signals/wind/history?since=2026-06-10T04:20&until=2026-06-10T04:40"
    answer = open_web.get(f"/api/v1{path}&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    points = open_web.api(path)["series"]["points"]
    assert [(row["time"], float(row["value"])) for row in rows] == [(p["at"], p["value"]) for p in points]
    assert ISO.fullmatch(rows[0]["time"])
    buckets = open_web.get(f"/api/v1{path}&format=csv&bucket=10min").body.decode().splitlines()
    assert buckets[0] == "time,count,mean,least,greatest,bad"
    assert len(buckets) == 3


@pytest.mark.parametrize("bucket", ["", "&bucket=10min"])
def test_history_as_parquet_and_as_arrow_is_the_same_table(open_web: WebPeer, bucket: str) -> None:
    path = f"/devices/weather/signals/wind/history?since=2026-06-10T04:20&until=2026-06-10T04:40{bucket}"
    answers = {form: open_web.get(f"/api/v1{path}&format={form}") for form in ("parquet", "arrow")}
    assert answers["parquet"].headers["content-type"] == "application/vnd.apache.parquet"
    table = parquet.read_table(io.BytesIO(answers["parquet"].body))
    with ipc.open_stream(answers["arrow"].body) as stream:
        assert stream.read_all().equals(table)
    rows = list(csv.DictReader(io.StringIO(open_web.get(f"/api/v1{path}&format=csv").body.decode())))
    wanted = [float(row["mean" if bucket else "value"]) for row in rows]
    assert [one for one in table.column("value").to_pylist() if one is not None] == wanted
    assert "weather.wind" in json.loads(table.schema.metadata[b"facilityd"])["signals"]


def test_without_pyarrow_it_is_said_what_to_install(
    open_web: WebPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for form in ("parquet", "arrow"):
        answer = open_web.get(
            f"/api/v1/devices/weather/signals/wind/history?since=2026-06-10T04:20&format={form}"
        )
        assert answer.status == 501
        assert "facilityd[parquet]" in answer.json["hint"]
    assert (
        open_web.get("/api/v1/devices/weather/signals/wnd/history?since=2026-06-10T04:20&format=arrow").status
        == 404
    )


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_a_stream_that_is_cut_off_looks_like_no_whole_one(
    open_web: WebPeer, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(streams, "LONGEST_STREAM", 0.0)
    path = "/api/v1/devices/weather/signals/wind/history?since=2026-06-10T04:20&until=2026-06-10T04:40"
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        open_web.get(f"{path}&format={form}")


def test_every_answer_says_whether_the_daemon_watches(open_web: WebPeer) -> None:
    for path in ("/devices", "/alarms", "/tasks"):
        headers = open_web.get(f"/api/v1{path}").headers
        assert headers["facilityd-daemon"] == "stopped"
        assert ISO.fullmatch(headers["facilityd-last-word"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_problem_says_what_and_what_to_do_in_the_readers_language(open_web: WebPeer, language: str) -> None:
    answer = open_web.get("/api/v1/devices/fountain-22", Accept_Language=f"{language}-CN, en;q=0.3")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    found = answer.json
    assert found["detail"] == {"zh": "没有设备 'fountain-22'", "en": "no device 'fountain-22'"}[language]
    assert "fountain-2" in found["hint"]
    assert answer.headers["content-language"] == language


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/devices/..%2f..%2fetc%2fpasswd", 404), ("/../../etc/passwd", 404), ("/nothing", 404),
        ("/alarms/hoist-1/nothing", 404), ("/tasks/7", 404), ("/tasks/x", 422), ("/changes?since=soon", 422),
        ("/changes?most=99999999", 422), ("/devices/weather/signals/wind/history?since=9999-01-01", 422),
        ("/devices/weather/signals/wind/history?since=1970-01-02&bucket=1s", 422),
        ("/devices/weather/signals/wind/history?bucket=0.0000001s", 422),
        ("/devices/weather/signals/wind/history?since=30d&bucket=1min", 422),
        ("/devices/weather/signals/gusts/history", 404), ("/devices/%00/signals/%0a/history", 404),
        ("/changes?since=" + "9" * 79, 422), ("/notices", 403), ("/audit", 403),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_problem_and_never_a_traceback(open_web: WebPeer, path: str, status: int) -> None:
    answer = open_web.get(f"/api/v1{path}")
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["detail"]
    assert b"Traceback" not in answer.body
    assert b"/tmp" not in answer.body, "no path of the machine"


def test_health_is_503_while_nobody_watches_and_says_so_in_both_languages(open_web: WebPeer) -> None:
    answer = open_web.get("/api/v1/health")
    assert answer.status == 503
    found = answer.json
    assert (found["state"], found["watching"]) == ("stopped", False)
    assert found["text"]["zh"]
    assert found["text"]["en"]


def test_no_answer_may_be_kept_framed_or_guessed(open_web: WebPeer) -> None:
    headers = open_web.get("/api/v1/devices").headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "server" not in headers


def test_a_foreign_name_that_leads_here_is_refused(open_web: WebPeer) -> None:
    assert open_web.get("/api/v1/devices", Host="evil.example").status == 400
    for host in ("localhost:8780", "127.0.0.1:1", "[::1]:80"):
        assert open_web.get("/api/v1/devices", Host=host).status == 200


def test_the_description_has_a_shape_for_every_answer(open_web: WebPeer) -> None:
    found = open_web.api("/openapi.json")
    text = json.dumps(found)
    assert "HTTPValidationError" not in text
    for path, methods in found["paths"].items():
        for method, about in methods.items():
            assert about.get("summary"), (path, method)
            good = [status for status in about["responses"] if status.startswith("2")]
            assert good, (path, method)
            for status in set(about["responses"]) - set(good) - {"503"}:
                assert list(about["responses"][status]["content"]) == ["application/problem+json"], (
                    path,
                    status,
                )
