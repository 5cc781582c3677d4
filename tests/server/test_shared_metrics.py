"""One scrape returns the metrics of several processes."""

import subprocess
import sys
from pathlib import Path

from handoff_service.metrics import DeskState, Metrics, has_ended

# The program of a worker. It counts this number of texts, opens the bot's circuit breaker on
# request, and prints the metrics.
WORKER = """
import sys
from handoff_service import metrics
folder, place, texts, breaker = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
metrics.share(folder, place)
made = metrics.Metrics()
made.texts.labels("stored").inc(texts)
made.bot_breaker.labels("bot").set(breaker == "open")
made.turn_seconds.observe(0.2)
metrics.NoMetrics().texts.labels("stored").inc(1000)
print(made.shown().decode())
"""


def scraped(folder: Path, place: int, texts: int, breaker: str = "closed") -> dict[str, float]:
    command = [sys.executable, "-c", WORKER, str(folder), str(place), str(texts), breaker]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in shown.stdout.splitlines() if line and line[0] != "#"]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_each_worker_returns_the_sums_of_all_and_keeps_counts_of_ended_ones(tmp_path: Path) -> None:
    stored, breaker = (
        'patchboard_texts_total{outcome="stored"}',
        ('patchboard_bot_breaker_open{bot="bot"}'),
    )
    first = scraped(tmp_path, 0, 3, "open")
    assert (first[stored], first[breaker]) == (3, 1)
    second = scraped(tmp_path, 1, 4)
    assert (second[stored], second[breaker]) == (7, 1), (
        "an open circuit breaker of any process counts"
    )
    assert second["patchboard_bot_turn_seconds_count"] == 2
    has_ended(str(tmp_path), 0)
    third = scraped(tmp_path, 0, 5)  # Another process takes the place of the first one.
    assert (third[stored], third[breaker]) == (12, 0), "counters continue, but a gauge does not"


def test_counters_are_shown_during_an_outage_of_the_database() -> None:
    state = DeskState(queues=[], agents=2, work_late=0.5)
    assert "patchboard_work_late_seconds 0.5" in Metrics().shown(state).decode()
    away = Metrics().shown().decode().splitlines()
    assert "patchboard_recovered_texts_total 0.0" in away
    assert not [one for one in away if one.startswith("patchboard_work_late_seconds")]
