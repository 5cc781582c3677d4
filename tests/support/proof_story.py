"""Helpers for identity checks: Ann claims an account, the worker mails a code, and Ann texts the
code.
"""

from dataclasses import dataclass

from handoff_service.operations.identity.check_fact import checked_fact, fact_to_check
from handoff_service.operations.identity.mail_code import (
    BeginMail,
    FinishMail,
    begin_mail,
    finish_mail,
)
from handoff_service.operations.identity.proof_steps import ProofState
from handoff_service.operations.identity.prove_identity import (
    Alternative,
    AlternativeKind,
    ClaimedAccount,
    Finish,
    begin_proof,
    claim_account,
    drop_proof,
    finish_proof,
    offer_alternative,
    settle_answer,
)
from handoff_service.operations.identity.turn_proof import TurnRef
from handoff_service.ports.bot import Question
from handoff_service.ports.mail import Mail, Mailed, NotMailed
from handoff_service.rules.shared.vocabulary import Work
from handoff_service.store.engine import tables as t
from tests.support.story import ANN, MAIN, Story

CODE, OTHER_CODE = "042617", "999999"


@dataclass(slots=True)
class Proving:
    """A requester who talks to the virtual agent. The methods call the operations that the bot's
    actions call in a turn, without a bot.
    """

    story: Story
    interaction: int = 0
    number: str = ANN
    to: str = MAIN

    async def says(self, body: str) -> Question:
        """Send a text and begin the bot's turn about it. ``Question.turn_id`` is the turn's id."""
        self.interaction = (
            await self.story.text(body, number=self.number, to=self.to)
        ).interaction_id or 0
        return await self.turn()

    async def turn(self) -> Question:
        question = await self.story.begin(self.interaction)
        assert question is not None
        return question

    async def begin(self, body: str = "who am i") -> ProofState:
        question = await self.says(body)
        return await self.step(question, begin_proof, TurnRef(turn_id=int(question.turn_id)))

    async def claims(self, account: str) -> ProofState:
        question = await self.says(account)
        return await self.step(
            question, claim_account, ClaimedAccount(turn_id=int(question.turn_id), claimed=account)
        )

    async def wants(self, wish: AlternativeKind) -> ProofState:
        question = await self.says("no code")
        return await self.step(
            question, offer_alternative, Alternative(turn_id=int(question.turn_id), wish=wish)
        )

    async def drops(self, body: str = "never mind") -> ProofState:
        question = await self.says(body)
        turn = TurnRef(turn_id=int(question.turn_id))
        state = await self.story.store.write(drop_proof, turn)
        assert await self.story.store.write(drop_proof, turn) == state
        await self.story.finish(question, "All right.")
        return state

    async def answers(self, body: str) -> ProofState:
        question = await self.says(body)
        assert question.message == "/tell_secret"
        turn = int(question.turn_id)
        check = await self.story.store.read(fact_to_check, turn)
        return await self.step(question, settle_answer, checked_fact(turn, check))

    async def step(self, question: Question, operation, command) -> ProofState:  # type: ignore[no-untyped-def]
        """Run the operation and end the turn. A repeat in the same turn changes nothing."""
        state: ProofState = await self.story.store.write(operation, command)
        assert await self.story.store.write(operation, command) == state
        if state.outcome is not None:
            await self.story.store.write(finish_proof, Finish(turn_id=int(question.turn_id)))
        await self.story.finish(question, f"(what the bot says in turn {question.turn_id})")
        return state

    async def mailed(self, code: str = CODE) -> Mail | None:
        """Return the mail that the worker sends now, or None if no mail is due."""
        due = await self.story.rows(t.due_work, t.due_work.c.kind == Work.MAIL_CODE)
        if not due:
            return None
        send_id = int(due[-1].key)
        mail = await self.story.store.write(begin_mail, BeginMail(send_id=send_id, code=code))
        finish = FinishMail(send_id=send_id, attempts=1, result=Mailed())
        await self.story.store.write(finish_mail, finish)
        return mail

    async def mail_fails(self, attempts: int, *, again: bool) -> None:
        (due,) = await self.story.rows(t.due_work, t.due_work.c.kind == Work.MAIL_CODE)
        await self.story.store.write(begin_mail, BeginMail(send_id=int(due.key), code=CODE))
        result = NotMailed(why="the mail server answers 554", again=again)
        await self.story.store.write(
            finish_mail, FinishMail(send_id=int(due.key), attempts=attempts, result=result)
        )

    async def has_code(self, account: str = "E1001", code: str = CODE) -> None:
        await self.begin()
        await self.claims(account)
        await self.mailed(code)
