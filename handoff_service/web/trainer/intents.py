"""The page Intents, where trainers change examples, review suspicious examples and add answers.

The page shows each change as a diff."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sanic import Request
from sanic.response import HTTPResponse

from handoff_service.bot_control import answers, intent_overview, labeling
from handoff_service.bot_control.answers import NewAnswer
from handoff_service.bot_control.bot_data import NOT_TAUGHT, BotData
from handoff_service.bot_control.editing import edit
from handoff_service.bot_control.file_change import FileChange
from handoff_service.bot_control.nlu_file import Example
from handoff_service.errors import BadInput, NotFound, Refusal
from handoff_service.lib.slow_work import run_slow
from handoff_service.operations.desk.sign_in import CurrentAgent
from handoff_service.operations.training.label_items import LabelItem
from handoff_service.rules.conversations.folding import folded
from handoff_service.rules.shared.language import LANGUAGE_NAMES, Language
from handoff_service.rules.shared.phrases import phrase
from handoff_service.rules.shared.versions import translation_names, written_translations
from handoff_service.rules.shared.vocabulary import LabelVerdict, Role
from handoff_service.rules.training.examples import example_of
from handoff_service.rules.training.masking import without_masks
from handoff_service.store.training import items
from handoff_service.web.shared.page_shell import shell_context
from handoff_service.web.shared.rendering import form_field, render
from handoff_service.web.shared.session import desk_of, page
from handoff_service.web.trainer.tabs import TABS

THIN = 20  # the page highlights intents with fewer examples
LOW_F1 = 0.8  # the page highlights lower scores
AT_FIRST = 100  # listed at once; the trainer finds other examples with a search
#: form field of a translated reply -> its language and label
TRANSLATIONS: Mapping[str, tuple[Language, str]] = {
    name: (
        language,
        phrase("Reply in {language} (optional)", language=LANGUAGE_NAMES[language]),
    )
    for language, name in translation_names("reply").items()
}
FIELDS = ("name", "examples", "reply", *TRANSLATIONS)  # the fields of the form for a new answer


@page(Role.TRAINER)
async def intents_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    return await _page(request, agent, "intents", **await _overview(request, compare=False))


@page(Role.TRAINER)
async def compared(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Compare all examples with each other, and return the suspicious ones. ``intent``: only those
    of this intent, for its page; if omitted, all of them, for the page Intents."""
    name = request.args.get("intent") or ""
    if not name:
        shown = await _overview(request, compare=True)
        return render("trainer/intents_parts.html", **shown)
    desk = desk_of(request)
    if name not in await run_slow(desk.bot_data.intents):
        raise NotFound(phrase("There is no intent {name} with examples.", name=name))
    await run_slow(desk.bot_data.suspects)
    return render("trainer/suspects.html", **await _suspects(request, name))


async def _overview(request: Request, *, compare: bool) -> dict[str, Any]:
    desk = desk_of(request)
    model = await desk.store.read(intent_overview.last_measured)
    overview = await run_slow(
        intent_overview.overview, desk.bot_data, desk.settings.home, model, compare=compare
    )
    return {"shown": overview, "thin": THIN, "low": LOW_F1}


@page(Role.TRAINER)
async def intent_page(request: Request, name: str, agent: CurrentAgent) -> HTTPResponse:
    return await _intent(request, agent, name, [])


@page(Role.TRAINER)
async def change_example(request: Request, name: str, agent: CurrentAgent) -> HTTPResponse:
    """Change the example ``example``. ``act``: ``reword`` it, ``move`` it to the intent ``to``, or
    ``delete`` it."""
    desk, change = desk_of(request), _example_change(request, name)
    return await _intent(request, agent, name, await edit(desk.store, agent.id, change))


def _example_change(request: Request, name: str) -> Callable[[], list[FileChange]]:
    data, marked = desk_of(request).bot_data, form_field(request, "example")
    match form_field(request, "act"):
        case "reword":
            after = form_field(request, "after")
            return lambda: [data.reword(name, marked, after)]
        case "move":
            to = form_field(request, "to").strip()
            if to == name:
                raise BadInput(phrase("Choose another intent."))
            return lambda: data.move(name, to, marked)
        case "delete":
            return lambda: [data.remove(name, marked)]
    raise BadInput(phrase("Choose what to change."))


@page(Role.TRAINER)
async def new_answer_page(request: Request, agent: CurrentAgent) -> HTTPResponse:
    """Return the form for a new answer. ``item``: the id of a text that waits for a label. The form
    then contains the texts of its cluster as examples."""
    item = _item(request.args.get("item") or "")
    texts = await desk_of(request).store.read(items.cluster_texts, item) if item else []
    examples = [example_of(without_masks(text)) for text in texts]
    values = dict.fromkeys(FIELDS, "") | {"examples": "\n".join(examples)}
    return await _form(request, agent, values, {}, item)


@page(Role.TRAINER)
async def make_answer(request: Request, agent: CurrentAgent) -> HTTPResponse:
    desk = desk_of(request)
    values = {name: form_field(request, name) for name in FIELDS}
    name = folded(values["name"]).strip().replace(" ", "_").replace("-", "_")
    item = _item(form_field(request, "item"))
    answer = NewAnswer(
        name=name,
        examples=values["examples"].splitlines(),
        reply=values["reply"],
        translations=written_translations(values, "reply"),
    )
    try:
        make = partial(answers.make_answer, desk.bot_data, answer)
        changes = await edit(desk.store, agent.id, make)
    except BadInput as refusal:
        errors = refusal.errors or {"examples": refusal.detail}
        return await _form(request, agent, values, errors, item)
    if item:
        await _label_cluster(request, agent, item, name)
    return await _intent(request, agent, name, changes, made=True)


def _item(typed: str) -> int:
    """Parse the id of an item. Return 0 for any other text, because the item is optional."""
    return int(typed) if typed.isdecimal() and len(typed) < 16 else 0


async def _label_cluster(request: Request, agent: CurrentAgent, item: int, intent: str) -> None:
    """Label the cluster whose texts are the examples of the new answer. Do nothing if another
    trainer has already labeled it."""
    desk = desk_of(request)
    command = LabelItem(
        item_id=item,
        agent_id=agent.id,
        verdict=LabelVerdict.INTENT,
        intent=intent,
        whole_cluster=True,
    )
    try:
        await labeling.label(desk.store, desk.bot_data, command)
    except Refusal:
        return


async def _intent(
    request: Request,
    agent: CurrentAgent,
    name: str,
    changes: Sequence[FileChange],
    *,
    made: bool = False,
) -> HTTPResponse:
    sought = request.args.get("q") or ""
    desk = desk_of(request)
    found = await run_slow(_examples, desk.bot_data, name, sought)
    found |= await _suspects(request, name)
    return await _page(request, agent, "intent", q=sought, changes=changes, made=made, **found)


async def _suspects(request: Request, name: str) -> dict[str, Any]:
    """Return the template variables for an intent's suspicious examples. ``suspects`` is None until
    the examples have been compared."""
    desk = desk_of(request)
    model = await desk.store.read(intent_overview.last_measured)
    equal = await run_slow(desk.bot_data.quick_suspects)
    misplaced = await run_slow(
        intent_overview.still_misplaced, desk.bot_data, desk.settings.home, model
    )
    return {
        "name": name,
        "suspects": equal and [one for one in equal if name in (one.first, one.second)],
        "misplaced": [one for one in misplaced if name in (one.intent, one.looks_like)],
    }


def _examples(data: BotData, name: str, sought: str) -> dict[str, Any]:
    known = data.intents()
    if name not in known:
        raise NotFound(phrase("There is no intent {name} with examples.", name=name))
    words = folded(sought).split()
    fit: list[Example] = [
        one for one in known[name].examples if all(word in folded(one.text) for word in words)
    ]
    return {
        "intent": known[name],
        "examples": fit[:AT_FIRST],
        "count": len(fit),
        "tests": data.tests().get(name, ()),
        "others": [one for one in known if one != name and one not in NOT_TAUGHT],
    }


async def _form(
    request: Request,
    agent: CurrentAgent,
    values: dict[str, str],
    errors: dict[str, str],
    item: int,
) -> HTTPResponse:
    return await _page(
        request,
        agent,
        "new_answer",
        values=values,
        errors=errors,
        item=item,
        fewest=answers.FEWEST,
        translations=TRANSLATIONS,
        status=400 if errors else 200,
    )


async def _page(
    request: Request, agent: CurrentAgent, template: str, *, status: int = 200, **given: Any
) -> HTTPResponse:
    shell = await shell_context(request, agent, place="trainer")
    shown = shell | {"tabs": TABS, "here": "/intents"} | given
    return render(f"trainer/{template}.html", status=status, **shown)


PAGES: dict[str, Any] = {
    "/trainer/compared": compared,
    "/trainer/intents": intents_page,
    "/trainer/intents/new": new_answer_page,
    "/trainer/intents/<name:str>": intent_page,
}
POST_HANDLERS: dict[str, Any] = {
    "/trainer/intents/new": make_answer,
    "/trainer/intents/<name:str>": change_example,
}
