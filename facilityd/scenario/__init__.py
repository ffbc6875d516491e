"""Scenarios: a simulated site, a story that happens to it, and what the daemon must make of it.

Stands above the daemon and beside the simulators; nothing of the daemon knows it.
"""
