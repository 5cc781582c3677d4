"""Mail signatures below an answer are ignored, and no real message loses a word."""

import pytest

from handoff_service.rules.consent.consent_keywords import word
from handoff_service.rules.desk.system_message_texts import wants_bot
from handoff_service.rules.identity.proof import Expects
from handoff_service.rules.identity.secrets_in_texts import redact
from handoff_service.rules.shared.mail_signature import without_signature
from handoff_service.rules.virtual_agent.bot_text import Choice, for_bot
from handoff_service.rules.virtual_agent.commands import SHIPPED, Command, find_command

ADDED = (
    *(
        "Sent from my iPhone",
        "sent from my ipad",
        "Sent from my iPhone 15 Pro Max",
        "Sent from my Galaxy",
    ),
    *(
        "Sent from my Verizon, Samsung Galaxy smartphone",
        "Sent via the Samsung Galaxy S24, an AT&T 5G smartphone",
    ),
    *(
        "Sent from my T-Mobile 4G LTE Device",
        "Sent from Mail for Windows 10",
        "Sent from Mail for Windows",
    ),
    *(
        "Sent from Outlook for iOS",
        "Get Outlook for Android",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
    ),
    *(
        "Sent from Yahoo Mail on Android",
        "Sent from Yahoo Mail for iPhone",
        "Sent from Proton Mail for iOS",
    ),
    *("Sent from Gmail Mobile", "Sent from my BlackBerry 10 smartphone.", "Sent with Proton Mail"),
    "Sent from my Android device with K-9 Mail. Please excuse my brevity.",
    *(
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android",
        "Gesendet von Mail für Windows",
    ),
    *("Von meinem Samsung Galaxy Smartphone gesendet.", "Holen Sie sich Outlook für Android"),
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    *("Enviado desde mi iPhone", "Obtener Outlook para Android", "Enviado desde mi equipo Galaxy"),
    *(
        "Enviado do meu iPhone",
        "Envoyé de mon iPhone",
        "Télécharger Outlook pour iOS",
        "Inviato da iPhone",
    ),
    *(
        "Verstuurd vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
    ),
    *("Wysłane z iPhone'a", "Отправлено с iPhone", "Надіслано з iPhone", "Odesláno z iPhonu"),
    *("iPhone'umdan gönderildi", "iPhoneから送信", "发自我的 iPhone", "나의 iPhone에서 보냄"),
)
NAMED = (
    *(
        "--\nJo Bloggs\nAcme Ltd",
        "-- \nJo Bloggs",
        "--\njo bloggs",
        "\u2014\nAna de la Cruz\nIT Support\n+1 202 555 0133",
    ),
    *(
        "--\nDr. Kofi Mensah\nHead of Payroll | Northwind\nkofi@example.com",
        "Best regards,\nJo",
        "Regards\nJo Bloggs",
    ),
    *("Saludos,\nMaría Pérez", "Mit freundlichen Grüßen\nKlaus Groß", "Kind regards", "--"),
    "Thanks,\nJo Bloggs\n\nSent from my iPhone",
    "Sent from my iPhone, please excuse typos",
    "Cordialement\nÉlodie Martin\nhttps://example.com",
    "Take care,\nJo",
    "Warm regards\nJo Bloggs",
    "V/r\nSgt. Jo Bloggs",
    "Talk soon,\nJo",
    "📱 Sent from my iPhone",
    "Sent from my iPhone 📱",
    "CONFIDENTIALITY NOTICE: This message is for the addressee only.",
    "This e-mail and any attachments are confidential and may be privileged.",
    "Jo Bloggs | Acme Ltd | +1 202 555 0133",
)


@pytest.mark.parametrize(
    "signature",
    [
        "- Jo",
        "-Jo Bloggs",
        "~ Jo Bloggs",
        "\nJo Bloggs\nAcme Ltd\n+1 202 555 0133",
        "\nJo Bloggs\njo@example.com",
    ],
)
def test_a_name_below_an_answer_of_one_word_is_ignored(signature: str) -> None:
    assert without_signature(f"STOP\n{signature}") == "STOP"
    assert without_signature(f"2\n{signature}\n") == "2"
    assert without_signature("2\n\nJo Bloggs\nAcme Ltd") == "2"


@pytest.mark.parametrize("signature", [*ADDED, *NAMED])
@pytest.mark.parametrize(
    "answer", ["2", "STOP", "my laptop is dead since the update\nit only shows a blue light"]
)
def test_a_signature_below_an_answer_is_ignored(answer: str, signature: str) -> None:
    if signature == "--\njo bloggs" and len(answer) > 5:
        pytest.skip("below a message, small letters may be the rest of a sentence")
    for between in ("\n", "\n\n", "\r\n\r\n", " \n \n"):
        assert without_signature(answer + between + signature) == answer
        assert without_signature(answer + between + signature + "\n\n") == answer


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Sent from my iPhone",
            "Sent from my iPhone keeps showing up in my mails",
            "--\nJo Bloggs",
            "",
            "\n",
            "2",
        ),
        "please remove this line from my mails:\nSent from my iPhone keeps showing up",
        *(
            "my laptop\n--\nit does not start",
            "two problems\n--\nThe screen is black\n--\nThe mouse is dead",
        ),
        *(
            "hello\nGet Outlook for Android is what it tells me to do",
            "laptop\nOutlook",
            "new user\n\nAna Diaz\nSales",
            "two users:\n- Ana Diaz\n- Bo Lee",
            "please order\n- Keyboard",
            "it says\nCONFIDENTIALITY NOTICE\nand then closes",
            "floor 3 | room 12\nprinter | jammed",
            "users\n\nAna Diaz\nBo Lee",
            "order\n- Keyboard\n- Mouse",
            "hi\nthis e-mail is stuck in my outbox",
            "problem\nThis message is shown: disk full",
        ),
        *("need access to\nSharePoint\nTeams", "two things:\nBest\nprinter on floor 3 is jammed"),
        *(
            "Thanks\nmy screen is still black",
            "Regards\nwhat does that mean?",
            "mail says\nsent from my boss",
        ),
        *(
            "it worked, thanks",
            "the names are\nJo Bloggs\nAna Diaz",
            "line one\n\nline two\n\nline three",
        ),
        *(
            "need a monitor for\n--\nBuilding Four",
            "hello\n\nsent from my boss",
            "hello\nSent from Nine",
        ),
        *(
            "error text\n-----\nDisk full, remove files",
            "outlook\n--\nis it down?",
            "2\n--\nmy second phone is broken",
        ),
        "which one do I need?\nGet Outlook for Android or get Gmail?",
        "i get this\nDownload failed",
    ],
)
def test_a_message_without_a_signature_keeps_every_word(text: str) -> None:
    assert without_signature(text) == text


def test_the_signature_of_an_unlisted_program_is_recognized_below_a_blank_line() -> None:
    for line in (
        "Sent from my Moto G Power (2022)",
        "Sent from Workspace ONE Boxer",
        "Sent from Nine",
    ):
        assert without_signature(f"2\n\n{line}") == "2"


def test_keywords_commands_choices_and_codes_are_read_without_the_signature() -> None:
    below = "\n\nSent from my iPhone"
    assert word("STOP" + below, {}) is Command.OPT_OUT
    assert (
        word("STOP\n--\nJo Bloggs\nAcme Ltd\nSome Street 12, Springfield\n+1 202 555 0101", {})
        is Command.OPT_OUT
    )
    assert find_command("agent" + below, SHIPPED) is Command.AGENT
    assert wants_bot("BOT" + below)
    assert for_bot(without_signature("2" + below), [Choice("A", "/a"), Choice("B", "/b")]) == "/b"
    code = redact(Expects.CODE, "123456\n--\nJo Bloggs\n654321")
    assert code is not None
    assert code.guesses == ("123456",)
    fact = redact(Expects.FACT, "1987\n\nSent from my iPhone 15")
    assert fact is not None
    assert fact.guesses == ("1987",)
