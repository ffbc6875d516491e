"""The daemon's own condition and that of its channels, as the values that are written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from facilityd.app.builtin import channel_name
from facilityd.app.core import Core
from facilityd.app.totals import Totals
from facilityd.config.site import Site
from facilityd.model.notice import SendFailure
from facilityd.model.plain import masked, plain
from facilityd.model.sample import NS, Value
from facilityd.model.send_reason import answer
from facilityd.notify.deliver import Deliverer
from facilityd.store.forward import Forwarder
from facilityd.store.journal import DiskUsage
from facilityd.store.losses import NOTICES_LOST
from facilityd.store.reader import JournalReader
from facilityd.supervise.process_figures import ProcessFigures

MIB = 2**20
Values = dict[str, Value | None]


@dataclass(slots=True)
class SelfMonitor:
    """Asked once a minute. ``reader`` of the calls is the caller's own."""

    site: Site
    core: Core
    forwarders: Mapping[str, Forwarder]
    deliverer: Deliverer
    observe: Callable[[], ProcessFigures]

    def daemon(self, reader: JournalReader, room: DiskUsage, now: int, links_lost: int) -> Values:
        """Return the signals of family ``daemon`` that are known here; ``now`` in ns UTC."""
        totals = Totals.read(reader)
        return {
            "journal_bytes": room.used / MIB,
            "disk_free": room.disk_free / MIB,
            "disk_full": self.core.flow.full,
            "journal_damaged": self.core.journal.was_damaged,
            "dropped_unsent": totals.purged_unsent,
            "dropped_span": totals.loss.seconds / 60 if totals.loss else 0.0,
            "purged_early": totals.purged_early,
            "parked": totals.dead_letter_lines,
            "dead_letters": totals.dead_letters,
            "unsent": self._unsent(reader),
            "oldest_unsent": self._oldest_unsent(now),
            "sink_held": any(one.state.status == "held" for one in self.forwarders.values()),
            "intake_dropped": self.core.ingest_queue.dropped + links_lost,
            "notices_waiting": totals.notices_waiting,
            "notices_lost": totals.notices_lost,
            "plots_skipped": self.core.drawings.skipped,
        } | self._process()

    def _process(self) -> Values:
        found = self.observe()
        error = found.clock_error if found.synchronised else None
        return {
            "loop_lag": 1000.0 * found.loop_lag,
            "writer_wait": 1000.0 * found.writer_wait,
            "memory": None if found.memory is None else found.memory / MIB,
            "clock_synchronised": found.synchronised,
            "clock_error": None if error is None else 1000.0 * error,
        }

    def channels(self, reader: JournalReader, now: int) -> dict[str, Values]:
        """Return the signals of family ``channel`` for each channel, by its device's id."""
        counters, waiting = reader.counters(), reader.waiting_on()
        troubles = {
            name: plain(masked(reason, self.site.secrets)) for name, reason in self.deliverer.troubles.items()
        }
        failures = self.deliverer.failures
        return {
            channel_name(channel.id): {
                "taking": channel.id not in troubles,
                "waiting": waiting.get(channel.id, (0, now))[0],
                "oldest": max(0, now - waiting.get(channel.id, (0, now))[1]) / NS,
                "lost": counters.get(f"{NOTICES_LOST}{channel.id}", 0),
                "why": failures.get(channel.id, None if channel.id in troubles else SendFailure.NONE),
                "reason": answer(troubles.get(channel.id, "")),
            }
            for person in self.site.recipients.values()
            for channel in person.channels
        }

    def _unsent(self, reader: JournalReader) -> int:
        last = reader.last_sample()
        return max((last - reader.cursor(name) for name in self.forwarders), default=0)

    def _oldest_unsent(self, now: int) -> float:
        oldest = [one.state.oldest_unsent for one in self.forwarders.values()]
        return max((max(0, now - at) / NS for at in oldest if at is not None), default=0.0)
