"""From changes to people: what is said, to whom, and whether it arrived."""

from facilityd.notify.channels import build
from facilityd.notify.deliver import Deliverer
from facilityd.notify.plan import Teller, plan, plan_test
from facilityd.notify.render import About, Place, render

__all__ = ["About", "Deliverer", "Place", "Teller", "build", "plan", "plan_test", "render"]
