"""Brokers, InfluxDB, endpoints and channels that are really broken, on real servers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import shutil
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from support.influxd import influxd
from support.mosquitto import Mosquitto

from devices.unit import ModbusLink, MqttLink
from facilityd.doctor.influxdb import influxdb
from facilityd.doctor.network import broker, channel, endpoint
from facilityd.doctor.verdict import ProbeResult, Verdict
from facilityd.model.settings import ChannelSettings, InfluxSettings
from facilityd.scenario.real_runtime import free_ports


def found(results: Iterable[ProbeResult]) -> list[tuple[Verdict, str]]:
    return [(one.verdict, one.code) for one in results]


async def beside(work: object, *args: object) -> list[ProbeResult]:
    return list(await asyncio.to_thread(work, *args))  # type: ignore[arg-type]


async def test_a_broker_is_told_by_what_is_wrong_with_it(tmp_path: Path) -> None:
    tool = shutil.which("mosquitto_passwd") or pytest.skip("mosquitto_passwd is not installed")
    secret = tmp_path / "passwords"
    subprocess.run([tool, "-c", "-b", str(secret), "crew", "right"], check=True, capture_output=True)
    secret.chmod(0o600)
    config = f"user root\nallow_anonymous false\npassword_file {secret}\n"
    (closed,) = free_ports(1)
    async with Mosquitto(tmp_path, config) as server:
        link = MqttLink(
            "field", "127.0.0.1", server.port, username="crew", password="right", client_id="mine"
        )
        well = await beside(broker, link, ["yard/pump", "yard/lamp"])
        wrong = await beside(broker, replace(link, password="wrong"), ["yard/pump"])
    gone = await beside(broker, replace(link, port=closed), [])
    nowhere = await beside(broker, replace(link, host="broker.invalid"), [])
    assert found(well) == [(Verdict.OK, "broker-ok")]
    assert "2 topics may be read" in well[0].text("en")
    assert found(wrong) == [(Verdict.FAIL, "broker-refused")]
    assert "wrong" not in str(wrong[0].plain()), "a password is told to nobody"
    assert found(gone) == [(Verdict.FAIL, "broker-refused")]
    assert "nothing listens" in gone[0].text("en")
    assert found(nowhere) == [(Verdict.FAIL, "broker-refused")]


async def test_a_topic_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """By Mosquitto's own plugin: with a file of rules it takes each subscription and keeps silent."""
    plugin = next(iter(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")), None)
    if plugin is None:
        pytest.skip("Mosquitto's dynamic security plugin is not installed")
    salt = b"0123456789ab"
    digest = hashlib.pbkdf2_hmac("sha512", b"right", salt, 101, 64)
    reads = {"acltype": "subscribePattern", "topic": "yard/#", "priority": 0, "allow": True}
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({
        "defaultACLAccess": {"subscribe": False},
        "clients": [{
            "username": "crew", "password": base64.b64encode(digest).decode(), "iterations": 101,
            "salt": base64.b64encode(salt).decode(), "roles": [{"rolename": "reader"}],
        }],
        "roles": [{"rolename": "reader", "acls": [reads]}],
        "groups": [],
    }), encoding="utf-8")  # fmt: skip
    config = f"user root\nallow_anonymous false\nplugin {plugin}\nplugin_opt_config_file {rules}\n"
    async with Mosquitto(tmp_path, config) as server:
        link = MqttLink("field", "127.0.0.1", server.port, username="crew", password="right")
        forbidden = await beside(broker, link, ["yard/pump", "palace/secret"])
    assert found(forbidden) == [(Verdict.FAIL, "broker-topic")]
    assert "palace/secret" in forbidden[0].text("zh")


async def test_an_influxdb_is_told_by_what_is_wrong_with_it(tmp_path: Path) -> None:
    async with influxd(tmp_path) as server:
        mine = InfluxSettings("main", server.url, server.org, server.bucket, server.token)
        well = await beside(influxdb, mine)
        missing = await beside(influxdb, replace(mine, bucket="telemetri"))
        refused = await beside(influxdb, replace(mine, token="old"))
        async with aiohttp.ClientSession(headers={"Authorization": f"Token {server.token}"}) as session:
            async with session.get(f"{server.url}/api/v2/orgs", params={"org": server.org}) as answer:
                org = (await answer.json())["orgs"][0]["id"]
            rule = {"type": "expire", "everySeconds": 86_400}
            made = {"orgID": org, "name": "brief", "retentionRules": [rule]}
            async with session.post(f"{server.url}/api/v2/buckets", json=made) as answer:
                assert answer.status == 201
        short = await beside(influxdb, replace(mine, bucket="brief"))
    gone = await beside(influxdb, mine)
    assert found(well) == [(Verdict.OK, "influxdb-ok")]
    assert "kept for ever" in well[0].text("en")
    assert found(missing) == [(Verdict.FAIL, "influxdb-bucket")]
    assert "telemetry" in missing[0].text("en"), "what it may have been meant"
    assert found(refused) == [(Verdict.FAIL, "influxdb-token")]
    assert found(short) == [(Verdict.WARN, "influxdb-short")]
    assert "1 天" in short[0].text("zh")
    assert found(gone) == [(Verdict.FAIL, "unreachable")]
    for one in (*well, *missing, *refused, *gone):
        assert server.token not in str(one.plain())


async def test_a_server_that_is_no_influxdb_is_said_to_be_none() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        asked = InfluxSettings("main", f"http://127.0.0.1:{port}", "o", "b", "t")
        assert found(await beside(influxdb, asked)) == [(Verdict.FAIL, "influxdb-odd")]


def test_an_endpoint_is_connected_to_and_asked_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        link = ModbusLink("io", "modbus-tcp", "127.0.0.1", port)
        assert found(endpoint(link, up=None)) == [(Verdict.OK, "endpoint-ok")]
        peer, _ = server.accept()
        with peer:
            assert peer.recv(100) == b"", "not one byte"
    assert found(endpoint(link, up=False)) == [(Verdict.FAIL, "unreachable")]
    assert found(endpoint(link, up=True)) == [(Verdict.OK, "endpoint-watched")], (
        "the daemon's own is left alone"
    )


@pytest.mark.parametrize("kind", ["webhook", "email"])
def test_a_channel_is_connected_to_and_sent_nothing(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        where = (
            {"url": f"http://127.0.0.1:{port}/k?token=x"}
            if kind == "webhook"
            else {"host": "127.0.0.1", "port": port}
        )
        one = ChannelSettings("crew-1", kind, where)
        (result,) = channel(one)
        assert (result.verdict, "token" in result.text("en")) == (Verdict.OK, False)
        peer, _ = server.accept()
        with peer:
            assert peer.recv(100) == b"", "not one byte"
    assert found(channel(one)) == [(Verdict.FAIL, "unreachable")]


def test_of_a_channel_without_an_address_nothing_is_claimed() -> None:
    (result,) = channel(ChannelSettings("crew-1", "apprise", {}))
    assert (result.verdict, result.remedy("en")) == (Verdict.UNKNOWN, "facilityd notify test")
