"""The shape of a site's journal in its files: where it lies, and what of it is kept for how long."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from facilityd.config.fields import Size
from facilityd.model.measure import LONGEST, Duration, within
from facilityd.model.number import number
from facilityd.model.sample import NS
from facilityd.model.text import Strict

KeptFor = Annotated[Duration, AfterValidator(within(60 * NS, LONGEST))]


class RetentionConfig(Strict):
    """How long the journal keeps what is no sample; of what is not named, as long as it always did."""

    findings: KeptFor | None = Field(
        default=None, description="verdicts of rules; if not given, as long as samples, at least 100 days"
    )
    notices: KeptFor | None = Field(
        default=None,
        description="messages that were sent; if not given, as long as samples, at least 100 days."
        " What waits, or tells of an alarm that stands, is never removed",
    )
    alarms: KeptFor | None = Field(
        default=None, description="what became of alarms, and who acknowledged them; if not given, 3 years"
    )
    downtimes: KeptFor | None = Field(
        default=None, description="times in which nobody watched; if not given, 3 years"
    )
    commands: KeptFor | None = Field(
        default=None, description="who asked what of facilityd; if not given, 3 years"
    )
    rollup_1min: KeptFor | None = Field(
        default=None, description="values by the minute; if not given, as long as samples"
    )
    rollup_15min: KeptFor | None = Field(
        default=None, description="values by the quarter of an hour; if not given, 365 days"
    )
    rollup_1h: KeptFor | None = Field(default=None, description="values by the hour; if not given, 3650 days")
    refused_lines: Annotated[int, BeforeValidator(number)] | None = Field(
        default=None, ge=1, le=1_000_000, description="lines that a sink refused; if not given, 10000"
    )


class StoreConfig(Strict):
    """The journal: where it lies and how much it keeps."""

    path: str = Field(
        default="",
        description="relative to this file; if not given, .facilityd/ID/journal.db beside the site",
    )
    keep: KeptFor = 90 * 86400 * NS
    max_size: Size = 2 * 2**30
    seal_after: KeptFor = Field(
        default=86400 * NS,
        description="so long after the end of a day (UTC) its samples are compressed",
    )
    group: str = Field(
        default="",
        description="a group that may read the journal and leave requests; if not given, nobody",
    )
    retention: RetentionConfig = RetentionConfig()
