"""What only the machine can contradict is said by ``check``, with its place, and not at the start or never."""

import pytest

from facilityd.config.load import load
from facilityd.errors import ConfigError

HEAD = "site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}\n"
HOOK = (
    'recipients:\n  crew: {name: {zh: 员, en: Crew}, language: zh, channels: [{kind: webhook, url: "%s"}]}\n'
)
SINK = 'sinks:\n  influx: {kind: influxdb, url: "%s", bucket: b, token: "${TOKEN}"}\n'
SERIAL = "links:\n  a: {protocol: modbus-rtu, serial_port: /dev/ttyUSB0}\n"
BROKER = "links:\n  b: {protocol: mqtt, host: h, tls: {%s}}\n"
CASES = {
    "two masters on one port": (SERIAL + "  b: {protocol: modbus-rtu, serial_port: /dev/ttyUSB0}\n", "link 'a' already"),
    "the broadcast address": (
        SERIAL + "units:\n  u: {link: a, profile: eastron_sdm630, device_id: 0, period: 5s}\n",
        "broadcast address of a serial line",
    ),
    "a list that is not there": (BROKER % "ca: /nonexistent.pem", "/nonexistent.pem is not a file"),
    "a certificate without its key": (BROKER % "certificate: /etc/hostname", "'key' is missing"),
    "a journal that is a folder": ("store: {path: .}\n", ". is a folder"),
    "a robot's key in clear": (HOOK % "https://h/send?key=693a91f6", "'key' in this URL"),
    "a robot's token in clear": (HOOK % "https://h/send?access_token=693a91f6", "'access_token' in this URL"),
    "what no server sees": (HOOK % "https://h/send#here", "with '#'"),
    "a token in the sink's URL": (SINK % "http://h:8086?token=693a91f6", "in this URL"),
    "a path in the sink's query": (SINK % "http://h:8086/?org=o", "ends before '?'"),
    "an id that no file can have": ("devices:\n  %s: {family: contact}\n" % ("x" * 64), "at most 63 characters"),
    "an escape in a name": (HOOK.replace("en: Crew", r'en: "\e[2J"') % "http://h/", "an escape sequence"),
    "a direction mark in a name": (HOOK.replace("en: Crew", r'en: "a\u202eb"') % "http://h/", "direction mark"),
    "an empty name": (HOOK.replace("en: Crew", 'en: ""') % "http://h/", "a text is needed here"),
    "a full-width space": ("units:\n\u3000a: 1\n", "a full-width space indents here"),
    "a no-break space": ("units:\n  a: 1\n\u00a0 b: 1\n", "a no-break space indents here"),
    "the daemon's own name": ("devices:\n  facilityd: {family: contact, name: {zh: 火, en: F}, signals: {active: u.p}}\n", "facilityd itself"),
    "a link's own name": (
        SERIAL + "devices:\n  link-a: {family: contact, name: {zh: 火, en: F}, signals: {active: u.p}}\n", "the link 'a'"
    ),
    "a channel's own name": (
        HOOK % "http://h/" + "devices:\n  channel-crew-1-webhook: {family: contact, name: {zh: 火, en: F}, signals: {active: u.p}}\n",
        "the channel 'crew-1-webhook'",
    ),
    "two documents": ("---\nunits: {}\n", "expected a single document"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_it_is_said_where_it_stands(tmp_path, monkeypatch, name):
    monkeypatch.setenv("TOKEN", "s3cret")
    text, said = CASES[name]
    (tmp_path / "site.yaml").write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(tmp_path)
    [found] = [problem for problem in error.value.problems if said in problem]
    place = found.removeprefix(f"{tmp_path / 'site.yaml'}:").split(":")
    assert int(place[0]) >= 2, found
    assert int(place[1]) >= 1, found
    assert "693a91f6" not in str(error.value)


def test_a_key_from_the_environment_is_used_and_masked(tmp_path, monkeypatch):
    monkeypatch.setenv("ROBOT", "693a91f6")
    (tmp_path / "site.yaml").write_text(HEAD + HOOK % "https://h/send?key=${ROBOT}", encoding="utf-8")
    site = load(tmp_path)
    assert site.recipients["crew"].channels[0].options["url"] == "https://h/send?key=693a91f6"
    assert "693a91f6" in site.secrets


def test_a_group_that_only_the_daemons_machine_may_have_is_a_warning(tmp_path):
    (tmp_path / "site.yaml").write_text(HEAD + "store: {group: nobody-has-it}\n", encoding="utf-8")
    [warning] = load(tmp_path).warnings
    assert warning.startswith(f"{tmp_path / 'site.yaml'}:2:")
    assert "groupadd nobody-has-it" in warning
