"""From changes to people: what is said, to whom, and whether it arrived."""

from facilityd.notify.channels import build
from facilityd.notify.deliver import Deliverer
from facilityd.notify.planner import NotificationPlanner, plan, plan_test
from facilityd.notify.render import AlarmContext, SiteContext, render

__all__ = [
    "AlarmContext",
    "Deliverer",
    "NotificationPlanner",
    "SiteContext",
    "build",
    "plan",
    "plan_test",
    "render",
]
