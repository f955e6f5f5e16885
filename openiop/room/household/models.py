"""The household plan: how a patient takes part from home, kept together with those who treat them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.people import access
from openiop.people.models import Person, Row


class HouseholdPlanQuerySet(models.QuerySet["HouseholdPlan"]):
    def visible_to(self, person: access.Actor) -> HouseholdPlanQuerySet:
        """The patient, and clinicians who may open the record: not a partner, no supporter, no helper."""
        ours = self.filter(clinic_id=person.clinic_id)
        if access.kind_of(person) == "patient":
            return ours.filter(patient_id=person.pk)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        return ours.filter(access.about(person, "patient_id"))

    def newest_of(self, patient: Person) -> HouseholdPlan | None:
        return self.filter(patient=patient).select_related("written_by").order_by("-version").first()


class HouseholdPlan(Row):
    """One version of a patient's plan. Never changed: a change, by the patient or a clinician, is the next version."""

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    written_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    at_home = models.TextField(_("Who is at home during the group"), blank=True)
    where = models.TextField(_("Where I sit, and what closes the door"), blank=True)
    sound = models.TextField(_("Headphones, and where they lie"), blank=True)
    distracts = models.TextField(_("What distracts me"), blank=True)
    helps = models.TextField(_("What helps me stay with it"), blank=True)
    walks_in = models.TextField(_("What I do when somebody walks in"), blank=True)
    code_word = models.TextField(_("A word that means: I cannot talk freely now"), blank=True)

    objects = HouseholdPlanQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["patient", "version"], name="one_household_plan_per_version")]

    @property
    def texts(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in PARTS}

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What is written, each part with its name."""
        names = {name: str(self._meta.get_field(name).verbose_name) for name in PARTS}  # type: ignore[union-attr]
        return [(names[name], text) for name, text in self.texts.items() if text]

    @property
    def before_joining(self) -> str:
        """The one line of the page before joining: nothing that somebody behind the patient should not read."""
        return " · ".join(" ".join(text.split()) for text in (self.where, self.sound, self.helps) if text)


PARTS = ("at_home", "where", "sound", "distracts", "helps", "walks_in", "code_word")
