"""One mistake at a time in a site's own profile: ``check`` says it, once, where it stands."""

import pytest
from support.site_mistakes import FILES, check_output, mistakes, refused_once, write_site

pytestmark = pytest.mark.usefixtures("yard_environment")
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


@pytest.mark.parametrize(
    "mistake", [*mistakes("profiles/meter_1.yaml", METER_1), *mistakes("profiles/plug_1.yaml", PLUG_1)]
)
def test_it_is_refused_once_where_it_stands(tmp_path, mistake):
    refused_once(tmp_path, mistake, _identity(mistake))


def _identity(mistake):
    """An expectation may be told where it stands although the point was changed."""
    where = FILES[mistake.file].splitlines()
    return {
        n for n, line in enumerate(where, 1) if mistake.said.endswith("is not among") and "identity" in line
    }


def test_true_and_false_of_json_may_be_codes(tmp_path):
    text = FILES["profiles/plug_1.yaml"].replace(CODES, "enum: {true: on, false: off}")
    golden = "golden: [{point: mode, topic: state, payload: '{\"mode\": true}', value: on}, "
    write_site(tmp_path, {"profiles/plug_1.yaml": text.replace("golden: [", golden)})
    assert check_output(tmp_path)[0] == 0
