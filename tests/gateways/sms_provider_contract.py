"""The contract of every SMS provider. Subclass it as ``Test...`` and add a fixture named
``provider``."""

from contextlib import suppress
from datetime import UTC, datetime

from handoff_service.ports.not_offered import NotOffered
from handoff_service.ports.sms_provider import Accepted, Outgoing, Refused, SmsProvider
from handoff_service.rules.delivery.send_errors import OWN, Reason, SendErrors

ANN, BOB, LINE = "+12025550101", "+12025550102", "+18885550100"


def outgoing(
    message_id: int = 1, *, to: str = ANN, body: str = "Your printer is ready."
) -> Outgoing:
    """Return a text from the main number, written at the time when ``tests.conftest.MovedClock``
    starts.
    """
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
    - ``takes_our_ids``: the provider stores our id with each text, so that a lookup can distinguish
      equal texts.
    """

    nobody = "12"
    takes_our_ids = False
    #: The meaning of the provider's codes.
    errors: SendErrors

    async def test_each_accepted_text_gets_its_own_id(self, provider: SmsProvider) -> None:
        """Two texts get two ids, even if they have the same words and the same number."""
        results = [await provider.send(outgoing(n)) for n in (1, 2)]
        assert all(isinstance(r, Accepted) for r in results)
        assert len({r.sid for r in results if isinstance(r, Accepted)}) == 2

    async def test_a_refusal_of_a_bad_number_has_a_code(self, provider: SmsProvider) -> None:
        """A refusal is an answer, not an exception."""
        result = await provider.send(outgoing(to=self.nobody))
        assert isinstance(result, Refused)
        assert self.errors.explain(result.code).reason is Reason.BAD_NUMBER

    def test_the_providers_codes_differ_from_patchboards_own(self) -> None:
        """The provider must not use the three codes of Patchboard's own refusals with another
        meaning.
        """
        for code, own in OWN.items():
            assert self.errors.of_provider.get(code, own).reason is own.reason

    async def test_a_lookup_finds_a_sent_text(self, provider: SmsProvider) -> None:
        """The lookup finds exactly this text, so that the service links it and does not send it
        again.
        """
        sent = await provider.send(outgoing())
        assert isinstance(sent, Accepted)
        assert [found.sid for found in await provider.find(outgoing())] == [sent.sid]

    async def test_a_lookup_finds_both_equal_texts_or_distinguishes_them(
        self, provider: SmsProvider
    ) -> None:
        """The test sends the same words twice. A lookup must return both texts or, if the provider
        stores our ids, the right one.
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

    async def test_a_lookup_does_not_find_other_texts(self, provider: SmsProvider) -> None:
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

    async def test_a_second_close_does_nothing(self, provider: SmsProvider) -> None:
        await provider.close()
        await provider.close()
