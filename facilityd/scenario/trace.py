"""All that happened in a story, as JSON Lines: acts, samples, verdicts, changes and notices in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from facilityd.recording.format import open_to_write
from facilityd.store.reader import JournalReader

PAGE = 5000


def write(path: Path, scenario: str, seed: int, steps: Sequence[tuple[int, str]], journal: Path) -> int:
    """Write a story to a file (.zst: compressed); return the number of its lines. Raises UsageError."""
    with open_to_write(path) as out, JournalReader.open(journal) as reader:
        head = {"kind": "facilityd-story", "version": 1, "scenario": scenario, "seed": seed}
        lines = [head, *({"kind": "act", "at": at, "what": text} for at, text in steps)]
        count = 0
        for line in (*lines, *_samples(reader), *_findings(reader), *_changes(reader), *_notices(reader)):
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
    return count


def _samples(reader: JournalReader) -> Iterator[dict[str, Any]]:
    last = 0
    while rows := reader.samples_after(last, PAGE):
        last = rows[-1].id
        for row in rows:
            sample = reader.sample(row)
            names = sample.stream.signals
            values = {
                name: value for name, value in zip(names, sample.values, strict=True) if value is not None
            }
            bad = {names[index]: reason.value for index, reason in sample.reasons.items()}
            head = {
                "kind": "sample",
                "at": sample.at,
                "device": sample.stream.device,
                "unit": sample.stream.unit,
            }
            yield {**head, "values": values, **({"bad": bad} if bad else {})}


def _findings(reader: JournalReader) -> Iterator[dict[str, Any]]:
    for stored in reader.findings_after():
        one = stored.finding
        about = {"device": one.device, "rule": one.rule, "verdict": one.verdict}
        yield {"kind": "finding", "at": one.at, **about, "evidence": one.evidence.as_dict()}


def _changes(reader: JournalReader) -> Iterator[dict[str, Any]]:
    for stored in reader.changes():
        one = stored.change
        yield {"kind": "change", "at": one.at, "device": one.device, "rule": one.rule, "what": one.kind.value}


def _notices(reader: JournalReader) -> Iterator[dict[str, Any]]:
    for entry in reader.outbox():
        one = entry.notice
        yield {
            "kind": "notice",
            "at": one.at,
            "to": one.recipient,
            "channel": one.channel,
            "subject": one.subject,
        }
