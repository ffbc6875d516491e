"""Samples to findings: causal, three-valued, cheap. Knows no device and no protocol."""

from facilityd.detect.judge import Judge

__all__ = ["Judge"]
