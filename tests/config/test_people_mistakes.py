"""Mistakes in who is told, when and over what: each is told where it stands, with what to do, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from facilityd.cli.main import facilityd

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai, holidays: china}
links: {io: {protocol: modbus-tcp, host: 192.0.2.9}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 5s}}
devices:
  fire: {family: contact, name: {zh: 火灾, en: Fire}, signals: {active: contacts.input_0}}
  lamp: {family: lighting, name: {zh: 灯, en: Lamp}, signals: {commanded: contacts.input_1}}
recipients:
  li:
    name: {zh: 李师傅, en: Li}
    language: zh
    channels:
      - {kind: email, to: li@square.example, sender: f@square.example, host: mail.square.example}
      - {kind: wecom-robot, token: "${KEY}", mobiles: ["13800000001"], users: [li]}
    quiet_hours: [{from: "22:00", until: "07:00", least: critical}]
  wang: {name: {zh: 王工, en: Wang}, language: en, channels: [{kind: ntfy, topic: wang}]}
  bo: {name: {zh: 博, en: Bo}, language: en, standby: true, channels: [{kind: ntfy, topic: bo}]}
rotas:
  crew:
    shifts:
      - {from: "08:00", until: "20:00", people: [li]}
      - {from: "20:00", until: "08:00", people: [wang], turn_days: 7, start: 2026-03-02}
substitutes:
  leave: {person: li, by: wang, from: 2027-03-02, until: 2027-03-09}
escalation:
  least: high
  steps:
    - {after: 5min, to: [next-channel]}
    - {after: 15min, to: [crew]}
    - {after: 30min, to: [bo]}
proof_of_life: {test_message: "09:00", heartbeat: "https://hc.example/x"}
"""
STEPS = SITE[SITE.index("  steps:") : SITE.index("proof_of_life")]
LEAVE = "from: 2027-03-02, until: 2027-03-09}\n"
ROBOT = '      - {kind: wecom-robot, token: "${KEY}", mobiles: ["13800000001"], users: [li]}\n'
NTFY = "kind: ntfy, topic: wang"
QUIET, MOBILE, MAIL = 'from: "22:00", until: "07:00"', '"13800000001"', "to: li@square.example"
ADDRESS = "one plain ASCII mail address is expected", "须写一个纯 ASCII 邮件地址"
NUMBER = (
    'a mobile number in quotes is expected, such as "13800000001"',
    '须为带引号的手机号，如 "13800000001"',
)
NOT_A_URL = "is not a URL; write it as", "不是 URL；请写作"
NEXT = (
    "means the next channel in the steps of an escalation; rename it",
    "在 escalation 的步骤中指下一通道；请改名",
)

REFUSED = {
    "unknown-on-a-rota": ("people: [li]", "people: [lee]", 20, "'lee' is nobody's id; known: bo, li, wang", "没有人的标识是 'lee'；可用：bo、li、wang"),
    "unknown-in-a-step": ("to: [bo]", "to: [boo]", 29, "'boo' is nobody's id; did you mean 'bo'?", "没有人的标识是 'boo'；是否为 'bo'？"),
    "unknown-substitute": ("by: wang", "by: wong", 23, "'wong' is nobody's id; did you mean 'wang'?", "是否为 'wang'？"),
    "empty-shift": ("people: [li]", "people: []", 20, "at least 1 entry is needed", "至少要有 1 项"),
    "weekday": ("people: [li]", "days: [monday], people: [li]", 20, "did you mean 'mon'?", "是否为 'mon'？"),
    "person-twice": ("  wang: {name", "  li: {name", 15, "'li' stands twice; first at site.yaml:8:3", "'li' 重复；首次出现在 site.yaml:8:3"),
    "person-next-channel": ("  wang: {name", "  next-channel: {name", 15, NEXT[0], NEXT[1]),
    "rota-next-channel": ("  crew:\n", "  next-channel:\n", 18, NEXT[0], NEXT[1]),
    "rota-like-a-person": ("  crew:\n", "  wang:\n", 18, "'wang' is the id of a person too; rename it", "也是一个人的标识；请改名"),
    "robot-without-key": ('token: "${KEY}", ', "", 13, "'token' is missing", "缺少 'token'"),
    "key-in-clear": ('"${KEY}"', "abcdef", 13, "a secret in clear text is refused: write ${NAME}", "不接受明文密钥：请写 ${NAME}"),
    "key-not-set": ("${KEY}", "${KEY_OF_NOBODY}", 13, "environment variable KEY_OF_NOBODY is not set", "环境变量 KEY_OF_NOBODY 未设置"),
    "url-for-a-key": ("${KEY}", "${KEY_URL}", 13, "the robot's URL or a part of it, not its key: no message would arrive", "不是机器人的密钥：消息不会送达"),
    "key-with-its-name": ("${KEY}", "${KEY_NAMED}", 13, "without key= or access_token=", "不含 key= 或 access_token="),
    "apprise-without-url": (NTFY, 'kind: apprise, token: "${KEY}"', 15, "no URL of apprise: no message would arrive; it looks like tgram://", "消息不会送达；写法如 tgram://"),
    "mobile-as-mail": (MAIL, "to: 13800000001", 12, *ADDRESS),
    "mail-without-host": (MAIL, "to: li@", 12, *ADDRESS),
    "two-mails": (MAIL, 'to: "li@a.example, wo@a.example"', 12, *ADDRESS),
    "mobile-with-spaces": (MOBILE, '"138 0000 0001"', 13, *NUMBER),
    "mobile-as-number": (MOBILE, "13800000001", 13, *NUMBER),
    "mobile-too-short": (MOBILE, '"1380000001"', 13, *NUMBER),
    "name-for-mobile": (MOBILE, '"lisi"', 13, *NUMBER),
    "user-with-space": ("users: [li]", 'users: ["li si"]', 13, "a user id in quotes and without spaces is expected", "须为带引号的用户标识，不含空格"),
    "unknown-channel": (NTFY, "kind: nfty, topic: wang", 15, "did you mean 'ntfy'?", "是否为 'ntfy'？"),
    "no-channel": ("[{kind: ntfy, topic: wang}]", "[]", 15, "at least 1 entry is needed", "至少要有 1 项"),
    "hook-without-scheme": (NTFY, "kind: webhook, url: crew.example/hook", 15, *NOT_A_URL),
    "heartbeat-without-scheme": ("https://hc.example/x", "hc.example/x", 30, *NOT_A_URL),
    "login-without-password": ("host: mail.square.example", "host: mail.square.example, username: li", 12, "add password: ${NAME}", "请加上 password: ${NAME}"),
    "language": ("language: zh", "language: cn", 10, "'cn' is not allowed; allowed: zh, en", "不能写 'cn'；可用：zh、en"),
    "priority": ("    language: zh\n", "    language: zh\n    minimum: urgent\n", 11, "allowed: low, medium, high, critical", "可用：low、medium、high、critical"),
    "family-not-here": ("    language: zh\n", "    language: zh\n    families: [hoist]\n", 11, "'hoist' is no family of this site; known: contact, lighting", "本站点没有设备类 'hoist'"),
    "device-not-here": ("    language: zh\n", "    language: zh\n    devices: [fir]\n", 11, "'fir' is no device of this site; did you mean 'fire'?", "是否为 'fire'？"),
    "time": (QUIET, 'from: "22：00", until: "07:00"', 14, 'a time of day is expected, such as "22:00"', '须为时刻，如 "22:00"'),
    "zone": ("Asia/Shanghai", "Asia/Bejing", 1, "did you mean 'Asia/Shanghai'?", "是否为 'Asia/Shanghai'？"),
    "steps-not-later": ("after: 15min", "after: 4min", 28, "each step comes later than the one before", "各步须依次更晚"),
    "leave-backwards": ("until: 2027-03-09", "until: 2027-03-01", 23, "ends before it begins; 'until' is the day after", "结束早于开始；'until' 是结束后的第一天"),
    "two-for-each-other": (LEAVE, LEAVE + "  b: {person: wang, by: li, from: 2027-03-08, until: 2027-03-20}\n", 24, "wang and li stand in for each other on one day", "wang 与 li 在同一天互相替班"),
    "three-in-a-circle": (LEAVE, LEAVE + "  b: {person: wang, by: bo, from: 2027-03-04, until: 2027-03-20}\n  c: {person: bo, by: li, from: 2027-03-08, until: 2027-03-20}\n", 25, "bo, li, wang stand in for one another in a circle on one day", "bo、li、wang 在同一天循环替班：当天无人在岗"),
}  # fmt: skip
WARNED = {
    "two-substitutes": (LEAVE, LEAVE + "  b: {person: li, by: bo, from: 2027-03-08, until: 2027-03-20}\n", 24, "li has two substitutes from 2027-03-08 on", "li 自 2027-03-08 起有两个替班人"),
    "substitute-on-standby": ("by: wang", "by: bo", 23, "in the place of li they are told nothing", "li 的报警不会通知到 bo"),
    "standby-for-nothing": ("    - {after: 30min, to: [bo]}\n", "", 16, "bo is on standby, and no step of the escalation tells them: they are told nothing", "escalation 的步骤都不通知此人：不会收到任何报警"),
    "escalation-without-steps": (STEPS, "", 24, "an alarm that nobody answers is told to nobody else; write steps:", "无人确认的报警不会再通知任何人；请写 steps:"),
    "last-step-tells-nobody": ("    - {after: 15min, to: [crew]}\n    - {after: 30min, to: [bo]}\n", "", 27, "tells nobody new; end with a supervisor", "最后一步请写主管"),
    "no-second-channel": (ROBOT, "", 26, "nobody has a second channel: this step tells nobody", "没有人有第二个通道：此步骤不会通知任何人"),
    "quiet-hours-equal": (QUIET, 'from: "22:00", until: "22:00"', 14, "hours that begin and end at the same time are 24", "开始与结束相同即为 24 小时"),
    "always-quiet": (QUIET, 'from: "00:00", until: "24:00"', 14, "the quiet hours of li never end", "li 的 quiet_hours 一直不间断"),
    "two-of-one-name": ("{zh: 王工, en: Wang}", "{zh: 李师傅, en: Wang}", 15, "'li' has this name too", "'li' 也叫此名"),
    "nothing-so-urgent": ("    language: zh\n", "    language: zh\n    families: [lighting]\n    minimum: critical\n", 12, "nothing that li answers for is ever as urgent: they are told nothing; write a lower minimum", "li 负责的设备没有这样紧急的报警：不会收到任何报警"),
    "nobody-at-night": ('      - {from: "20:00", until: "08:00", people: [wang], turn_days: 7, start: 2026-03-02}\n', "", 18, "nobody is on duty at 20", "无人值班：届时通知该值班表上的所有人；请加一个班次"),
    "mail-port": ("host: mail.square.example", "host: mail.square.example, port: 465", 12, "on port 465 mail servers expect tls: tls; add tls: tls", "请加上 tls: tls"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    monkeypatch.setenv("KEY_URL", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=s3cret")
    monkeypatch.setenv("KEY_NAMED", "key=s3cret")


def _check(folder: Path, text: str, language: str) -> tuple[int, list[str]]:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(facilityd, ["check", str(folder), "--lang", language])
    assert "s3cret" not in done.output
    return done.exit_code, done.output.replace(f"{folder}/", "").splitlines()


def test_the_site_in_which_mistakes_are_made_is_sound(tmp_path: Path) -> None:
    assert _check(tmp_path, SITE, "en") == (
        0,
        ["yard: 1 link, 1 unit, 2 devices, 2 signals; nothing is wrong"],
    )


def _told(folder: Path, case: tuple[str, str, int, str, str], code: int) -> list[str]:
    """Return the lines in English of a site with a mistake; each language says it at its line and column."""
    right, wrong, line, en, zh = case
    assert SITE.count(right) >= 1
    text = SITE.replace(right, wrong, 1)
    for language, said in (("zh", zh), ("en", en)):
        status, lines = _check(folder, text, language)
        assert status == code, lines
        (found,) = [one for one in lines if said in one]
        assert re.match(rf"site\.yaml:{line}:\d+[:：]", found), found
    return lines


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, name: str) -> None:
    lines = _told(tmp_path, REFUSED[name], 1)
    assert not [line for line in lines if ": warning: " in line]


@pytest.mark.parametrize("name", WARNED)
def test_what_would_leave_somebody_untold_is_warned_of(tmp_path: Path, name: str) -> None:
    lines = _told(tmp_path, WARNED[name], 0)
    assert [line for line in lines if ": warning: " in line and WARNED[name][3] in line]
