"""A desk with a record of each kind, for tests that open every page."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

import handoff_service
from handoff_service.bot_control import trained_models
from handoff_service.bot_control.measure_model import Measurement, figures
from handoff_service.operations.cases.open_case import OpenByHand, open_by_hand
from handoff_service.operations.conversations.send_sms import Write, write_note
from handoff_service.operations.desk import sign_in
from handoff_service.operations.desk.agents import MakeAgent, make_agent
from handoff_service.operations.desk.desk_settings import PutPresence, put_presence_state
from handoff_service.operations.desk.service_tokens import MakeToken, make_token, new_secret
from handoff_service.operations.desk_file import read_desk_file
from handoff_service.operations.desk_file.import_desk import import_desk
from handoff_service.operations.privacy.request_erasure import (
    RequestedPerson,
    RequestErasure,
    request_erasure,
)
from handoff_service.operations.reports.replays import StartReplay, start_replay
from handoff_service.operations.training.change_model import (
    NewModel,
    RunAtStart,
    register_model,
    run_at_start,
)
from handoff_service.operations.training.practice_runs import (
    BeginPractice,
    EndPractice,
    begin_practice,
    end_practice,
)
from handoff_service.ports.bot import HowUnderstood, Understood
from handoff_service.rules.desk.service_tokens import Scope
from handoff_service.rules.privacy.erasures import ErasureState, ErasureStep
from handoff_service.rules.routing.replay_change import QueueChange, ReplayChange, ReplayState
from handoff_service.rules.shared.vocabulary import Role
from handoff_service.rules.training.comparison import (
    Answer,
    ComparedText,
    Stories,
    TextSet,
    compare,
)
from handoff_service.rules.training.practice import (
    Line,
    PracticeChoice,
    PracticeConversation,
    PracticeSource,
    PracticeState,
    Speaker,
)
from handoff_service.rules.training.practice_score import score_one, score_run
from handoff_service.store.engine import tables as t
from handoff_service.store.engine.transaction import Transaction
from handoff_service.store.training import models
from tests.support.story import BOB, DIRECT, MIA, STRANGER
from tests.web.workspace_server import Running

DEMO = Path(handoff_service.__file__).with_name("demo.toml")
MODEL, FIRST_MODEL = "2222222222", "1111111111"
ERASED = ("+12025550155", "+12025550156")
#: The address of a virtual agent, so that conversations have turns. Nothing listens there.
NO_BOT = "http://127.0.0.1:9/never"
e = t.erasures
MORE = b"""
[[attributes]]
owner = "user"
key = "desk_number"
name = "Seat"

[[attributes]]
owner = "conversation"
key = "order"
name = "Order number"
shown = "header"

[[identity_providers]]
name = "Company login"
issuer = "https://login.example.com"
client_id = "patchboard"
client_secret = "a secret"

[[webhooks]]
name = "Ticket system"
url = "https://tickets.example.com/in"
events = ["conversation.closed"]
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""


async def fill(here: Running) -> tuple[str, int]:
    """Add a record of each kind to the desk. Return the session token of an agent with every role,
    and the work item that the service offers to this agent.
    """
    store, story = here.desk.store, here.story
    demo = read_desk_file.read(DEMO)
    await store.write(import_desk, demo)
    await store.write(import_desk, read_desk_file.read_bytes(MORE, "more.toml"))
    await store.write(put_presence_state, PutPresence(name="Lunch break", takes_work=False))
    token_of = MakeToken(name="Reports", scopes=[Scope.READ], days=9, rate=60, secret=new_secret())
    await store.write(make_token, token_of)
    made = MakeAgent(
        email="all@example.com",
        name="Zoe Quist",
        password_hash="",
        capacity=9,
        roles=list(Role),
        groups=["Service desk"],
    )
    agent = await store.write(make_agent, made)
    token = secrets.token_urlsafe(32)
    await store.write(sign_in.open_session, sign_in.OpenSession(agent, token))
    first = await story.with_agent(MIA)
    await story.write(first, "Try the side door.")
    note = Write(interaction_id=first, agent_id=MIA, body="Which badge reader is it?")
    await store.write(write_note, note)
    await store.write(
        open_by_hand, OpenByHand(agent_id=MIA, description="Stuck badge", interaction_id=first)
    )
    second = await story.with_agent(MIA, number=BOB)
    await story.close(second)
    await add_misunderstood(here)
    await add_models(here)
    await add_erasures(here, agent)
    await add_practice(here, agent)  # an erasure would delete the texts of an earlier run
    await add_replay(here, agent)
    await story.available(agent)
    await story.text("where is my laptop", number=STRANGER, to=DIRECT)
    await story.offer()
    return token, (await story.inbox(agent))[-1].id


async def add_misunderstood(here: Running) -> None:
    """Add a text that the virtual agent did not understand, as the first of the trainer's items."""
    interaction = (await here.story.text("the gizmo sulks")).interaction_id or 0
    question = await here.story.begin(interaction)
    assert question is not None
    await here.story.finish(
        question,
        "Could you say that in other words?",
        understood=Understood(intent="nlu_fallback", confidence=0.3),
        how=HowUnderstood(model="m1", ranking=(("thanks", 0.3), ("bye", 0.2), ("greet", 0.1))),
    )


async def add_models(here: Running) -> None:
    """Add a running model, and a new one that was measured and cannot be promoted."""
    store = here.desk.store
    for hash, diff in ((FIRST_MODEL, ""), (MODEL, "+ - new\n- - old\n")):
        new = NewModel(hash=hash, file=f"{hash}.tar.gz", data_hash="", data_diff=diff, note="")
        await store.write(register_model, new)
        if hash == FIRST_MODEL:
            await store.write(run_at_start, RunAtStart(hash=hash))
    right, wrong = (Answer(intent=name, confidence=0.9) for name in ("thanks", "bye"))
    texts = [
        ComparedText(of_set=TextSet.TEST, text=f"ta {n}", meant="thanks", old=right, new=new)
        for n, new in enumerate([right] * 8 + [wrong] * 12)
    ]
    found = compare(texts, Stories(passed=1, failed=["goodbye"]))
    scores = {"against": FIRST_MODEL, "pinned": [], "ms": 12, **figures(found)}
    made = Measurement(comparison=found, compared=texts, scores=scores, also=[], misplaced=[])
    model = await store.read(models.get, MODEL)
    await trained_models.keep(store, here.desk.settings.home, model, made)


async def add_practice(here: Running, agent_id: int) -> None:
    """Add a practice run that has ended, with its score."""
    now = here.desk.clock()
    choice = PracticeChoice(
        source=PracticeSource.PAST,
        conversations=1,
        speed=5,
        queue_id=None,
        first_day=now.date() - timedelta(days=30),
        last_day=now.date(),
    )
    begin = BeginPractice(agent_id=agent_id, started_by=MIA, choice=choice, conversations=1)
    run_id = await here.desk.store.write(begin_practice, begin)
    lines = (
        Line(speaker=Speaker.REQUESTER, at=now, text="\u2039name\u203a", pictures=2),
        Line(
            speaker=Speaker.AGENT,
            at=now + timedelta(seconds=40),
            text="I'll text you in 30 minutes.",
        ),
    )
    one = PracticeConversation(lines=lines, topic=None, waits_since=now)
    score = score_run([score_one(one, one, until=now + timedelta(minutes=9), left_out=1)], 95)
    ended = EndPractice(run_id=run_id, state=PracticeState.IDLE, score=score)
    await here.desk.store.write(end_practice, ended)


async def add_replay(here: Running, agent_id: int) -> None:
    """Add a dry run, and wait for its end."""
    change = ReplayChange(queues=(QueueChange(id=1, schedule="Mo-Fr 08:00-18:00"),))
    await here.desk.store.write(start_replay, StartReplay(started_by=agent_id, change=change))
    async with asyncio.timeout(20):
        while not await here.story.count(t.replays, t.replays.c.state == ReplayState.DONE):
            await asyncio.sleep(0.05)


async def add_erasures(here: Running, agent_id: int) -> None:
    """Begin two erasures. The virtual agent does not answer, so end the first one by hand."""
    for number in ERASED:
        await here.story.with_agent(MIA, number=number)
        whom = RequestedPerson(number=number)
        command = RequestErasure(whom=whom, agent_id=agent_id, planned={"texts": 2})
        await here.desk.store.write(request_erasure, command)
        waits = e.c.step == ErasureStep.BOT, e.c.state == ErasureState.RUNNING
        async with asyncio.timeout(20):
            while not await here.story.count(e, *waits):
                await asyncio.sleep(0.05)
        await here.desk.store.write(_end_first_erasure, None)


def _end_first_erasure(tx: Transaction, _: None) -> None:
    ended = {"state": ErasureState.DONE, "ended_at": tx.now, "numbers": [], "words": []}
    tx.conn.execute(sa.update(e).where(e.c.id == 1).values(ended))
