"""The verbs of a reporting worksheet. Who may, and what may be, is the database's to say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people.models import Person, Role
from openiop.safety import reporting
from openiop.safety.models.restricted import (
    FollowUp,
    GrievanceReply,
    Implicated,
    PrivacyDecision,
    ReportDecision,
    ReportMade,
    RestrictedFlag,
    may_work_on,
)


@transaction.atomic
def decide(
    flag: RestrictedFlag, *, report: bool, why: str, consulted: str = "", by: Person, at: datetime
) -> ReportDecision:
    """Decide to report or not to. Raises PermissionDenied for whoever may not work on this flag."""
    _works(flag)
    row = ReportDecision.objects.create(
        clinic_id=flag.clinic_id, flag=flag, by=by, at=at, report=report, why=why, consulted=consulted
    )
    trail.record("restricted.decide", thing=flag, report=report)
    return row


@transaction.atomic
def decide_privacy(flag: RestrictedFlag, *, allowed: bool, why: str, by: Person, at: datetime) -> PrivacyDecision:
    """The privacy officer's decision on what identifies the patient. Raises PermissionDenied for everybody else."""
    _works(flag)
    if not by.has_role(Role.PRIVACY):
        raise PermissionDenied
    row = PrivacyDecision.objects.create(clinic_id=flag.clinic_id, flag=flag, by=by, at=at, allowed=allowed, why=why)
    trail.record("restricted.privacy-decide", thing=flag, allowed=allowed)
    return row


@transaction.atomic
def note_report(flag: RestrictedFlag, *, by: Person, at: datetime, **said: Any) -> ReportMade:
    """Note what was told to whom. Raises PermissionDenied; the database refuses what had no decision or no path."""
    _works(flag)
    row = ReportMade.objects.create(clinic_id=flag.clinic_id, flag=flag, by=by, at=at, **said)
    trail.record("restricted.report", thing=flag, path=row.path, identifying=row.identifying)
    return row


@transaction.atomic
def follow_up(
    flag: RestrictedFlag, *, what: str, next_at: datetime | None, closes: bool, by: Person, at: datetime
) -> FollowUp:
    """Write a line of what was done since; the last line may close the matter. Raises PermissionDenied."""
    _works(flag)
    row = FollowUp.objects.create(
        clinic_id=flag.clinic_id, flag=flag, by=by, at=at, what=what, next_at=next_at, closes=closes
    )
    trail.record("restricted.follow-up", thing=flag, closes=closes)
    return row


@transaction.atomic
def reply(flag: RestrictedFlag, *, answers: bool, words: str, by: Person, at: datetime) -> GrievanceReply:
    """Acknowledge or answer a grievance: the patient reads it. Raises PermissionDenied."""
    _works(flag)
    if flag.patient_id is None:
        raise PermissionDenied
    row = GrievanceReply.objects.create(
        clinic_id=flag.clinic_id, flag=flag, patient_id=flag.patient_id, by=by, at=at, answers=answers, words=words
    )
    trail.record("grievance.reply", thing=flag, answers=answers)
    return row


@transaction.atomic
def implicate(
    flag: RestrictedFlag,
    *,
    person: Person | None = None,
    guardian: Any = None,
    name: str = "",
    by: Person,
    at: datetime,
) -> Implicated:
    """From now on `person` reads nothing of it, and `guardian` is not told. Raises PermissionDenied."""
    _works(flag)
    row = Implicated.objects.create(
        clinic_id=flag.clinic_id, flag=flag, person=person, guardian=guardian, name=name, by=by, at=at
    )
    trail.record("restricted.implicate", thing=flag)
    return row


def _works(flag: RestrictedFlag) -> None:
    if not may_work_on(flag):
        raise PermissionDenied


refusals.register(
    {
        reporting.NOT_DECIDED: _("Nobody has decided to report it. Write the decision first."),
        reporting.NEEDS_A_PATH: (
            "path",
            _("42 CFR Part 2 protects this person’s record. Say what allows it, or tell nothing that identifies them."),
        ),
        reporting.ONLY_THE_FIRST: (
            "path",
            _("This covers the first report of child abuse or neglect and nothing else. Ask the privacy officer."),
        ),
        reporting.NOT_ALLOWED: (
            "path",
            _("The privacy officer had not decided that it may be told, at the time you give. Ask them first."),
        ),
        reporting.NOT_NOTED: (
            "emergency",
            _("Note first, under “Where now”, what was told to medical personnel, and choose it here."),
        ),
        reporting.NOT_NAMED: ("path_detail", _("Say which court’s order or which consent, and of when.")),
        "reported_before_it_was_noted": ("told_at", _("That lies in the future.")),
        "learned_before_raised": ("learned_at", _("That lies in the future.")),
        "over_when_done": (
            "closes",
            _("It is over when it was decided, and told where it was to be, or when the grievance was answered."),
        ),
        "what_is_over_is_not_due": ("next_at", _("What is over is not looked at again.")),
        "grievance_days": _("The answer comes after the acknowledgement, and within 180 days."),
    }
)
