"""One mistake at a time in a sound site: ``check`` says it, once, where it stands, before it fails in silence."""

import pytest
from support.site_mistakes import (
    BROKER,
    FILES,
    HOST,
    MAIL,
    METER,
    ON,
    PLUG,
    POWER,
    TOPIC,
    ZONE,
    check_output,
    mistakes,
    refused_once,
    write_site,
)

pytestmark = pytest.mark.usefixtures("yard_environment")
SITE = (
    # Names and passwords.
    ("MQTT password alone", BROKER, '{protocol: mqtt, host: h, password: "${YARD_TOKEN}"}', "without a username"),
    ("mail user alone", MAIL, f"{MAIL}, tls: tls, port: 465, username: u", "password: ${NAME}"),
    ("mail password alone", MAIL, f'{MAIL}, tls: tls, port: 465, password: "${{YARD_TOKEN}}"', "add username"),
    ("readable password", MAIL, f'{MAIL}, username: u, password: "${{YARD_TOKEN}}"', "travel readable"),
    ("a number for a source", POWER, "power: 5", "a text is expected"),
    ("a small letter", "baudrate: 9600", "parity: e", "did you mean 'E'"),
    ("one of several periods", METER, "device_id: 1, period: {rest: 2s, lit: 5}", "lit: a duration is"),
    ("a name of two lines", "en: Gate", r'en: "Ga\nte"', "one line of at most 200"),
    ("an endless name", "en: Gate", "en: " + "x" * 201, "one line of at most 200"),
    ("an endless user", BROKER, "{protocol: mqtt, host: h, username: " + "u" * 1001 + ', password: "${YARD_TOKEN}"}', "1000"),
    ("a client with an escape", BROKER, r'{protocol: mqtt, host: h, client_id: "a\e[2J"}', "control character"),
    ("a user with a line end", BROKER, r'{protocol: mqtt, host: h, username: "a\n"}', "control character"),
    ("a bucket turned round", "bucket: b", r'bucket: "a\u202eb"', "nobody sees"),
    ("a host with a hidden space", HOST, r'host: "192.0.2.1\u200b"', "nobody sees"),
    ("a key that is none", BROKER, "{protocol: mqtt, host: h, port: 8883, tls: {certificate: /etc/hostname, key: /etc/hostname}}", "no PEM files"),
    ("a journal below a file", "links:\n", "store: {path: site.yaml/x.db}\nlinks:\n", "site.yaml is a file, not a folder"),
    ("no bucket", "bucket: b", 'bucket: ""', "a text is needed here"),
    ("a bucket with a space", "bucket: b", "bucket: ' b'", "begins or ends with a space"),
    ("a token that is no file", '"${YARD_TOKEN}"', "{file: /dev/zero}", "not a regular file"),
    # What is written and not there.
    ("tls with nothing", BROKER, "{protocol: mqtt, host: h, tls: }", "'tls' has no value"),
    ("a password with nothing", BROKER, "{protocol: mqtt, host: h, username: u, password: }", "has no value"),
    ("a link with nothing", "link: net", "link: ", "'link' has no value"),
    ("a variable with a default", HOST, 'host: "${YARD_HOST:-h}"', "is not replaced"),
    ("a variable with a space", HOST, 'host: "${YARD HOST}"', "is not replaced"),
    ("a port that is not set", HOST, 'host: h, port: "${YARD_PORT}"', "YARD_PORT is not set"),
    # Units.
    ("a topic on a register link", METER, f"{METER}, topic: a/b", "no 'topic'"),
    ("an id on a broker", PLUG, f"{PLUG}, device_id: 3", "no 'device_id'"),
    ("a base on a broker", PLUG, f"{PLUG}, base: 3", "no 'base'"),
    ("beyond the last register", METER, f"{METER}, base: 65533", "beyond the last register, 65535"),
    ("full-width slash", TOPIC, "topic: z／plug", "stands in no topic"),
    ("full-width plus", TOPIC, "topic: z/＋", "stands in no topic"),
    ("longer together", TOPIC, "topic: " + "x" * 65_530, "longer than 65535 bytes"),
    ("listed and ignored", TOPIC, "topic: z/+, names: [a], ignore: [a]", "'names' too"),
    # Devices.
    ("a scale of a switch", ON, "commanded: {from: meter.on, scale: 3}", "no 'scale'"),
    ("a tare of a switch", ON, "commanded: {from: meter.on, tare: 3}", "no 'tare'"),
    ("a tare beyond the range", POWER, "power: {from: meter.power, tare: 1e9}", "no value is good"),
    ("a name of spaces", "en: Gate", "en: '  '", "a text is needed here"),
    # The site itself.
    ("a ceremony of a year", ZONE, f"{ZONE}, ceremony: 365d", "at most 6h"),
    ("whatever this machine has", ZONE, "timezone: localtime", "not a time zone"),
    ("leap seconds", ZONE, "timezone: right/Asia/Shanghai", "did you mean 'Asia/Shanghai'"),
    ("a channel of another kind", "kind: webhook", "kind: webhok", "did you mean 'webhook'"),
)  # fmt: skip


def test_the_site_is_sound_before_a_slip(tmp_path):
    write_site(tmp_path, {})
    code, lines = check_output(tmp_path)
    assert (code, lines[0]) == (0, "yard: 3 links, 3 units, 3 devices, 6 signals; nothing is wrong")


@pytest.mark.parametrize("mistake", mistakes("site.yaml", SITE))
def test_it_is_refused_once_where_it_stands(tmp_path, mistake):
    refused_once(tmp_path, mistake)


def test_a_mail_password_may_travel_readable_where_that_is_said(tmp_path):
    mail = f'{MAIL}, tls: none, username: u, password: "${{YARD_TOKEN}}"'
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"].replace(MAIL, mail)})
    assert check_output(tmp_path)[0] == 0


def test_a_token_that_no_header_carries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("YARD_TOKEN", "令牌-1")
    write_site(tmp_path, {})
    code, lines = check_output(tmp_path)
    assert code == 1
    assert lines[0].startswith("site.yaml:15:")
    assert "plain ASCII" in lines[0]
    assert "令牌" not in lines[0]


def test_a_version_needs_no_quotes(tmp_path):
    write_site(
        tmp_path, {"site.yaml": FILES["site.yaml"].replace(BROKER, "{protocol: mqtt, host: h, version: 5}")}
    )
    assert check_output(tmp_path)[0] == 0


def test_a_secret_that_no_protocol_takes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("YARD_TOKEN", "x" * 66_000)
    write_site(tmp_path, {})
    assert "longer than 65535 bytes" in check_output(tmp_path)[1][0]


def test_one_of_each_is_said_as_one(tmp_path):
    head, rest = FILES["site.yaml"].splitlines()[0], "links: {net: {protocol: modbus-tcp, host: 192.0.2.1}}\n"
    units = "units: {meter: {link: net, profile: meter_1, device_id: 1, period: 2s}}\n"
    devices = "devices: {gate: {family: lighting, name: {zh: 门, en: G}, signals: {power: meter.power}}}\n"
    write_site(tmp_path, {"site.yaml": f"{head}\n{rest}{units}{devices}"})
    assert "yard: 1 link, 1 unit, 1 device, 1 signal; nothing is wrong" in check_output(tmp_path)[1]
