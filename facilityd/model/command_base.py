"""What every command of a person has, and the kinds of its fields."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from facilityd.model.plain import plain

CommandId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.-]{1,80}$")]
LONGEST, LONGEST_NAME = 4000, 200
"""Characters of a text, and of a name: they stand in mails, on terminals and in the journal."""
_Plain = AfterValidator(lambda text: plain(text, LONGEST))
PlainText = Annotated[str, StringConstraints(max_length=LONGEST), _Plain]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME), _Plain]
Person = Annotated[Name, AfterValidator(lambda name: " ".join(name.split()))]
"""Blanks around a name are none of it: on record there would be nobody to be seen."""
Instant = Annotated[int, Field(ge=0, lt=2**63)]
"""ns UTC."""
Number = Annotated[int, Field(ge=0, le=2**53)]


class CommandBase(BaseModel):
    """What each command has. ``id`` names it once and for all; ``at`` is when it was asked, in ns UTC.

    ``person`` is who says they ask; ``origin`` from where. The daemon records the account beside them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    id: CommandId = Field(default_factory=lambda: uuid.uuid4().hex)
    at: Instant = Field(default_factory=time.time_ns)
    origin: Name = ""
    person: Person

    @property
    def payload(self) -> dict[str, Any]:
        """Return what is this command's own, as plain JSON."""
        return self.model_dump(mode="json", exclude={"command", *CommandBase.model_fields})
