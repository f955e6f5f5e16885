"""Interpreters and human captioners of a session: booked by name, leading nothing, counted by nothing.

A table of its own, so that no rule about those who lead, no minutes and no note can count them by mistake. What they do
in the room is `openiop.room.helping`; rules: docs/rules/helpers.md.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person, Row


class Helps(models.TextChoices):
    INTERPRETER = "interpreter", _("interprets")
    SIGN = "sign", _("interprets in sign language")
    CAPTIONER = "captioner", _("writes captions")


# What clinics of the United States interpret into most, by its ISO code; a browser names it in its reader's language.
SPOKEN = [
    ("es", _("Spanish")),
    ("zh", _("Chinese")),
    ("vi", _("Vietnamese")),
    ("ar", _("Arabic")),
    ("ht", _("Haitian Creole")),
    ("pt", _("Portuguese")),
    ("fr", _("French")),
    ("ru", _("Russian")),
    ("uk", _("Ukrainian")),
    ("ko", _("Korean")),
    ("tl", _("Tagalog")),
    ("so", _("Somali")),
    ("en", _("English")),
]


class NoSuchHelp(Exception):
    """Nobody of this clinic who interprets or writes captions, or a patient who is not on the roster."""


class SessionHelper(Row):
    """One helper's booking for one session. `during` is the session's, copied by key: nobody is booked twice at once.

    Standing → cancelled (`stands`), by hand or with the session; booked anew it is the same row. `patient`: whom they
    are with; they sit where that person sits, in breakouts and aside as well. Without one they stay with the group.
    `pinned`: a facilitator keeps their tile before everybody's eyes.
    """

    session = models.ForeignKey("schedule.CareSession", on_delete=models.PROTECT, related_name="helpers")
    helper = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(choices=Helps.choices)
    language = models.TextField(choices=SPOKEN, blank=True)
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    during = DateTimeRangeField()
    stands = models.BooleanField(default=True)
    pinned = models.BooleanField(default=False)
    booked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "helper"], name="helps_once"),
            ExclusionConstraint(
                name="helper_booked_once",
                expressions=[("helper", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(stands=True),
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message=_("This person is booked for another session at that time."),
            ),
            models.CheckConstraint(
                condition=(Q(kind="interpreter") & ~Q(language="")) | Q(kind__in=("sign", "captioner"), language=""),
                name="an_interpreter_has_a_language",
            ),
        ]

    @property
    def what(self) -> str:
        """In the reader's words: "interprets, Spanish"."""
        label = str(Helps(self.kind).label)
        return f"{label}, {dict(SPOKEN)[self.language]}" if self.language else label


@transaction.atomic
def book(
    session: Any,
    helper: Person,
    *,
    kind: str,
    language: str = "",
    patient: Person | None = None,
    by: Person,
    at: datetime,
) -> SessionHelper:
    """Book `helper` for this session, or change what they are booked for; it holds from this moment.

    Raises NoSuchHelp, and IntegrityError ("helper_booked_once") for somebody who is elsewhere then.
    """
    if helper.kind != Person.HELPER or not helper.active or helper.clinic_id != session.clinic_id:
        raise NoSuchHelp
    if patient and not session.roster.standing().filter(patient=patient).exists():
        raise NoSuchHelp
    said = {
        "kind": kind,
        "language": language if kind == Helps.INTERPRETER else "",
        "patient": patient,
        "during": session.during,
        "stands": True,
        "booked_by": by,
        "booked_at": at,
    }
    booking, _made = SessionHelper.objects.update_or_create(
        session=session, helper=helper, defaults=said, create_defaults={**said, "clinic_id": session.clinic_id}
    )
    trail.record("session.helper", patient=patient, thing=session, kind=kind)
    _tell(booking)
    return booking


@transaction.atomic
def cancel(booking: SessionHelper, *, by: Person, at: datetime) -> None:
    """They do not come, or are to go: the room closes for them at once."""
    booking.stands, booking.pinned = False, False
    booking.save(update_fields=["stands", "pinned"])
    trail.record("session.helper-cancel", patient=booking.patient_id, thing=booking.session)
    _tell(booking)


def is_booked(session: Any, person: Any) -> bool:
    return bool(session.helpers.filter(helper_id=person.pk, stands=True).exists())


def _tell(booking: SessionHelper) -> None:
    wake(f"principal.{booking.helper_id}")
    wake(f"room.{booking.session_id}")
