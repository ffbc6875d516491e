"""Links in notices, as a site has them."""

from __future__ import annotations

import logging
from pathlib import Path

from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.alarm_link import AlarmLinks
from facilityd.supervise.site_key import site_key

log = logging.getLogger(__name__)


def alarm_links(site: Site) -> AlarmLinks | None:
    """Return what makes links; None where people reach no page, or the site's key cannot be read."""
    if not site.web.public_url:
        return None
    try:
        key = site_key(Path(site.store.path))
    except UsageError as error:
        log.warning("notices have no links: %s", error)
        return None
    return AlarmLinks(site.web.public_url, key, site.web.link_lasts)
