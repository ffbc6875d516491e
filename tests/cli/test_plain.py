"""What foreign parties write reaches no terminal, log or mail as anything but text."""

import importlib
import json
import logging
import sys
import tempfile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fuzz import CASES

from facilityd.cli.output import table
from facilityd.cli.run import FORMAT, JsonLines, PlainLines
from facilityd.config.load import load
from facilityd.model.plain import LONGEST, masked, plain, url_secrets

main = importlib.import_module("facilityd.cli.main")  # facilityd.cli.main is its function too
HOSTILE = "\x1b[2J\x1b]0;all is well\x07fire \u202egate\u202c\r\nend"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("广场旗杆 3.5 m, ünïcode", "广场旗杆 3.5 m, ünïcode"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x1b\\link", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x9b2Jtext", "text"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("one\ntwo\r\nthree", "one two  three"),
        ("left \u202eright\u2066", "left right"),
        ("half \ud800 char", "half \ufffd char"),
        ("x" * (LONGEST + 5), "x" * (LONGEST - 1) + "…"),
    ],
)
def test_only_text_is_left(text, seen):
    assert plain(text) == seen


def test_lines_may_stay():
    assert plain("one\n\x1b[1mtwo\r", lines=True) == "one\ntwo "


@settings(max_examples=CASES, deadline=None)
@given(st.text(st.characters(codec=None), max_size=80), st.booleans())
def test_nothing_that_a_terminal_obeys(text, lines):
    seen = plain(text, lines=lines)
    assert not [c for c in seen if ord(c) < 32 and not (lines and c == "\n")]
    assert not [c for c in seen if 0x7F <= ord(c) <= 0x9F or 0xD800 <= ord(c) <= 0xDFFF]
    assert not set(seen) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
    assert len(seen) <= LONGEST
    assert plain(seen, lines=lines) == seen


def test_a_table_shows_only_text():
    lines = [line.plain for line in table("", ["name"], [[HOSTILE]]).laid_out(80)]
    assert " ".join(lines).split() == ["name", "fire", "gate", "end"]


def _record(*args, **more):
    return logging.LogRecord("x", logging.ERROR, __file__, 1, "broker says %s", args, more.get("info"))


def test_a_log_line_says_its_time_on_the_sites_clock_and_how_far_that_is_from_utc():
    lines, record = PlainLines(FORMAT), _record("x")
    lines.zone, record.created = ZoneInfo("Asia/Shanghai"), 1_790_000_040.25
    assert lines.format(record).startswith("2026-09-21 22:14:00.250+08:00 ERROR")


def test_a_log_line_is_one_line():
    line = PlainLines(FORMAT).format(_record(HOSTILE))
    assert line.endswith("ERROR   broker says fire gate  end")
    assert "\x1b" not in line


def test_the_report_of_a_failure_stays_readable_and_harmless():
    try:
        int(HOSTILE)
    except ValueError:
        info = sys.exc_info()
    info[1].args = (HOSTILE,)
    text = PlainLines(FORMAT).format(_record("x", info=info))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text.splitlines()) > 3
    said = json.loads(JsonLines().format(_record(HOSTILE, info=info)))
    assert said["text"] == "broker says fire gate  end"
    assert "Traceback" in said["report"]
    assert "\x1b" not in said["report"]


ROBOT = "https://robot.example/cgi-bin/send?key=693a91f6-7xxx-4bc4&debug=1"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"POST {ROBOT} failed", "POST *** failed"),
        ("bad key 693a91f6-7xxx-4bc4", "bad key ***"),
        ("no route /cgi-bin/send", "no route ***"),
        ("debug 1 is not known", "debug 1 is not known"),
        ("Invalid header value b'Token hunter2222'", "Invalid header value b'Token ***'"),
        ("500 unknown: AUTH PLAIN AGxpAGh1bnRlcjIyMjI=", "500 unknown: AUTH PLAIN ***"),
        ("500 unknown: AUTH PLAIN AGxpbgBodW50ZXIyMjIy", "500 unknown: AUTH PLAIN ***"),
        ("500 unknown: aHVudGVyMjIyMg==", "500 unknown: ***"),
        ("GET /?q=p%40ss%2Fw%C3%B6rd", "GET /?q=***"),
        (r'{"token": "p@ss/w\u00f6rd"}', '{"token": "***"}'),
        ("hoist-1-drive/output_frequency is away", "hoist-1-drive/output_frequency is away"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(text, seen):
    assert masked(text, {*url_secrets(ROBOT), "hunter2222", "hunter22", "p@ss/wörd"}) == seen


def test_the_log_masks_what_the_site_keeps_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("INFLUX", "s3cret-token")
    monkeypatch.setenv("ROBOT_KEY", "693a91f6-7xxx-4bc4")
    (tmp_path / "site.yaml").write_text(
        """
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
sinks: {influx: {kind: influxdb, url: "http://127.0.0.1:8086", org: o, bucket: b, token: "${INFLUX}"}}
recipients:
  crew:
    name: {zh: 值班员, en: Crew}
    language: zh
    channels: [{kind: webhook, url: "ROBOT"}]
""".replace("ROBOT", ROBOT.replace("693a91f6-7xxx-4bc4", "${ROBOT_KEY}")),
        encoding="utf-8",
    )
    site = load(tmp_path)
    assert "s3cret" not in repr(site)
    lines = PlainLines(FORMAT)
    lines.secrets = site.secrets
    line = lines.format(_record("Token s3cret-token refused at 693a91f6-7xxx-4bc4"))
    assert line.endswith("broker says Token *** refused at ***")


def _logging_masks(monkeypatch, secret):
    lines = PlainLines()
    lines.secrets = frozenset({secret})
    handler = logging.NullHandler()
    handler.setFormatter(lines)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])


def test_the_report_of_a_bug_masks_what_the_log_masks(tmp_path, monkeypatch, capsys):
    _logging_masks(monkeypatch, "s3cret-token")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(main, "_call", _fails_with("header b'Token s3cret-token'"))
    with pytest.raises(SystemExit) as end:
        main.main()
    [report] = tmp_path.iterdir()
    said = capsys.readouterr().err
    assert end.value.code == 70
    assert "Token ***" in report.read_text(encoding="utf-8")
    assert "Token ***" in said
    assert "s3cret" not in report.read_text(encoding="utf-8") + said


def test_where_no_report_can_be_written_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    monkeypatch.setattr(main, "_call", _fails_with("why"))
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 70
    assert "no report could be written" in capsys.readouterr().err


def _fails_with(text):
    def call():
        raise ValueError(text)

    return call


@settings(max_examples=CASES, deadline=None)
@given(st.text("ABab01+/_-= .", max_size=40))
def test_masking_takes_any_text_and_leaves_what_is_no_secret(text):
    assert masked(text, {"hunter2222"}) == text
