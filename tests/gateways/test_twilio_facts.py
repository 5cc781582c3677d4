"""Facts in provider-independent code agree with Twilio. Each test names the page of Twilio's
documentation.
"""

from pathlib import Path

from pydantic import TypeAdapter

from handoff_service.gateways.simulator.errors import ERRORS as SIMULATED
from handoff_service.gateways.twilio.errors import ERRORS
from handoff_service.operations.shared.field_types import MessagingService
from handoff_service.rules.consent.consent_keywords import HELP
from handoff_service.rules.conversations.media import MOST_BYTES, MOST_FILES
from handoff_service.rules.delivery.carrier_keywords import OPT_IN, OPT_OUT

OPENAPI = Path(__file__).parents[1] / "twilio_openapi.json"


def test_twilios_keywords_are_also_keywords_of_the_desk() -> None:
    """https://help.twilio.com/articles/223134027"""
    assert {*("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")} <= {
        *OPT_OUT
    }
    assert {"START", "YES", "UNSTOP"} <= {*OPT_IN}
    assert {"HELP", "INFO"} <= {*HELP}


def test_a_message_has_no_more_media_than_twilio_accepts() -> None:
    """https://www.twilio.com/docs/messaging/api/message-resource"""
    assert MOST_FILES <= 10
    assert MOST_BYTES <= 5_000_000


def test_ids_of_messaging_services_have_twilios_format() -> None:
    ours = TypeAdapter(MessagingService).json_schema()["anyOf"][0]["pattern"]
    assert f'"pattern": "{ours}"' in OPENAPI.read_text()


def test_the_simulators_codes_have_twilios_meaning() -> None:
    codes = SIMULATED.of_provider
    assert {code: codes[code].reason for code in codes} == {
        code: ERRORS.of_provider[code].reason for code in codes
    }
