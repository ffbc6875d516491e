"""What people, editors and strangers leave in a YAML file: `check` ends soon and says where and what."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from config.test_mistakes import SOUND
from hypothesis import example, given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from facilityd.cli.main import facilityd
from facilityd.yaml_source import read, suggestion

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "alias bomb": (BOMB, "aliases"),
    "alias to itself": ("a: &a [*a]\n", "aliases"),
    "alias to itself in a mapping": ("a: &a {b: *a}\n", "aliases"),
    "nested lists": ("a: " + "[" * 3000, "nested more than 64 levels deep"),
    "nested mappings": ("".join(" " * n + "a:\n" for n in range(500)), "nested more than 64 levels deep"),
    "merge key": ("base: &b {x: 1}\nsite:\n  <<: *b\n", "merge keys"),
    "impossible int": ("site: !!int abc\n", "'abc' is not an integer"),
    "impossible float": ("site: !!float abc\n", "'abc' is not float"),
    "impossible bool": ("site: !!bool abc\n", "'abc' is not bool"),
    "timestamp": ("site: !!timestamp abc\n", "the tag !!timestamp is not known"),
    "binary": ("site: !!binary '*'\n", "the tag !!binary is not known"),
    "set": ("site: !!set {a, b}\n", "the tag !!set is not known"),
    "python": ("site: !!python/object/apply:os.system [id]\n", "the tag !!python/object/apply:os.system"),
    "foreign tag": ("site: !vault abc\n", "the tag !vault is not known"),
    "tagged key": ("!!int abc: 1\n", "is not an integer"),
    "huge integer": (f"site: {'9' * 5000}\n", "an integer of at most 20 digits"),
    "NUL": ("links: {}\nsite: \0\n", "U+0000"),
    "unknown alias": ("a: *nobody\n", "undefined alias"),
}


def _check(folder: Path) -> tuple[int, list[str]]:
    result = CliRunner().invoke(facilityd, ["check", str(folder)])
    return result.exit_code, result.stdout.splitlines()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_soon_with_its_place(tmp_path: Path, name: str) -> None:
    text, expected = HOSTILE[name]
    (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
    begin = time.monotonic()
    code, lines = _check(tmp_path)
    assert time.monotonic() - begin < 20  # a bomb without a limit takes hours
    assert code == 1
    assert any(expected in line for line in lines), lines
    assert all(re.match(r".+:\d+:\d+: ", line) for line in lines), lines


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("units：\n  meter: {}\n", "1:6", "full-width '：'"),
        ("units:\n  meter：\n    link: bus\n", "2:8", "full-width '：'"),
        ("units:\n\tmeter: {}\n", "2:1", "a tab indents here"),
        ("units: {meter: {link: bus，profile: x}\n", "1:26", "full-width '，'"),
        ("links: {}\nunits: \0\n", "2:8", "U+0000"),
    ],
)
def test_a_slip_is_named_with_its_sign_and_hides_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, place: str, expected: str
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "x")
    (tmp_path / "broken.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "site.yaml").write_text(SOUND.replace("latitude: 39.9", "latitude: 139.9"), encoding="utf-8")
    code, lines = _check(tmp_path)
    assert code == 1
    assert any(line.startswith(f"{tmp_path}/broken.yaml:{place}: ") and expected in line for line in lines), (
        lines
    )
    assert any("latitude" in line or "less than or equal to 90" in line for line in lines), lines


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("units:\n  u: {topic: 'abc}\n\nlinks: {}\n", "2:14", "the quotation mark here is never closed"),
        ("links:\n  a: {port: 502\n\n", "2:6", "a bracket or a quotation mark is not closed"),
        ("units:\n  u: {topic: #, names: [a]}\n", "3:1", "an unquoted '#' began a comment"),
        (
            "devices:\n  d: {name: {en: Square: main}}\n",
            "2:24",
            "quotes around a value with braces or ': '",
        ),
        ("links:\n  a: {host: ${HOST}}\n", "2:14", "quotes around a value with braces"),
        ("links:\n  a: {host: 1.2.3.4 port: 502}\n", "2:25", "a ',' or a bracket is missing before it"),
        ("links:\n  a:\n    host: b\n      port: 502\n", "4:11", "is the line indented like its neighbours"),
        ("links:\n   a: {}\n  b: {}\n", "3:3", "the line is indented unlike the lines above"),
        ("links:\n  a: {password: @bc}\n", "2:17", "a value that begins with it needs quotes"),
    ],
)
def test_what_is_not_yaml_is_told_with_what_was_probably_done(
    tmp_path: Path, text: str, place: str, expected: str
) -> None:
    (tmp_path / "broken.yaml").write_text(text, encoding="utf-8")
    _, lines = _check(tmp_path)
    assert any(line.startswith(f"{tmp_path}/broken.yaml:{place}: ") and expected in line for line in lines), (
        lines
    )


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (
            "protocol: modbus-tcp, host: 192.0.2.1, baudrate: 9600",
            "unknown key 'baudrate'; known: host, port,",
        ),
        ("protocol: modbus-tcp, host:192.0.2.1", "a space is missing after the ':'"),
        ("protocol: modbus-tcp, host：192.0.2.1", "full-width '：' where ':' and a space belong"),
    ],
)
def test_an_unknown_key_is_answered_with_what_may_stand_in_this_kind_of_link(
    tmp_path: Path, link: str, expected: str
) -> None:
    (tmp_path / "site.yaml").write_text(f"links:\n  a: {{{link}}}\n", encoding="utf-8")
    _, lines = _check(tmp_path)
    assert any(expected in line for line in lines), lines


def test_a_shortened_name_is_answered_with_the_name_that_it_shortens() -> None:
    known = ["active_power_total", "power_factor_total", "voltage_l1", "voltage_thd_l1", "frequency"]
    assert suggestion("power_total", known) == "did you mean 'active_power_total'?"
    assert suggestion("voltage", known) == "did you mean 'voltage_l1' or 'voltage_thd_l1'?"
    assert suggestion("frequnecy", known) == "did you mean 'frequency'?"
    assert suggestion("_", known).startswith("known: ")


def test_a_section_that_stands_in_two_files_is_named_whole(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(f"{SOUND.splitlines()[0]}\n", encoding="utf-8")
    _, lines = _check(tmp_path)
    assert any("section 'site' stands twice; first at" in line for line in lines), lines


def test_a_broken_file_does_not_make_the_site_missing(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("site: [\n", encoding="utf-8")
    _, lines = _check(tmp_path)
    assert not any("'site' is missing" in line for line in lines), lines


def test_a_key_that_looks_like_a_truth_value_is_shown_as_written(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("true: {}\n", encoding="utf-8")
    _, lines = _check(tmp_path)
    assert any("unknown key 'true'" in line for line in lines), lines


def test_a_file_of_an_editor_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfsite: 1\n")
    assert read(tmp_path / "a.yaml").data == {"site": 1}


YAMLISH = st.text(
    st.sampled_from("abc:：,，[]{}&*!<>-?|'\"#%@` \n\t0.1e~\0\ufeff\ud7ff") | st.characters(codec="utf-8"),
    max_size=80,
)
LINES = st.lists(st.sampled_from(SOUND.splitlines()) | YAMLISH, max_size=14).map("\n".join)


@given(LINES | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
@example("? [a]\n: 1\n")
@example("!!python/name:os.system x: y")
@fuzzed
def test_any_text_ends_in_a_site_or_in_located_problems(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("site")
    (folder / "site.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    code, lines = _check(folder)
    assert code in (0, 1), (text, code)
    problems = [line for line in lines if not line.endswith("nothing is wrong")]
    assert code == 0 or problems
    assert code == 0 or all(re.match(r".+:\d+:\d+: ", line.split("\n")[0]) for line in problems[:1]), lines
