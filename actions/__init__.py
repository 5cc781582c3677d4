"""The virtual agent's custom actions. The service runs them at ``POST /bot/actions``."""

from rasa_sdk.forms import FormValidationAction
from rasa_sdk.interfaces import Action

from actions.account_help import AccountHelpAction
from actions.add_to_case import AddToCaseAction
from actions.after_proof import AfterProof, DropProof
from actions.aside_in_proof import AsideInProof
from actions.case_status import CaseStatusAction
from actions.cases import OpenCaseAction
from actions.equipment_form import ValidateEquipmentForm
from actions.facts_in_forms import AsideInForm, SmallTalkInForm
from actions.fallback import FallbackAction
from actions.greet import CourtesyAction, GreetAction
from actions.hand_off import HandOffAction
from actions.identity_form import AskAccount, AskProof, ValidateIdentityForm
from actions.no_proof import NoProof
from actions.not_for_desk import NotForDesk
from actions.not_me import NotMe
from actions.office_hours import OfficeHoursAction
from actions.other_topic import OtherTopic
from actions.outage_news import OutageNewsAction
from actions.problem_form import AskKnownOutage, ValidateProblemForm
from actions.proof import ResumeForm
from actions.requests import OpenRequestAction
from actions.reset_slots import ResetSlotsAction
from actions.resume_topic import ResumeTopic
from actions.start_proof import StartProof
from actions.unsure_topic import AskTopic, NoAction, YesAction
from actions.who_am_i import WhoAmI
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
        StartProof(desk),
        WhoAmI(desk),
        NotMe(desk),
        AskAccount(desk),
        AskProof(desk),
        ValidateIdentityForm(desk),
        AfterProof(desk),
        NoProof(desk),
        DropProof(desk),
        AsideInProof(),
        OtherTopic(),
    ]
    return [one if isinstance(one, FormValidationAction) else ResumeForm(one) for one in made]
