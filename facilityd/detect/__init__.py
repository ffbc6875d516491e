"""Samples to findings: causal, three-valued, cheap. Knows no device and no protocol."""

from facilityd.detect.engine import RuleEngine

__all__ = ["RuleEngine"]
