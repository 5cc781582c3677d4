"""After a change of a file, the search for conflicting examples is quick and has the same result as
a comparison of all examples.
"""

from pathlib import Path

from handoff_service.bot_control.bot_data import BotData

DOMAIN = "intents:\n  - bye\n  - thanks\n"
NLU = """version: "3.1"
nlu:
  - intent: {intent}
    examples: |
      - {example}
"""


def test_an_update_gives_the_same_result_as_a_full_comparison(tmp_path: Path) -> None:
    (tmp_path / "data/nlu").mkdir(parents=True)
    (tmp_path / "domain.yml").write_text(DOMAIN)
    for intent, example in (("bye", "see you tomorrow"), ("thanks", "thank you so much")):
        file = tmp_path / f"data/nlu/{intent}.yml"
        file.write_text(NLU.format(intent=intent, example=example))
    data = BotData(tmp_path)
    assert data.quick_suspects() == [], "two examples are few enough for the quick search"
    assert data.suspects() == []
    data.add("bye", ["thank you so much !"])
    assert [(one.one, one.other) for one in data.suspects()] == [
        ("thank you so much !", "thank you so much")
    ]
    assert data.suspects() == BotData(tmp_path).suspects()
    data.remove("bye", "thank you so much !")
    assert data.suspects() == []
