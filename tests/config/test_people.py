"""People, rotas, substitutes and escalation of a site: what is meant, and each mistake in its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site_mistakes import FILES, check_output, write_site

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.people import NEXT_CHANNEL, EscalationStep
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.notify.channels import build

pytestmark = pytest.mark.usefixtures("yard_environment")
HOOK = '{kind: webhook, url: "http://h/x"}'
PEOPLE = f"""
recipients:
  li:
    name: {{zh: 李师傅, en: Li}}
    language: zh
    channels: [{HOOK}, {{kind: webhook, url: "http://h/y"}}]
    families: [lighting]
    quiet_hours: [{{from: "22:00", until: "07:00", least: critical}}]
  wang: {{name: {{zh: 王工, en: Wang}}, language: en, channels: [{HOOK}], every_channel: true}}
  boss: {{name: {{zh: 主管, en: Boss}}, language: zh, channels: [{HOOK}]}}
rotas:
  crew:
    shifts:
      - {{from: "08:00", until: "20:00", days: [workdays], people: [li]}}
      - {{from: "00:00", until: "24:00", people: [li, wang], turn_days: 7, start: 2026-03-02}}
substitutes:
  leave: {{person: li, by: wang, from: 2026-03-02, until: 2026-03-09}}
escalation:
  least: medium
  steps:
    - {{after: 5min, to: [next-channel]}}
    - {{after: 15min, to: [crew, boss]}}
  still_on_it: {{critical: 30min}}
"""
HEAD = FILES["site.yaml"].partition("recipients:")[0]


def _yard(tmp_path, people: str):
    write_site(tmp_path, {"site.yaml": HEAD + people})
    return tmp_path


def test_everything_that_is_said_of_people_is_compiled(tmp_path) -> None:
    site = load(_yard(tmp_path, PEOPLE))
    li, wang = site.recipients["li"], site.recipients["wang"]
    assert li.families == {"lighting"}
    assert not li.every_channel
    assert wang.every_channel
    assert (li.quiet[0].hours.begin, li.quiet[0].hours.until, li.quiet[0].least) == (
        1320,
        420,
        Priority.CRITICAL,
    )
    (crew,) = site.duty.rotas
    assert crew.people == {"li", "wang"}
    assert (crew.shifts[1].turn, crew.shifts[1].start) == (7, date(2026, 3, 2))
    assert site.duty.substitutions[0].by == "wang"
    escalation = site.duty.escalation
    assert escalation.least is Priority.MEDIUM
    assert escalation.steps == (
        EscalationStep(300 * NS, (NEXT_CHANNEL,)),
        EscalationStep(900 * NS, ("crew", "boss")),
    )
    assert escalation.still_on_it == {Priority.CRITICAL: 1800 * NS}


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("people: [li, wang]", "people: [li, wong]", "'wong' is nobody's id; did you mean 'wang'?"),
        ("to: [crew, boss]", "to: [crow, boss]", "'crow' is nobody's id; did you mean 'crew'?"),
        ("by: wang", "by: wong", "'wong' is nobody's id"),
        ("by: wang", "by: li", "li cannot stand in for themselves"),
        ("escalation:", "  swap: {person: wang, by: li, from: 2026-03-08, until: 2026-03-10}\nescalation:", "wang and li stand in for each other"),
        ("until: 2026-03-09", "until: 2026-03-02", "ends before it begins"),
        ("families: [lighting]", "families: [lightning]", "is no family of this site; did you mean 'lighting'?"),
        ("families: [lighting]", "devices: [no-such]", "is no device of this site"),
        ('from: "22:00"', 'from: "25:00"', "a time of day is expected"),
        ("after: 15min", "after: 5min", "each step comes later than the one before"),
        (", start: 2026-03-02", "", "turn_days and start belong together"),
        ("shifts:", "ical: nowhere.ics\n    shifts:", "No such file or directory"),
        ("  crew:\n", '  boss: {shifts: [{from: "0:00", until: "24:00", people: [li]}]}\n  crew:\n', "is the id of a person too"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_in_its_place(tmp_path, right: str, wrong: str, said: str) -> None:
    text = PEOPLE.replace(right, wrong, 1)
    assert text != PEOPLE
    code, lines = check_output(_yard(tmp_path, text))
    assert code == 1
    mistakes = [line for line in lines if "site.yaml:" in line and ": warning: " not in line]
    assert [line for line in mistakes if said in line], lines
    assert len(mistakes) == 1, "and nothing else"


def test_a_calendar_beside_the_site(tmp_path) -> None:
    text = PEOPLE.replace("shifts:", "ical: crew.ics\n    shifts:", 1)
    event = "BEGIN:VEVENT\nUID:1\nDTSTART:20260302T000000Z\nSUMMARY:{0}\nEND:VEVENT\n"
    whole = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{0}END:VCALENDAR\n"
    (tmp_path / "crew.ics").write_text(whole.format(event.format("主管")), encoding="utf-8")
    assert "boss" in load(_yard(tmp_path, text)).duty.rotas[0].people
    (tmp_path / "crew.ics").write_text(whole.format(event.format("stranger")), encoding="utf-8")
    assert "names nobody: 'stranger'" in "\n".join(check_output(tmp_path)[1])
    (tmp_path / "crew.ics").write_text("hello", encoding="utf-8")
    assert "is no iCal file" in "\n".join(check_output(tmp_path)[1])


@pytest.mark.parametrize(
    ("event", "at", "zh", "en"),
    [
        ("DTSTART:20260302T080000\nRRULE:FREQ=SECONDLY", 12, "查算太慢；值班事件只能按日、周、月、年重复", "takes too long to look up; let duties repeat by day"),
        ("DTSTART:20260302T080000\nRRULE:FREQ=DAILY;\n BYSECOND=0,1,2", 12, "'RRULE:FREQ=DAILY;BYSECOND=0,1,2' 这样重复的事件", "repeats as 'RRULE:FREQ=DAILY;BYSECOND=0,1,2' takes"),
        ("RRULE:FREQ=DAILY\nDTSTART;TZID=Asia/Shanghai:00010101T080000", 12, "早于 2000 年", "one before 2000"),
    ],
)  # fmt: skip
def test_a_duty_that_would_take_for_ever_is_shown_by_its_line_in_both_languages(
    tmp_path, event: str, at: int, zh: str, en: str
) -> None:
    good = "BEGIN:VEVENT\nUID:1\nSUMMARY:li\nDTSTART:20260302T080000\nEND:VEVENT\n"
    bad = f"BEGIN:VEVENT\nSUMMARY:li\n{event}\nEND:VEVENT\n"
    whole = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{good}{bad}END:VCALENDAR\n".replace("\n", "\r\n")
    (tmp_path / "crew.ics").write_bytes(whole.encode())
    _yard(tmp_path, PEOPLE.replace("shifts:", "ical: crew.ics\n    shifts:", 1))
    for language, said, colon in (("zh", zh, "："), ("en", en, ": ")):
        done = CliRunner().invoke(facilityd, ["check", str(tmp_path), "--lang", language])
        assert done.exit_code == 1
        told = [line for line in done.output.splitlines() if line.startswith(str(tmp_path))]
        mistakes = [line for line in told if "crew.ics" in line]
        assert len(mistakes) == 1, done.output
        assert mistakes[0].startswith(f"{tmp_path}/crew.ics:{at}:1{colon}")
        assert said in mistakes[0]


def test_a_gap_in_a_rota_is_warned_of(tmp_path) -> None:
    turn = '      - {from: "00:00", until: "24:00", people: [li, wang], turn_days: 7, start: 2026-03-02}\n'
    code, lines = check_output(_yard(tmp_path, PEOPLE.replace(turn, "")))
    assert code == 0
    assert any("nobody is on duty at 20" in line for line in lines)


CHANNELS = """
recipients:
  li:
    name: {zh: 李师傅, en: Li}
    language: zh
    channels:
      - {kind: wecom-robot, token: "${YARD_TOKEN}", mobiles: ["13800000001"], users: [zhang]}
      - {kind: dingtalk-robot, token: "${YARD_TOKEN}", secret: "${YARD_TOKEN}"}
      - {kind: feishu-robot, token: "${YARD_TOKEN}", url: "https://open.larksuite.com/open-apis/bot/v2/hook"}
      - {kind: ntfy, topic: square}
      - {kind: mqtt, host: broker.example, prefix: square/alarms}
      - {kind: apprise, token: "${YARD_APPRISE}"}
      - {kind: webhook, url: "https://h.example/x", secret: "${YARD_TOKEN}"}
"""


def test_every_kind_of_channel_is_compiled_and_can_be_built(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("YARD_APPRISE", "json://s3cret.example")
    site = load(_yard(tmp_path, CHANNELS))
    channels = site.recipients["li"].channels
    assert [one.id for one in channels][:2] == ["li-1-wecom-robot", "li-2-dingtalk-robot"]
    assert channels[0].options["mobiles"] == ("13800000001",)
    held = {one.options[name] for one in channels for name in ("token", "secret") if name in one.options}
    assert held == {"s3cret", "json://s3cret.example"}
    assert set(build(channels)) == {one.id for one in channels}
    assert "s3cret" not in repr(site)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('secret: "${YARD_TOKEN}"}', "secret: clear}", "a secret in clear text is refused"),
        ('token: "${YARD_TOKEN}", mobiles', "mobiles", "token"),
        ("topic: square", 'topic: "a b"', "expected form"),
        ("prefix: square/alarms", 'prefix: "square/#"', "expected form"),
        ("users: [zhang]", 'users: ["zhang>"]', "a user id in quotes and without spaces is expected"),
    ],
)
def test_a_channel_that_is_wrong(tmp_path, monkeypatch, right: str, wrong: str, said: str) -> None:
    monkeypatch.setenv("YARD_APPRISE", "json://s3cret.example")
    code, lines = check_output(_yard(tmp_path, CHANNELS.replace(right, wrong, 1)))
    assert code == 1
    assert [line for line in lines if said in line and line.startswith("site.yaml:")], lines


def test_the_example_of_the_page_is_a_sound_site(tmp_path, monkeypatch) -> None:
    """docs/people.md, with a link, a unit and a hoist beside it."""
    for name in ("WECOM_KEY", "DING", "DING_SECRET", "BEAT"):
        monkeypatch.setenv(name, "s3cret")
    page = Path("docs/people.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    devices = """
links: {io: {protocol: modbus-tcp, host: 192.0.2.9}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 5s}}
devices: {hoist-1: {family: hoist, name: {zh: 升降机, en: Hoist}, signals: {upper_limit: contacts.input_0}}}
"""
    (tmp_path / "site.yaml").write_text(example + devices, encoding="utf-8")
    site = load(tmp_path)
    assert set(site.recipients) == {"li", "wang", "boss"}
    assert site.duty.proof.test_at == 9 * 60
    assert "s3cret" not in repr(site)
