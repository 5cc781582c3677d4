"""The folder of models: their files, their training data, and rollbacks."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handoff_service.bot_control import domain_changes, model_folder
from handoff_service.bot_control.domain_changes import Removed
from handoff_service.bot_control.folder_lock import locked
from handoff_service.errors import SetupError
from tests.training.light import data_folder, teach

MODEL = "aaaa-bbbb.tar.gz"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return data_folder(tmp_path)


@pytest.fixture
def model(tmp_path: Path, root: Path) -> Path:
    """A model with its stored data."""
    path = model_folder.folder(tmp_path) / MODEL
    path.touch()
    model_folder.keep_data(path, model_folder.data_of(root))
    return path


def test_a_rollback_restores_changed_new_and_deleted_files(root: Path, model: Path) -> None:
    before = model_folder.data_of(root)
    teach(root, "greet", "howdy")
    (root / "data" / "extra.yml").write_text("nlu: []\n")
    (root / "data" / "rules.yml").unlink()
    present = model_folder.data_of(root)
    assert model_folder.roll_back_data(model, root) == [
        "data/extra.yml",
        "data/nlu.yml",
        "data/rules.yml",
    ]
    assert model_folder.data_of(root) == before
    # The newer data is also kept, so nothing is lost.
    saved = model.with_name(f"before-rollback-{model_folder.data_hash(present)}.tar.gz")
    assert model_folder.kept_data(saved) == present


def test_a_rollback_waits_for_an_unfinished_change(root: Path, model: Path) -> None:
    before = model_folder.data_of(root)
    with ThreadPoolExecutor() as pool:
        with locked(root):
            rolling_back = pool.submit(model_folder.roll_back_data, model, root)
            teach(root, "greet", "howdy")
            kept = root / "data" / "nlu.yml"
            assert b"howdy" in kept.read_bytes()
            assert not rolling_back.done()
        assert rolling_back.result(10) == ["data/nlu.yml"]
    assert model_folder.data_of(root) == before
    (earlier,) = model.parent.glob("before-rollback-*")
    assert (
        b"howdy"
        in model_folder.kept_data(earlier.with_suffix("").with_suffix(".tar.gz"))["data/nlu.yml"]
    )


def test_a_model_without_its_data_is_reported(root: Path, model: Path) -> None:
    model_folder.snapshot(model).unlink()
    before = model_folder.data_of(root)
    with pytest.raises(SetupError, match="Roll back without its data"):
        model_folder.roll_back_data(model, root)
    assert model_folder.data_of(root) == before


def test_the_diff_shows_additions_and_removals(root: Path) -> None:
    before = model_folder.data_of(root)
    teach(root, "greet", "howdy")
    shown = model_folder.diff(before, model_folder.data_of(root))
    assert shown.startswith("--- a/data/nlu.yml\n+++ b/data/nlu.yml\n")
    assert "+      - howdy\n" in shown
    assert model_folder.diff(before, before) == ""


@pytest.mark.parametrize("written", ["", "gone.tar.gz", "../outside.tar.gz"])
def test_a_pointer_to_a_missing_file_is_none(tmp_path: Path, model: Path, written: str) -> None:
    (tmp_path / "outside.tar.gz").touch()
    (model.parent / model_folder.RUNNING).write_text(written)
    assert model_folder.running_file(tmp_path) is None
    model_folder.set_running(tmp_path, MODEL)
    assert model_folder.running_file(tmp_path) == model


def test_a_file_that_is_not_a_model_has_no_id(model: Path) -> None:
    with pytest.raises(SetupError, match="not a model"):
        model_folder.model_id(model)


def test_open_conversations_in_removed_forms_are_counted(root: Path, model: Path) -> None:
    domain = root / "domain.yml"
    domain.write_text(
        domain.read_text().replace("name_form", "person_form").replace("office_hours, ", "")
    )
    new = model.with_name("cccc-dddd.tar.gz")
    model_folder.keep_data(new, model_folder.data_of(root))
    gone = domain_changes.removed(model, new)
    assert gone == Removed(intents=frozenset({"office_hours"}), forms=frozenset({"name_form"}))
    open_forms = {("name_form", "name"): 2, ("other_form", "x"): 5}
    assert domain_changes.warnings(gone, open_forms) == [
        "2 open conversations are in the form name_form, which the new model does not have.",
        "The new model does not know office_hours. Requesters who choose an option that was sent "
        "earlier for these intents get no answer.",
    ]
    assert domain_changes.removed(model, model) == Removed()


def test_a_model_is_removed_with_all_its_files(tmp_path: Path, model: Path) -> None:
    (model.parent / "aaaa-bbbb.measured.json").write_text("[]")
    (model.parent / "aaaa-bbbbb.tar.gz").touch()
    (model.parent / "training-7.tar.gz").touch()
    names = ["aaaa-bbbb.data.zip", "aaaa-bbbb.measured.json", MODEL, "aaaa-bbbbb.tar.gz"]
    assert [path.name for path in model_folder.files(tmp_path)] == names
    model_folder.remove(model.parent, [MODEL])
    assert [path.name for path in model_folder.files(tmp_path)] == ["aaaa-bbbbb.tar.gz"]
