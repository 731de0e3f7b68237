"""`make shots`: the pictures of docs/pictures, taken from the running product by a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browsers import QUIET, SHELL
from tests.peers.smtp import smtp_peer_in_thread
from tests.server import ROOT, RunningServer, until

PICTURES = ROOT / "docs" / "pictures"
SCREENS = {"wall": (1920, 1080), "laptop": (1366, 768), "phone": (390, 844)}
PAGES = {"board": "/incidents", "incident": "/incidents/1", "services": "/services", "me": "/me"}
SCHEDULE = "schedule"
ALERTS = (
    ("Checkout API", "Card payments fail in eu-west-1", "critical", "payments-1"),
    ("Checkout API", "p99 latency above 2 s for 10 minutes", "error", "web-7"),
    ("Checkout API", "Error rate 5xx above 3 %", "error", "web-3"),
    ("Search", "Login returns 503 for all tenants", "critical", "auth-2"),
    ("Search", "Index is 14 minutes behind", "warning", "indexer-1"),
    ("Search", "Queue depth above 40,000", "warning", "kafka-eu-1"),
    ("Postgres main", "Replication lag 240 s on postgres-main", "error", "pg-2"),
    ("Postgres main", "Disk 91 % full on /var/lib/postgresql", "warning", "pg-1"),
    ("Postgres main", "Certificate of pg-1 ends in 9 days", "info", "pg-1"),
)
SAID = {
    "description": "41 of 120 card payments were refused by the acquirer in the last five minutes; three are usual.",
    "refused": 41,
    "acquirer": "acq-2",
    "probe": "synthetic-eu-west-1",
}
LINKS = [{"href": "https://grafana.example.com/d/payments", "text": "Payments in Grafana"}]
LEFT_OPEN = 5
"""Of the alerts above, those that nobody acknowledges."""


def main() -> None:
    """Fill the sample team with a bad morning and take every picture in both themes."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        smtp_peer_in_thread() as mail,
        RunningServer(settings={"SMTP_URL": mail.url}) as server,
        sync_playwright() as driver,
    ):
        link = server.sign_in_link
        browser = driver.chromium.launch(executable_path=SHELL, args=list(QUIET))
        context = browser.new_context(locale="en-GB", timezone_id="Europe/Berlin", reduced_motion="reduce")
        _sign_in(context, link)
        client = _as_browser(context, server)
        _fill(server, client)
        schedule = _a_schedule(client)
        for theme in ("dark", "light"):
            page = context.new_page()
            page.emulate_media(color_scheme=theme)
            for name, path, size in _pictures(schedule):
                page.set_viewport_size({"width": size[0], "height": size[1]})
                page.goto(server.base_url + path)
                page.wait_for_timeout(1500)
                page.screenshot(path=PICTURES / f"{name}-{theme}.png")
            page.close()
        browser.close()


def _pictures(schedule: str) -> Iterator[tuple[str, str, tuple[int, int]]]:
    yield "wall", "/wall/all", SCREENS["wall"]
    for name, path in {**PAGES, SCHEDULE: schedule}.items():
        for screen in ("laptop", "phone"):
            yield f"{name}-{screen}", path, SCREENS[screen]


def _sign_in(context: BrowserContext, link: str) -> None:
    page: Page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/incidents")
    page.close()


def _as_browser(context: BrowserContext, server: RunningServer) -> httpx.Client:
    cookies = "; ".join(f"{cookie.get('name')}={cookie.get('value')}" for cookie in context.cookies())
    headers = {"Cookie": cookies, "Origin": server.base_url}
    return httpx.Client(base_url=server.base_url, headers=headers, timeout=10)


def _fill(server: RunningServer, client: httpx.Client) -> None:
    """Send the alerts, each in the format of a monitor of its service, and acknowledge all but the first few."""
    keys = {
        service["name"]: {each["provider"]: each["key"] for each in service["integrations"]}
        for service in client.get("/api/v1/services").json()
    }
    for service, title, severity, source in ALERTS:
        for _ in range(1 + len(title) % 4):
            _send(server, keys[service], title, severity, source)
    rows = until(lambda: _board(client), within_s=20)
    for row in rows:
        if row["title"] in {title for _, title, _, _ in ALERTS[LEFT_OPEN:]}:
            client.post(f"/api/v1/incidents/{row['id']}/acknowledge", json={})
    time.sleep(1)


def _a_schedule(client: httpx.Client) -> str:
    """Make a schedule of nights, weekdays and weekends with a gap, a shadow and an override; return its address."""
    team = client.get("/api/v1/schedules").json()["schedules"][0]["team_id"]
    ids = [one["id"] for one in client.get("/api/v1/people").json()]
    workdays = [1, 2, 3, 4, 5]
    nights = {"unit": "days", "starts_at": "2026-01-05T20:00", "groups": [[one] for one in ids]}
    weekdays = {"starts_at": "2026-01-05T08:00", "groups": [[one] for one in reversed(ids)]}
    weekend = {"starts_at": "2026-01-09T20:00", "groups": [[one] for one in ids[1:]]}
    saturday = {"weekdays": [6], "start": "08:00", "end": "22:00"}
    sunday = {"weekdays": [7], "start": "09:00", "end": "08:00", "to_weekday": 1}
    made = client.post(
        "/api/v1/schedules",
        json={
            "name": "Payments on call",
            "team_id": team,
            "zone": "Europe/Berlin",
            "layers": [
                {"name": "Nights", **nights, "hours": [{"weekdays": workdays, "start": "20:00", "end": "08:00"}]},
                {"name": "Weekdays", **weekdays, "hours": [{"weekdays": workdays, "start": "08:00", "end": "20:00"}]},
                {"name": "Weekend", **weekend, "hours": [saturday, sunday]},
            ],
            "shadow_layers": [{"name": "Newcomers", "starts_at": "2026-01-05T09:00", "groups": [[ids[0]]]}],
        },
    )
    number = made.json()["schedule"]["id"]
    start = time.time() // 3600 * 3600 + 2 * 86_400
    wish = {"change": "replace", "start_at": start, "end_at": start + 28_800, "user_id": ids[0], "note": "Dentist"}
    client.post(f"/api/v1/schedules/{number}/overrides", json=wish)
    return f"/schedules/{number}"


def _board(client: httpx.Client) -> list[dict[str, Any]]:
    """Return the board's rows once every alert is on it and each has paged somebody."""
    rows = client.get("/api/v1/board").json()["rows"]
    paged = [row for row in rows if row["next"] and row["next"]["step"] != 1]
    return rows if len(paged) == len(ALERTS) else []


def _send(server: RunningServer, keys: Mapping[str, str], title: str, severity: str, source: str) -> None:
    if "generic" in keys:
        more = {"details": SAID, "links": LINKS} if title == ALERTS[0][1] else {}
        server.fire(keys["generic"], title=title, severity=severity, source=source, dedup_key=title, **more)
    elif "alertmanager" in keys:
        labels = {"alertname": title, "severity": severity, "instance": source}
        alert = {"status": "firing", "labels": labels, "annotations": {"summary": title}}
        url = f"{server.base_url}/api/v1/events/{keys['alertmanager']}"
        httpx.post(url, json={"version": "4", "status": "firing", "alerts": [alert]}, timeout=10)
    else:
        payload = {"summary": title, "severity": severity, "source": source}
        said = {"routing_key": keys["pagerduty"], "event_action": "trigger", "dedup_key": title, "payload": payload}
        httpx.post(f"{server.base_url}/v2/enqueue", json=said, timeout=10)


if __name__ == "__main__":
    main()
