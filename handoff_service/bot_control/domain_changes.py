"""Find intents, slots and forms of the running model that a new model does not have. Open
conversations may need them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from handoff_service.bot_control import model_folder
from handoff_service.errors import SetupError
from handoff_service.rules.shared.phrases import count_phrase, phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    intents: frozenset[str] = frozenset()
    slots: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()


def removed(old: Path, new: Path) -> Removed:
    """The names that only the model ``old`` has. Empty if the training data of one of the models is
    missing."""
    try:
        before, after = _names(old), _names(new)
    except (SetupError, YAMLError, KeyError):
        return Removed()
    return Removed(**{what: before[what] - after[what] for what in before})


def warnings(removed: Removed, open_forms: Mapping[tuple[str, str], int]) -> list[str]:
    """Sentences that warn a trainer. ``open_forms``: (form, slot) -> number of open conversations
    in it."""
    sentences = []
    for (form, slot), count in sorted(open_forms.items()):
        if form in removed.forms:
            sentences.append(_in_form(count, form))
        elif slot in removed.slots:
            sentences.append(_in_slot(count, slot))
    if removed.intents:
        sentences.append(
            phrase(
                "The new model does not know {intents}. Requesters who choose an option that was "
                "sent earlier for these intents get no answer.",
                intents=", ".join(sorted(removed.intents)),
            )
        )
    return sentences


def _in_form(count: int, form: str) -> str:
    return count_phrase(
        "{count} open conversation is in the form {form}, which the new model does not have.",
        "{count} open conversations are in the form {form}, which the new model does not have.",
        count,
        form=form,
    )


def _in_slot(count: int, slot: str) -> str:
    return count_phrase(
        "{count} open conversation waits for the slot {slot}, which the new model does not have.",
        "{count} open conversations wait for the slot {slot}, which the new model does not have.",
        count,
        slot=slot,
    )


def _names(model: Path) -> dict[str, frozenset[str]]:
    domain = YAML(typ="safe").load(model_folder.kept_data(model)["domain.yml"]) or {}
    return {what: _keys(domain.get(what)) for what in ("intents", "slots", "forms")}


def _keys(given: Any) -> frozenset[str]:
    """The names in a section of the domain, which can be a list or a mapping."""
    if isinstance(given, Mapping):
        return frozenset(map(str, given))
    names = (next(iter(one)) if isinstance(one, Mapping) else one for one in given or ())
    return frozenset(map(str, names))
