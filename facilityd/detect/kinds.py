"""The detector kinds. A new kind is one line here and one file beside this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from facilityd.detect.chart import ChartDetector
from facilityd.detect.conjunction import ConjunctionDetector
from facilityd.detect.count import CountDetector
from facilityd.detect.day_profile import DayProfileDetector
from facilityd.detect.detector import Detector
from facilityd.detect.envelope import EnvelopeDetector
from facilityd.detect.frozen import FrozenDetector
from facilityd.detect.imbalance import ImbalanceDetector
from facilityd.detect.invalid import InvalidDetector
from facilityd.detect.limit import LimitDetector
from facilityd.detect.mismatch import MismatchDetector
from facilityd.detect.peer import PeerDetector
from facilityd.detect.rate import RateDetector
from facilityd.detect.residual import ResidualDetector
from facilityd.detect.ripple import RippleDetector
from facilityd.detect.schedule import ScheduleDetector
from facilityd.detect.sensor import SensorDetector
from facilityd.detect.sequence import SequenceDetector
from facilityd.detect.silence import SilenceDetector
from facilityd.detect.single import SingleDetector
from facilityd.detect.spike import SpikeDetector
from facilityd.detect.trend import TrendDetector
from facilityd.detect.unreadable import UnreadableDetector

KINDS: dict[str, Callable[[Any, Any], Detector]] = {
    "limit": LimitDetector,
    "mismatch": MismatchDetector,
    "silence": SilenceDetector,
    "unreadable": UnreadableDetector,
    "conjunction": ConjunctionDetector,
    "count": CountDetector,
    "peer": PeerDetector,
    "schedule": ScheduleDetector,
    "trend": TrendDetector,
    "imbalance": ImbalanceDetector,
    "rate": RateDetector,
    "residual": ResidualDetector,
    "robust-z": SingleDetector,
    "ewma": SingleDetector,
    "chart": ChartDetector,
    "envelope": EnvelopeDetector,
    "day-profile": DayProfileDetector,
    "sequence": SequenceDetector,
    "frozen": FrozenDetector,
    "spike": SpikeDetector,
    "sensor": SensorDetector,
    "invalid": InvalidDetector,
    "ripple": RippleDetector,
}
