"""The virtual agent's custom actions. The service runs them behind ``POST /bot/actions``."""

from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Action

from actions.account_help import AccountHelpAction
from actions.add_to_case import AddToCaseAction
from actions.case_status import CaseStatusAction
from actions.cases import OpenCaseAction
from actions.equipment_form import ValidateEquipmentForm
from actions.facts_in_forms import AsideInForm, SmallTalkInForm
from actions.fallback import FallbackAction
from actions.greet import CourtesyAction, GreetAction
from actions.hand_off import HandOffAction
from actions.identity import identity_actions
from actions.not_for_desk import NotForDesk
from actions.office_hours import OfficeHoursAction
from actions.outage_news import OutageNewsAction
from actions.problem_form import AskKnownOutage, ValidateProblemForm
from actions.proof import ResumeForm
from actions.requests import OpenRequestAction
from actions.reset_slots import ResetSlotsAction
from actions.resume_topic import ResumeTopic
from actions.unsure_topic import AskTopic, NoAction, YesAction
from handoff_service.context import AppContext


def all_actions(desk: AppContext) -> list[Action]:
    """Every action that ``domain.yml`` names."""
    made = [
        OpenCaseAction(desk),
        AskKnownOutage(desk),
        ValidateProblemForm(desk),
        OpenRequestAction(desk),
        AddToCaseAction(desk),
        CaseStatusAction(desk),
        AccountHelpAction(desk),
        OutageNewsAction(desk),
        OfficeHoursAction(desk),
        HandOffAction(desk),
        FallbackAction(desk),
        GreetAction(),
        CourtesyAction(desk),
        AskTopic(desk),
        YesAction(desk),
        NoAction(),
        NotForDesk(desk),
        ResumeTopic(),
        ValidateEquipmentForm(),
        ResetSlotsAction(),
        AsideInForm(),
        SmallTalkInForm(),
        *identity_actions(desk),
    ]
    return [one if isinstance(one, FormValidationAction) else ResumeForm(one) for one in made]
