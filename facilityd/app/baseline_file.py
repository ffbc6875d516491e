"""Baselines as a file: what a site ships with, and what is carried from one journal to another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from facilityd.app.engine import fresh_engine
from facilityd.config.signed_limits import LIMITS
from facilityd.config.site import Site
from facilityd.detect.fit import SHAPES
from facilityd.errors import ConfigError, UsageError
from facilityd.model.baseline import Baseline
from facilityd.model.message import Wording
from facilityd.store.journal import Journal
from facilityd.store.learning import BaselineWrite
from facilityd.store.reader import JournalReader

NAME = "baselines.json"
PERSON = "shipped with the site"


def write(path: Path, baselines: Iterable[Baseline]) -> None:
    """Write baselines, in order and one line each, so that they can be compared."""
    lines = [json.dumps(asdict(b), ensure_ascii=False, sort_keys=True) for b in baselines]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def read(path: Path) -> list[Baseline]:
    """Return the baselines in a file. Raises UsageError."""
    try:
        return [Baseline(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        hint = Wording("ask.written-by-facilityd-baselines-export")
        raise UsageError(
            Wording("ask.not-file-baselines", error=error), where=str(path), hint=hint
        ) from error


def checked(site: Site, found: Iterable[Baseline], path: Path) -> None:
    """Raise ConfigError where a baseline in a file fits no learned rule of the site, or has not its shape."""
    engine, problems = fresh_engine(site), []
    for number, one in enumerate(found, 1):
        learned = engine.learned(one.device) if one.device in site.devices else {}
        if _limits_fit(site, one):
            continue
        if one.rule not in learned:
            problems.append(f"{path}: entry {number}: {one.device} has no learned rule {one.rule!r} here")
            continue
        kind = site.devices[one.device].family.rules[one.rule].detect.kind
        if missing := [key for key in SHAPES[kind] if key not in one.data]:
            problems.append(f"{path}: entry {number}: {one.device} {one.rule} lacks {', '.join(missing)}")
    if problems:
        raise ConfigError(tuple(problems))


def _limits_fit(site: Site, one: Baseline) -> bool:
    """Return whether it holds limits of the machine that a rule of the site has."""
    device = site.devices.get(one.device)
    rule = device.family.rules.get(one.rule) if device else None
    limits = one.data.get(LIMITS)
    return rule is not None and isinstance(limits, dict) and bool(limits) and set(limits) <= set(rule.machine)


def install(site: Site, journal: Journal) -> None:
    """Take over what lies beside the site, for rules of its devices that no baseline was ever signed for."""
    source = Path(site.source)
    path = (source if source.is_dir() else source.parent) / NAME
    if not path.is_file():
        return
    with JournalReader.open(journal.path) as reader:
        known = {(b.device, b.rule) for b in reader.baselines(retired=True)}
    new = [
        b
        for b in read(path)
        if (b.device, b.rule) not in known
        and b.device in site.devices
        and b.rule in site.devices[b.device].family.rules
    ]
    if new:
        journal.commit([BaselineWrite(new)])
