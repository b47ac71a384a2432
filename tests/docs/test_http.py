"""`docs/http.md` names every path, scope, metric and shape there is, and no other."""

import re

from bot.settings import read_settings
from bot.web import access
from contracts.settings import Scope
from tests.docs.http_page import PAGE
from tests.engine.given import NOW, asked
from tests.web.conftest import KEYS, Site, site
from tests.web.test_answers import HEALTH, message, with_gates

__all__ = ["site"]

PATHS = dict(re.findall(r"^\| `((?:GET|POST) [^`]+)` \| (.*?) \|", PAGE, re.M))
METRICS = dict(re.findall(r"^\| `(patchdesk_\w+)` \| (.*?) \|", PAGE, re.M))


async def test_every_path_that_is_served_is_in_the_table_and_no_other(site: Site) -> None:
    served = {
        f"{route.method} {route.resource.canonical}"
        + ("/{filename}" if route.resource.canonical == access.STATIC.rstrip("/") else "")
        for route in site.front.application.router.routes()
        if route.method != "HEAD" and route.resource is not None
    }
    assert served == PATHS.keys() - {"POST /slack/events"}


async def test_the_scopes_of_the_table_open_what_it_says(site: Site) -> None:
    for line, scopes in PATHS.items():
        method, path = line.split()
        if line in {"POST /slack/events", "GET /dashboard/events"}:
            continue
        open_to = {scope for scope in Scope if f"`{scope}`" in scopes}
        for scope in Scope:
            answer = await site.ask(method, path, key=KEYS[scope])
            assert (answer.status == 403) == (bool(open_to) and scope not in open_to), (line, scope)
        assert ((await site.ask(method, path)).status == 401) == bool(open_to) or path == access.LOGIN


async def test_every_metric_is_in_the_table_with_its_labels_and_no_other(site: Site) -> None:
    await site.desk.settle(asked("p-1"))
    await site.desk.finish(await site.desk.start(), with_gates())
    await site.desk.engine.health.keep(HEALTH, now=NOW)
    await site.ask("POST", "/alerts", key=KEYS[Scope.ALERTS], json=message("DiskFull"))
    text = await (await site.get("/metrics")).text()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    assert {name for name in kinds if not name.endswith("_created")} == METRICS.keys()
    for name, labels in METRICS.items():
        sample = re.search(rf"^{name}(?:_count)?(?:{{(.*?)}})? ", text, re.M)
        if sample:
            found = set(re.findall(r"(\w+)=", sample[1] or ""))
            assert found == set(re.findall(r"`(\w+)`", labels)), name


def test_the_settings_that_are_shown_are_taken() -> None:
    [example] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    assert [key.name for key in read_settings(example.encode(), "http.md").http.keys] == [
        "grafana",
        "alertmanager",
    ]
