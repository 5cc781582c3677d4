"""API calls for consent: read the consent ledger, and record opt-outs and opt-ins."""

from typing import Annotated, Any

from pydantic import Field

from handoff_service.operations.consent.change_consent import NOTE, ConsentRequest, change_consent
from handoff_service.operations.shared.field_types import Number, OwnNumber, SoughtNumber
from handoff_service.rules.consent.consent_keywords import Source
from handoff_service.store.consent import consents
from handoff_service.store.views import Consent
from handoff_service.web.api.bodies import Body, Page, Paging, page
from handoff_service.web.api.calls import ApiRequest, get, post
from handoff_service.web.shared.opt_out import until_nothing_leaves


class LedgerQuery(Paging):
    """``number``: only the changes of this requester number."""

    number: SoughtNumber | None = None


class ConsentBody(Body):
    """Records an opt-out or an opt-in.

    - ``provider_number``: the company number that the change applies to. If omitted, the change
      applies to all company numbers.
    - ``note``: how the requester asked for the change. Required for an opt-in.
    """

    number: Number
    opted_out: bool
    provider_number: OwnNumber | None = None
    note: Annotated[str, Field(min_length=1, max_length=NOTE)] | None = None


@get("/consents", summary="The consent ledger, newest change first")
async def list_consents(asked: ApiRequest[None, LedgerQuery]) -> Page[Consent]:
    def read(conn: Any) -> list[Consent]:
        query = asked.query
        return consents.ledger(
            conn, query.number, before=query.after or None, limit=query.limit + 1
        )

    return page(await asked.desk.store.read(read), asked.query.limit, lambda one: one.id)


@post("/consents", summary="Record an opt-out or an opt-in", status=201)
async def make(asked: ApiRequest[ConsentBody, Any]) -> Consent:
    ask = ConsentRequest(source=Source.API, agent_id=asked.agent.id, **asked.body.model_dump())
    made = await asked.desk.store.write(change_consent, ask, near=ask.number)
    if ask.opted_out:
        await until_nothing_leaves(asked.desk.store, ask.number)
    return made
