"""What the three records share: written once, corrected only by a further version, told in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.measures.observed import own_rules
from openiop.measures.observed.dangers import Danger
from openiop.people import access
from openiop.people.models import Person, Row
from openiop.safety import ladder
from openiop.safety.models import HARMED, Flag, raise_flag
from openiop.schedule.models import CareSession, RosterEntry

CLOCKS_DIFFER_BY = timedelta(minutes=5)


class WrittenQuerySet(models.QuerySet[Any]):
    def visible_to(self, person: access.Actor) -> Self:
        """The treating clinicians and nobody else: what is found may speak of substance use (42 CFR Part 2)."""
        ours = self.filter(clinic_id=person.clinic_id)
        if not (isinstance(person, Person) and person.is_clinician):
            return ours.none()
        return ours.filter(access.about(person, "patient_id"))

    def current(self) -> Self:
        """The newest version of each."""
        later = self.model._base_manager.filter(root=OuterRef("root"), version__gt=OuterRef("version"))
        return self.filter(~Exists(later))


class Written(Row):
    """One version of what a clinician wrote down about a patient. Never changed: a correction is the next version.

    `root` is the id of the first version. `at`: when it was so; `written_at`: when it was written down. `because`: why
    it was corrected. `key` is the page's, so that a form sent twice is kept once.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    session = models.ForeignKey(CareSession, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    written_at = models.DateTimeField()
    root = models.UUIDField()
    version = models.PositiveSmallIntegerField(default=1)
    because = models.TextField(_("Why it is corrected"), blank=True)
    key = models.UUIDField()
    note = models.TextField(_("In words"), blank=True)

    objects = WrittenQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["patient", "key"], name="%(class)s_kept_once"),
            models.UniqueConstraint(fields=["root", "version"], name="%(class)s_corrected_in_turn"),
            models.UniqueConstraint(fields=["id", "patient"], name="%(class)s_patient"),
            models.CheckConstraint(
                condition=Q(version=1, root=F("id"), because="") | (Q(version__gt=1) & ~Q(because="")),
                name="%(class)s_corrected_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(at__lte=F("written_at") + CLOCKS_DIFFER_BY), name="%(class)s_not_before_it_was"
            ),
        ]
        indexes = [models.Index(fields=["patient", "-at"], name="%(class)s_latest")]

    @property
    def is_corrected(self) -> bool:
        return self.version > 1


class SomebodyCorrected(Exception):
    """Somebody corrected this version meanwhile: theirs is the one to read, and to correct if need be."""


class NotOfThisSession(ValueError):
    """The person was not on the roster of that session."""


W = TypeVar("W", bound=Written)


def keep(row: W, *, of: W | None = None) -> tuple[W, bool]:
    """Write `row`, or the next version `of` another; returns it and whether it is new.

    The caller holds the transaction. Raises SomebodyCorrected, NotOfThisSession, and PermissionDenied for whoever is no
    clinician.
    """
    if not row.by.is_clinician:
        raise PermissionDenied
    _one_at_a_time(row.patient_id)
    model: Any = type(row)
    if found := model.objects.filter(patient_id=row.patient_id, key=row.key).first():
        return found, False
    row.clinic_id = row.patient.clinic_id
    row.root = row.pk
    if of is not None:
        newest = model.objects.filter(root=of.root).order_by("-version").first()
        if newest is None or newest.pk != of.pk:
            raise SomebodyCorrected
        row.root, row.version, row.session_id = of.root, of.version + 1, of.session_id
    if row.session_id and not RosterEntry.objects.filter(session=row.session_id, patient=row.patient_id).exists():
        raise NotOfThisSession
    row.save(force_insert=True)
    verb = f"{model.__name__.lower()}.{'correct' if of else 'write'}"
    trail.record(verb, patient=row.patient, thing=row, version=row.version)
    return row, True


def _one_at_a_time(patient_id: Any) -> None:
    """Two who correct the same at once: the second is told."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"observed of {patient_id}"])


def tell(
    row: Written, dangers: Iterable[Danger], facts: dict[str, Any], *, sort: str, words: dict[str, Any], at: datetime
) -> list[Flag]:
    """Raise what a new row calls for, once for each sign whatever is corrected later.

    `words`: what a danger is, by code. A result that a clinic wants to be told of is named on no screen: whoever takes
    the case opens it in the record.
    """
    flags = [
        _raise(
            row, danger.evidence, key=danger.code, sort=sort, value=words[danger.code], private=danger.private, at=at
        )
        for danger in dangers
    ]
    for rule in own_rules.met_by(facts, clinic_id=row.clinic_id):
        evidence = ladder.Evidence("own_rule", rule.tier)
        flags.append(_raise(row, evidence, key=rule.key, sort=sort, value=_OPEN_IT, at=at))
    return flags


_OPEN_IT = _("what this clinic wants to be told of was met; open it in the record")


def _raise(
    row: Written, evidence: ladder.Evidence, *, key: str, sort: str, value: Any, private: bool = False, at: datetime
) -> Flag:
    return raise_flag(
        row.patient,
        key=f"seen {row.root} {key}",
        evidence=evidence,
        label=format_lazy(_("Written down by {name}"), name=row.by.full_name),
        value=value,
        url=reverse("observed", args=[row.patient_id, sort, row.pk]),
        at=at,
        kind=HARMED if private else "",
    )


def versions_of(row: Written) -> list[Any]:
    """Return all versions, newest first."""
    model: Any = type(row)
    return list(model.objects.filter(root=row.root).select_related("by").order_by("-version"))


def found_by(model: Any, reader: access.Actor, pk: UUID) -> Any:
    return model.objects.visible_to(reader).select_related("patient", "by", "session").filter(pk=pk).first()
