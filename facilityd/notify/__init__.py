"""From changes to people: what is said, to whom, and whether it arrived."""

from facilityd.notify.channels import build
from facilityd.notify.deliver import Deliverer
from facilityd.notify.planner import NotificationPlanner
from facilityd.notify.render import AlarmContext, SiteContext, render
from facilityd.notify.send import plan_test

__all__ = [
    "AlarmContext",
    "Deliverer",
    "NotificationPlanner",
    "SiteContext",
    "build",
    "plan_test",
    "render",
]
