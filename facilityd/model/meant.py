"""What a person probably meant who wrote a name that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from facilityd.model.message import Wording

INDENTS = {
    "\t": Wording("yaml.tab"),
    "\u3000": Wording("yaml.full-width-space"),
    "\u00a0": Wording("yaml.no-break-space"),
}
_ALSO_CALLED = {"for": "on_delay", "raise_after": "on_delay", "clear_after": "off_delay", "id": "device_id"}
"""What people write who know other programs, and what it is called here."""
MOST_NEAR = 6


def meant(word: str, names: Sequence[str]) -> str:
    """Return "did you mean …" for a near miss, else what is allowed: nothing where there are no names."""
    if word[:1] in INDENTS:
        return Wording("yaml.indents-here-yaml-takes-spaces", indents=INDENTS[word[0]])
    if joined := next((colon for colon in "：:" if word.partition(colon)[0] in names and colon in word), ""):
        return Wording("yaml.space-missing-after" if joined == ":" else "yaml.full-width-where-space-belong")
    # 'power_total' is 'active_power_total' shortened before it is 'power_factor_total' misspelt.
    longer = [name for name in names if set(word.split("_")) < set(name.split("_")) and word in name]
    near = difflib.get_close_matches(word, longer or names, n=1, cutoff=0.5 if longer else 0.6)
    if longer and near:
        near = sorted(difflib.get_close_matches(word, longer, n=MOST_NEAR, cutoff=0.5))
    elsewhere = _ALSO_CALLED.get(word, "")
    if elsewhere in names:
        near = [elsewhere]
    if len(near) == 1:
        return Wording("yaml.did-you-mean", near=near[0])
    if near:
        *most, last = (repr(name) for name in near)
        return Wording("yaml.did-you-mean-of", most=most, last=last)
    return Wording("yaml.known", names=names) if names else ""
