"""What a person probably meant who wrote a name that there is not."""

from __future__ import annotations

import difflib
import re
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
_JOINTS = re.compile("[_-]")
_TWIN = re.compile(r"(?:[_-](?:l\d+|total)|[_-]?\d+)(?=[_-]|$)")
"""What tells twins apart: a phase, a number, the total."""


def meant(word: str, names: Sequence[str]) -> str:
    """Return "did you mean …" for a near miss, else what is allowed: nothing where there are no names."""
    if word[:1] in INDENTS:
        return Wording("yaml.indents-here-yaml-takes-spaces", indents=INDENTS[word[0]])
    if joined := next((colon for colon in "：:" if word.partition(colon)[0] in names and colon in word), ""):
        return Wording("yaml.space-missing-after" if joined == ":" else "yaml.full-width-where-space-belong")
    # 'power_total' is 'active_power_total' shortened before it is 'power_factor_total' misspelt.
    parts = set(_JOINTS.split(word))
    longer = [name for name in names if parts < set(_JOINTS.split(name)) and word in name]
    near = _one_of_each(word, longer) if longer else difflib.get_close_matches(word, names, n=1)
    elsewhere = _ALSO_CALLED.get(word, "")
    if elsewhere in names:
        near = [elsewhere]
    if len(near) == 1:
        return Wording("yaml.did-you-mean", near=near[0])
    if near:
        *most, last = (repr(name) for name in near)
        return Wording("yaml.did-you-mean-of", most=most, last=last)
    return Wording("yaml.known", names=names) if names else ""


def _one_of_each(word: str, names: Sequence[str]) -> list[str]:
    """Return near names, of twins (three phases and their total) one: the total, else the first."""
    twins: dict[str, list[str]] = {}
    for name in names:
        twins.setdefault(_TWIN.sub("", name), []).append(name)
    stems = {name: stem for stem, several in twins.items() for name in (stem, *several)}
    near = difflib.get_close_matches(word, stems, n=len(stems), cutoff=0.5)
    chosen = list(dict.fromkeys(stems[name] for name in near))[:MOST_NEAR]
    return sorted(
        next((name for name in twins[stem] if name.endswith("total")), min(twins[stem])) for stem in chosen
    )
