"""What only the machine can contradict is said by ``check``, with its place, and not at the start or never."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from support.notification_peers import make_certificates

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import ConfigError

HEAD = "site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}\n"
HOOK = (
    'recipients:\n  crew: {name: {zh: 员, en: Crew}, language: zh, channels: [{kind: webhook, url: "%s"}]}\n'
)
SINK = 'sinks:\n  influx: {kind: influxdb, url: "%s", bucket: b, token: "${TOKEN}"}\n'
MAIL = (
    "recipients:\n  crew: {name: {zh: 员, en: Crew}, language: zh, "
    "channels: [{kind: email, host: h, sender: f@h.example, to: %s}]}\n"
)
SERIAL = "links:\n  a: {protocol: modbus-rtu, serial_port: /dev/ttyUSB0}\n"
BROKER = "links:\n  b: {protocol: mqtt, host: h, tls: {%s}}\n"
CONTROLLER = "links:\n  b: {protocol: modbus-tcp, host: h, tls: {%s}}\n"
CASES = {
    "two masters on one port": (SERIAL + "  b: {protocol: modbus-rtu, serial_port: /dev/ttyUSB0}\n", "link 'a' already"),
    "the broadcast address": (
        SERIAL + "units:\n  u: {link: a, profile: eastron_sdm630, device_id: 0, period: 5s}\n",
        "broadcast address of a serial line",
    ),
    "a list that is not there": (BROKER % "ca: /nonexistent.pem", "/nonexistent.pem is not a file"),
    "a certificate without its key": (BROKER % "certificate: /etc/hostname", "'key' is missing"),
    "a controller's list that is not there": (CONTROLLER % "ca: /nonexistent.pem", "/nonexistent.pem is not a file"),
    "a controller's certificate without its key": (CONTROLLER % "certificate: /etc/hostname", "'key' is missing"),
    "a server name that is no name": (CONTROLLER % "server_name: 'a b'", "a host is a name or an address"),
    "a journal in a site file's place": ("store: {path: site.yaml}\n", "file of another kind"),
    "a journal in its own log's place": ("store: {path: x.db-wal}\n", "file of another kind"),
    "a journal that is a device": ("store: {path: /dev/null}\n", "no regular file"),
    "a journal whose name is too long": ("store: {path: %s}\n" % ("x" * 300), "longer than 200 bytes"),
    "a home that nobody replaces": ("store: {path: ~/journal.db}\n", "'~' is not replaced"),
    "a journal without room": ("store: {max_size: 0MiB}\n", "less than 1MiB"),
    "two sinks in one file": (
        "sinks:\n  a: {kind: file, path: a.lp}\n  b: {kind: file, path: ./a.lp}\n",
        "sink 'a' writes this file already",
    ),
    "lines in a site file's place": ("sinks:\n  a: {kind: file, path: site.yaml}\n", "whose name ends in .lp"),
    "lines in a home that nobody replaces": ("sinks:\n  a: {kind: file, path: ~/a.lp}\n", "'~' is not replaced"),
    "lines without room": ("sinks:\n  a: {kind: file, path: a.lp, max_size: 0MiB}\n", "less than 1MiB"),
    "lines of which nothing is kept": ("sinks:\n  a: {kind: file, path: a.lp, keep: 0}\n", "greater than or equal to 1"),
    "a kind of sink that is none": ("sinks:\n  a: {kind: influx, path: a.lp}\n", "'influxdb'"),
    "an empty secret": (SINK.replace("TOKEN", "EMPTY") % "http://h:8086", "the secret is empty"),
    "two sessions of one name": (
        "links:\n  a: {protocol: mqtt, host: h, client_id: x}\n  b: {protocol: mqtt, host: h, client_id: x}\n",
        "they would end each other",
    ),
    "a session's endless name": ("links:\n  a: {protocol: mqtt, host: h, client_id: %s}\n" % ("x" * 1001), "1000"),
    "a list without a certificate": (BROKER % "ca: /etc/hostname", "holds no certificate"),
    "an address in Chinese": (MAIL % "值班@广场.cn", "one plain ASCII mail address"),
    "an address with a name": (MAIL % "'<crew@h.example>'", "one plain ASCII mail address"),
    "two addresses": (MAIL % "'li,wang@h.example'", "one plain ASCII mail address"),
    "an address with a control character": (MAIL % r'"li\x01@h.example"', "one plain ASCII mail address"),
    "an address with two dots": (MAIL % "li@h..example", "one plain ASCII mail address"),
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
    monkeypatch.setenv("EMPTY", "")
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
    [warning] = [said for said in load(tmp_path).warnings if "no group" in said]
    assert warning.startswith(f"{tmp_path / 'site.yaml'}:2:")
    assert "groupadd nobody-has-it" in warning


@pytest.mark.parametrize("name", ["poles.yml", "poles.YAML", "profiles/meter.yml", "families/mast.yml"])
def test_a_file_that_is_not_read_is_said(tmp_path, name):
    (tmp_path / "site.yaml").write_text(HEAD, encoding="utf-8")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("devices: {}\n", encoding="utf-8")
    assert (
        f"{tmp_path / name}:1:1: warning: is not read; files of a site end in .yaml"
        in load(tmp_path).warnings
    )


def test_a_site_that_tells_nobody_is_said(tmp_path):
    (tmp_path / "site.yaml").write_text(HEAD, encoding="utf-8")
    said = "no recipients: nobody is told of any alarm"
    assert said in CliRunner().invoke(facilityd, ["check", str(tmp_path)]).stderr
    (tmp_path / "site.yaml").write_text(HEAD + HOOK % "http://h/", encoding="utf-8")
    assert said not in CliRunner().invoke(facilityd, ["check", str(tmp_path)]).output


def test_every_path_begins_at_the_file_that_says_it_wherever_a_command_is_started(tmp_path, monkeypatch):
    """A service manager starts in /, a person in the site's folder: both must mean the same files."""
    site, elsewhere = tmp_path / "yard", tmp_path / "elsewhere"
    (site / "keys").mkdir(parents=True)
    elsewhere.mkdir()
    made = make_certificates(site / "keys", "localhost")
    ca = Path(made.ours).name
    (site / "keys" / "token").write_text("s3cret\n")
    (site / "site.yaml").write_text(
        HEAD
        + "links:\n"
        + f"  plc: {{protocol: modbus-tcp, host: h, tls: {{ca: keys/{ca}, server_name: plc-1}}}}\n"
        + "  plain: {protocol: modbus-tcp, host: h}\n"
        + f"  broker: {{protocol: mqtt, host: h, port: 8883, tls: {{ca: keys/{ca}}}}}\n"
        + "  bus: {protocol: modbus-rtu, serial_port: dev/ttyMeters}\n"
        + "sinks:\n  influx: {kind: influxdb, url: 'http://h:8086', org: o, bucket: b, token: {file: keys/token}}\n"
    )
    monkeypatch.chdir(elsewhere)
    found = load(Path("..") / "yard")
    assert Path(found.links["bus"].serial_port).resolve() == site / "dev" / "ttyMeters"
    assert Path(found.links["broker"].ca).resolve() == site / "keys" / ca
    plc, plain = found.links["plc"], found.links["plain"]
    assert Path(plc.tls.ca).resolve() == site / "keys" / ca
    assert (plc.tls.server_name, plc.where, plain.where, plain.tls) == ("plc-1", "h:802", "h:502", None)
    assert not [said for said in found.warnings if "leads to" in said], "two ports of one host"
    assert found.sinks["influx"].token == "s3cret"
