"""Supporters: the people a patient chooses to have beside them, what each may know, and the link to one meeting.

A supporter has no sign-in. They come to one meeting by a link that works once; from then on a cookie of that browser
opens that meeting's room and nothing else, until the link, the meeting or the patient's consent ends.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.people.models import Person, Row, hashed


class Knows(models.TextChoices):
    """What a patient may let a supporter know. Each is asked for by itself."""

    MEETINGS = "meetings", _("What is said in the meetings I have them invited to")
    ATTENDANCE = "attendance", _("Whether I come to my program, and when")
    PLAN = "plan", _("What I am working on in treatment")
    SAFETY = "safety", _("My safety plan, and that somebody is worried about me")


class NoConsent(Exception):
    """The patient has not agreed in writing that this supporter comes to meetings, or no longer does."""


class LinkStands(Exception):
    """There is a link to this meeting already, and it may be in somebody's hand: revoke it first."""


class SupporterConsentQuerySet(models.QuerySet["SupporterConsent"]):
    def standing(self) -> SupporterConsentQuerySet:
        """Asked for or given, and not withdrawn."""
        return self.filter(withdrawn_at=None)

    def given(self, at: datetime) -> SupporterConsentQuerySet:
        return self.standing().filter(agreed_at__lte=at, ends_at__gt=at)


class SupporterConsent(Row):
    """A patient lets one supporter know these things and no others.

    Asked for (`agreed_at` empty; the patient finds it on their page) → given in writing, on that page or on paper, for
    `DAYS` → withdrawn, at any time, by the patient or by staff on their word. Withdrawn stays withdrawn: another
    consent is another row. Migration 0011 lets nobody but a supporter stand in `supporter`.
    """

    DAYS = 365  # our own design: written consent names its end, and a year is asked about again

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    supporter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    relation = models.TextField()
    may_know = ArrayField(models.TextField(choices=Knows.choices))
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True)
    how = models.TextField(choices=[("page", _("on their own page")), ("paper", _("signed on paper"))], blank=True)
    ends_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = SupporterConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["patient", "supporter"], condition=Q(withdrawn_at=None), name="one_consent_per_supporter"
            ),
            models.UniqueConstraint(fields=["id", "supporter"], name="consent_supporter"),
            models.CheckConstraint(condition=~Q(patient=F("supporter")), name="nobody_supports_themselves"),
            models.CheckConstraint(condition=~Q(may_know=[]), name="consent_to_something"),
            models.CheckConstraint(
                condition=Q(agreed_at=None, ends_at=None, how="")
                | (Q(agreed_at__isnull=False, ends_at__isnull=False) & ~Q(how="")),
                name="consent_given_in_writing",
            ),
        ]

    @property
    def in_words(self) -> list[str]:
        return [str(Knows(what).label) for what in self.may_know]

    @classmethod
    @transaction.atomic
    def ask(
        cls, patient: Person, supporter: Person, *, relation: str, may_know: list[str], by: Person, at: datetime
    ) -> SupporterConsent:
        """Prepare a consent for the patient to give. One that stands with this supporter is withdrawn by it."""
        for older in cls.objects.standing().filter(patient=patient, supporter=supporter):
            older.withdraw(by=by, at=at)
        consent = cls.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            supporter=supporter,
            relation=relation,
            may_know=may_know,
            asked_by=by,
            asked_at=at,
        )
        trail.record("supporter.ask", patient=patient, thing=consent, may_know=may_know)
        return consent

    def give(self, *, by: Person, at: datetime) -> None:
        """The patient agrees on their own page; staff note that they signed on paper. Twice changes nothing."""
        if self.agreed_at or self.withdrawn_at:
            return
        self.agreed_at, self.ends_at = at, at + timedelta(days=self.DAYS)
        self.how = "page" if by.pk == self.patient_id else "paper"
        self.save(update_fields=["agreed_at", "ends_at", "how"])
        trail.record("supporter.consent", patient=self.patient_id, thing=self, how=self.how)

    def withdraw(self, *, by: Person, at: datetime) -> None:
        """From this moment the supporter may know nothing more, and the room they may be in closes for them."""
        if self.withdrawn_at:
            return
        self.withdrawn_at = at
        self.save(update_fields=["withdrawn_at"])
        trail.record("supporter.withdraw", patient=self.patient_id, thing=self)
        wake(f"principal.{self.supporter_id}")


class SupporterLinkQuerySet(models.QuerySet["SupporterLink"]):
    def standing(self, at: datetime) -> SupporterLinkQuerySet:
        """Not revoked, not over, and the patient's consent holds: as the database's `supporter_link_stands`."""
        return self.filter(
            revoked_at=None,
            ends_at__gt=at,
            consent__withdrawn_at=None,
            consent__agreed_at__lte=at,
            consent__ends_at__gt=at,
            consent__may_know__contains=[Knows.MEETINGS],
        )


class SupporterLink(Row):
    """One supporter's way into one meeting.

    Made → used, once, by the browser that from then on holds the cookie → over: revoked, past `ends_at`, or the consent
    withdrawn. We keep hashes of the link's token and of the cookie alone. `session_id` is plain data: this app knows no
    sessions. One at a time for a meeting: another is made once the first is revoked or over.
    """

    consent = models.ForeignKey(SupporterConsent, on_delete=models.PROTECT, related_name="links")
    supporter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    session_id = models.UUIDField()
    token_hash = models.TextField(unique=True)
    cookie_hash = models.TextField(blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = SupporterLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["consent", "session_id"], condition=Q(revoked_at=None), name="one_link_per_meeting"
            ),
            models.CheckConstraint(
                condition=Q(used_at=None, cookie_hash="") | (Q(used_at__isnull=False) & ~Q(cookie_hash="")),
                name="link_used_by_a_browser",
            ),
        ]

    @classmethod
    @transaction.atomic
    def make(cls, consent: SupporterConsent, *, session_id: UUID, ends_at: datetime, by: Person, at: datetime) -> str:
        """Return the token of a new link to this meeting. It cannot be read again later.

        Raises NoConsent, and LinkStands while an earlier one to this meeting opens something.
        """
        given = SupporterConsent.objects.given(at).filter(pk=consent.pk, may_know__contains=[Knows.MEETINGS])
        if not given.exists():
            raise NoConsent
        earlier = cls.objects.filter(consent=consent, session_id=session_id)
        if earlier.standing(at).exists():
            raise LinkStands
        for over in earlier.filter(revoked_at=None):
            over.revoke(by=by, at=at)
        token = secrets.token_urlsafe(24)
        link = cls.objects.create(
            clinic_id=consent.clinic_id,
            consent=consent,
            supporter_id=consent.supporter_id,
            session_id=session_id,
            token_hash=hashed(token),
            made_by=by,
            made_at=at,
            ends_at=ends_at,
        )
        trail.record("supporter.link", patient=consent.patient_id, thing=link)
        return token

    def revoke(self, *, by: Any, at: datetime) -> None:
        """The link opens nothing from now on, and the room it has opened closes."""
        if self.revoked_at:
            return
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])
        trail.record("supporter.link-revoke", patient=self.consent.patient_id, thing=self)
        wake(f"principal.{self.supporter_id}")

    @classmethod
    def revoke_all(cls, session_id: UUID, *, by: Any, at: datetime, patient_id: Any = None) -> None:
        """The meeting is over, or this patient no longer comes to it: so do those who come for them."""
        links = cls.objects.filter(session_id=session_id, revoked_at=None).select_related("consent")
        for link in links.filter(consent__patient_id=patient_id) if patient_id else links:
            link.revoke(by=by, at=at)

    @classmethod
    def move_all(cls, session_id: UUID, *, by_time: timedelta) -> None:
        """The meeting moved, and the ends of its links with it."""
        cls.objects.filter(session_id=session_id, revoked_at=None).update(ends_at=F("ends_at") + by_time)
