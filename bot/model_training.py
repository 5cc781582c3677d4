"""Checks training data and trains a model, like `rasa data validate` and `rasa train` but faster.

- The check and the training read the data only once.
- The training does not compute the vectors of known examples again.
- The training leaves out work that takes seconds and does not change the model: it does not copy
  all examples, and does not hash each component's output. `rasa train` uses these hashes to skip
  components that need no training.
"""

from __future__ import annotations

import copy
import functools
import tempfile
from pathlib import Path

import rasa.engine.validation
from rasa.cli.utils import validate_files
from rasa.engine.constants import PLACEHOLDER_IMPORTER
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.recipe import Recipe
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.training.hooks import LoggingHook
from rasa.model_training import _check_unresolved_slots
from rasa.shared.data import TrainingType
from rasa.shared.importers.importer import TrainingDataImporter

from bot.kept_vectors import kept_vectors
from bot.shared_examples import shared_examples


def check(config: str, domain: str, data: str) -> None:
    """Validate the data. Exits with code 1 if the data is invalid."""
    with shared_examples():
        validate_files(False, None, _importer(config, domain, data, _stamps(config, domain, data)))


def train(config: str, domain: str, data: str, model: str, vectors: str) -> None:
    """Train a model and write it to the file `model`. `vectors`: the file that caches the vectors
    of the examples; see bot.kept_vectors."""
    with shared_examples(), kept_vectors(Path(vectors)):
        _train(_importer(config, domain, data, _stamps(config, domain, data)), Path(model))
    _importer.cache_clear()  # because the training has added features to these examples


@functools.lru_cache(maxsize=1)
def _importer(config: str, domain: str, data: str, stamps: object) -> TrainingDataImporter:
    """Read the data. Returns the cached data as long as the files do not change."""
    return TrainingDataImporter.load_from_config(config, domain, [data])


def _stamps(config: str, domain: str, data: str) -> tuple[tuple[str, int, int], ...]:
    """Each file with its modification time and size, to detect changed files."""
    files = [Path(config), Path(domain), *sorted(Path(data).rglob("*.yml"))]
    found = [(str(file), file.stat()) for file in files]
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def _train(importer: TrainingDataImporter, model: Path) -> None:
    domain = copy.deepcopy(importer.get_domain())
    _check_unresolved_slots(domain, importer.get_stories())
    config = importer.get_config()
    recipe = Recipe.recipe_for_name(config.get("recipe"))
    both = TrainingType.BOTH
    config, _, _ = recipe.auto_configure(importer.get_config_file_for_auto_config(), config, both)
    graph = recipe.graph_config_for_recipe(config, {}, training_type=both)
    rasa.engine.validation.validate(graph)
    with tempfile.TemporaryDirectory() as folder:
        storage = LocalModelStorage(Path(folder))
        runner = DaskGraphRunner.create(
            graph_schema=graph.train_schema,
            model_storage=storage,
            execution_context=ExecutionContext(graph_schema=graph.train_schema),
            hooks=[LoggingHook(pruned_schema=graph.train_schema)],
        )
        runner.run(inputs={PLACEHOLDER_IMPORTER: importer})
        storage.create_model_package(model, graph, domain)
