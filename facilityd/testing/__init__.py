"""A pytest plugin: a simulated site with the real daemon on it, in virtual or real time.

def test_a_leak_is_told(simulated_site):
    site = simulated_site("square", start="2026-06-10T10:00")
    site.fault("fountain-2", "leakage", 0.035)
    site.wait_for_alarm("F1", on="fountain-2", within="1min")
"""
