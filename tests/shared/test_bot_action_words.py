"""Pages name what the virtual agent did in words of their language."""

from collections.abc import Iterator

from ruamel.yaml import YAML

from handoff_service.bot_control.rasa_cli import ROOT
from handoff_service.rules.shared.bot_action_words import ACTIONS, action_name


def named_in_the_domain() -> Iterator[str]:
    """Yield the actions, forms and replies of domain.yml, except validations, which end no turn."""
    domain = YAML(typ="safe").load(ROOT / "domain.yml")
    for part in ("actions", "forms", "responses"):
        for one in domain[part]:
            name = one if isinstance(one, str) else next(iter(one))
            if not name.startswith("validate_"):
                yield name


def test_each_action_and_form_of_the_bot_has_a_name_on_pages() -> None:
    domain = set(named_in_the_domain())
    assert {one for one in domain if not one.startswith("utter_")} - ACTIONS.keys() == set()


def test_the_named_actions_exist() -> None:
    assert ACTIONS.keys() - set(named_in_the_domain()) <= {"action_deactivate_loop"}


def test_an_action_of_a_trainer_is_shown_by_its_name() -> None:
    assert action_name("utter_parking_rules") == "Parking rules"
