"""What a verdict rests on now, which may be other values than those with which it was reported."""

from __future__ import annotations

from collections.abc import Callable

from facilityd.detect.engine import RuleEngine
from facilityd.model.finding import Evidence


def present_evidence(engine: RuleEngine, steady: Callable[[], int]) -> Callable[[str, str], Evidence | None]:
    """Return what asks a rule of a device; None where its verdict rests on an occasion that is over.

    ``steady`` returns the present instant (ns, steady).
    """

    def ask(device: str, rule: str) -> Evidence | None:
        detector = engine.detectors(device).get(rule)
        if detector is None or detector.occasional or detector.dated:
            return None
        return detector.evidence(steady())

    return ask
