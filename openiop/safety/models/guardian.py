"""Guardians of minors: who they are, and what a clinician told them."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib import refusals
from openiop.people.models import Person, Row
from openiop.safety import reporting
from openiop.safety.models.state_rules import GuardianRule


class Guardian(Row):
    """Who stands for a minor in law: no account, no sign-in. Named → ended, when they no longer do; never deleted."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.TextField(_("Name"))
    relation = models.TextField(_("Relation"))
    phone = models.TextField(_("Telephone"), blank=True)
    authority = models.TextField(_("How we know that they stand for this person"))
    named_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(relation="") & ~Q(authority=""), name="guardian_is_named"
            ),
            models.UniqueConstraint(fields=["id", "patient"], name="guardian_of_the_patient"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.relation})"

    @classmethod
    @transaction.atomic
    def add(
        cls, patient: Person, *, name: str, relation: str, phone: str, authority: str, by: Person, at: datetime
    ) -> Guardian:
        row = cls.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            name=name,
            relation=relation,
            phone=phone,
            authority=authority,
            named_by=by,
            named_at=at,
        )
        trail.record("guardian.name", patient=patient, thing=row)
        return row

    @transaction.atomic
    def end(self, *, by: Person, at: datetime) -> None:
        """They no longer stand for this person. Twice changes nothing."""
        if self.ended_at is None:
            self.ended_at = at
            self.save(update_fields=["ended_at"])
            trail.record("guardian.end", patient=self.patient_id, thing=self)


class GuardianNotice(Row):
    """A clinician told a minor's guardian something. Added to, never changed.

    `rule`: the state's rule the clinic had entered, where it had. `agreed`: the minor agreed to it. `considered`: why
    this guardian is safe to tell, asked for always. `emergency`: why it could not wait for the agreement. The database
    refuses one about somebody of age, to a guardian who is implicated, with neither the minor's agreement nor an
    emergency where the state asks for agreement, and by anybody who is no clinician.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    guardian = models.ForeignKey(Guardian, on_delete=models.PROTECT, related_name="notices")
    rule = models.ForeignKey(GuardianRule, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    told_at = models.DateTimeField(_("When they were told"))
    what = models.TextField(_("What they were told"))
    why = models.TextField(_("Why they were told"))
    agreed = models.BooleanField(_("The minor agreed"))
    emergency = models.TextField(_("In an emergency: why it could not wait for the minor’s agreement"), blank=True)
    considered = models.TextField(_("Why it is safe to tell this guardian"))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(what="") & ~Q(why=""), name="a_notice_says_what_and_why"),
            models.CheckConstraint(condition=~Q(considered=""), name=reporting.NOT_CONSIDERED),
            models.CheckConstraint(condition=Q(told_at__lte=models.F("at")), name="guardian_told_before_it_was_noted"),
        ]


@transaction.atomic
def tell_guardian(
    guardian: Guardian,
    *,
    told_at: datetime,
    what: str,
    why: str,
    agreed: bool,
    considered: str,
    emergency: str = "",
    rule: GuardianRule | None = None,
    by: Person,
    at: datetime,
) -> GuardianNotice:
    """Record that `by` told this guardian. Raises PermissionDenied; the database refuses the rest."""
    if not by.is_clinician:
        raise PermissionDenied
    row = GuardianNotice.objects.create(
        clinic_id=guardian.clinic_id,
        patient_id=guardian.patient_id,
        guardian=guardian,
        rule=rule,
        by=by,
        at=at,
        told_at=told_at,
        what=what,
        why=why,
        agreed=agreed,
        considered=considered,
        emergency=emergency,
    )
    trail.record("guardian.tell", patient=guardian.patient_id, thing=row)
    return row


def may_be_told(guardian: Guardian) -> bool:
    """False for a guardian who is implicated, or no longer a guardian: then nobody learns here why."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT guardian_may_be_told(%s)", [guardian.pk])
        return bool(cursor.fetchone()[0])


NOT_THIS_ONE = _("This guardian may not be told. Ask the director or the privacy officer before anything else.")

refusals.register(
    {
        reporting.OF_AGE: _("This person is of age: what they agreed to counts, not a guardian."),
        reporting.IMPLICATED: ("guardian", NOT_THIS_ONE),
        reporting.MINOR_DID_NOT_AGREE: (
            "agreed",
            _(
                "The state’s rule asks for the minor’s own agreement first. "
                "If it could not wait for that, say below why."
            ),
        ),
        reporting.NOT_CONSIDERED: ("considered", _("Say why it is safe to tell this guardian.")),
        "guardian_told_before_it_was_noted": ("told_at", _("That lies in the future.")),
    }
)
