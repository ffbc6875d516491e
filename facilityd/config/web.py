"""The HTTP API as a site sets it, compiled."""

from __future__ import annotations

from facilityd.config.sections import Sections
from facilityd.config.web_schema import WebConfig
from facilityd.model.settings import WebSettings


def compile_web(sections: Sections) -> WebSettings:
    """Return the settings; what is not given as it is by default."""
    entry = sections.entries["web"].get("web")
    value = entry.value if entry else WebConfig()
    files = {
        name: str(entry.beside(text)) if entry and text else ""
        for name, text in (("certificate", value.certificate), ("key", value.key))
    }
    public = (value.public_url or "").rstrip("/")
    return WebSettings(public, value.host, value.port, files["certificate"], files["key"],
                       value.behind_proxy, value.link_lasts)  # fmt: skip
