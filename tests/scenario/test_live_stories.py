"""Stories on a site that is served: what is offered fits the site, and what was begun is taken back."""

from __future__ import annotations

import pytest

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.sample import NS
from facilityd.scenario.live_stories import ACTS, StoryPlayer, live_stories
from facilityd.scenario.load import LIBRARY, square
from facilityd.scenario.runtime import square_of
from facilityd.scenario.schema import Scenario
from facilityd.supervise.story_folder import StoryRequest
from facilityd.yaml_source import read, validate

T0 = 1_790_000_040 * NS


@pytest.fixture(scope="module")
def site() -> Site:
    from dataclasses import replace

    found = load(square(), secrets=False)
    return replace(found, page=replace(found.page, simulated=True))


class _Field:
    """Notes which units misbehave; the real one is asked over sockets in the tests of the page."""

    def __init__(self) -> None:
        self.hazards: dict[str, object] = {}

    def inject(self, unit: str, what: object) -> None:
        self.hazards[unit] = what


def test_every_story_that_says_what_it_is_about_can_be_played_on_the_square(site: Site) -> None:
    told = {
        scenario.scenario
        for path in LIBRARY.rglob("*.yaml")
        if (scenario := validate(Scenario, read(path))[0]) and scenario.about
    }
    assert told
    assert set(live_stories(site)) == told


def test_each_is_begun_at_once_and_taken_back(site: Site) -> None:
    physics, field = square_of(site, T0, 1), _Field()
    said: list[str] = []
    player = StoryPlayer(site, physics, field, lambda kind, **_: said.append(kind))  # type: ignore[arg-type]
    for name, scenario in live_stories(site).items():
        player.answer(StoryRequest(act="play", story=name, by="bo"))
        assert player.playing is not None
        player.go_on(float("inf"))
        assert said.count("story") == 1
        assert len([kind for kind in said if kind in ACTS]) == len(
            [o for o in scenario.timeline if o.step in ACTS]
        )
        player.answer(StoryRequest(act="end"))
        assert player.playing is None
        assert not any(field.hazards.values())
        said.clear()


def test_what_is_not_offered_is_told_and_changes_nothing(site: Site) -> None:
    said: list[str] = []
    player = StoryPlayer(site, square_of(site, T0, 1), _Field(), lambda kind, **_: said.append(kind))  # type: ignore[arg-type]
    player.answer(StoryRequest(act="play", story="flood-contact", by="bo"))
    player.answer(StoryRequest(act="play", story="no-such-story", by="bo"))
    assert player.playing is not None
    assert said == ["story", "no such story"]
