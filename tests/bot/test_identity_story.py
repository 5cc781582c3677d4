"""Identity checks with the real Rasa and the whole service: each begins with a text and ends with a
verified person or a live agent.
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.support.rasa_server import start_rasa
from tests.support.service import PATIENCE, Service, free_port, running_service

TOKEN = "identity-token"
ANN, BOB, PRIYA = "+12025550101", "+12025550102", "+12025550103"
MAIN, DIRECT = "+18885550100", "+18885550200"
LONG_NAME = "Maximiliana Alejandra Fernández-Castellanos de la Vega y Montemayor"
WHO = "To confirm who you are, what is your employee number or work e-mail?"
FOR_ACCESS = f"This protects your account. {WHO}"
FOR_CASES = f"Only you should see your cases. {WHO}"


@pytest.fixture(scope="module")
def desk(home: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    port = free_port()
    actions = f"http://127.0.0.1:{port}/bot/actions"
    with (
        start_rasa(
            home, actions_url=actions, token=TOKEN, model=model, ready_within=max(300, PATIENCE)
        ) as rasa,
        running_service(
            tmp_path_factory.mktemp("identity"),
            port=port,
            DEMO="1",
            BOT_URL=rasa.url,
            BOT_TOKEN=TOKEN,
            BOT_TIMEOUT="60",
            BURST_WINDOW="0",
            LOG="debug",
        ) as service,
    ):
        yield service


@pytest.fixture(autouse=True)
def _a_day_later(desk: Service) -> None:
    """Move the clock by a day, so that earlier codes do not count toward the limits. A person gets
    at most three codes in ten minutes and ten a day.
    """
    with sqlite3.connect(desk.log.parent / "patchboard.db", timeout=20) as db:
        db.execute("UPDATE proof_sends SET at = '2026-01-01 00:00:00.000000'")


@dataclass(slots=True)
class Talk:
    """One requester's phone, and the conversation as Mia reads it over the API."""

    desk: Service
    number: str
    to: str = MAIN
    read: int = 0
    me: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        login = {"email": "mia@example.com", "password": "mia-demo"}
        token = requests.post(f"{self.desk.url}/api/v1/login", json=login, timeout=10).json()[
            "token"
        ]
        self.me = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: object = None) -> dict:  # type: ignore[type-arg]
        answer = requests.request(
            method, self.desk.url + path, json=body, headers=self.me, timeout=10
        )
        answer.raise_for_status()
        return answer.json()  # type: ignore[no-any-return]

    @property
    def interaction(self) -> dict:  # type: ignore[type-arg]
        query = f"requester_number=%2B{self.number[1:]}&provider_number=%2B{self.to[1:]}"
        return self.call("GET", f"/api/v1/interactions?{query}")["items"][0]  # type: ignore[no-any-return]

    def lines(self) -> list[dict]:  # type: ignore[type-arg]
        return self.call(
            "GET", f"/api/v1/interactions/{self.interaction['id']}/messages?limit=200"
        )["items"]  # type: ignore[no-any-return]

    def text(self, body: str) -> None:
        form = {"from": (None, self.number), "to": (None, self.to), "body": (None, body)}
        answer = requests.post(
            f"{self.desk.url}/phone/texts", files=form, headers={"HX-Request": "true"}, timeout=10
        )
        answer.raise_for_status()

    def says(self, body: str, ends: str) -> list[str]:
        """Send a text, and wait for an answer that contains ``ends``. Return everything that has
        arrived since the previous text.
        """
        self.text(body)
        return self.hears(ends)

    def hears(self, ends: str) -> list[str]:
        until = time.monotonic() + PATIENCE
        sent: list[str] = []
        while time.monotonic() < until:
            sent = [line["body"] for line in self.lines() if line["direction"] == "outbound"]
            if any(ends in one for one in sent[self.read :]):
                new, self.read = sent[self.read :], len(sent)
                return new
            time.sleep(0.1)
        raise AssertionError(
            f"nothing with {ends!r} came: {sent}\n{self.desk.log.read_text()[-3000:]}"
        )

    def code_or_none(self, to: str) -> str:
        """Return the newest code mailed to the address, or an empty string."""
        page = requests.get(f"{self.desk.url}/mailbox/mails", timeout=10).text
        newest = next((mail for mail in page.split("<article")[1:] if to in mail), "")
        found = re.search(r"is (\d{6})", newest)
        return found[1] if found else ""

    def code(self, to: str, but: str = "") -> str:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            page = requests.get(f"{self.desk.url}/mailbox/mails", timeout=10).text
            newest = next((mail for mail in page.split("<article")[1:] if to in mail), "")
            found = re.search(r"is (\d{6})", newest)
            if found and found[1] != but:
                return found[1]
            time.sleep(0.1)
        raise AssertionError(f"no mail to {to}")


def test_a_correct_code_verifies_after_an_aside_and_is_stored_nowhere(
    desk: Service, home: Path
) -> None:
    ann = Talk(desk, ANN)
    assert ann.says("do you know who i am", WHO) == [WHO]
    assert ann.says("what can you do", WHO)[0].startswith("I'm the virtual agent")
    ann.says("its e1001", "If we have that on file")
    code = ann.code("ann@example.com")
    assert ann.says(f"it's {code[:3]} {code[3:]}", "Thanks, ") == ["Thanks, Ann, you're verified."]
    assert ann.interaction["identity"]["method"] == "code"
    assert ann.says("who am i", "You're verified")[0].startswith(
        "You're verified as Ann Lee until "
    )
    assert [line["body"] for line in ann.lines() if "it's" in line["body"]] == ["it's *** ***"]
    kept = [
        path for place in (desk.log.parent, home) for path in place.rglob("*") if path.is_file()
    ]
    assert not [
        path.name
        for path in kept
        if path.suffix in (".db", ".db-wal", ".log") and contains_code(path, code)
    ]


def contains_code(path: Path, code: str) -> bool:
    """Return whether the file contains the code as a number of its own. Timestamps may contain the
    same digits by chance. A file that another test's Rasa has deleted contains nothing.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return re.search(rf"(?<![\d.]){code[:3]} ?{code[3:]}(?!\d)".encode(), content) is not None


def test_after_five_wrong_codes_the_agents_see_why_the_check_ended(desk: Service) -> None:
    bob = Talk(desk, BOB)
    bob.says("that is not me", WHO)
    bob.says("bob@example.com", "If we have that on file")
    wrong = "000000" if bob.code("bob@example.com") != "000000" else "111111"
    for left in (4, 3, 2, 1):
        (answer,) = bob.says(wrong, "That's not the right code.")
        assert f"{left} {'attempt' if left == 1 else 'attempts'} left." in answer
    assert (
        bob.says(wrong, "a person will take over.")[0]
        == "I couldn't verify you, so a person will take over."
    )
    assert bob.interaction["owner"]["kind"] == "queue"
    told = [line for line in bob.lines() if line["event"] == "identity"]
    assert (told[-1]["body"], told[-1]["reason"]) == (
        "Identity check not finished", "5 wrong answers, the last one a wrong code",
    )  # fmt: skip


def test_an_expired_code_is_replaced_by_a_new_one(desk: Service) -> None:
    guest = Talk(desk, "+13035550188")
    guest.says("who am i", WHO)
    guest.says("e1001", "If we have that on file")
    old = guest.code("ann@example.com")
    with sqlite3.connect(desk.log.with_name("patchboard.db")) as database:
        database.execute(
            "UPDATE proofs SET code_until = '2026-01-01 00:00:00.000000' WHERE outcome IS NULL"
        )
    (answer,) = guest.says(old, "has expired")
    assert answer.startswith("That code has expired. If we have you on file")
    new = guest.code("ann@example.com", but=old)
    assert guest.says(new, "Thanks, ") == ["Thanks, Ann, you're verified."]
    assert guest.interaction["user"]["name"] == "Ann Lee"


def test_a_person_who_proves_their_identity_on_anothers_number_becomes_the_requester(
    desk: Service,
) -> None:
    """The conflict row of table 1: the number is on another user's record. After "this is not me",
    later texts do not belong to that user either.
    """
    phone = Talk(desk, "+12025550144")
    phone.says("hello", "virtual agent")
    before = phone.interaction
    assert phone.says("this is not me", WHO) == ["Sorry about that.", WHO]
    assert phone.interaction["guest"]
    phone.says("priya@example.com", "If we have that on file")
    phone.says(phone.code("priya@example.com"), "Thanks, Priya, ")
    seen = phone.interaction
    assert (before["user"]["name"], seen["user"]["name"]) == (LONG_NAME, "Priya Natarajan")
    assert (seen["id"], seen["identity"]["level"]) == (before["id"], "verified")
    undone = phone.call("POST", f"/api/v1/interactions/{seen['id']}/verify/undo")
    assert undone["user"] is None, "as it was after 'this is not me'"


def test_an_agent_requests_a_proof_and_gets_the_conversation_back(desk: Service) -> None:
    priya = Talk(desk, PRIYA, DIRECT)
    priya.call("PUT", "/api/v1/agents/me/presence", {"presence": "available"})
    priya.text("hi, my laptop won't start")
    one = f"/api/v1/interactions/{priya.interaction['id']}"
    priya.call("POST", f"{one}/messages", {"body": "Mia here."})
    priya.hears("Mia here.")
    asked = priya.call("POST", f"{one}/ask-for-proof")
    assert asked["owner"]["kind"] == "virtual_agent"
    priya.hears("Mia asked me to confirm who you are.")
    priya.says("never mind", "Mia will continue with you.")
    assert priya.interaction["owner"]["kind"] == "agent"
    priya.call("POST", f"{one}/ask-for-proof")
    priya.hears("Mia asked me to confirm who you are.")
    before = priya.code_or_none("priya@example.com")
    priya.says("priya@example.com", "If we have that on file")
    priya.says(priya.code("priya@example.com", but=before), "Thanks, Priya, ")
    seen = priya.interaction
    assert (seen["owner"]["kind"], seen["owner"]["name"], seen["identity"]["level"]) == (
        "agent",
        "Mia Chen",
        "verified",
    )


def test_an_agent_verifies_by_hand_and_the_bot_continues(desk: Service) -> None:
    guest = Talk(desk, "+13035550176")
    guest.says("i forgot my password", WHO)
    ann = guest.call("GET", "/api/v1/users?q=ann%20lee")["items"][0]["id"]
    guest.call("POST", f"/api/v1/interactions/{guest.interaction['id']}/verify", {"user_id": ann})
    said = guest.hears("case")
    assert said[0] == "Thanks, Ann, you're verified."


@pytest.mark.parametrize(
    ("number", "leaves", "answer"),
    [
        ("+13035550171", "RESTART", "start over"),
        ("+13035550172", "BYE", "Goodbye"),
        ("+13035550173", "AGENT", "."),
        ("+13035550174", "i typed it wrong", WHO),
    ],
)
def test_a_code_that_is_texted_late_is_stored_nowhere(
    desk: Service, home: Path, number: str, leaves: str, answer: str
) -> None:
    guest = Talk(desk, number)
    guest.says("i forgot my password", WHO)
    before = guest.code_or_none("ann@example.com")
    guest.says("ann@example.com", "If we have that on file")
    code = guest.code("ann@example.com", but=before)
    guest.says(leaves, answer)
    if leaves == "BYE":
        guest.read = 0  # the next text begins another interaction
    guest.text(f"here is the code {code}")
    if leaves != "AGENT":  # after AGENT, the virtual agent does not answer
        guest.hears("")
    kept = [
        path for place in (desk.log.parent, home) for path in place.rglob("*") if path.is_file()
    ]
    assert not [
        path.name
        for path in kept
        if path.suffix in (".db", ".db-wal", ".log") and contains_code(path, code)
    ]


def test_a_requester_corrects_an_address_and_requests_a_second_code(desk: Service) -> None:
    guest = Talk(desk, "+13035550175")
    guest.says("i forgot my password", WHO)
    guest.says("anne@example.com", "If we have that on file")
    assert guest.says("forgot my password", "What are the 6 digits") == [
        "I will, once I've confirmed who you are.",
        'What are the 6 digits of your code? If none has come, text "no code".',
    ]
    before = guest.code_or_none("priya@example.com")
    guest.says("oops i mean priya@example.com", "If we have that on file")
    first = guest.code("priya@example.com", but=before)
    guest.says("can you resend it", "If we have that on file")
    second = guest.code("priya@example.com", but=first)
    assert guest.says(f"oh its {second}", "Thanks, ")[0] == "Thanks, Priya, you're verified."


def test_only_answers_to_the_identity_question_count_as_attempts(desk: Service) -> None:
    guest = Talk(desk, "+13035550177")
    guest.says("i forgot my password", WHO)
    guest.says("E1001", "If we have that on file")
    guest.says("no code", "2 Check another way")
    asks = "What is your birth year on record?"
    guest.says("2", asks)
    for aside in ("tell me a joke", "hold on a sec", "are you open at 10 today"):
        assert guest.says(aside, asks)[-1] == asks
        assert aside in [line["body"] for line in guest.lines()], "agents can read it"
    guest.says("necesito ayuda por favor", "Deme su año de nacimiento, como consta en su registro.")
    assert guest.says("english please", asks) == ["Sure, I'll write in English.", asks]
    assert "4 attempts left." in guest.says("1991", "That doesn't match our records.")[0]
    assert guest.says("1990", "Thanks, ")[0] == "Thanks, Ann, you're verified."


def test_never_mind_ends_the_check_at_the_identity_question(desk: Service) -> None:
    guest = Talk(desk, "+13035550178")
    guest.says("i forgot my password", WHO)
    guest.says("E1001", "If we have that on file")
    guest.says("no code", "2 Check another way")
    guest.says("2", "on record?")
    assert guest.says("never mind", "dropped") == ["OK, I've dropped it. Text us any time."]
    (said,) = guest.says("1990", ".")
    assert said.startswith("Sorry, I didn't get that."), "no try any more"


UNVERIFIED_NUMBERS = "+1303555019"  # the test adds one more digit
HOW_BAD = "How much does this affect you?\n1 I can't work\n2 I can still work"
PUEDE = "¿Puede trabajar a pesar de esto?\n1 No puedo trabajar\n2 Puedo trabajar"


def test_a_report_continues_after_the_identity_check_for_an_aside(desk: Service) -> None:
    guest = Talk(desk, f"{UNVERIFIED_NUMBERS}1")
    assert guest.says("my monitor is broken", HOW_BAD) == [HOW_BAD]
    assert guest.says("whats the status of my other case", WHO) == [FOR_CASES]
    guest.says("E1004", "If we have that on file")
    told = guest.says(guest.code("maximiliana@example.com"), HOW_BAD)
    assert told[0].startswith("Thanks, Maximiliana, ")
    assert told[1].startswith("You have no open cases.")
    assert guest.says("1", "I've opened case")[0].startswith("I've opened case CS")


def test_never_mind_drops_only_the_aside_and_keeps_the_report(desk: Service) -> None:
    guest = Talk(desk, f"{UNVERIFIED_NUMBERS}2")
    guest.says("screen is cracked", HOW_BAD)
    guest.says("whats the status of my case", WHO)
    assert guest.says("never mind", HOW_BAD) == ["OK, back to where we were.", HOW_BAD]
    (told,) = guest.says(
        "well i could kind of still work on my phone i guess so number 2 i think",
        "I've opened case",
    )
    assert "screen is cracked" in told


def test_a_requester_who_gave_an_account_is_not_asked_for_it(desk: Service) -> None:
    guest = Talk(desk, f"{UNVERIFIED_NUMBERS}3")
    (asked,) = guest.says("forgot my pw, im E1002", 'no code".')
    assert asked.startswith("If we have that on file")
    another = Talk(desk, f"{UNVERIFIED_NUMBERS}4")
    another.says("hi its tom, employee number E2001, wifi is down at my desk", HOW_BAD)
    another.says("dos", "I've opened case")
    assert another.says("whats the status of my case", 'no code".')[0].startswith(
        "If we have that on file"
    )


def test_accented_letters_survive_in_a_report(desk: Service) -> None:
    jose = Talk(desk, f"{UNVERIFIED_NUMBERS}5")
    jose.says("mi teléfono no enciende, soy José Núñez del área económica", PUEDE)
    (told,) = jose.says("el primero", "He abierto el caso")
    assert "mi teléfono no enciende, soy José Núñez del área económica" in told
