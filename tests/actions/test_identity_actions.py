"""The virtual agent's identity actions, which rasa-sdk's executor runs. Their texts reveal nothing
about accounts.
"""

from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from ruamel.yaml import YAML

from actions import all_actions
from actions.proof import ResumeForm, proof_first
from handoff_service.bot_control.fingerprint import ROOT
from handoff_service.operations.identity import knowledge_facts
from handoff_service.operations.identity.mail_code import BeginMail, begin_mail
from handoff_service.rules.delivery.sms_text import segments
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings
from tests.support.story import ANN, BOB, STRANGER, Story

DOMAIN: dict[str, Any] = YAML(typ="safe").load((ROOT / "domain.yml").read_text())
CODE = "042617"


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(link_key="key")


class Case(Action):
    """An example of an action that requires a verified requester."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk

    def name(self) -> str:
        return "action_case"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Any
    ) -> list[dict[str, Any]]:
        first = await proof_first(self._desk, tracker, self.name())
        if first is not None:
            return first
        dispatcher.utter_message(text="Case CS0000001 is open.")
        return []


class Bot:
    """The part of Rasa that these actions need: slots, followups, and the form's two questions."""

    def __init__(self, story: Story, number: str = ANN) -> None:
        self.story, self.number = story, number
        self.executor = ActionExecutor()
        self.executor.register_action(ResumeForm(Case(story)))
        for action in all_actions(story):  # type: ignore[arg-type]  # an action needs the desk's store, and no more
            self.executor.register_action(action)
        self.slots: dict[str, Any] = {}
        self.said: list[str] = []
        self.intent, self.text = "anything", ""
        self.ran: list[dict[str, Any]] = []

    async def turn(self, text: str, then: str, **slots: Any) -> list[str]:
        """Send a text and run the bot's whole turn: an action, or the form with these slots. Return
        the bot's texts.
        """
        self.interaction = (await self.story.text(text, number=self.number)).interaction_id or 0
        question = await self.story.begin(self.interaction)
        assert question is not None
        self.text = text
        self.said, self.turn_id, following = [], question.turn_id, [then]
        while following:
            name = following.pop(0)
            if name == "identity_form":
                following += await self._form(slots)
                slots = {}
            elif name != "action_listen":
                following += await self.run(name)
            if name.startswith("action_ask") and self.slots.pop("requested_slot", name) is None:
                # The form has ended, and its rule continues.
                following.append("action_after_proof")
        await self.story.finish(question, *self.said)
        return self.said

    async def _form(self, slots: dict[str, Any]) -> list[str]:
        """Run the form's validation as Rasa does: for every slot that the turn has set. When the
        form begins, also validate the emptied slots.
        """
        self.slots |= slots
        told = (
            slots or {"account": None, "proof": None}
            if self.slots.get("account") is None
            else slots
        )
        events = [{"event": "slot", "name": name, "value": value} for name, value in told.items()]
        if events:
            await self.run("validate_identity_form", events=events)
        missing = [name for name in ("account", "proof") if self.slots.get(name) is None]
        self.slots["requested_slot"] = missing[0] if missing else None
        return [f"action_ask_{missing[0]}"] if missing else ["action_after_proof"]

    async def run(self, name: str, events: Any = ()) -> list[str]:
        call = {
            "next_action": name,
            "sender_id": str(self.interaction),
            "tracker": {
                "sender_id": str(self.interaction),
                "slots": self.slots,
                "latest_message": {
                    "text": self.text,
                    "intent": {"name": self.intent, "confidence": 1.0},
                    "metadata": {"turn_id": self.turn_id},
                },
                "events": [*self.ran, *events],
                "active_loop": {},
                "latest_action_name": "action_listen",
                "paused": False,
            },
            "domain": DOMAIN,
            "version": "3.6.21",
        }
        result = await self.executor.run(call)
        assert result is not None
        self.ran.append({"event": "action", "name": name})
        done = result.model_dump()
        self.slots |= {e["name"]: e["value"] for e in done["events"] if e["event"] == "slot"}
        self.said += [self._filled(answer) for answer in done["responses"]]
        return [e["name"] for e in done["events"] if e["event"] == "followup"]

    def _filled(self, answer: dict[str, Any]) -> str:
        if not answer.get("response"):
            return str(answer["text"])
        shown = DOMAIN["responses"][answer["response"]][0]
        text: str = shown["text"].format(**answer)
        return "\n".join([text, *(button["title"] for button in shown.get("buttons", ()))])

    async def mail(self) -> None:
        for send in await self.story.rows(t.proof_sends):
            await self.story.store.write(begin_mail, BeginMail(send_id=send.id, code=CODE))


async def test_a_request_that_requires_an_identity_check_continues_after_it(story: Story) -> None:
    bot = Bot(story)
    assert (await bot.turn("status of my case", "action_case"))[0].startswith(
        "To confirm who you are"
    )
    (asks,) = await bot.turn("E1001", "identity_form", account="E1001")
    assert asks.startswith("If we have that on file")
    await bot.mail()
    assert await bot.turn("999999", "identity_form", proof="told") == [
        "That's not the right code. 4 attempts left. What are the 6 digits in the e-mail? If "
        'you have none, text "no code".'
    ]
    assert await bot.turn(CODE, "identity_form", proof="told") == [
        "Thanks, Ann, you're verified.",
        "Case CS0000001 is open.",
    ]
    assert (bot.slots["account"], bot.slots["proof"], bot.slots["after_proof"]) == (
        None,
        None,
        None,
    )
    assert await bot.turn("and now?", "action_case") == ["Case CS0000001 is open."]
    (told,) = await bot.turn("who am i", "action_who_am_i")
    assert told.startswith("You're verified as Ann Lee until ")
    assert (await bot.turn("thats not me", "action_not_me"))[0] == "Sorry about that."
    assert (await story.see(bot.interaction)).identity.level != "verified"


async def test_the_texts_are_the_same_with_and_without_an_account(story: Story) -> None:
    facts = knowledge_facts.hashed({"birth_year": "1990"}, "key")
    await story.store.write(lambda tx, _: knowledge_facts.put_facts(tx, 1, facts), None)
    talks = []
    for number, account in ((STRANGER, "E1001"), (ANN, "nobody@example.com"), (BOB, "E1003")):
        bot, talk = Bot(story, number), []
        talk += await bot.turn("who am i", "action_who_am_i")
        talk += await bot.turn(account, "identity_form", account=account)
        await bot.mail()
        talk += await bot.turn("999999", "identity_form", proof="told")
        talk += await bot.turn("12345", "identity_form", proof="told")
        talk += await bot.turn("no code", "identity_form", proof="no_code")
        talk += await bot.turn("2", "identity_form", proof="other")
        for year in range(1980, 1984):
            talk += await bot.turn(str(year), "identity_form", proof="told")
        assert (await story.rows(t.work_items))[-1].reason.startswith(
            "Identity check not finished: 5 wrong answers"
        )
        await story.close(bot.interaction)
        talk += await bot.turn("hello", "action_start_proof")
        talks.append(talk)
    assert talks[0] == talks[1] == talks[2]
    assert talks[0][4].splitlines()[1:] == [
        *("Send a new code", "Check another way", "Another e-mail or ID", "Talk to a person"),
    ]
    assert talks[0][5] == "What is your birth year on record?"
    assert talks[0][-1] == "I couldn't verify you, so a person will take over."
    assert [text for text in talks[0] if segments(text).count > 1] == []


async def test_the_virtual_agent_announces_a_code_only_if_one_was_sent(story: Story) -> None:
    bot = Bot(story)
    await bot.turn("who am i", "action_who_am_i")
    (sent,) = await bot.turn("E1001", "identity_form", account="E1001")
    (asked,) = await bot.turn("thanks", "action_ask_proof")
    (anew,) = await bot.turn("send it again", "identity_form", proof="new_code")
    assert asked == 'What are the 6 digits of your code? If none has come, text "no code".'
    assert sent == anew != asked


async def test_a_requester_corrects_a_mistyped_account(story: Story) -> None:
    bot = Bot(story)
    await bot.turn("who am i", "action_who_am_i")
    await bot.turn("E9999", "identity_form", account="E9999")
    asks = "If we have that on file, we've e-mailed a 6-digit code."
    await bot.turn("hm", "action_ask_proof")
    (first,) = await bot.turn("oops ann@example.com", "identity_form", account="ann@example.com")
    assert first.startswith(asks)
    (who,) = await bot.turn("wrong email", "identity_form", proof="other_account")
    assert who.startswith("To confirm who you are")
    (second,) = await bot.turn("E1001", "identity_form", account="E1001")
    assert second.startswith(asks)
    await bot.mail()
    assert await bot.turn(CODE, "identity_form", proof="told") == ["Thanks, Ann, you're verified."]


async def test_repeating_a_request_during_its_identity_check_starts_no_other_topic(
    story: Story,
) -> None:
    bot = Bot(story)
    await bot.turn("status of my case", "action_case")
    bot.intent = "case"
    assert await bot.turn("and my case?", "action_other_topic") == [
        "I will, once I've confirmed who you are."
    ]
    bot.intent = "account_help"
    (other,) = await bot.turn("forgot my password", "action_other_topic")
    assert other.startswith("Let's finish this first")


async def test_the_virtual_agent_confirms_once_that_it_dropped_a_request(story: Story) -> None:
    bot = Bot(story)
    for intent, said in (
        ("never_mind", "OK, I've dropped it. Text us any time."),
        ("bye", "Goodbye. Text us any time."),
    ):
        await bot.turn("status of my case", "action_case")
        bot.intent = intent
        assert await bot.turn("ok bye then", "action_drop_proof") == [said]
        assert bot.slots["after_proof"] is None


async def test_the_text_hold_on_does_not_end_the_check(story: Story) -> None:
    bot = Bot(story)
    await bot.turn("status of my case", "action_case")
    bot.intent = "bye"  # the intent that the classifier returns for it
    assert (await bot.turn("hold on a sec", "action_drop_proof"))[0] == "Take your time."
    assert bot.slots["after_proof"] == "action_case"


async def test_the_form_asks_for_the_account_only_a_few_times(story: Story) -> None:
    bot = Bot(story)
    await bot.turn("status of my case", "action_case")
    again = (
        "To confirm who you are, what is your employee number or work e-mail? If you have neither, "
        "text AGENT."
    )
    assert await bot.turn("i dont have it", "action_ask_account") == [again]
    await bot.run("action_ask_account")
    assert bot.slots["account_asked"] == 3
    assert await bot.turn("look it up", "action_ask_account") == [
        "I couldn't verify you, so a person will take over."
    ]


async def test_an_outdated_form_ends_with_an_explanation(story: Story) -> None:
    bot = Bot(story)
    bot.slots = {"account": "E1001"}
    assert await bot.turn("hello", "identity_form") == [
        "OK. If something is wrong, describe it in one sentence."
    ]
