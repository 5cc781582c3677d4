"""A change of a reply of the virtual agent in any language changes nothing else in the file."""

import shutil
from pathlib import Path

import pytest

from handoff_service.bot_control.bot_data import DOMAIN, BotData
from handoff_service.bot_control.change_reply import (
    CHANGED,
    NO_REPLY,
    REMOVED,
    TextChange,
    put_reply,
)
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.bot_control.nlu_file import read
from handoff_service.bot_control.replies import ReplyText, replies
from handoff_service.errors import BadInput, Conflict
from handoff_service.rules.shared.language import Language

E, S, G, F = Language.ENGLISH, Language.SPANISH, Language.GERMAN, Language.FRENCH
FILE = """version: "3.1"

responses:
  utter_hi:
    - text: "Hi."
    - text: "Hola."
      condition:
        - type: slot
          name: language
          value: es
    - text: "Hey."
      condition:
        - type: slot
          name: hurry
          value: true

  # the only one in English
  utter_wifi:               # about the network
    - text: 'The wifi is "Guest".'    # without a password

  utter_ask:
    - text: "Can you work?"
      buttons:
        - title: "Yes"
          payload: "/affirm"

  # the last one
  utter_picture:
    - image: "https://example.com/map.png"

actions:
  - action_greet
"""


@pytest.fixture
def data(tmp_path: Path) -> BotData:
    (tmp_path / DOMAIN).write_text(FILE)
    return BotData(tmp_path)


def change(data: BotData, name: str, *changes: TextChange) -> str:
    """Change a reply. Return the whole file after the change."""
    put_reply(data, name, changes)
    return (data.root / DOMAIN).read_text()


def new(language: Language, text: str) -> TextChange:
    return TextChange(variant=None, language=language, before="", after=text)


def reworded(variant: int, language: Language | None, before: str, after: str) -> TextChange:
    return TextChange(variant=variant, language=language, before=before, after=after)


def test_each_reply_lists_its_texts_and_the_languages_that_it_lacks(data: BotData) -> None:
    found = {one.name: one.texts for one in replies(data)}
    assert list(found) == ["utter_hi", "utter_wifi", "utter_ask"]
    assert found["utter_hi"] == [
        ReplyText(variant=0, language=E, text="Hi.", segments=1),
        ReplyText(variant=1, language=S, text="Hola.", segments=1),
        ReplyText(variant=None, language=G, text="", segments=0),
        ReplyText(variant=None, language=F, text="", segments=0),
        ReplyText(variant=2, language=None, text="Hey.", segments=1),
    ]


def test_a_changed_text_changes_one_line(data: BotData) -> None:
    after = change(data, "utter_hi", reworded(1, S, "Hola.", "Buenas."))
    assert after == FILE.replace("Hola.", "Buenas.")


def test_unchanged_texts_change_nothing(data: BotData) -> None:
    after = change(data, "utter_hi", reworded(0, E, "Hi.", "Hi."), new(G, " "))
    assert after == FILE


def test_a_translation_follows_the_text_and_the_comments_stay(data: BotData) -> None:
    after = change(data, "utter_wifi", new(G, 'Das WLAN heißt "Gast".'), new(F, "Le wifi."))
    line = """    - text: 'The wifi is "Guest".'    # without a password\n"""
    assert after == FILE.replace(
        line,
        f"""{line}    - text: "Das WLAN heißt \\"Gast\\"."
      condition:
        - type: slot
          name: language
          value: de
    - text: "Le wifi."
      condition:
        - type: slot
          name: language
          value: fr
""",
    )


def test_a_translation_keeps_the_buttons(data: BotData) -> None:
    after = change(data, "utter_ask", new(G, "Können Sie arbeiten?"))
    line = """          payload: "/affirm"\n"""
    assert after == FILE.replace(
        line,
        f"""{line}    - text: "Können Sie arbeiten?"
      condition:
        - type: slot
          name: language
          value: de
      buttons:
        - title: "Yes"
          payload: "/affirm"
""",
    )


def test_an_emptied_translation_is_removed_and_the_comments_stay(data: BotData) -> None:
    change(data, "utter_wifi", new(G, "Das WLAN."), new(F, "Le wifi."))
    after = change(data, "utter_wifi", reworded(2, F, "Le wifi.", ""))
    assert after.count("fr") == 0
    assert "value: de\n\n  utter_ask:" in after
    assert change(data, "utter_wifi", reworded(1, G, "Das WLAN.", " ")) == FILE


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (reworded(0, E, "Hi.", " "), NO_REPLY),
        (reworded(2, None, "Hey.", ""), NO_REPLY),
        (new(G, "Wort " * 70), "In German: "),
        (new(F, "Envoyez STOP."), "In French: "),
    ],
)
def test_an_invalid_text_is_refused(data: BotData, wrong: TextChange, why: str) -> None:
    with pytest.raises(BadInput) as error:
        put_reply(data, "utter_hi", [wrong])
    assert str(error.value).startswith(why)
    assert (data.root / DOMAIN).read_text() == FILE


@pytest.mark.parametrize(
    ("name", "other", "why"),
    [
        ("utter_hi", reworded(0, E, "Hello.", "Good day."), CHANGED),
        ("utter_hi", reworded(1, G, "Hola.", "Hallo."), CHANGED),
        ("utter_hi", new(S, "Buenas."), CHANGED),
        ("utter_hi", reworded(3, E, "Hi.", "Good day."), CHANGED),
        ("utter_gone", reworded(0, E, "Hi.", "Good day."), REMOVED),
    ],
)
def test_a_change_of_a_text_that_a_colleague_changed_meanwhile_is_refused(
    data: BotData, name: str, other: TextChange, why: str
) -> None:
    with pytest.raises(Conflict, match=why):
        put_reply(data, name, [other])


def test_the_projects_own_replies_can_be_changed(tmp_path: Path) -> None:
    """The project's file has conditions and buttons that variants share."""
    shutil.copy(ROOT / DOMAIN, tmp_path)
    data, before = BotData(tmp_path), read((ROOT / DOMAIN).read_text())["responses"]
    thanks = next(one for one in replies(data) if one.name == "utter_ask_impact")
    german = next(one for one in thanks.texts if one.language is G)
    assert german.variant is not None
    gone = reworded(german.variant, G, german.text, "")
    change(data, "utter_ask_impact", gone)
    after = read(change(data, "utter_ask_impact", new(G, german.text)))["responses"]
    assert {name: len(variants) for name, variants in after.items()} == {
        name: len(variants) for name, variants in before.items()
    }
    assert after["utter_ask_impact"][-1]["buttons"] == before["utter_ask_impact"][0]["buttons"]
