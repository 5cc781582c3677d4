"""Identity checks on both databases: codes, facts, limits, the owner of a number, and redacted
secrets.
"""

import pytest
from sqlalchemy import insert, update

from handoff_service.operations.identity import knowledge_facts
from handoff_service.operations.identity.prove_identity import AlternativeKind, Finish, finish_proof
from handoff_service.operations.identity.verify_by_hand import verify_by_hand
from handoff_service.operations.identity.verify_requester import Undo, Verify, undo_verification
from handoff_service.rules.identity.proof import Expects, ProofOutcome, Verdict
from handoff_service.rules.shared.vocabulary import Event, Owner, Work
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import OperationSettings
from handoff_service.store.identity import associations, proofs
from tests.conftest import MovedClock
from tests.support.proof_story import CODE, OTHER_CODE, Proving
from tests.support.story import ANN, BOB, MIA, OMAR, SHARED, STRANGER, Story

ANN_ID, BOB_ID = 1, 2


@pytest.fixture
def operation_settings() -> OperationSettings:
    return OperationSettings(link_key="key")


@pytest.fixture
def ann(story: Story) -> Proving:
    return Proving(story)


async def store_facts(story: Story, user: int, **facts: str) -> None:
    """Store these facts about the user, as an import of a desk file does."""
    await story.store.write(
        lambda tx, _: knowledge_facts.put_facts(tx, user, knowledge_facts.hashed(facts, "key")),
        None,
    )


async def test_a_code_verifies_for_a_limited_time_and_is_deleted(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    assert (await ann.begin()).expects is Expects.ACCOUNT
    assert (await ann.claims("e1001")).expects is Expects.CODE
    mail = await ann.mailed()
    assert mail is not None
    assert (mail.to, CODE in mail.body, "+1202***0101" in mail.body) == (
        "ann@example.com",
        True,
        True,
    )
    assert (await ann.answers(f"it's {CODE[:3]} {CODE[3:]}")).outcome is ProofOutcome.VERIFIED
    seen = await story.see(ann.interaction)
    assert (seen.identity.level, seen.identity.method, seen.identity.verified_by) == (
        "verified",
        "code",
        None,
    )
    assert seen.owner.kind is Owner.VIRTUAL_AGENT
    (told,) = [line for line in await story.lines(ann.interaction) if line.event is Event.IDENTITY]
    assert told.body == "Ann Lee was verified by a code to the e-mail on file"
    (proof,) = await story.rows(t.proofs)
    assert (proof.code_hash, await story.count(t.proof_answers), await ann.mailed()) == (
        None,
        0,
        None,
    )
    clock.move(8 * 3600)
    assert (await story.see(ann.interaction)).identity.level == "matched"


async def test_texted_secrets_are_redacted_everywhere(story: Story, ann: Proving) -> None:
    await ann.has_code()
    await ann.answers("it's 042 617 ok?")
    (line,) = [one.body for one in await story.lines(ann.interaction) if "it's" in one.body]
    assert line == "it's *** *** ok?"
    for table in t.metadata.sorted_tables:
        for row in await story.rows(table):
            assert not [value for value in row if CODE in str(value) or "042 617" in str(value)], (
                table.name
            )


@pytest.mark.parametrize("before", ["AGENT", "RESTART", "BYE", "takes over", "asked again"])
@pytest.mark.parametrize("text", [f"here is the code {CODE}", "042 617"])
async def test_a_late_code_is_redacted_whatever_the_conversation_expects(
    story: Story, ann: Proving, before: str, text: str
) -> None:
    await ann.has_code()
    if before == "takes over":
        await story.write(ann.interaction, "Mia here.", MIA)
    elif before == "asked again":
        await ann.begin()
    else:
        await story.text(before)
    there = (await story.text(text)).interaction_id or 0
    assert (await story.lines(there))[-1].body in ("here is the code ******", "*** ***")
    assert await story.count(t.proof_answers) == 0, "the code does not count as a try"
    for table in t.metadata.sorted_tables:
        for row in await story.rows(table):
            assert not [value for value in row if CODE in str(value) or "042 617" in str(value)], (
                table.name
            )


async def test_numbers_that_are_not_codes_stay_readable(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    await ann.has_code()
    await ann.begin()
    one = (await story.text("104233")).interaction_id or 0
    assert (await story.lines(one))[-1].body == "104233", (
        "an employee number, after a question for one"
    )
    await story.text("agent")
    await story.text("call +1 303 555 0188 about CS0000012")
    assert (await story.lines(one))[-1].body == "call +1 303 555 0188 about CS0000012"
    other = (await story.text(CODE, number=BOB)).interaction_id or 0
    assert (await story.lines(other))[-1].body == CODE, "this number requested no code"
    clock.move(600)
    await story.text(CODE)
    assert (await story.lines(one))[-1].body == CODE, "the code has expired"


async def test_a_code_in_several_parts_is_redacted(story: Story, ann: Proving) -> None:
    await ann.has_code()
    for piece in ("04", "26"):
        await story.text(piece)
    assert (await ann.answers("17")).verdict is Verdict.NO_CODE
    assert [line.body for line in await story.lines(ann.interaction) if "*" in line.body] == [
        "**",
        "**",
        "**",
    ]


async def test_a_code_works_only_once(story: Story, ann: Proving) -> None:
    await ann.has_code()
    await ann.answers(CODE)
    await ann.begin()
    assert (await ann.claims("E1001")).expects is Expects.CODE
    assert (await ann.answers(CODE)).verdict is Verdict.WRONG, (
        "this is the old code, and the new one is not mailed yet"
    )
    await ann.mailed("111111")
    assert (await ann.answers(CODE)).verdict is Verdict.WRONG
    assert (await ann.answers("111111")).outcome is ProofOutcome.VERIFIED


async def test_a_code_is_valid_for_ten_minutes_and_a_new_one_follows_automatically(
    ann: Proving, clock: MovedClock
) -> None:
    await ann.has_code()
    clock.move(600)
    standing = await ann.answers(CODE)
    assert (standing.verdict, standing.expects, standing.left) == (Verdict.TOO_OLD, Expects.CODE, 5)
    await ann.mailed("111111")
    assert (await ann.answers("111111")).outcome is ProofOutcome.VERIFIED


async def test_five_wrong_codes_cause_a_handoff_and_lock_the_number_for_a_day(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    await ann.has_code()
    left = [(await ann.answers(OTHER_CODE)).left for _ in range(4)]
    assert left == [4, 3, 2, 1]
    assert (await ann.answers("12345")).verdict is Verdict.NO_CODE, (
        "this text does not count as a try"
    )
    assert (await ann.answers(OTHER_CODE)).outcome is ProofOutcome.FAILED
    assert (await story.see(ann.interaction)).owner.kind is Owner.QUEUE
    (item,) = await story.rows(t.work_items)
    why = "5 wrong answers, the last one a wrong code"
    assert item.reason == f"Identity check not finished: {why}."
    assert item.collected == {"Identity check": f"not finished: {why}", "Claimed to be": "E1001"}
    (told,) = [line for line in await story.lines(ann.interaction) if line.event is Event.IDENTITY]
    assert (told.body, told.reason) == ("Identity check not finished", why)
    (past,) = await story.store.read(proofs.of_number, ANN)
    assert (past.claimed, past.why) == ("E1001", why)
    await story.close(ann.interaction)
    assert (await ann.begin()).outcome is ProofOutcome.FAILED
    assert (await story.see(ann.interaction)).owner.kind is Owner.QUEUE
    await story.close(ann.interaction)
    clock.move(24 * 3600)
    assert (await ann.begin()).expects is Expects.ACCOUNT


async def test_wrong_codes_of_several_conversations_count_together(
    story: Story, ann: Proving
) -> None:
    for _ in range(2):
        await ann.has_code()
        for _ in range(2):
            await ann.answers(OTHER_CODE)
        await story.close(ann.interaction)
    await ann.has_code()
    assert (await ann.answers(OTHER_CODE)).outcome is ProofOutcome.FAILED


async def test_a_number_gets_three_codes_in_ten_minutes_and_ten_a_day(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    await ann.begin()
    await ann.claims("E1001")
    for _ in range(2):
        assert (await ann.wants(AlternativeKind.NEW_CODE)).expects is Expects.CODE
    assert (await ann.wants(AlternativeKind.NEW_CODE)).outcome is ProofOutcome.FAILED
    (item,) = await story.rows(t.work_items)
    assert (
        item.reason
        == "Identity check not finished: too many codes were requested from this number."
    )
    await story.close(ann.interaction)
    for _ in range(7):
        clock.move(600)
        await ann.begin()
        assert (await ann.claims("nobody@example.com")).expects is Expects.CODE, (
            "the limit counts codes for all accounts"
        )
    clock.move(600)
    await ann.begin()
    assert (await ann.claims("E1001")).outcome is ProofOutcome.FAILED


async def test_without_an_account_or_an_address_only_the_mail_is_missing(
    story: Story, clock: MovedClock
) -> None:
    seen = []
    for number, account in ((ANN, "E1001"), (STRANGER, "nobody@example.com"), (BOB, "E1003")):
        one = Proving(story, number=number)
        standings = [await one.begin(), await one.claims(account)]
        mail = await one.mailed()
        assert (mail is not None) is (account == "E1001")
        standings += [
            await one.answers(OTHER_CODE),
            await one.wants(AlternativeKind.NO_CODE),
            await one.answers(OTHER_CODE),
        ]
        clock.move(600)
        standings += [await one.answers(OTHER_CODE)]
        await one.mailed()
        standings += [await one.answers(OTHER_CODE) for _ in range(3)]
        seen.append((standings, len(await story.texted(one.interaction))))
    assert seen[0] == seen[1] == seen[2]
    whys = [item.reason.split("; ")[-1] for item in await story.rows(t.work_items)]
    assert whys[1:] == ["no user matches nobody@example.com.", "no e-mail address on file."]


async def test_a_requester_corrects_a_mistyped_account(story: Story, ann: Proving) -> None:
    await ann.begin()
    await ann.claims("E9999")
    await ann.answers(OTHER_CODE)
    again = await ann.claims("E1001")
    assert (again.expects, again.verdict, again.left, again.stepped) == (
        Expects.CODE,
        None,
        4,
        True,
    )
    mail = await ann.mailed()
    assert mail is not None
    assert mail.to == "ann@example.com"
    first, second = await story.rows(t.proofs)
    assert (first.claimed, first.wrong, first.outcome, second.claimed, second.wrong) == (
        "E9999",
        1,
        None,
        "E1001",
        0,
    )
    assert (await ann.wants(AlternativeKind.OTHER_ACCOUNT)).expects is Expects.ACCOUNT
    assert (await ann.claims("nobody@example.com")).expects is Expects.CODE
    assert (await ann.answers(CODE)).verdict is Verdict.WRONG, "this code was for another account"
    assert (await ann.claims("E1001")).outcome is ProofOutcome.FAILED, "this would be a fourth code"


@pytest.mark.parametrize(
    ("said", "user"),
    [
        ("E1002", "E1002"), ("e 1002", "E1002"), ("E-1002", "E1002"), ("1002", "E1002"),
        ("BOB@example.com", "E1002"),
        ("2005", "2005"), ("3005", None), ("E-3005", "E3005"), ("X1002", None), ("nw-7", "N-W 7"),
        ("", None),
    ],
)  # fmt: skip
async def test_a_number_matches_with_or_without_punctuation(
    story: Story, said: str, user: str | None
) -> None:
    for external_id in ("2005", "E2005", "E3005", "F3005", "N-W 7"):
        new = {"external_id": external_id, "name": "Dee", "active": True, "attributes": {}}
        await story.store.write(lambda tx, row: tx.conn.execute(insert(t.users), row), new)
    found = await story.store.read(proofs.claimed_user, said)
    ids = {row.id: row.external_id for row in await story.rows(t.users)}
    assert (ids[found] if found else None) == user


async def test_a_check_that_the_requester_drops_has_ended(story: Story, ann: Proving) -> None:
    await ann.has_code()
    assert (await ann.drops()).outcome is None
    assert (await story.see(ann.interaction)).owner.kind is Owner.VIRTUAL_AGENT
    assert (await ann.says(CODE)).message == "******", "no agent waits for the check"


async def test_an_agent_who_verifies_by_hand_ends_the_check_and_the_bot_continues(
    story: Story, ann: Proving
) -> None:
    await ann.has_code()
    by_hand = Verify(interaction_id=ann.interaction, agent_id=MIA, user_id=ANN_ID)
    await story.store.write(verify_by_hand, by_hand)
    question = await ann.turn()
    assert question.message == "/proof_ended"
    ended = await story.store.write(finish_proof, Finish(turn_id=int(question.turn_id)))
    assert (ended.outcome, ended.expects) == (ProofOutcome.VERIFIED, None)
    await story.finish(question, "Thank you, Ann.")
    assert (await story.see(ann.interaction)).owner.kind is Owner.VIRTUAL_AGENT
    assert (await ann.says(CODE)).message == "******"
    await story.store.write(verify_by_hand, by_hand)
    assert await story.count(t.due_work, t.due_work.c.kind == Work.BOT_TURN) == 1, (
        "the turn belongs to the text, and no action has run"
    )


async def test_a_text_from_before_the_agents_verification_finds_the_check_ended(
    story: Story, ann: Proving
) -> None:
    await ann.has_code()
    await story.text(CODE)
    await story.store.write(
        verify_by_hand, Verify(interaction_id=ann.interaction, agent_id=MIA, user_id=ANN_ID)
    )
    question = await ann.turn()
    assert question.message == "/proof_ended", "the code no longer needs a decision"


async def test_a_second_fact_verifies_and_is_redacted(story: Story, ann: Proving) -> None:
    await store_facts(story, ANN_ID, birth_year="1990", cat="Mr Whiskers")
    await ann.begin()
    await ann.claims("ann@example.com")
    choice = await ann.wants(AlternativeKind.NO_CODE)
    assert (choice.expects, choice.facts) == (Expects.CHOICE, ("birth_year", "cat"))
    assert (await ann.wants(AlternativeKind.OTHER)).expects is Expects.FACT
    wrong = await ann.answers("1991")
    assert (wrong.verdict, wrong.left) == (Verdict.WRONG, 4)
    assert (await ann.answers("my cat is mr. whiskers")).outcome is ProofOutcome.VERIFIED
    assert (await story.see(ann.interaction)).identity.method == "knowledge"
    assert [line.body for line in await story.lines(ann.interaction) if "*" in line.body] == [
        "******",
        "******",
    ]


@pytest.mark.parametrize("account", ["E1001", "E9999"])
async def test_after_too_many_guesses_about_an_account_the_requester_gets_an_agent(
    story: Story, account: str
) -> None:
    await store_facts(story, ANN_ID, birth_year="1990")
    for number in (BOB, STRANGER):
        one = Proving(story, number=number)
        await one.begin()
        await one.claims(account.lower() if number == BOB else account[1:])
        await one.wants(AlternativeKind.OTHER)
        for year in range(1980, 1983 if number == STRANGER else 1982):
            await one.answers(str(year))
    ann = Proving(story)
    await ann.begin()
    assert (await ann.claims(account)).expects is Expects.CODE, (
        "a code still works, because it proves access to the mailbox"
    )
    assert (await ann.wants(AlternativeKind.OTHER)).outcome is ProofOutcome.FAILED
    item = (await story.rows(t.work_items))[-1]
    assert item.reason.startswith(
        "Identity check not finished: 5 wrong answers about this account within a day"
    )


async def test_after_too_many_guesses_a_fact_verifies_no_name_of_that_account(
    story: Story,
) -> None:
    await store_facts(story, ANN_ID, birth_year="1990")
    for number in (BOB, STRANGER):
        one = Proving(story, number=number)
        await one.begin()
        await one.claims("E1001")
        await one.wants(AlternativeKind.OTHER)
        for year in range(1980, 1983 if number == STRANGER else 1982):
            await one.answers(str(year))
    ann = Proving(story)
    await ann.begin()
    await ann.claims("ann@example.com")
    assert (await ann.wants(AlternativeKind.OTHER)).expects is Expects.FACT, (
        "otherwise the answer would reveal who has this address"
    )
    assert (await ann.answers("1990")).verdict is Verdict.WRONG


async def test_a_requester_who_knows_no_fact_gets_a_live_agent(story: Story, ann: Proving) -> None:
    await store_facts(story, BOB_ID, birth_year="1985")
    await ann.begin()
    await ann.claims("E1001")
    await ann.wants(AlternativeKind.OTHER)
    assert (await ann.wants(AlternativeKind.NO_CODE)).outcome is ProofOutcome.FAILED
    (item,) = await story.rows(t.work_items)
    assert "does not know the identity fact" in item.reason


async def test_a_person_on_another_users_number_is_verified_and_it_can_be_undone(
    story: Story, ann: Proving
) -> None:
    await ann.has_code("bob@example.com")
    await ann.answers(CODE)
    seen = await story.see(ann.interaction)
    assert seen.user is not None
    assert (seen.user.name, seen.identity.level, [c.name for c in seen.candidates]) == (
        "Bob Ruiz", "verified", ["Ann Lee"],
    )  # fmt: skip
    (profile,) = await story.rows(t.messaging_profiles)
    assert profile.user_id == BOB_ID
    (made,) = await story.store.read(associations.of_number, ANN)
    assert (made.method, made.by, made.before and made.before.name) == ("code", None, "Ann Lee")
    await story.store.write(undo_verification, Undo(interaction_id=ann.interaction, agent_id=OMAR))
    undone = await story.see(ann.interaction)
    assert undone.user is not None
    assert (undone.user.name, undone.identity.level) == ("Ann Lee", "matched")


async def test_one_of_several_people_on_a_number_is_verified_and_later_conflicts(
    story: Story,
) -> None:
    shared = Proving(story, number=SHARED)
    await shared.has_code("E1002")
    assert (await shared.answers(CODE)).outcome is ProofOutcome.VERIFIED
    assert (await story.see(shared.interaction)).user.name == "Bob Ruiz"  # type: ignore[union-attr]
    await story.close(shared.interaction)
    await shared.has_code("E1001", "111111")
    assert (await shared.answers("111111")).outcome is ProofOutcome.VERIFIED
    seen = await story.see(shared.interaction)
    assert (seen.user.name, [c.name for c in seen.candidates]) == (
        "Ann Lee",
        ["Bob Ruiz", "Cy Ruiz"],
    )  # type: ignore[union-attr]


async def test_an_agent_who_takes_over_ends_the_check(story: Story, ann: Proving) -> None:
    await ann.has_code()
    await story.write(ann.interaction, "Mia here.", MIA)
    await story.text("042617 maybe?")
    assert (await story.lines(ann.interaction))[-1].body == "****** maybe?", (
        "the code no longer verifies anyone"
    )
    assert (await story.see(ann.interaction)).identity.level == "matched"


async def test_an_agent_who_takes_over_during_a_check_sees_its_progress(
    story: Story, ann: Proving
) -> None:
    await ann.has_code()
    await story.text("agent")
    (item,) = await story.rows(t.work_items)
    assert (item.reason, item.collected["Identity check"]) == (
        "Asked for a person.",
        "not finished: Asked for a person",
    )


async def test_the_mail_is_in_the_requesters_language(story: Story, ann: Proving) -> None:
    await ann.begin("hallo, wissen Sie wer ich bin?")
    await ann.claims("E1001")
    mail = await ann.mailed()
    assert mail is not None
    assert mail.subject == "Ihr Code für Northwind IT"
    assert "Antworten Sie auf unsere SMS mit diesem Code." in mail.body


async def test_a_refused_mail_is_retried_and_then_agents_see_the_reason(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    await ann.begin()
    await ann.claims("E1001")
    await ann.mail_fails(1, again=True)
    (due,) = await story.rows(t.due_work, t.due_work.c.kind == Work.MAIL_CODE)
    assert (due.due_at - clock()).total_seconds() == 15
    await ann.mail_fails(4, again=True)
    (told,) = [line for line in await story.lines(ann.interaction) if line.event is Event.IDENTITY]
    assert (told.body, told.reason) == (
        "The code could not be sent by e-mail",
        "the mail server answers 554",
    )
    assert await story.count(t.due_work, t.due_work.c.kind == Work.MAIL_CODE) == 0


# Limits of an account, and used codes -------------------------------------------------

EIGHT = [f"+1202555017{n}" for n in range(8)]


async def _request_code(story: Story, number: str, account: str) -> tuple[list[object], bool]:
    """Let a number request a code for this account. Return the result of each step, and whether the
    worker mailed a code.
    """
    proving = Proving(story, number=number)
    steps: list[object] = [await proving.begin(), await proving.claims(account)]
    mailed = await proving.mailed() is not None
    return [*steps, await proving.answers(OTHER_CODE)], mailed


async def test_eight_numbers_cannot_request_more_codes_for_an_address_than_one(
    story: Story, clock: MovedClock
) -> None:
    accounts = ["E1001", "e-1001", "ann@example.com", "1001", *["E1001"] * 4]
    asked = [
        await _request_code(story, number, account)
        for number, account in zip(EIGHT, accounts, strict=True)
    ]
    assert [mailed for _, mailed in asked] == [True] * 3 + [False] * 5
    known = [steps for steps, _ in asked]
    unknown = [(await _request_code(story, f"+1202555018{n}", "E9999"))[0] for n in range(8)]
    assert known == unknown, "the texts are the same with and without an account"
    quiet = await story.see(1), await story.lines(8)
    assert ("No code was e-mailed", "too many were requested for this person") in [
        (line.body, line.reason) for line in quiet[1]
    ], "agents see the reason"
    clock.move(601)
    assert (await _request_code(story, "+12025550190", "E1001"))[1]


async def test_two_users_with_one_address_share_its_limit(story: Story) -> None:
    both = update(t.users).where(t.users.c.id == BOB_ID).values(email="Ann@example.com")
    await story.store.write(lambda tx, _: tx.conn.execute(both), None)
    asked = [
        await _request_code(story, number, account)
        for number, account in zip(EIGHT, ["E1001", "E1002"] * 4, strict=True)
    ]
    assert sum(mailed for _, mailed in asked) == 3


async def test_a_used_code_is_redacted_for_its_ten_minutes(
    story: Story, ann: Proving, clock: MovedClock
) -> None:
    await ann.has_code()
    assert (await ann.answers(CODE)).outcome is ProofOutcome.VERIFIED
    other = "ticket 123456"
    for body, kept in (
        (f"{CODE} again", "****** again"),
        (f"my code {CODE[:3]} {CODE[3:]}", "my code *** ***"),
    ):
        question = await ann.says(body)
        assert CODE not in question.message.replace(" ", "")
        assert (await story.lines(ann.interaction))[-1].body == kept
        await story.finish(question, f"About {kept}?")
    await story.finish(await ann.says(other), "I look.")
    assert other in [line.body for line in await story.lines(ann.interaction)], (
        "a used code cannot be guessed any more"
    )
    clock.move(601)
    await ann.says(f"{CODE} again")
    assert (await story.lines(ann.interaction))[-1].body == f"{CODE} again"


async def test_a_replaced_code_is_also_redacted(story: Story, ann: Proving) -> None:
    await ann.has_code(code=OTHER_CODE)
    await ann.wants(AlternativeKind.NEW_CODE)
    await ann.mailed(CODE)
    assert (await ann.answers(CODE)).outcome is ProofOutcome.VERIFIED
    await ann.begin("prove it again")
    await ann.says(f"{OTHER_CODE} or E1001")
    assert (await story.lines(ann.interaction))[-1].body == "****** or E1001", (
        "the conversation expects an employee number"
    )
