"""The dashboard and the alerts name only metrics and labels that exist."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from handoff_service.metrics import DeskState, Metrics, WaitingInQueue
from handoff_service.operations.zero_metrics import start_at_zero

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "watch-the-service.md").read_text()
#: Labels that Prometheus adds, and ``le`` of histograms.
GIVEN = {"job", "instance", "le"}


def samples() -> dict[str, set[str]]:
    """Each sample that a scrape can have, with its labels."""
    metrics = Metrics()
    start_at_zero(metrics)
    others = (metrics.texts, metrics.receipts, metrics.turns, metrics.background_failures)
    for one in (*others, metrics.bot_breaker, metrics.media_seconds):
        one.labels("x")
    metrics.notifications.labels("x", "y")
    queue = WaitingInQueue(queue="Service desk", count=1, longest=2)
    shown = metrics.shown(DeskState(queues=[queue], agents=1, work_late=0)).decode()
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(shown):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def dashboard() -> dict[str, Any]:
    return json.loads((HOW_TO / "grafana-dashboard.json").read_text())  # type: ignore[no-any-return]


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((HOW_TO / "prometheus-alerts.yml").read_text())["groups"]
    return group["rules"]  # type: ignore[no-any-return]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return shown + [rule["expr"] for rule in rules()]


def test_each_metric_and_label_exists() -> None:
    known = samples()
    for expr in expressions():
        names = set(re.findall(r"\b(patchboard_\w+|up)\b", expr))
        assert names, expr
        assert names <= known.keys(), expr
        labels = set(re.findall(r"(\w+)=~?\"", expr))
        for by in re.findall(r"\b(?:by|on) \(([^)]*)\)", expr):
            labels.update(re.findall(r"\w+", by))
        assert labels <= GIVEN.union(*(known[name] for name in names)), expr
        assert expr.count("(") == expr.count(")")


def test_each_metric_is_on_the_dashboard() -> None:
    shown = " ".join(
        target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]
    )
    families = {re.sub(r"_(total|created|bucket|sum|count)$", "", name) for name in samples()}
    assert not [name for name in families - {"up"} if name not in shown]


def test_the_panels_do_not_overlap_and_name_their_data_source() -> None:
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for panel in panels
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}


def test_each_alert_says_what_to_do_and_is_on_the_page() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")
    named = re.findall(r"`(Patchboard\w+)`", PAGE)
    assert sorted(named) == sorted(rule["alert"] for rule in rules())
