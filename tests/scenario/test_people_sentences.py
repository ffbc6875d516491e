"""What a scenario says of people: whom it pages, who is told nothing, and what makes such a sentence fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilityd.errors import ConfigError
from facilityd.model.notice import Purpose
from facilityd.model.sample import NS
from facilityd.scenario.expectations import TaskCameTo, parse
from facilityd.scenario.load import LIBRARY, load
from facilityd.scenario.people_expectations import (
    DigestReaches,
    Escalates,
    MessageCount,
    NobodyTold,
    PersonPaged,
    PersonTold,
)
from facilityd.scenario.run import Options, perform

MIN = 60 * NS
STORY = """\
scenario: mine
name: {{zh: 我的, en: Mine}}
site: {sites}/crew/site.yaml
people: {sites}/crew/watch.yaml
only: [fire-gate]
start: 2026-06-10T10:00
duration: 8min
timeline:
  - {{at: 1min, on: fire-gate, fault: active, for: 2min}}
expect:
"""


def written(tmp_path: Path, *sentences: str, changed: tuple[str, str] = ("", "")) -> Path:
    file = tmp_path / "mine.yaml"
    expected = "".join(f"  - {one}\n" for one in sentences)
    text = STORY.format(sites=LIBRARY.parent / "sites") + expected
    file.write_text(text.replace(*changed) if changed[0] else text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("sentence", "meant"),
    [
        ("page anna within 2min", PersonPaged("anna", 2 * MIN)),
        ("page li of active on a within 2min after 3min", PersonPaged("li", 2 * MIN, 3 * MIN, "active", "a")),
        ("nobody is told", NobodyTold()),
        ("nobody is told of r on d from 1min to 2min", NobodyTold("", "r", "d", MIN, 2 * MIN)),
        ("bo is told nothing", NobodyTold("bo")),
        ("escalates to bo after 10min", Escalates("bo", 10 * MIN)),
        ("r on d escalates to bo after 10min", Escalates("bo", 10 * MIN, "r", "d")),
        ("a digest reaches bo within 1min after 2min", DigestReaches("bo", MIN, 2 * MIN)),
        ("at most 3 messages reach bo", MessageCount("bo", 3, "at most")),
        ("1 message reaches bo from 1min to 2min", MessageCount("bo", 1, "", MIN, 2 * MIN)),
        ("task of r on d is verified", TaskCameTo("r", "d", "verified")),
        (
            "li is told that r on d is still there within 1min after 2min",
            PersonTold("li", "r", "d", Purpose.REALARMED, MIN, 2 * MIN),
        ),
    ],
)
def test_the_sentences(sentence: str, meant: object) -> None:
    assert parse(sentence) == meant


def test_what_came_about_and_what_did_not(tmp_path: Path) -> None:
    true = (
        "page li within 1min",
        "wang is told nothing",
        "2 messages reach li",
        "li is told that active on fire-gate is over within 1min after 3min",
        "nobody is told of active on fire-gate from 90s to 3min",
    )
    false = (
        "page wang within 1min",
        "page li within 1s after 2min",
        "li is told nothing",
        "nobody is told of active on fire-gate",
        "at least 3 messages reach li",
        "at most 1 message reaches li",
        "escalates to zhao after 1min",
        "a digest reaches li within 8min after 0s",
        "li is told that active on fire-gate is acknowledged within 8min after 0s",
    )
    result = perform(written(tmp_path, *true, *false), Options())
    assert result.error == ""
    assert {one.sentence: one.ok for one in result.check_results} == dict.fromkeys(
        true, True
    ) | dict.fromkeys(false, False)
    said = {one.sentence: one.happened for one in result.check_results}
    assert (
        "what they got: li raised" in said["page li within 1s after 2min"]
        or "li" in said["li is told nothing"]
    )


def test_silence_about_what_never_was_says_nothing(tmp_path: Path) -> None:
    quiet = ("fault: active, for: 2min", "fault: active, magnitude: 0, for: 1s")
    result = perform(written(tmp_path, "nobody is told of silent on fire-gate", changed=quiet), Options())
    (found,) = result.check_results
    assert not found.ok
    assert "says nothing" in found.happened


@pytest.mark.parametrize(
    ("sentence", "changed", "said"),
    [
        ("page lee within 1min", ("", ""), "11:5: no recipient 'lee'; known: li"),
        (
            "li is told nothing from 7min to 9min",
            ("", ""),
            "11:5: the span ends after the story; it lasts 480 s",
        ),
        (
            "nobody is told from 8min",
            ("", ""),
            "is none of the sentences: nobody is told [from TIME to TIME] · nobody",
        ),
        ("2 messages reach li from 5min to 4min", ("", ""), "11:5: the span ends before it begins"),
        (
            "page li with 1min",
            ("", ""),
            "sentences: page PERSON within TIME [after TIME] · page PERSON of RULE",
        ),
        ("no alarm", ("fault: active, for: 2min", "shelve: actve"), "9:39: no rule 'actve'"),
        ("no alarm", ("fault: active, for: 2min", "acknowledge: active, for: 2min"), "lasts 'for' a time"),
        ("no alarm", ("fault: active, for: 2min", "maintenance: true"), "a maintenance needs 'for'"),
        ("no alarm", ("fault: active", "out-of-service: active, unshelve: active"), "give exactly one of"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, sentence: str, changed: tuple[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(written(tmp_path, sentence, changed=changed))
    assert said in str(told.value), told.value
