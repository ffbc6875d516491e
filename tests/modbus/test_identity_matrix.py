"""The confusion matrix of the models that are known: none is named that is another."""

from __future__ import annotations

import runpy
from pathlib import Path

from devices.profile import ModbusProfile
from devices.tables import profiles

BY_ITS_REGISTERS = {"moxa_iologik_e1212", "bender_rcms410", "siemens_logo8"}
"""They are known by the registers that they have and refuse, in which zeros may stand: never for sure."""
BY_A_RANGE = {"abb_acs380_acs580", "acrel_adw300", "delta_ms300"}
"""They are known by one number within a range, which stands in others too: likely, and not for sure."""


async def test_no_model_is_named_that_is_another_and_the_page_shows_it() -> None:
    tool = runpy.run_path("tools/identity_matrix.py")
    found = await tool["named"]()
    models = {name: one for name, one in profiles().items() if isinstance(one, ModbusProfile)}
    assert found.keys() == models.keys()
    for name, one in found.items():
        if models[name].nameless:
            assert not one.certain, name
            assert name in one.fits
        else:
            assert one.fits == (name,)
            assert one.certain == (name not in BY_ITS_REGISTERS | BY_A_RANGE), name
    assert Path("docs/identity-matrix.md").read_text("utf-8") == tool["text"](found), (
        "run tools/identity_matrix.py"
    )
