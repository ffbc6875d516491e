"""What people ask over HTTP ends where the command line's requests end; the daemon's word is the answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support.web import WebPeer, add_user, web_server

from facilityd.model.command import commands
from facilityd.model.sample import NS
from facilityd.testing.site import SimulatedSite, begin
from facilityd.web.command_routes import CREWS, ENGINEERS, KINDS

LAMP = {"device": "bridges", "rule": "lamp-failed"}


@dataclass
class Watched:
    """A site in virtual time, and somebody of the crew who is signed in."""

    running: SimulatedSite
    crew: WebPeer

    def send(self, command: str, path: str = "", **fields: Any) -> Any:
        """Send a command, let the daemon take it, and return the durable result."""
        answer = self.crew.ask("POST", f"/api/v1/commands{path}", {"command": command, **fields})
        assert answer.status == 202, (answer.status, answer.body)
        for _ in range(20):
            self.running.advance("10s")  # in virtual time the daemon looks when something is due
            found = self.crew.api(answer.json["result"].removeprefix("/api/v1"))
            if found["state"] != "waiting":
                return found
        raise AssertionError("the daemon has not taken it")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    with begin("square", folder, ("bridges", "weather"), "2026-06-10T20:20", 1, real=False) as running:
        running.advance("2min")
        running.fault("bridges", "L1")
        running.advance("15min")
        add_user(running.site, "bo", "crew", "crew")
        add_user(running.site, "eva", "engineer")
        with web_server(running.site, clock=lambda: round(running.now.timestamp()) * NS) as peer:
            yield Watched(running, peer.signed_in("bo"))


def test_an_acknowledgement_is_carried_out_and_says_who_and_from_where(watched: Watched) -> None:
    done = watched.send("ack", **LAMP, comment="I go there")
    assert (done["state"], done["refused"]) == ("done", None)
    (alarm,) = [one for one in watched.crew.api("/alarms") if one["rule"] == "lamp-failed"]
    assert (alarm["state"], alarm["acked_by"]) == ("acknowledged", "crew")
    eva = WebPeer(watched.crew.port, watched.crew.service).signed_in("eva")
    record = next(one for one in eva.api("/audit?since=2026-06-01") if one["id"] == done["id"])
    assert (record["by"], record["from"], record["command"]) == ("crew", "web 127.0.0.1", "ack")


def test_a_refusal_of_the_daemon_is_told_in_both_languages(watched: Watched) -> None:
    refused = watched.send("ack", device="weather", rule="silent")
    assert refused["state"] == "refused"
    assert refused["refused"]["zh"]
    assert refused["refused"]["en"]


def test_who_waits_gets_what_came_of_it(watched: Watched) -> None:
    answers: list[Any] = []
    body = {"command": "shelve", **LAMP, "until": "1h", "comment": "new lamps come"}
    asking = threading.Thread(
        target=lambda: answers.append(watched.crew.ask("POST", "/api/v1/commands?wait=20", body))
    )
    asking.start()
    while asking.is_alive():
        watched.running.advance("10s")
        asking.join(0.05)
    (answer,) = answers
    assert (answer.status, answer.json["state"]) == (200, "done"), answer.body
    assert [one["state"] for one in watched.crew.api("/alarms") if one["rule"] == "lamp-failed"] == [
        "shelved"
    ]
    assert watched.send("unshelve", **LAMP)["state"] == "done"


def test_the_same_request_again_is_done_once(watched: Watched) -> None:
    body = {"command": "take", **LAMP}
    first, again = (
        watched.crew.ask("POST", "/api/v1/commands", body, Idempotency_Key="tap 1") for _ in range(2)
    )
    assert first.json["id"] == again.json["id"]
    watched.running.advance("70s")
    (task,) = watched.crew.api("/tasks")
    assert (task["person"], task["state"]) == ("crew", "taken")
    assert watched.send("task-note", task=task["id"], comment="lamp 2", parts="LED 40 W")["state"] == "done"
    assert watched.send("done", task=task["id"], comment="changed")["state"] == "done"
    events = watched.crew.api(f"/tasks/{task['id']}")["events"]
    assert [event["kind"] for event in events][-2:] == ["note", "done"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"command": "ack", "device": "nobody", "rule": "x"}, 404),
        ({"command": "ack", "device": "bridges", "rule": "x"}, 404),
        ({"command": "done", "task": 4711}, 404),
        ({"command": "ack", "device": "bridges"}, 422),
        ({"command": "ack", **LAMP, "person": "eva"}, 422),
        ({"command": "ack", **LAMP, "id": "a" * 32}, 422),
        ({"command": "ack", **LAMP, "comment": "x" * 5000}, 422),
        ({"command": "shelve", **LAMP, "until": "soon"}, 422),
        ({"command": "reload"}, 422),
        ({"command": "baseline", **LAMP}, 422),
        ({"command": "write-register", "device": "hoist-1"}, 422),
        ([], 422), ("x", 422), ({}, 422),
    ],
)  # fmt: skip
def test_what_is_no_command_goes_nowhere(watched: Watched, body: Any, status: int) -> None:
    before = list(watched.crew.service.inbox.folder.glob("*"))
    answer = watched.crew.ask("POST", "/api/v1/commands", body)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert list(watched.crew.service.inbox.folder.glob("*")) == before


def test_a_body_must_be_json_and_small(watched: Watched) -> None:
    big = json.dumps({"command": "ack", **LAMP, "comment": "x" * 70_000}).encode()
    assert watched.crew.ask("POST", "/api/v1/commands", raw=big).status == 413
    assert watched.crew.ask("POST", "/api/v1/commands", raw=b"{").status == 400
    form = watched.crew.ask("POST", "/api/v1/commands", raw=b"command=ack", Content_Type="text/plain")
    assert form.status == 422


def test_an_unknown_command_has_no_result(watched: Watched) -> None:
    assert watched.crew.get("/api/v1/commands/" + "a" * 32).status == 404
    assert watched.crew.get("/api/v1/commands/..%2fjournal.db").status in (404, 422)


def test_only_alarms_tasks_and_items_can_be_asked_for_and_no_device() -> None:
    """The union of the daemon's commands has none for a device; of it only these come over HTTP."""
    own = {kind.model_fields["command"].default for kind in (*CREWS, *ENGINEERS)}
    assert own == set(KINDS)
    every = json.dumps(commands().json_schema())
    assert all(f'"{name}"' in every for name in own)
    assert own.isdisjoint({"reload", "baseline", "service", "mark", "unmark", "notify-test"})
