"""Over which of a person's channels something begins: the first, or the next while that takes nothing."""

from __future__ import annotations

from collections.abc import Collection

from facilityd.model.settings import RecipientSettings


def first_channels(
    person: RecipientSettings, troubled: Collection[str] = (), broken: str = ""
) -> tuple[str, ...]:
    """Return the ids of the channels that begin: one, or all where a person wants that.

    While the first is among ``troubled``, the next sound one begins too. What is said of a ``broken`` channel
    does not begin with it, where there is another.
    """
    every = tuple(channel.id for channel in person.channels)
    if person.every_channel:
        return every
    order = [channel for channel in every if channel != broken]
    first = (order or every)[:1]
    if not troubled or not first or first[0] not in troubled:
        return tuple(first)
    return (*first, *[channel for channel in order if channel not in troubled][:1])
