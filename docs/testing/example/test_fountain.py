def test_a_clogged_strainer_is_found(simulated_site):
    site = simulated_site("square", only=["fountain-1"], start="2026-06-10T10:01")
    site.advance("3min")
    site.fault("fountain-1", "F4", ramp="2min")
    alarm = site.wait_for_alarm("F4", on="fountain-1", within="10min")
    assert alarm.evidence.signal == "inlet_pressure"
