"""An end of a connection where nothing ever answers: ``check`` says why, once, where it stands."""

import pytest
from support.site_mistakes import BROKER, HOOK, HOST, URL, mistakes, refused_once

pytestmark = pytest.mark.usefixtures("yard_environment")
PORT = "serial_port: /dev/ttyNone0"
ENDS = (
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
)  # fmt: skip


@pytest.mark.parametrize("mistake", mistakes("site.yaml", ENDS))
def test_it_is_refused_once_where_it_stands(tmp_path, mistake):
    refused_once(tmp_path, mistake)
