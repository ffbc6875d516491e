"""The service manager hears what sd_notify(3) lays down, over a real socket; without one nothing is said."""

from __future__ import annotations

import logging
import os
import time
import uuid
from pathlib import Path

import pytest
from support.service_manager import service_manager

from facilityd.supervise.service_manager import LONGEST, ServiceManager


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_it_hears_each_word(tmp_path: Path, kind: str) -> None:
    name = str(tmp_path / "notify") if kind == "path" else f"@facilityd-test-{uuid.uuid4().hex}"
    before = time.monotonic_ns() // 1000
    with service_manager(name) as heard:
        told = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"})
        assert told.present
        assert told.watchdog == 30 * 10**9
        told.ready("watching")
        told.status("watching\n2 devices")
        told.alive()
        told.reloading()
        told.stopping()
        *lines, reloading, stamp, reads, stopping, ends = heard.listen()
    assert lines == ["READY=1", "STATUS=watching", "STATUS=watching 2 devices", "WATCHDOG=1"]
    assert (reloading, reads) == ("RELOADING=1", "STATUS=reading the site's files")
    assert (stopping, ends) == ("STOPPING=1", "STATUS=stopping")
    assert before <= int(stamp.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize(
    ("found", "watchdog"),
    [
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid())}, 5 * 10**9),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": str(os.getpid() + 1)}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({"WATCHDOG_USEC": "-5"}, 0),
        ({"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "me"}, 0),
        ({}, 0),
    ],
)
def test_the_watchdog_is_ours_only_where_it_names_this_process(
    tmp_path: Path, found: dict[str, str], watchdog: int
) -> None:
    with service_manager(str(tmp_path / "notify")) as heard:
        told = ServiceManager(found | {"NOTIFY_SOCKET": heard.name})
        assert told.watchdog == watchdog
        told.alive()
        assert heard.listen() == (["WATCHDOG=1"] if watchdog else [])


@pytest.mark.parametrize("name", ["", "relative", "/", "@", "vsock:2:1234"])
def test_without_a_socket_of_ours_nothing_is_said(name: str) -> None:
    told = ServiceManager({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"})
    assert (told.present, told.watchdog) == (False, 0)
    told.ready("watching")


def test_a_manager_that_is_gone_is_told_of_once_and_hurts_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with caplog.at_level(logging.WARNING):
        told.ready("watching")
        told.status("still here")
    assert [one.message for one in caplog.records] == [
        "the service manager cannot be told: No such file or directory"
    ]


def test_a_manager_that_takes_nothing_does_not_hold_us_up(tmp_path: Path) -> None:
    with service_manager(str(tmp_path / "notify")) as heard:
        told = ServiceManager({"NOTIFY_SOCKET": heard.name})
        for _ in range(5000):  # more than a socket's queue holds
            told.status("x" * 500)
        assert 0 < len(heard.listen()) < 5000
        assert max(map(len, heard.heard)) == len("STATUS=") + LONGEST
