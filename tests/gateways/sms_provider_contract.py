"""The contract of every SMS provider. Subclass it as ``Test...`` and add a fixture named
``provider``."""

from contextlib import suppress
from datetime import UTC, datetime

from handoff_service.ports import Accepted, NotOffered, Outgoing, Refused, SmsProvider
from handoff_service.rules.delivery.send_errors import OWN, Reason, SendErrors

ANN, BOB, LINE = "+12025550101", "+12025550102", "+18885550100"


def outgoing(
    message_id: int = 1, *, to: str = ANN, body: str = "Your printer is ready."
) -> Outgoing:
    """A text from the main line, made when ``tests.conftest.MovedClock`` starts."""
    return Outgoing(
        message_id=message_id,
        to=to,
        sender=LINE,
        body=body,
        created_at=datetime(2026, 11, 23, 14, 0, tzinfo=UTC),
        attempts=0,
    )


class SmsProviderContract:
    """The port ``SmsProvider``.

    - ``nobody``: a number that the provider refuses.
    - ``takes_our_ids``: the provider stores our id with each text. Then two equal texts can be
      told apart.
    """

    nobody = "12"
    takes_our_ids = False
    #: The meaning of the provider's codes.
    errors: SendErrors

    async def test_a_text_is_accepted_under_an_id_of_its_own(self, provider: SmsProvider) -> None:
        """Two texts have two ids, even with the same words to the same number."""
        results = [await provider.send(outgoing(n)) for n in (1, 2)]
        assert all(isinstance(r, Accepted) for r in results)
        assert len({r.sid for r in results if isinstance(r, Accepted)}) == 2

    async def test_a_bad_number_is_refused_with_a_code(self, provider: SmsProvider) -> None:
        """A refusal is an answer, not an exception."""
        result = await provider.send(outgoing(to=self.nobody))
        assert isinstance(result, Refused)
        assert self.errors.explain(result.code).reason is Reason.BAD_NUMBER

    def test_its_codes_do_not_hide_patchboards_own(self) -> None:
        """The provider must not use the three codes of Patchboard's own refusals for anything
        else.
        """
        for code, own in OWN.items():
            assert self.errors.of_provider.get(code, own).reason is own.reason

    async def test_sent_texts_are_found(self, provider: SmsProvider) -> None:
        """The lookup finds exactly this text, so that it is linked and not sent again."""
        sent = await provider.send(outgoing())
        assert isinstance(sent, Accepted)
        assert [found.sid for found in await provider.find(outgoing())] == [sent.sid]

    async def test_twins_are_both_found_or_distinguished(self, provider: SmsProvider) -> None:
        """The same words are sent twice. A lookup must return both texts or, if the provider stores
        our ids, the right one of them.
        """
        sids = {
            r.sid
            for r in [await provider.send(outgoing(n)) for n in (1, 2)]
            if isinstance(r, Accepted)
        }
        found = [{one.sid for one in await provider.find(outgoing(n))} for n in (1, 2, 3)]
        if self.takes_our_ids:
            assert found[0] | found[1] == sids
            assert (len(found[0]), len(found[1]), found[2]) == (1, 1, set())
        else:
            assert found[2] == sids

    async def test_unsent_texts_are_not_found(self, provider: SmsProvider) -> None:
        """A lookup finds neither a text to another number nor other words to the same number."""
        await provider.send(outgoing())
        assert not await provider.find(outgoing(to=BOB))
        assert not await provider.find(outgoing(body="Your laptop is ready."))

    async def test_words_arrive_as_they_were_sent(self, provider: SmsProvider) -> None:
        """Emoji, plus, percent, ampersand and new lines arrive unchanged in both directions."""
        message = outgoing(body="50% + tax & tip \U0001f44d\n= \u20ac5; \u00e9\u00e8")
        sent = await provider.send(message)
        assert isinstance(sent, Accepted)
        assert [found.sid for found in await provider.find(message)] == [sent.sid]

    async def test_erasing_an_unknown_text_succeeds(self, provider: SmsProvider) -> None:
        """A provider that cannot erase texts reports that. For any other provider, erasing an
        unknown text succeeds.
        """
        with suppress(NotOffered):
            assert await provider.erase("SM" + "9" * 32) is None

    async def test_closing_twice_is_closing_once(self, provider: SmsProvider) -> None:
        await provider.close()
        await provider.close()
