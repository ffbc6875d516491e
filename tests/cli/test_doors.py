"""A port of ours that is taken: told with the line that asks for it, or another one taken in its place."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.site import SiteFolder, make_contacts

from facilityd.cli.ports import lead_to_broker, listening_ports, moved, told_with_line
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import PortTaken, UsageError

SQUARE = Path("config/square").resolve()


@pytest.fixture
def square(tmp_path: Path) -> Path:
    """A copy of the square, as a demo makes one."""
    return shutil.copytree(SQUARE, tmp_path / "square")


@contextlib.contextmanager
def taken(*ports: int) -> Iterator[list[int]]:
    """Listen on ports as some other program would; those of number 0 are chosen by the system."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_server(("127.0.0.1", port))) for port in ports]
        yield [int(one.getsockname()[1]) for one in held]


def ports_of(site: Site) -> set[int]:
    links = {link.port for link in site.links.values() if link.where.startswith("127.")}
    channels = [c for person in site.recipients.values() for c in person.channels]
    mails = {int(c.options["port"]) for c in channels if c.kind == "email"}
    return (
        links
        | mails
        | {int(str(c.options["url"]).split(":")[2].split("/")[0]) for c in channels if c.kind == "webhook"}
    )


def run(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "facilityd", *map(str, words)]
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, timeout=60)


def place(file: Path, text: str, port: int) -> str:
    """file:line:column of a port in a file, counted by hand."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if text in line:
            return f"{file}:{number}:{line.index(str(port)) + 1}"
    raise AssertionError(text)


def test_usual_ports_stay_where_they_are_free_and_others_stand_in_where_not(square: Path) -> None:
    usual = {door.port for door in listening_ports(square)}
    assert {15020, 18830, 18099, 18025} <= usual
    with taken(0) as (busy,):
        links = square / "links.yaml"
        links.write_text(links.read_text(encoding="utf-8").replace("15024", str(busy)), encoding="utf-8")
        with moved(square) as ports:
            site = load(square)
            assert ports[busy] != busy
            assert ports_of(site) == set(ports.values())
            assert site.links["dali"].port == ports[busy]
            assert site.links["hoist-io"].port == ports[15021]


def test_two_demos_at_one_moment_never_choose_the_same_port(square: Path, tmp_path: Path) -> None:
    other = shutil.copytree(SQUARE, tmp_path / "other")
    with moved(square) as first, moved(other) as second:
        assert not set(first.values()) & set(second.values())
        assert not ports_of(load(square)) & ports_of(load(other))
        for port in (*first.values(), *second.values()):
            socket.create_server(("127.0.0.1", port)).close()  # what is held for us is ours to serve


def test_a_demo_leads_to_no_other_machine(square: Path) -> None:
    for name, here, there in (
        ("links.yaml", "127.0.0.1, port: 15024", "10.0.0.7, port: 15024"),
        ("recipients.yaml", "http://127.0.0.1:18099", "https://hooks.example"),
    ):
        path, before = square / name, (square / name).read_text(encoding="utf-8")
        path.write_text(before.replace(here, there), encoding="utf-8")
        with pytest.raises(UsageError, match=rf"{name}:\d+:\d+: the demo simulates everything"):
            listening_ports(square)
        path.write_text(before, encoding="utf-8")


def test_a_broker_of_ones_own_is_written_into_the_copy(square: Path) -> None:
    lead_to_broker(square, "10.0.0.7:1883")
    broker = load(square).links["broker"]
    assert broker.where == "10.0.0.7:1883"
    assert 1883 not in {door.port for door in listening_ports(square, brokers=False)}
    for wrong in ("10.0.0.7", ":1883", "x:0", "x:99999999999999999999", "x:-1", "x:²"):
        with pytest.raises(UsageError, match="HOST:PORT"):
            lead_to_broker(square, wrong)


def test_a_taken_port_of_a_served_site_is_told_with_its_line(tmp_path: Path) -> None:
    made: SiteFolder = make_contacts(tmp_path / "yard")
    port = made.ports[15027]
    with taken(port):
        done = run("simulate", "serve", made.folder)
    where = place(made.folder / "site.yaml", "io: {protocol", port)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"facilityd: {where}: 127.0.0.1:{port} cannot listen: Address already in use;"
    )
    assert "choose another port" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_of_the_broker_is_told_with_its_line(square: Path) -> None:
    with moved(square) as ports:
        pass
    with taken(ports[18830]):
        done = run("simulate", "serve", square, "--broker")
    where = place(square / "links.yaml", "broker: {protocol", ports[18830])
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
    assert done.stderr.startswith(
        f"facilityd: {where}: 127.0.0.1:{ports[18830]} the demonstration broker cannot"
    )
    assert "in use" in done.stderr


def test_a_serial_path_that_is_not_ours_is_told_with_its_line(square: Path) -> None:
    text = (square / "links.yaml").read_text(encoding="utf-8")
    path = square / "tty"
    path.write_text("somebody's file", encoding="utf-8")
    (square / "links.yaml").write_text(text.replace(".facilityd/tty/weather", str(path)), encoding="utf-8")
    with moved(square):
        done = run("simulate", "serve", square, cwd=square)
    assert done.returncode == 1
    assert f"links.yaml:{1 + text[: text.index('weather-bus')].count(chr(10))}:" in done.stderr
    assert path.read_text(encoding="utf-8") == "somebody's file"


def test_what_has_no_line_is_told_as_it_is() -> None:
    with pytest.raises(PortTaken, match="nobody knows"), told_with_line([SQUARE]):
        raise PortTaken("nobody knows", link="no-such-link")
