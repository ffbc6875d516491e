"""Every address of the page, in one table."""

from facilityd.web.page import (
    account_routes,
    alarm_routes,
    assets,
    ceremony_routes,
    device_routes,
    download_routes,
    frame_routes,
    handbook_routes,
    history_routes,
    lighting_routes,
    night_routes,
    now_routes,
    photo_routes,
    report_routes,
    square_routes,
    story_routes,
    system_routes,
    task_routes,
    work_routes,
)

ROUTES = (
    assets.routes, frame_routes.routes, account_routes.routes, now_routes.routes,
    alarm_routes.routes, device_routes.routes, history_routes.routes, download_routes.routes,
    square_routes.routes, lighting_routes.routes, work_routes.routes, ceremony_routes.routes,
    system_routes.routes, night_routes.routes, story_routes.routes,
    photo_routes.routes, task_routes.routes, handbook_routes.routes, report_routes.routes,
)  # fmt: skip
