"""The dashboard and the alerts name only metrics and labels that exist."""

import json
import re
from pathlib import Path
from typing import Any, Literal

import yaml
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from handoff_service.metrics import DeskState, Metrics, WaitingInQueue
from handoff_service.operations.zero_metrics import start_at_zero

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = (HOW_TO / "watch-the-service.md").read_text()
#: Labels that Prometheus adds, and ``le`` of histograms.
GIVEN = {"job", "instance", "le"}


def samples() -> dict[str, set[str]]:
    """Return each sample that a scrape can contain, with its labels."""
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


class Strict(BaseModel):
    """Fields of Grafana's dashboard JSON model. Grafana silently ignores a misspelled field."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Source(Strict):
    type: Literal["prometheus"]
    uid: Literal["${datasource}"]


class Place(Strict):
    h: int = Field(ge=1)
    w: int = Field(ge=1, le=24)
    x: int = Field(ge=0, le=23)
    y: int = Field(ge=0)


class Target(Strict):
    ref_id: str = Field(pattern="^[A-Z]$")
    datasource: Source
    expr: str
    legend_format: str = ""


class Panel(Strict):
    id: int
    type: Literal["stat", "timeseries"]
    title: str = Field(min_length=1)
    description: str = ""
    datasource: Source
    grid_pos: Place
    field_config: dict[Literal["defaults", "overrides"], Any]
    targets: list[Target] = Field(min_length=1)
    options: dict[str, Any] = {}


class Dashboard(Strict):
    title: str
    uid: str = Field(max_length=40, pattern="^[a-zA-Z0-9_-]+$")
    tags: list[str]
    schema_version: int = Field(ge=36)  # Since Grafana 9, data sources are objects.
    version: int
    editable: bool
    refresh: str
    time: dict[Literal["from", "to"], str]
    timezone: Literal["browser", "utc"]
    templating: dict[Literal["list"], list[dict[str, Any]]]
    annotations: dict[Literal["list"], list[Any]]
    panels: list[Panel]


def test_the_dashboard_follows_grafanas_json_model() -> None:
    found = Dashboard.model_validate(dashboard())
    variables = {one["name"] for one in found.templating["list"]} | {"__rate_interval", "__range"}
    text = (HOW_TO / "grafana-dashboard.json").read_text()
    assert {one.strip("{}") for one in re.findall(r"\$(\{?\w+)", text)} <= variables
    for panel in found.panels:
        units = panel.field_config["defaults"]["unit"]
        assert units in ("short", "s", "cps", "percentunit"), panel.title
        names = [one.ref_id for one in panel.targets]
        assert len(set(names)) == len(names), panel.title


def test_each_alert_has_advice_and_is_on_the_page() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")
    named = re.findall(r"`(Patchboard\w+)`", PAGE)
    assert sorted(named) == sorted(rule["alert"] for rule in rules())
