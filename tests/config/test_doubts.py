"""What is allowed and hardly meant: ``check`` warns of it, and the site starts."""

import pytest
from support.site_mistakes import (
    BROKER,
    FILES,
    HOOK,
    HOST,
    MAIL,
    PLUG,
    TCP,
    TOPIC,
    ZONE,
    check_output,
    mistakes,
    write_site,
)

pytestmark = pytest.mark.usefixtures("yard_environment")
DOUBTS = (
    ("the end of a network", HOST, "host: 192.0.2.255", "broadcast address"),
    ("one endpoint twice", "  bus:", f"  net2: {TCP}\n  bus:", "many devices take one connection"),
    ("a link for nothing", "  bus:", "  net2: {protocol: modbus-tcp, host: h2}\n  bus:", "has no units"),
    ("a unit for nothing", "  spare:", "  idle: {link: net, profile: meter_1, device_id: 9, period: 1min}\n  spare:", "feeds no device"),
    ("user without password", BROKER, "{protocol: mqtt, host: h, username: u}", "password: ${NAME}"),
    ("the port of TLS", BROKER, "{protocol: mqtt, host: h, port: 8883}", "add tls: {}"),
    ("Modbus on the port of TLS", TCP, "{protocol: modbus-tcp, host: 192.0.2.1, port: 802}", "add tls: {}"),
    ("Modbus with TLS on the plain port", TCP, "{protocol: modbus-tcp, host: 192.0.2.1, port: 502, tls: {}}", "leave port out"),
    ("TLS on the plain port", BROKER, "{protocol: mqtt, host: h, tls: {}}", "add port: 8883"),
    ("a backslash", TOPIC, r"topic: z\plug", "write z/plug"),
    ("a pace of messages", PLUG, "period: {rest: 60s, lit: 5s}, topic: z/plug", "speaks when it likes"),
    ("an empty level", TOPIC, "topic: z//plug", "empty level"),
    ("braces", TOPIC, "topic: 'z/{name}'", "a level that names the unit is '+'"),
    ("the profile's own end", TOPIC, "topic: z/plug/state", "write z/plug"),
    ("no name and no room", TOPIC, "topic: z/+, discover: 0", "there will be no unit"),
    ("a reserved id", "device_id: 2", "device_id: 248", "1 to 247"),
    ("mail over TLS's port", MAIL, f"{MAIL}, port: 465", "add tls: tls"),
    ("mail to submission", MAIL, f"{MAIL}, port: 587", "add tls: starttls"),
    ("TLS on port 25", MAIL, f"{MAIL}, tls: tls", "add port: 465"),
    ("a sink twice", "sinks:\n", 'sinks:\n  other: {kind: influxdb, url: "http://h:8086/", org: o, bucket: b, token: "${YARD_TOKEN}"}\n', "sent twice"),
    ("lines on a disk elsewhere", "recipients:\n", "  lines: {kind: file, path: /nonexistent/x.lp}\nrecipients:\n", "mount its disk"),
    ("a channel twice", f"{{kind: webhook, url: {HOOK}}}", f"{{kind: webhook, url: {HOOK}}}, {{kind: webhook, url: {HOOK}}}", "comes twice"),
    ("two of one name", "name: {zh: 塔, en: Tower}", "name: {zh: 城楼, en: Gate}", "tell their alarms apart"),
    ("another continent", ZONE, "timezone: America/New_York", "off the sun"),
    ("a disk elsewhere", "links:\n", "store: {path: /nonexistent/x.db}\nlinks:\n", "mount its disk"),
)  # fmt: skip


@pytest.mark.parametrize("mistake", mistakes("site.yaml", DOUBTS))
def test_it_is_warned_of_and_allowed(tmp_path, mistake):
    write_site(tmp_path, {mistake.file: mistake.text})
    code, lines = check_output(tmp_path)
    assert code == 0
    warnings = [line for line in lines if ": warning: " in line]
    assert [line for line in warnings if mistake.said in line], lines
    told_here = [line for line in warnings if line.startswith(mistake.places())]
    assert told_here, lines


def test_a_site_without_devices_is_warned_of(tmp_path):
    head = FILES["site.yaml"].partition("links:")[0]
    write_site(tmp_path, {"site.yaml": head})
    code, lines = check_output(tmp_path)
    assert code == 0
    assert any("no devices: nothing is watched" in line for line in lines)


@pytest.mark.parametrize(
    ("days", "code", "place", "said"),
    [
        ("", 0, "1:1", "no day stands in it"),
        ("2001-01-01,07:36,17:00\n", 0, "2:1", "before today"),
        ("0001-01-01,07:36,17:00\n", 1, "2:1", "not a date"),
        ("9999-12-31,07:36,17:00\n", 1, "2:1", "not a date"),
    ],
)
def test_a_timetable_that_says_nothing_is_told(tmp_path, days, code, place, said):
    text = FILES["site.yaml"].replace(ZONE, f"{ZONE}, timetable: days.csv")
    write_site(tmp_path, {"site.yaml": text, "days.csv": "date,sunrise,sunset\n" + days})
    found, lines = check_output(tmp_path)
    assert found == code
    assert any(line.startswith(f"days.csv:{place}: ") and said in line for line in lines), lines
