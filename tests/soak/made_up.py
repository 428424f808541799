"""Made-up requests to a hub on PostgreSQL, for long."""

from __future__ import annotations

from pathlib import Path

from tests.integration.desk_world import browser_at
from tests.integration.hub_world import fresh_hub, furnish
from tests.integration.test_hub_fuzz import ask_anything, device_at, visit_anything
from tests.postgres import postgres_server
from tests.soak.runs import Summary, times

REQUESTS, VISITS = 500, 5000


def hub_fuzz(folder: Path, scale: float) -> Summary:
    """Every operation of the API by a device, every page of the desk by each role."""
    requests, visits = times(REQUESTS, scale), times(VISITS, scale)
    with (
        postgres_server() as postgres,
        postgres.database() as url,
        fresh_hub(url, folder) as hub,
    ):
        county = furnish(hub)
        ask_anything(device_at(county), requests)
        browser = browser_at(county)
        browser.log_in()
        visit_anything(browser, county, visits)
    return Summary(f"{requests} requests to each operation, {visits} visits, no 5xx")
