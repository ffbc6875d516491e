"""One slip at a time in a sound site: ``check`` says it, once, where it stands, before it fails in silence."""

import pytest
from support.yard import FILES, Slip, told, write

HOST, TCP = "host: 192.0.2.1", "{protocol: modbus-tcp, host: 192.0.2.1}"
BROKER, TOPIC = "{protocol: mqtt, host: 192.0.2.7}", "topic: z/plug"
PORT, METER, PLUG = "serial_port: /dev/ttyNone0", "device_id: 1, period: 2s", "period: 60s, topic: z/plug"
MAIL, URL, HOOK = "to: t@h.example", '"http://h:8086"', '"https://crew.example/hook"'
POWER, ON = "power: meter.power", "commanded: meter.on"
ZONE = "timezone: Asia/Shanghai"
SITE = (
    # Ends of a connection where nothing ever answers.
    ("256", HOST, "host: 192.168.1.256", "no IPv4 address"),
    ("three numbers", HOST, "host: 192.168.1", "a text is expected|no IPv4 address"),
    ("leading zeros", HOST, "host: 192.168.01.10", "without leading zeros"),
    ("one number", HOST, "host: '3232235777'", "no IPv4 address"),
    ("full-width dots", HOST, "host: 127．0．0．1", "write '127.0.0.1'"),
    ("full-width digits", HOST, "host: １０.0.0.1", "write '10.0.0.1'"),
    ("Chinese full stops", HOST, "host: 192。168。1。1", "write '192.168.1.1'"),
    ("everybody", HOST, "host: 255.255.255.255", "many machines at once"),
    ("multicast", HOST, "host: 224.0.0.1", "many machines at once"),
    ("multicast of IPv6", HOST, "host: ff02::1", "many machines at once"),
    ("any address", HOST, "host: 0.0.0.0", "127.0.0.1 is this machine"),
    ("any address of IPv6", HOST, "host: '::'", "127.0.0.1 is this machine"),
    ("this network", HOST, "host: 0.0.0.7", "127.0.0.1 is this machine"),
    ("mapped into IPv6", HOST, "host: '::ffff:224.0.0.1'", "many machines at once"),
    ("reserved", HOST, "host: 240.0.0.1", "240.0.0.0 and above"),
    ("no interface", HOST, "host: fe80::1", "fe80::1%eth0"),
    ("a broker everywhere", BROKER, "{protocol: mqtt, host: 0.0.0.0}", "127.0.0.1 is this machine"),
    ("a mail server everywhere", "host: mail.example", "host: 239.1.1.1", "many machines at once"),
    ("a sink everywhere", URL, '"http://0.0.0.0:8086"', "the host of this URL"),
    ("a hook at 256", HOOK, '"https://10.0.0.256/x"', "the host of this URL"),
    ("a path that is added", URL, '"http://h:8086/api/v2/write"', "ends before '/api/v2/write'"),
    ("no serial port", PORT, 'serial_port: ""', "/dev/ttyUSB0"),
    ("a socket", PORT, "serial_port: socket://192.0.2.1:4001", "modbus-rtu-over-tcp"),
    ("a port by network", PORT, "serial_port: rfc2217://192.0.2.1:4001", "modbus-rtu-over-tcp"),
    ("a port of Windows", PORT, "serial_port: COM3", "/dev/ttyUSB0"),
    ("a bare name", PORT, "serial_port: ttyUSB0", "/dev/ttyUSB0"),
    ("a home", PORT, "serial_port: ~/tty", "/dev/ttyUSB0"),
    ("a folder", PORT, "serial_port: /dev", "no serial port"),
    ("a sink of bytes", PORT, "serial_port: /dev/null", "no serial port"),
    ("one port, two names", "  broker:", "  two: {protocol: modbus-rtu, serial_port: /dev/../dev/ttyNone0}\n  broker:", "one master"),
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
WHOLE, SERIAL = "equals: 7", 'doc: "6", type: u16'
QUANTITY, SWITCH, CODE = "unit: W, range: [0, 60000]", "type: u16, bit: 0", "enum: {0: off, 1: on}"
TOTAL = "total: {address: 100"
METER_1 = (
    ("no wait", "timeout: 1s", "timeout: 0s", "at least 1ms"),
    ("a wait of months", "timeout: 1s", "timeout: 100d", "at most 10min"),
    ("a pause of months", "timeout: 1s", "min_interval: 100d", "at most 7d"),
    ("a range above the type", QUANTITY, "unit: W, range: [70000, 80000]", "0 to 65535"),
    ("a range below the type", QUANTITY, "unit: W, range: [-5, -1]", "0 to 65535"),
    ("a range beside the scale", SERIAL, SERIAL + ", scale: 0.1, range: [7000, 8000]", "0 to 6553.5"),
    ("a range between steps", SERIAL, SERIAL + ", range: [6.2, 6.8]", "nothing of it fits"),
    ("a range of a bit field", SERIAL, SERIAL + ", bits: [0, 3], range: [16, 20]", "0 to 15"),
    ("a range of no f32", "type: u32", "type: f32, range: [1e39, 1e40]", "nothing of it fits"),
    ("another type's number", WHOLE, "equals: 70000", "70000 is not among"),
    ("a negative number", WHOLE, "equals: -1", "-1 is not among"),
    ("a fraction", WHOLE, "equals: 7.5", "7.5 is not among"),
    ("one of which never comes", WHOLE, "one_of: [7, 70000]", "70000 is not among"),
    ("between steps", WHOLE, "between: [7.2, 7.8]", "nothing of this"),
    ("beyond the range", "serial, equals: 7", "power, equals: 60001", "0 to 60000"),
    ("what means no value", SERIAL, SERIAL + ", no_value: [7]", "7 is not among"),
    ("a switch of five", "serial, equals: 7", "on, equals: 5", "0 to 1"),
    ("a scale of a switch", SWITCH, SWITCH + ", scale: 10", "no 'scale'"),
    ("an offset of a switch", SWITCH, SWITCH + ", offset: 1", "no 'offset'"),
    ("a range of a switch", SWITCH, SWITCH + ", range: [0, 1]", "no 'range'"),
    ("a sign of a switch", SWITCH, SWITCH + ", sign: {address: 9, bit: 0}", "no 'sign'"),
    ("a bit among registers", SWITCH, "type: bit", "write type: u16 and bit"),
    ("a register among bits", SERIAL, SERIAL + ", table: coil", "write type: bit"),
    ("a bit of a decimal", SWITCH, "type: bcd16, bit: 0", "write type: u16"),
    ("a bit of a bit", SWITCH, "type: bit, table: coil, bit: 5", "write type: u16"),
    ("a sign far away", SERIAL, SERIAL + ", sign: {address: 9000, bit: 0}", "do not fit in one read"),
    ("one sign for all", TOTAL, "t{n}: {repeat: {count: 2, step: 2}, sign: {address: 99, bit: 0}, address: 100", "from one bit"),
    ("overlapping", TOTAL, "t{n}: {repeat: {count: 2, step: 1}, address: 100", "they overlap"),
    ("numbered from -1", TOTAL, "t{n}: {repeat: {first: -1, count: 2, step: 2}, address: 100", "write first: 1"),
    ("a nameless point", "total:", '"":', "no name of a point"),
    ("a point with a space", "total:", '"to tal":', "no name of a point"),
    ("a point turned round", "total:", r'"a\u202eb":', "no name of a point"),
    ("an endless name", "total:", "x" * 65 + ":", "at most 64"),
    ("a code without value", CODE, CODE + ", no_value: [1]", "'no value' too"),
    ("a status of 17 bits", "value: 5}", "value: 5, status: 65536}", "65535"),
    ("a number in quotes", "value: 5}", 'value: "5"}', "give 5, not '5'"),
)  # fmt: skip
W, BOOL, CODES = "{unit: W,", "type: bool,", "enum: {0: off, 1: on}"
STATE = "sources: [{topic: state, pointer: /p}]"
PLUG_1 = (
    ("one source twice", STATE, "sources: [{topic: state, pointer: /p}, {topic: state, pointer: /p}]", "stands twice"),
    ("a scale of a switch", BOOL, "type: bool, scale: 3,", "no 'scale'"),
    ("a range of a switch", BOOL, "type: bool, range: [0, 1],", "no 'range'"),
    ("never true", BOOL, "type: bool, true: [],", "no word means true"),
    ("words of a number", W, "{unit: W, true: [x],", "only a switch"),
    ("a range between steps", W, "{unit: W, type: int, range: [1.2, 1.8],", "nothing of it fits"),
    ("a code with a space", CODES, "enum: {' a': off, b: on}", "never heard"),
    ("an empty code", CODES, "enum: {'': off, b: on}", "never heard"),
    ("one code twice", CODES, "enum: {1: off, '1': on}", "in quotes are one"),
    ("nobody online", "golden", "availability: {topic: a, online: '', offline: b}\ngolden", "never heard"),
    ("online with a space", "golden", "availability: {topic: a, online: 'x ', offline: b}\ngolden", "never heard"),
    ("an unknown point", "golden", "identity: [{point: nosuch, equals: 1}]\ngolden", "no point 'nosuch'"),
    ("a source without number", "  on:", "  a{n}: {repeat: {count: 3, step: 1}, sources: [{topic: a}]}\n  on:", "would be one"),
    ("a number without repeat", "  on:", '  a: {sources: [{topic: "a{n}"}]}\n  on:', "no 'repeat'"),
    ("a step of topics", "  on:", '  a{n}: {repeat: {count: 3, step: 5}, sources: [{topic: "a{n}"}]}\n  on:', "write step: 1"),
)  # fmt: skip
TABLE = (
    *(Slip("site.yaml", *slip[1:]) for slip in SITE),
    *(Slip("profiles/meter_1.yaml", *slip[1:]) for slip in METER_1),
    *(Slip("profiles/plug_1.yaml", *slip[1:]) for slip in PLUG_1),
)
NAMES = [slip[0] for slip in (*SITE, *METER_1, *PLUG_1)]

DOUBTS = (
    ("the end of a network", HOST, "host: 192.0.2.255", "broadcast address"),
    ("one endpoint twice", "  bus:", f"  net2: {TCP}\n  bus:", "many devices take one connection"),
    ("a link for nothing", "  bus:", "  net2: {protocol: modbus-tcp, host: h2}\n  bus:", "has no units"),
    ("a unit for nothing", "  spare:", "  idle: {link: net, profile: meter_1, device_id: 9, period: 1min}\n  spare:", "feeds no device"),
    ("user without password", BROKER, "{protocol: mqtt, host: h, username: u}", "password: ${NAME}"),
    ("the port of TLS", BROKER, "{protocol: mqtt, host: h, port: 8883}", "add tls: {}"),
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


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("YARD_TOKEN", "s3cret")
    for name in ("YARD_PORT", "YARD_HOST"):
        monkeypatch.delenv(name, raising=False)


def test_the_site_is_sound_before_a_slip(tmp_path):
    write(tmp_path, {})
    code, lines = told(tmp_path)
    assert (code, lines[0]) == (0, "yard: 3 links, 3 units, 3 devices, 6 signals; nothing is wrong")


@pytest.mark.parametrize("slip", TABLE, ids=NAMES)
def test_it_is_refused_once_where_it_stands(tmp_path, slip):
    write(tmp_path, {slip.file: slip.text})
    code, lines = told(tmp_path)
    assert code == 1
    *problems, count = lines
    assert count == "1 problem", lines
    _, _, what = problems[0].partition(": ")
    assert any(said in what for said in slip.said.split("|")), problems
    lines_there = {slip.line, slip.line + slip.new.count("\n")} | _identity(slip)
    assert problems[0].startswith(tuple(f"{slip.file}:{line}:" for line in lines_there)), problems
    assert "s3cret" not in problems[0]


def _identity(slip):
    """An expectation may be told where it stands although the point was changed."""
    where = FILES[slip.file].splitlines()
    return {n for n, line in enumerate(where, 1) if slip.said.endswith("is not among") and "identity" in line}


@pytest.mark.parametrize("slip", [Slip("site.yaml", *d[1:]) for d in DOUBTS], ids=[d[0] for d in DOUBTS])
def test_it_is_warned_of_and_allowed(tmp_path, slip):
    write(tmp_path, {slip.file: slip.text})
    code, lines = told(tmp_path)
    assert code == 0
    warnings = [line for line in lines if ": warning: " in line]
    assert [line for line in warnings if slip.said in line], lines
    places = {slip.line, slip.line + slip.new.count("\n")} | (
        {4} if slip.said == "many devices take one" else set()
    )
    told_here = [line for line in warnings if line.startswith(tuple(f"site.yaml:{n}:" for n in places))]
    assert told_here, lines


def test_a_site_without_devices_is_warned_of(tmp_path):
    head = FILES["site.yaml"].partition("links:")[0]
    write(tmp_path, {"site.yaml": head})
    code, lines = told(tmp_path)
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
    write(tmp_path, {"site.yaml": text, "days.csv": "date,sunrise,sunset\n" + days})
    found, lines = told(tmp_path)
    assert found == code
    assert any(line.startswith(f"days.csv:{place}: ") and said in line for line in lines), lines


def test_a_mail_password_may_travel_readable_where_that_is_said(tmp_path):
    mail = f'{MAIL}, tls: none, username: u, password: "${{YARD_TOKEN}}"'
    write(tmp_path, {"site.yaml": FILES["site.yaml"].replace(MAIL, mail)})
    assert told(tmp_path)[0] == 0


ROUNDS = {
    "a bad period and a typo": [("period: 2s", "period: often, basee: 1", "a duration is|did you mean 'base'")],
    "a bad period and what it names": [
        ("link: net, profile: meter_1, device_id: 1, period: 2s", "link: nett, profile: meter_2, device_id: 1, period: 2",
         "a duration is|did you mean 'net'|did you mean 'meter_1'"),
    ],
    "a bad name and a typo inside": [("name: {zh: 城楼, en: Gate}", "name: Gate", "both languages"), ("power: meter.power", "powr: meter.power", "did you mean 'power'")],
    "a missing name and a family": [("{family: lighting, name: {zh: 城楼, en: Gate}", "{family: lightin", "'name' is missing|did you mean 'lighting'")],
    "a bad id and a bad link": [("link: net, profile: meter_1, device_id: 1", "link: nett, profile: meter_1, device_id: 999", "255|did you mean 'net'")],
    "a host and a variable": [("host: 192.0.2.7", 'host: 192.0.2.777, username: u, password: "${YARD_PORT}"', "no IPv4|YARD_PORT is not set")],
    "a sink's address and its token": [("http://h:8086", "h", "is not a URL"), ("${YARD_TOKEN}", "${YARD_PORT}", "YARD_PORT is not set")],
    "a zone and a timetable": [("Asia/Shanghai", "Asia/Shangha, timetable: nosuch.csv", "did you mean 'Asia/Shanghai'|nosuch.csv is not a file")],
    "one signal and another": [("power: meter.power, commanded: meter.on", "power: {from: meter.power, skale: 3}, commanded: meter.onn", "did you mean 'scale'|did you mean 'on'")],
    "one channel and another": [("kind: webhook", "kind: webhok", "did you mean 'webhook'"), ("mail.example", "mail.example, username: u", "a username alone")],
}  # fmt: skip


@pytest.mark.parametrize("name", ROUNDS)
def test_all_mistakes_of_one_item_are_told_in_one_round(tmp_path, name):
    text = FILES["site.yaml"]
    for old, new, _ in ROUNDS[name]:
        assert old in text
        text = text.replace(old, new, 1)
    write(tmp_path, {"site.yaml": text})
    code, lines = told(tmp_path)
    wanted = [said for _, _, several in ROUNDS[name] for said in several.split("|")]
    assert code == 1
    assert [[said in line for line in lines].count(True) for said in wanted] == [1] * len(wanted), lines
    assert lines[-1] == f"{len(wanted)} problems", lines


def test_true_and_false_of_json_may_be_codes(tmp_path):
    text = FILES["profiles/plug_1.yaml"].replace(CODES, "enum: {true: on, false: off}")
    golden = "golden: [{point: mode, topic: state, payload: '{\"mode\": true}', value: on}, "
    write(tmp_path, {"profiles/plug_1.yaml": text.replace("golden: [", golden)})
    assert told(tmp_path)[0] == 0


def test_a_token_that_no_header_carries_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("YARD_TOKEN", "令牌-1")
    write(tmp_path, {})
    code, lines = told(tmp_path)
    assert code == 1
    assert lines[0].startswith("site.yaml:15:")
    assert "plain ASCII" in lines[0]
    assert "令牌" not in lines[0]


def test_a_version_needs_no_quotes(tmp_path):
    write(
        tmp_path, {"site.yaml": FILES["site.yaml"].replace(BROKER, "{protocol: mqtt, host: h, version: 5}")}
    )
    assert told(tmp_path)[0] == 0


def test_a_secret_that_no_protocol_takes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("YARD_TOKEN", "x" * 66_000)
    write(tmp_path, {})
    assert "longer than 65535 bytes" in told(tmp_path)[1][0]


def test_one_of_each_is_said_as_one(tmp_path):
    head, rest = FILES["site.yaml"].splitlines()[0], "links: {net: {protocol: modbus-tcp, host: 192.0.2.1}}\n"
    units = "units: {meter: {link: net, profile: meter_1, device_id: 1, period: 2s}}\n"
    devices = "devices: {gate: {family: lighting, name: {zh: 门, en: G}, signals: {power: meter.power}}}\n"
    write(tmp_path, {"site.yaml": f"{head}\n{rest}{units}{devices}"})
    assert "yard: 1 link, 1 unit, 1 device, 1 signal; nothing is wrong" in told(tmp_path)[1]
