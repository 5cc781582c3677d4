"""The choice of a queue for a conversation, with the reason for each queue."""

from handoff_service.rules.routing.queue_choice import choose, explain
from handoff_service.rules.routing.queue_conditions import QueueFacts, parse
from handoff_service.rules.routing.queues import QueueFields

USUAL, SPANISH, VPN = 1, 2, 3
QUEUES = {
    USUAL: QueueFields(name="Service desk"),
    SPANISH: QueueFields(name="Spanish", conditions=(parse({"field": "language", "is": "es"}),)),
    VPN: QueueFields(
        name="Network",
        conditions=(
            parse({"field": "topic", "in": ["vpn", "wifi"]}),
            parse({"field": "user.site", "is": "Boston"}),
        ),
    ),
}


def facts(**given: object) -> QueueFacts:
    return QueueFacts(provider_number="+18885550100", **given)  # type: ignore[arg-type]


def test_the_first_queue_whose_conditions_match_gets_the_conversation() -> None:
    vpn = facts(topic="vpn", attributes={"site": "Boston"})
    assert choose(QUEUES, USUAL, vpn) == VPN
    assert choose(QUEUES, USUAL, facts(topic="vpn", language="es")) == SPANISH
    assert choose(QUEUES, USUAL, facts()) == USUAL


def test_each_queue_gives_its_reason() -> None:
    found = explain(QUEUES, USUAL, facts(topic="vpn", attributes={"site": "Boston"}))
    assert [(one.name, one.chosen) for one in found] == [("Spanish", False), ("Network", True)]
    assert found[0].why == (
        "These conditions do not match: language is es. In this conversation: language is not "
        "known."
    )
    assert found[1].why == "Its conditions match: topic is one of vpn, wifi; site is Boston."
    usual = explain(QUEUES, USUAL, facts(topic="printer"))[-1]
    assert (usual.name, usual.chosen) == ("Service desk", True)
    assert usual.why.startswith("No queue's conditions match")


def test_the_explanation_ends_at_the_chosen_queue() -> None:
    for one in (facts(), facts(language="es"), facts(topic="wifi", attributes={"site": "Boston"})):
        assert explain(QUEUES, USUAL, one)[-1].queue_id == choose(QUEUES, USUAL, one)
