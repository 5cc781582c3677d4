"""Reactions that arrive as texts are recognized in five languages and with any quotation marks."""

import re
from pathlib import Path

import pytest

from handoff_service.rules.conversations.reactions import is_same, quotes, read

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "emoji", "quoted"),
    [
        ("Liked “We have reset it.”", "👍", "We have reset it."),
        ('Laughed at "Ticket 7 is back"', "😂", "Ticket 7 is back"),
        ("Emphasised «Bring your badge»", "‼️", "Bring your badge"),
        ("Questioned “Is the VPN up…”", "❓", "Is the VPN up…"),
        ("Disliked an audio message", "👎", None),
        ("Loved a photo", "❤️", None),
        ("Reacted 🫠 to “Try again now”", "🫠", "Try again now"),
        ("Reacted 👨‍👩‍👧 to a movie", "👨‍👩‍👧", None),
        ("\u200a\u200b🙏🏿\u200b to “\u200aIt is on its way\u200a”", "🙏🏿", "It is on its way"),
        ("❤️ to “two\nlines”", "❤️", "two lines"),
        ("Le dio risa “Ya casi”", "😂", "Ya casi"),
        ("No le gustó una imagen", "👎", None),
        ("Reaccionó con 🔥 a “Listo”", "🔥", "Listo"),
        ("N’a pas aimé « C’est fait »", "👎", "C'est fait"),
        ("A mis en doute « Redémarrez »", "❓", "Redémarrez"),
        ("Hat „Bitte neu starten“ hinterfragt", "❓", "Bitte neu starten"),
        ("Lachte über „Kaffee hilft“", "😂", "Kaffee hilft"),
        ("Adorou “Tudo certo”", "❤️", "Tudo certo"),
        ("Liked “\ufffc”", "👍", None),
        ('\u200a\u200b😮\u200b à "\u200aC\'est réparé\u200a"\u200a', "😮", "C'est réparé"),
        ("a attribué la mention « Rires » à « Merci d’attendre »", "😂", "Merci d'attendre"),
        ("A ajouté un « J’aime » à « Bonjour »", "👍", "Bonjour"),
        ("S’est interrogé(e) sur « Lundi »", "❓", "Lundi"),
        ("Gefällt „Neustart hilft“", "👍", "Neustart hilft"),
        ("Gefällt „Neustart hilft“ nicht", "👎", "Neustart hilft"),
        ("Hat „Bis morgen“ mit „Gefällt mir“ markiert", "👍", "Bis morgen"),
        ("Exclamó por “Urgente”", "‼️", "Urgente"),
        ("Reagiu com ✅ a uma imagem", "✅", None),
        ("Reacted 2️⃣ to “Choose one”", "2️⃣", "Choose one"),
        ("Reacted with a sticker to “Done”", "🖼️", "Done"),
        ("Loved 3 photos", "❤️", None),
        ("Liked “We have reset it”.", "👍", "We have reset it"),
        ("Liked 「Done」", "👍", "Done"),
        ("Liked a PDF", "👍", None),
        ("Le encantó un mensaje", "❤️", None),
        ("Riu-se de “Boa tarde”", "😂", "Boa tarde"),
        ("Gefällt: „Bis gleich“", "👍", "Bis gleich"),
        ("Loved: “On its way”", "❤️", "On its way"),
        ("😮 to“Done”", "😮", "Done"),
        ("Hat auf „Erledigt“ mit 🎉 reagiert", "🎉", "Erledigt"),
        ("Reaccionó a “Ya casi” con 🔥", "🔥", "Ya casi"),
        ("A réagi à « C’est fait » avec 🎉", "🎉", "C'est fait"),
        ("Reacted to “On its way” with 🎉", "🎉", "On its way"),
        ("Reagiu a “Pronto” com 👏", "👏", "Pronto"),
    ],
)
def test_a_text_in_a_reaction_format_is_a_reaction(
    text: str, emoji: str, quoted: str | None
) -> None:
    found = read(text)
    assert found is not None
    assert (found.emoji, found.removed, found.quoted) == (emoji, False, quoted)


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("Removed a heart from “Done”", "❤️"),
        ("Removed an exclamation from an image", "‼️"),
        ("Removed 🥲 from “Done”", "🥲"),
        ("Removed a reaction from “Done”", ""),
        ("\u200aRemoved \u200c👏🏼\u200c from “\u200aDone\u200a”\u200a", "👏🏼"),
        ("Quitó un corazón de “Hecho”", "❤️"),
        ("Se eliminó 👍 de “Hecho”", "👍"),
        ("A supprimé un point d’exclamation de « Fait »", "‼️"),
        ("A retiré la réaction 😂 à « Fait »", "😂"),
        ("A retiré la mention « Adore » de « Fait »", "❤️"),
        ("Hat ein Herz von „Fertig“ entfernt", "❤️"),
        ("Entfernte 👎 aus „Fertig“", "👎"),
        ("Removeu uma curtida de “Pronto”", "👍"),
        ("Retirou um gosto de “Pronto”", "👍"),
        ("👍 removed from “Done”", "👍"),
        ("👎 eliminado de “Hecho”", "👎"),
        ("Elimino un corazon de “Hecho”", "❤️"),
    ],
)
def test_a_text_in_a_removal_format_removes_a_reaction(text: str, emoji: str) -> None:
    found = read(text)
    assert found is not None
    assert found.removed
    assert found.emoji == emoji


@pytest.mark.parametrize(
    "text",
    ["👍 to all of you", "Me gusta “modo oscuro”", "J’adore « Word »", 'loved "Frozen"',
        "Liked 'I am fine'",
     "Liked “We have res", "„Teams“ gefällt mir", 'Le encanto "Ya casi"', 'Nao gostou de "Pronto"',
     "👍 på “Klart”", "👍 hozzá: „Kész”", "😂 на «Готово»", "👍 → “Done”"],
)  # fmt: skip
def test_ambiguous_words_are_a_reaction_only_if_a_message_has_the_quoted_words(text: str) -> None:
    found = read(text)
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize("text", ["Se rió de “Ya casi”", "Se rio de “Ya casi”", "Le gustó “Hola”"])
def test_a_spelling_with_accents_is_always_a_reaction(text: str) -> None:
    found = read(text)
    assert found is not None
    assert found.sure


def test_variants_of_an_emoji_count_as_the_same_emoji() -> None:
    assert is_same("❤️", "❤")
    assert is_same("👍🏽", "👍")
    assert not is_same("👍", "👎")


@pytest.mark.parametrize(
    "text",
    [
        "Liked the new laptop",
        'Loved "Frozen" but my screen is broken',
        "Removed a battery from “laptop 7”",
        "Removed the app from my phone",
        "Questioned by security at the door",
        "Me gusta la nueva pantalla",
        "I like “dark mode”",
        'It says "Liked an error" and stops',
        "👍",
        '2 to "B"',
        "Amou",
        "Loved",
        "Loved the photo",
        "Me encanta la foto",
        "Mag den Film",
        "Removed a virus from my laptop",
        "Added “printer 4” to “floor 2”",
        "it's 'broken'",
        'Reacted well to "your plan"',
        "Hat mein Passwort entfernt",
        "",
    ],
)
def test_ordinary_texts_are_not_reactions(text: str) -> None:
    assert read(text) is None


def test_no_training_or_held_out_text_is_a_reaction() -> None:
    """Precision matters more than recall, because a requester gets no answer to a text that the
    rules mistake for a reaction.
    """
    files = [*ROOT.glob("data/**/*.yml"), ROOT / "tests/bot/held_out_texts.yml"]
    texts = [re.sub(r"\[([^]]*)\](\([^)]*\)|\{[^}]*\})", r"\1", line.strip(" -\"'")) for f in files
             for line in f.read_text().splitlines()]  # fmt: skip
    assert len(texts) > 1000
    assert [text for text in texts if read(text)] == []


@pytest.mark.parametrize(
    ("text", "body", "fits"),
    [
        (
            "Liked “How much does this affect…”",
            "How much does this affect you?\n1 Low\n2 High",
            True,
        ),
        (
            "Liked “How much does this affect you? 1 Low 2 High”",
            "How much does this affect you?\n1 Low\n2 High",
            True,
        ),
        ("Liked “Say 'yes'”", 'Say "yes"', True),
        ("Liked “Please restart the laptop and”", "Please restart the laptop and text us.", True),
        ("Liked “Yes”", "Yes, it is open", False),
        ("Liked “it is on itsway”", "It is on its way", True),
        ("Liked “Is the pri", "Is the printer on?", True),
        ("Liked “Is the pri”", "Is the printer on?", False),
        ("Liked “Is", "Is the printer on?", False),
        ("Liked “Is the printer in room 7", "Is the printer in room 7 on?", True),
        ("👍 to See you at nine", "See you at nine!", True),
        ("Liked “Other words”", "How bad is it?", False),
        ("Liked an image", "How bad is it?", False),
    ],
)
def test_a_reaction_belongs_to_a_message_only_if_it_quotes_its_beginning(
    text: str, body: str, fits: bool
) -> None:
    found = read(text)
    assert found is not None
    assert quotes(found, body) is fits


def test_a_text_with_two_quotes_is_a_reaction_only_if_a_message_has_its_words() -> None:
    found = read('Loved "Frozen" and "Up"')
    assert found is not None
    assert not found.sure
