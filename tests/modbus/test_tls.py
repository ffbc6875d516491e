"""Modbus over TLS against pymodbus's server: what is read, and what is said where a certificate is wrong."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.certificates import Authority, CertificateFiles
from support.modbus_harness import running_bus, unit, until
from support.tls_server import WORDS, pymodbus_tls, server_context, talking_server

from devices.modbus.client import connect
from devices.profile import Table
from devices.unit import ModbusLink
from facilityd.doctor.network import endpoint
from facilityd.doctor.verdict import Verdict
from facilityd.errors import LinkOutage
from facilityd.model.message import spoken
from facilityd.model.tls import TlsFiles, valid_until

NOBODY = CertificateFiles("", "")
BOTH = pytest.mark.parametrize("newest", [True, False], ids=["1.3", "1.2"])


@dataclass(frozen=True)
class Plant:
    """The authority of a plant, another one, and a controller's certificate."""

    ours: Authority
    foreign: Authority
    server: CertificateFiles

    def link(self, port: int, client: CertificateFiles, ca: str = "", name: str = "") -> ModbusLink:
        tls = TlsFiles(ca or self.ours.pem, client.certificate, client.key, name)
        return ModbusLink("plc", "modbus-tcp", "127.0.0.1", port, tls=tls)

    def client(self, kind: str) -> CertificateFiles:
        if kind == "none":
            return NOBODY
        if kind == "foreign":
            return self.foreign.issue("foreign-client")
        return self.ours.issue(f"{kind}-client", days=-3 if kind == "expired" else 90, role="viewer")


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    ours, foreign = Authority(tmp_path, "plant"), Authority(tmp_path, "elsewhere")
    return Plant(ours, foreign, ours.issue("plc", names=("plc-1.plant", "127.0.0.1"), role="controller"))


async def outage(link: ModbusLink) -> LinkOutage:
    """Return why the first read fails: at the latest then a server that refuses our certificate hangs up."""
    with pytest.raises(LinkOutage) as raised:
        async with connect(link) as reader:
            await reader.read(Table.HOLDING, 1, 0, 4, timeout_s=5)
    return raised.value


@BOTH
@pytest.mark.parametrize("name", ["", "plc-1.plant"])
async def test_registers_are_read_with_a_certificate_that_names_a_role(
    plant: Plant, name: str, newest: bool
) -> None:
    context = server_context(plant.server, plant.ours.pem, newest=newest)
    async with (
        pymodbus_tls(context) as port,
        connect(plant.link(port, plant.client("good"), name=name)) as reader,
    ):
        for _ in range(3):
            assert struct.unpack(">4H", await reader.read(Table.HOLDING, 1, 0, 4, timeout_s=5)) == tuple(
                WORDS
            )


async def test_a_server_that_asks_for_no_certificate_is_read_without_one(plant: Plant) -> None:
    async with (
        pymodbus_tls(server_context(plant.server)) as port,
        connect(plant.link(port, NOBODY)) as reader,
    ):
        assert len(await reader.read(Table.HOLDING, 1, 0, 4, timeout_s=5)) == 8


SILENT = {
    "expired": ("our certificate expired on", "renew", "我方的证书已于"),
    "foreign": (
        "does not trust our certificate",
        "have the device trust the authority that issued",
        "不信任我方的证书",
    ),
    "none": ("wants a client certificate and we have none", "add tls: {certificate:", "要求客户端证书"),
}


@BOTH
@pytest.mark.parametrize("kind", SILENT)
async def test_a_server_that_hangs_up_without_a_word(plant: Plant, kind: str, newest: bool) -> None:
    """So does pymodbus's: asyncio sends no alert where a handshake fails."""
    client = plant.client(kind)
    async with pymodbus_tls(server_context(plant.server, plant.ours.pem, newest=newest)) as port:
        said = await outage(plant.link(port, client))
        (examined,) = await asyncio.to_thread(lambda: list(endpoint(plant.link(port, client), up=None)))
    what, hint, chinese = SILENT[kind]
    assert said.where == f"127.0.0.1:{port}"
    assert what in said.what
    assert hint in said.hint
    assert "plc" in said.hint or client.certificate in said.hint, "where it is to be mended"
    assert chinese in spoken(said, "zh")
    assert (examined.verdict, examined.code) == (Verdict.FAIL, "endpoint-refused")
    assert what in examined.text("en")
    assert hint in examined.remedy("en")


TOLD = {
    "expired": ("it says that our certificate has expired", "renew"),
    "foreign": ("it does not trust who issued our certificate", "have the device trust"),
    "none": ("TLS handshake|wants a client certificate and we have none", "add tls: {certificate:"),
}


@BOTH
@pytest.mark.parametrize("kind", TOLD)
async def test_what_a_server_says_of_our_certificate_is_passed_on(
    plant: Plant, kind: str, newest: bool
) -> None:
    client = plant.client(kind)
    with talking_server(server_context(plant.server, plant.ours.pem, newest=newest)) as server:
        said = await outage(plant.link(server.port, client))
        (examined,) = await asyncio.to_thread(
            lambda: list(endpoint(plant.link(server.port, client), up=None))
        )
    assert len(server.refused) == 2
    what, hint = TOLD[kind]
    assert any(one in said.what for one in what.split("|"))
    assert hint in said.hint
    assert examined.text("en").endswith(said.what)


SERVERS = {
    "expired": ("its certificate has expired", "renew the certificate in the device", "对方的证书已过期"),
    "foreign": ("not issued by anybody who is trusted here", "is the authority that issued", "受信任的机构"),
    "another name": ("its certificate is of another name", "it is not of 127.0.0.1", "名称不符"),
    "not yet": ("is not valid yet", "check the clocks", "尚未生效"),
}


@BOTH
@pytest.mark.parametrize("kind", SERVERS)
async def test_a_server_with_a_wrong_certificate_is_asked_nothing(
    plant: Plant, kind: str, newest: bool
) -> None:
    names = ("plc-9.plant",) if kind == "another name" else ("127.0.0.1",)
    authority = plant.foreign if kind == "foreign" else plant.ours
    wrong = authority.issue(
        "wrong", names=names, days=-3 if kind == "expired" else 90, since=-9 if kind == "not yet" else 1
    )
    client = plant.client("good")
    async with pymodbus_tls(server_context(wrong, plant.ours.pem, newest=newest)) as port:
        said = await outage(plant.link(port, client))
        (examined,) = await asyncio.to_thread(lambda: list(endpoint(plant.link(port, client), up=None)))
    what, hint, chinese = SERVERS[kind]
    assert what in said.what
    assert hint in said.hint
    assert chinese in spoken(said, "zh")
    assert (examined.verdict, examined.code) == (Verdict.FAIL, "endpoint-refused")
    assert examined.text("en").endswith(said.what)


async def test_a_name_that_the_certificate_has_not_is_said_with_the_name(plant: Plant) -> None:
    async with pymodbus_tls(server_context(plant.server)) as port:
        said = await outage(plant.link(port, NOBODY, name="plc-2.plant"))
    assert "it is not of plc-2.plant" in said.hint


async def test_a_port_without_tls_is_said_to_be_none(plant: Plant) -> None:
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"\x00\x00\x00\x00\x00\x03\x01\x83\x01")
        await writer.drain()
        await reader.read()
        writer.close()
        ended.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        said = await outage(plant.link(server.sockets[0].getsockname()[1], NOBODY))
        await ended.wait()
    assert "is no TLS" in said.what
    assert "leave tls out at links.plc" in said.hint


async def test_files_that_went_are_told_with_what_to_do(plant: Plant) -> None:
    said = await outage(plant.link(9, NOBODY, ca="/nowhere/ca.pem"))
    assert "cannot be used: No such file" in said.what
    assert said.hint == "see facilityd check"


async def test_the_daemon_s_bus_tells_of_it_as_of_any_link_that_is_down(plant: Plant) -> None:
    async with (
        pymodbus_tls(server_context(plant.server, plant.ours.pem)) as port,
        running_bus(plant.link(port, plant.client("foreign")), [unit()]) as intake,
    ):
        await until(lambda: intake.health, 20)
    assert not intake.health[-1].up
    assert intake.health[-1].reason.startswith(f"127.0.0.1:{port}: cannot be opened (it hangs up")


@pytest.mark.parametrize(("days", "verdict"), [(31, Verdict.OK), (29.5, Verdict.WARN), (-1, Verdict.FAIL)])
async def test_a_server_s_certificate_is_spoken_of_thirty_days_before_its_end(
    plant: Plant, days: float, verdict: Verdict
) -> None:
    shown = plant.ours.issue("ageing", days=days, names=("127.0.0.1",))
    async with pymodbus_tls(server_context(shown)) as port:
        results = await asyncio.to_thread(lambda: list(endpoint(plant.link(port, NOBODY), up=None)))
    assert results[-1].verdict is verdict
    assert days < 0 or results[-1].check == "certificate"
    assert days != 29.5 or "in 29 days" in results[-1].text("en")


@pytest.mark.parametrize("days", [-400, 20, 400, 12_000])
def test_the_end_of_a_certificate_is_read_as_cryptography_writes_it(plant: Plant, days: int) -> None:
    """Up to 2049 with two digits of the year, then with four (RFC 5280, 4.1.2.5)."""
    made = plant.ours.issue("one", days=days, since=max(1, 1 - days))
    until = valid_until(made.certificate)
    assert abs(until - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=5)
    both = Path(made.certificate).with_name("both.pem")
    both.write_text(Path(made.certificate).read_text() + Path(plant.ours.pem).read_text())
    assert valid_until(both) == min(until, valid_until(plant.ours.pem))


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"])
def test_a_file_without_a_certificate_has_no_end(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.pem").write_text(text)
    with pytest.raises(ValueError):
        valid_until(tmp_path / "x.pem")
