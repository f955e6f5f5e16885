"""Who helps at the place where a person is, and what was told to emergency services about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people import access
from openiop.people.models import STATES, Person, Role, Row
from openiop.safety import location
from openiop.safety.models.case import Case


class LocalHelp(Row):
    """The emergency numbers of one place, kept by the clinic: who found them where, and when they were last tried.

    911 dialled by a clinician reaches the clinician's own dispatcher; these ten digits reach the patient's.
    `locality` empty: for the whole state, where nothing nearer is known.
    """

    state = models.CharField(_("State"), max_length=2, choices=[(s, s) for s in STATES])
    locality = models.TextField(_("Town, as addresses name it"), blank=True)
    emergency_phone = models.CharField(_("Emergency dispatcher there, ten digits"), max_length=10)
    crisis_phone = models.CharField(_("Mobile crisis team, ten digits"), max_length=10, blank=True)
    department = models.TextField(_("Nearest emergency department, with its address"), blank=True)
    department_phone = models.CharField(_("Its telephone, ten digits"), max_length=10, blank=True)
    source = models.TextField(_("Where these come from"))
    checked_on = models.DateField(_("Last checked on"))
    checked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint("clinic", "state", Lower("locality"), name="one_local_help_per_place"),
            models.CheckConstraint(
                condition=Q(emergency_phone__regex=r"^[0-9]{10}$")
                & Q(crisis_phone__regex=r"^([0-9]{10})?$")
                & Q(department_phone__regex=r"^([0-9]{10})?$"),
                name="local_numbers_have_ten_digits",
            ),
        ]

    def is_stale(self, at: datetime) -> bool:
        return location.is_stale(self.checked_on, today=at.date())


class EmergencyDisclosureQuerySet(models.QuerySet["EmergencyDisclosure"]):
    def visible_to(self, person: access.Actor) -> EmergencyDisclosureQuerySet:
        """Privacy officer and director: all. Other clinicians: of those whose record they open or who are in danger."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not isinstance(person, Person):
            return ours.none()
        if person.has_role(Role.PRIVACY, Role.DIRECTOR):
            return ours
        if not person.is_clinician:
            return ours.none()
        in_danger = Case.objects.visible_to(person).open().values("patient_id")
        return ours.filter(Q(access.about(person, "patient_id")) | Q(patient_id__in=in_danger))


class EmergencyDisclosure(Row):
    """What was told about a patient to medical personnel in an emergency, without consent. Added to, never changed.

    42 CFR 2.51(c) asks for the recipient and their affiliation, who told, when, and the nature of the emergency.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    told_at = models.DateTimeField(_("When it was told"))
    made_at = models.DateTimeField()
    recipient = models.TextField(_("To whom, by name"))
    organisation = models.TextField(_("Where they work"))
    nature = models.TextField(_("What the emergency was"))
    what = models.TextField(_("What was told"))

    objects = EmergencyDisclosureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(recipient="") & ~Q(organisation="") & ~Q(nature="") & ~Q(what=""),
                name="a_disclosure_says_to_whom_and_why",
            ),
            models.CheckConstraint(condition=Q(told_at__lte=models.F("made_at")), name="told_before_it_was_noted"),
        ]


@transaction.atomic
def note_disclosure(
    patient: Person,
    *,
    told_at: datetime,
    recipient: str,
    organisation: str,
    nature: str,
    what: str,
    by: Person,
    at: Any,
) -> EmergencyDisclosure:
    """Record what was told to medical personnel in an emergency. Raises PermissionDenied for non-clinicians."""
    if not by.is_clinician:
        raise PermissionDenied
    told = EmergencyDisclosure.objects.create(
        clinic_id=patient.clinic_id,
        patient=patient,
        by=by,
        told_at=told_at,
        made_at=at,
        recipient=recipient,
        organisation=organisation,
        nature=nature,
        what=what,
    )
    trail.record("disclosure.emergency", patient=patient, thing=told, rule="42 CFR 2.51")
    return told


refusals.register(
    {
        "one_local_help_per_place": ("locality", _("This place has its numbers already. Change those.")),
        "told_before_it_was_noted": ("told_at", _("That lies in the future.")),
    }
)
