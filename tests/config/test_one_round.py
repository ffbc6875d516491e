"""An item with several mistakes: all of them are told in one round."""

import pytest
from support.site_mistakes import FILES, check_output, write_site

pytestmark = pytest.mark.usefixtures("yard_environment")
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
    write_site(tmp_path, {"site.yaml": text})
    code, lines = check_output(tmp_path)
    wanted = [said for _, _, several in ROUNDS[name] for said in several.split("|")]
    assert code == 1
    assert [[said in line for line in lines].count(True) for said in wanted] == [1] * len(wanted), lines
    assert lines[-1] == f"{len(wanted)} problems", lines
