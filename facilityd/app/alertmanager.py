"""Posts the alarms to Alertmanagers, from their present states: nothing has to be remembered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from facilityd.app.core import Core
from facilityd.app.environment import PostAlerts
from facilityd.config.site import Site
from facilityd.model.people import AlertmanagerSettings
from facilityd.model.sample import NS
from facilityd.notify.alertmanager import alerts

log = logging.getLogger(__name__)
AGAIN = 15 * NS
"""A post that was not taken is repeated so soon (ns): one that was away knows of nothing."""
IDLE = 600 * NS
"""How often it is looked whether a changed site has an Alertmanager by now (ns)."""


async def post_alarms(site: Callable[[], Site], core: Core, post: PostAlerts) -> None:
    """Post until cancelled to each Alertmanager that the site, as it is by then, has."""
    troubles: dict[str, str] = {}
    dues: dict[str, int] = {}
    while True:
        present, now = site(), core.clock.steady()
        for one in present.duty.alertmanagers:
            if dues.get(one.id, 0) <= now:
                troubles[one.id] = await _post(present, core, one, post, troubles.get(one.id, ""))
                pause = min(one.every, AGAIN) if troubles[one.id] else one.every
                dues[one.id] = core.clock.steady() + pause
        ahead = [dues[one.id] for one in present.duty.alertmanagers]
        wait = min(ahead, default=now + IDLE) - core.clock.steady()
        await asyncio.sleep(max(wait, NS) / NS)


async def _post(site: Site, core: Core, one: AlertmanagerSettings, post: PostAlerts, before: str) -> str:
    """Post once; return what kept it, and say so where that is new."""
    now = core.clock.now()[0]
    standing = alerts(core.alarms.states.values(), core.planner.contexts, site.id, now, one.every)
    found = await post(one, standing)
    if found and not before:
        log.warning("alertmanager %s takes no alarms: %s", one.id, found)
    if before and not found:
        log.info("alertmanager %s takes alarms again", one.id)
    return found
