"""Section ``alarms``: how long people may keep alarms from being sent, and what comes and goes is held."""

from __future__ import annotations

from pydantic import Field

from facilityd.model.measure import Span
from facilityd.model.repeats import RepeatSpans
from facilityd.model.suppression import LIMITS, SuppressionLimits
from facilityd.model.text import Strict


class AlarmClassConfig(Strict):
    """How long people may keep an alarm of one class from being sent, and it is held; 0s: not at all."""

    longest_shelf: Span | None = Field(default=None, description="of a shelf")
    longest_review: Span | None = Field(
        default=None, description="until what is out of service is to be reviewed"
    )
    hold: Span | None = Field(
        default=None, description="how long a brief alarm must stay well before it is over; 0s: not at all"
    )
    repeat_window: Span | None = Field(
        default=None, description="within which an alarm that comes again is the same one, and stays so long"
    )


class AlarmsConfig(Strict):
    """Limits by class of alarm: what is at stake where nothing is done."""

    safety: AlarmClassConfig = AlarmClassConfig()
    ceremony: AlarmClassConfig = AlarmClassConfig()
    asset: AlarmClassConfig = AlarmClassConfig()
    appearance: AlarmClassConfig = AlarmClassConfig()


def compile_limits(alarms: AlarmsConfig | None) -> dict[str, SuppressionLimits]:
    """Return how long people may keep alarms from being sent, by what is at stake."""
    limits = dict(LIMITS)
    for name, set_ in alarms or ():
        known = limits[name]
        shelf = known.shelf if set_.longest_shelf is None else set_.longest_shelf
        review = known.review if set_.longest_review is None else set_.longest_review
        limits[name] = SuppressionLimits(shelf, review)
    return limits


def compile_repeats(alarms: AlarmsConfig | None) -> dict[str, RepeatSpans]:
    """Return how long alarms that come and go are held, by what is at stake."""
    usual = RepeatSpans()
    return {
        name: RepeatSpans(
            usual.hold if set_.hold is None else set_.hold,
            usual.window if set_.repeat_window is None else set_.repeat_window,
        )
        for name, set_ in alarms or AlarmsConfig()
    }
