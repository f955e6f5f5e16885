"""Who you are, what you agreed to, and who is responsible for whom."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.ids import uuid7
from openiop.lib.wake import wake

STATES = tuple(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK "  # noqa: SIM905
    "OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR VI".split()
)

LANGUAGES = [("en", "English"), ("es", "Español")]


class Row(models.Model):
    """What every table of the clinic shares: an id made by us, and the clinic that owns the row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    clinic = models.ForeignKey("people.Clinic", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class Clinic(models.Model):
    """A clinic and its settings. Minutes and telephone numbers here are the clinic's own policy.

    Defaults for deadlines follow docs/rules/escalation.md, which names their source.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.TextField(_("Name"))
    zone = models.TextField(_("Time zone"), default="America/New_York")
    phone = models.TextField(_("Clinic's telephone"), blank=True)
    crisis_phone = models.TextField(_("Telephone out of hours"), blank=True)
    week_starts = models.TextField(
        _("Week starts on"), choices=[("sunday", _("Sunday")), ("monday", _("Monday"))], default="sunday"
    )
    opens = models.TimeField(_("Staff are here from"), default="08:00")
    closes = models.TimeField(_("Staff are here until"), default="21:30")
    logoff_minutes = models.PositiveSmallIntegerField(_("Lock the screen after (minutes)"), default=15)
    patient_logoff_minutes = models.PositiveSmallIntegerField(_("Lock a patient's screen after (minutes)"), default=60)
    kiosk_logoff_minutes = models.PositiveSmallIntegerField(_("Clear the kiosk after (minutes)"), default=5)
    late_after_minutes = models.PositiveSmallIntegerField(_("Late after (minutes)"), default=10)
    left_early_minutes = models.PositiveSmallIntegerField(_("Left early when missing the last (minutes)"), default=10)
    outreach_after_minutes = models.PositiveSmallIntegerField(_("Call the absent after (minutes)"), default=10)
    call_back_after_minutes = models.PositiveSmallIntegerField(
        _("Call back a person at risk whose line is lost after (minutes)"), default=5
    )
    pause_group_after_seconds = models.PositiveSmallIntegerField(
        _("Pause a group in which nobody leads after (seconds)"), default=60
    )
    alert_climb_seconds = models.PositiveSmallIntegerField(
        _("When staff need help: ask the next after (seconds)"), default=30, db_default=30
    )
    alert_found_minutes = models.PositiveSmallIntegerField(
        _("When staff need help: call again without a word on what was found (minutes)"), default=10, db_default=10
    )
    hand_over_minutes = models.PositiveSmallIntegerField(
        _("Take over from who goes within (minutes)"), default=15, db_default=15
    )
    reminders_from = models.TimeField(_("Remind patients from (their own time)"), default="09:00", db_default="09:00")
    reminders_until = models.TimeField(_("Remind patients until (their own time)"), default="20:00", db_default="20:00")
    aside_wait_minutes = models.PositiveSmallIntegerField(
        _("Ask others as well when a clinician who was asked to a private place is not there after (minutes)"),
        default=2,
        db_default=2,
    )
    plan_review_days = models.PositiveSmallIntegerField(_("Go through safety plans every (days)"), default=30)
    group_max = models.PositiveSmallIntegerField(_("Most people in a group"), default=10)
    joint_screen_days = models.PositiveSmallIntegerField(_("Ask each partner alone again after (days)"), default=30)
    patient_note_days = models.PositiveSmallIntegerField(
        _("Keep patients' private notes from the room for (days)"), default=180, db_default=180
    )
    staff_note_days = models.PositiveSmallIntegerField(
        _("Keep facilitators' private notes from the room for at most (days)"), default=7, db_default=7
    )
    still_after_minutes = models.PositiveSmallIntegerField(
        _("Ask “Still with us?” when a patient's device was not touched for"), default=30, db_default=30
    )
    still_grace_minutes = models.PositiveSmallIntegerField(
        _("“Still with us?” counts as unanswered after (minutes)"), default=2, db_default=2
    )
    still_counts = models.BooleanField(
        _("Minutes after an unanswered “Still with us?” do not count"), default=False, db_default=False
    )
    end_to_end = models.BooleanField(_("Encrypt the rooms end to end from the start"), default=False)
    deadlines = models.JSONField(_("Deadlines by tier"), default=dict, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(logoff_minutes__range=(1, 60)), name="logoff_within_an_hour"),
            models.CheckConstraint(
                condition=Q(patient_logoff_minutes__range=(1, 720)), name="patient_logoff_within_twelve_hours"
            ),
            models.CheckConstraint(condition=Q(joint_screen_days__range=(1, 365)), name="joint_screen_within_a_year"),
            models.CheckConstraint(
                condition=Q(patient_note_days__range=(1, 730), staff_note_days__range=(1, 30)),
                name="private_notes_are_forgotten",
            ),
            models.CheckConstraint(
                condition=(Q(still_after_minutes=0) | Q(still_after_minutes__range=(10, 60)))
                & Q(still_grace_minutes__range=(1, 10)),
                name="still_with_us_is_asked_gently",
            ),
            models.CheckConstraint(condition=Q(plan_review_days__gte=1), name="plans_are_reviewed"),
            models.CheckConstraint(condition=Q(hand_over_minutes__range=(1, 240)), name="hand_over_within_four_hours"),
            models.CheckConstraint(
                condition=Q(alert_climb_seconds__range=(5, 600)) & Q(alert_found_minutes__range=(1, 120)),
                name="calls_for_help_climb",
            ),
            models.CheckConstraint(
                condition=Q(reminders_from__lt=models.F("reminders_until")), name="reminders_leave_the_night_alone"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Site(Row):
    """A building of the clinic, with the emergency numbers for that place."""

    name = models.TextField(_("Name"))
    address = models.TextField(_("Address"))
    state = models.CharField(_("State"), max_length=2, choices=[(s, s) for s in STATES])
    phone = models.TextField(_("Telephone"), blank=True)
    emergency_notes = models.TextField(_("In an emergency here"), blank=True)

    def __str__(self) -> str:
        return self.name


class LoginManager(BaseUserManager["Login"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> Login:
        login = self.model(email=self.normalize_email(email).lower(), **extra)
        login.set_password(password)
        login.save()
        return login


class Login(AbstractBaseUser):
    """What one signs in with. Holds no clinical fact; readable before anybody is known, because sign-in needs it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    objects = LoginManager()

    def __str__(self) -> str:
        return self.email


class Role(models.TextChoices):
    DIRECTOR = "director", _("Program director")
    FACILITATOR = "facilitator", _("Group facilitator")
    THERAPIST = "therapist", _("Therapist")
    PRESCRIBER = "prescriber", _("Prescriber")
    INTAKE = "intake", _("Intake coordinator")
    BILLING = "billing", _("Billing")
    FRONT_DESK = "front_desk", _("Front desk")
    PRIVACY = "privacy", _("Privacy officer")


CLINICIANS = {Role.DIRECTOR, Role.FACILITATOR, Role.THERAPIST, Role.PRESCRIBER}


class PersonQuerySet(models.QuerySet["Person"]):
    def staff(self) -> PersonQuerySet:
        return self.filter(kind=Person.STAFF)

    def patients(self) -> PersonQuerySet:
        return self.filter(kind=Person.PATIENT)

    def helpers(self) -> PersonQuerySet:
        return self.filter(kind=Person.HELPER)

    def clinicians(self) -> PersonQuerySet:
        return self.staff().filter(roles__overlap=sorted(CLINICIANS), active=True)

    def visible_to(self, person: Any) -> PersonQuerySet:
        """Staff of the clinic, and the patients whose record `person` may open (see `access`)."""
        from openiop.people import access

        own = self.filter(clinic_id=person.clinic_id)
        return own.filter(Q(kind=Person.STAFF) | Q(access.about(person, "pk")))

    def treated_by(self, person: Any, *, at: datetime) -> PersonQuerySet:
        """The patients whom `person` treats at that time; all of the clinic's for its director.

        Whoever opens every record for intake alone is not among those who treat: the database hides from them what
        only clinicians read, and a page that showed it as empty would say an untruth.
        """
        own = self.visible_to(person).patients()
        if person.has_role(Role.DIRECTOR):
            return own
        return own.filter(pk__in=Tie.objects.in_force(at).filter(staff_id=person.pk).values("patient_id"))


class Person(Row):
    """A patient, a member of staff, a supporter or a helper. `called` is the only name other patients ever see.

    A helper interprets or writes captions in the sessions they are booked for. They sign in as staff do and are no
    staff: whatever is staff's is closed to them.
    """

    PATIENT, STAFF, SUPPORTER, HELPER = "patient", "staff", "supporter", "helper"
    KINDS = [(PATIENT, _("Patient")), (STAFF, _("Staff")), (SUPPORTER, _("Supporter")), (HELPER, _("Helper"))]

    kind = models.TextField(choices=KINDS)
    login = models.OneToOneField(Login, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    given_name = models.TextField(_("First name"))
    family_name = models.TextField(_("Last name"))
    called = models.TextField(_("Called"), help_text=_("The name others in a group see."))
    born_on = models.DateField(_("Date of birth"), null=True, blank=True)
    phone = models.TextField(_("Telephone"), blank=True)
    language = models.TextField(_("Language"), choices=LANGUAGES, default="en")
    zone = models.TextField(_("Time zone"), default="America/New_York")
    home_address = models.TextField(_("Home address"), blank=True)
    home_state = models.CharField(_("State"), max_length=2, choices=[(s, s) for s in STATES], blank=True)
    roles = ArrayField(models.TextField(choices=Role.choices), default=list, blank=True, verbose_name=_("Roles"))
    credential = models.TextField(_("Credential"), blank=True)
    active = models.BooleanField(default=True)

    # Of a supporter alone: the link they came by, and the one meeting it opens. Set by `access.supporter_of`.
    link: SupporterLink | None = None

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind="staff") | Q(roles=[]), name="only_staff_have_roles"),
            models.CheckConstraint(
                condition=~Q(kind="patient") | Q(born_on__isnull=False), name="patient_has_a_date_of_birth"
            ),
        ]
        indexes = [models.Index(fields=["clinic", "kind", "family_name"], name="person_by_name")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def short_name(self) -> str:
        """First name and initial, as staff say it: "Maya R."."""
        return f"{self.called} {self.family_name[:1]}."

    @property
    def logoff_minutes(self) -> int:
        """After how long without a touch this person's screen locks."""
        works_here = self.kind in (self.STAFF, self.HELPER)
        return self.clinic.logoff_minutes if works_here else self.clinic.patient_logoff_minutes

    @property
    def is_clinician(self) -> bool:
        return self.kind == self.STAFF and self.active and bool(CLINICIANS & set(self.roles))

    @property
    def role_labels(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    def choose_language(self, language: str) -> None:
        """Read pages in `language` from now on, on every device. An unknown one changes nothing."""
        if language in dict(LANGUAGES):
            with connection.cursor() as cursor:
                # A patient may not write to their own row; this passes the lock for the one column.
                cursor.execute("SELECT choose_language(%s)", [language])
            self.language = language
            trail.record("language.choose", patient=_patient(self), thing=self, language=language)

    def has_role(self, *roles: str) -> bool:
        return self.kind == self.STAFF and self.active and bool(set(roles) & set(self.roles))

    def age_on(self, day: Any) -> int:
        """Completed years on `day`. Raises ValueError when the date of birth is unknown."""
        if self.born_on is None:
            raise ValueError("the date of birth is unknown")
        return day.year - self.born_on.year - ((day.month, day.day) < (self.born_on.month, self.born_on.day))


class Licence(Row):
    """A clinician's right to treat patients who are in `state`, from `valid_from` until before `valid_until`."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="licences")
    state = models.CharField(_("State"), max_length=2, choices=[(s, s) for s in STATES])
    number = models.TextField(_("Number"))
    valid_from = models.DateField(_("Valid from"))
    valid_until = models.DateField(_("Valid until"), null=True, blank=True)


class Device(Row):
    """A kiosk or a room's camera: a principal of its own, with no person behind it.

    The device holds a random token in a cookie; we keep only its hash. Revoked by setting `revoked_at`.
    """

    KIOSK, ROOM = "kiosk", "room"
    kind = models.TextField(choices=[(KIOSK, _("Kiosk")), (ROOM, _("Room device"))])
    name = models.TextField(_("Name"))
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    pairing_hash = models.TextField(blank=True)
    pairing_ends_at = models.DateTimeField(null=True)
    token_hash = models.TextField(blank=True)
    paired_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["id", "site"], name="device_at_its_site")]

    def __str__(self) -> str:
        return self.name

    def new_pairing_code(self, *, at: datetime) -> str:
        """Return an eight-digit code, good for ten minutes, that a browser exchanges for the device's cookie."""
        code = f"{secrets.randbelow(10**8):08d}"
        self.pairing_hash = hashed(code)
        self.pairing_ends_at = at + timedelta(minutes=10)
        self.save()
        trail.record("device.pairing-code", thing=self)
        return code

    def revoke(self, *, by: Person, at: datetime) -> None:
        """The device is lost or retired: its cookie opens nothing from now on, and the room it is in closes for it."""
        self.revoked_at, self.token_hash, self.pairing_hash = at, "", ""
        self.save(update_fields=["revoked_at", "token_hash", "pairing_hash"])
        trail.record("device.revoke", thing=self)
        wake(f"principal.{self.pk}")


class Invitation(Row):
    """A way in for somebody who has no password yet, or has lost it: good once, for three days.

    The link holds a random token; we keep only its hash. A newer invitation ends the older ones.
    """

    DAYS = 3

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    login = models.ForeignKey(Login, on_delete=models.PROTECT, related_name="+")
    token_hash = models.TextField(unique=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    @classmethod
    def make(cls, person: Person, *, by: Person, at: datetime) -> str:
        """Return the token of a new invitation for `person`, who has a login. It cannot be read again later."""
        cls.objects.filter(person=person, used_at__isnull=True, ends_at__gt=at).update(ends_at=at)
        token = secrets.token_urlsafe(24)
        cls.objects.create(
            clinic_id=person.clinic_id,
            person=person,
            login=person.login,
            token_hash=hashed(token),
            made_by=by,
            made_at=at,
            ends_at=at + timedelta(days=cls.DAYS),
        )
        trail.record("invitation.make", patient=_patient(person), thing=person)
        return token

    def use(self, *, password: str, at: datetime) -> bool:
        """Set the password, once. Returns False if somebody else was faster with the same link."""
        if not Invitation.objects.filter(pk=self.pk, used_at__isnull=True, ends_at__gt=at).update(used_at=at):
            return False
        self.login.set_password(password)
        self.login.save(update_fields=["password"])
        trail.record("invitation.use", patient=_patient(self.person), thing=self.person)
        return True


def _patient(person: Person) -> Person | None:
    """The patient a line of the trail is about, if it is about one."""
    return person if person.kind == Person.PATIENT else None


def hashed(secret: str) -> str:
    """SHA-256 of a random secret, hexadecimal; for tokens, not for passwords."""
    return sha256(secret.encode()).hexdigest()


class TieQuerySet(models.QuerySet["Tie"]):
    def in_force(self, at: datetime) -> TieQuerySet:
        return self.filter(begins_at__lte=at).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))


class Tie(Row):
    """Why a member of staff may see a patient: their therapist, the facilitator of their group, called on at night.

    Written by the verbs of the apps above (enrolment, roster, paging), read by `access` alone.
    """

    staff = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="ties")
    role = models.TextField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    because = models.TextField()

    objects = TieQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["clinic", "staff", "patient"], name="tie_by_staff")]

    @classmethod
    def knot(
        cls, *, staff: Person, patient: Person, role: str, because: str, at: datetime, until: datetime | None = None
    ) -> Tie:
        """Tie `staff` to `patient` from `at`; an equal tie that is still in force is kept instead."""
        ties = cls.objects.in_force(at).filter(staff=staff, patient=patient, role=role, because=because)
        found = ties.filter(Q(ends_at__isnull=True) | Q(ends_at__gte=until)).first() if until else ties.first()
        return found or cls.objects.create(
            clinic_id=patient.clinic_id,
            staff=staff,
            patient=patient,
            role=role,
            because=because,
            begins_at=at,
            ends_at=until,
        )


class Document(Row):
    """A version of something patients agree to. Never edited: a new wording is a new version."""

    TELEHEALTH, GROUP, EMERGENCY = "telehealth_consent", "group_agreement", "emergency_plan"
    KINDS = [
        (TELEHEALTH, _("Consent to telehealth")),
        (GROUP, _("Group agreement")),
        (EMERGENCY, _("Emergency plan")),
    ]
    kind = models.TextField(choices=KINDS)
    version = models.PositiveSmallIntegerField()
    language = models.TextField(default="en")
    text = models.TextField()
    in_force_from = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "kind", "version", "language"], name="one_text_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def missing(self, patient: Person, *, kinds: list[str]) -> list[str]:
        """Return which of `kinds` this patient has not agreed to in its newest version."""
        return self.missing_by_patient([patient], kinds=kinds)[patient.pk]

    def missing_by_patient(self, patients: Sequence[Person], *, kinds: list[str]) -> dict[UUID, list[str]]:
        """As `missing`, for many patients of one clinic; the number of queries does not grow with them."""
        documents = Document.objects.filter(clinic_id__in={patient.clinic_id for patient in patients}, kind__in=kinds)
        newest = dict(documents.values_list("kind").annotate(newest=models.Max("version")))
        rows = self.filter(patient__in=patients, withdrawn_at__isnull=True)
        agreed = set(rows.values_list("patient", "document__kind", "document__version"))
        return {
            patient.pk: [k for k in kinds if k in newest and (patient.pk, k, newest[k]) not in agreed]
            for patient in patients
        }


class Agreement(Row):
    """A patient agreed to a version of a document: when, how, and who obtained it. Withdrawn, never deleted.

    `details` holds what the document asks for: for the emergency plan contact_name, contact_phone,
    may_tell_contact (true or false), nearest_emergency.
    """

    patient = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="agreements")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    agreed_at = models.DateTimeField()
    how = models.TextField(choices=[("written", _("In writing")), ("spoken", _("Spoken"))])
    obtained_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    details = models.JSONField(default=dict, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = AgreementQuerySet.as_manager()

    @classmethod
    def give(
        cls,
        patient: Person,
        document: Document,
        *,
        by: Any,
        at: datetime,
        how: str = "written",
        details: dict[str, Any] | None = None,
    ) -> Agreement:
        """Record that `patient` agrees to `document`; `by` is the patient, or the staff member who obtained it."""
        agreement = cls.objects.create(
            clinic_id=patient.clinic_id,
            patient=patient,
            document=document,
            agreed_at=at,
            how=how,
            obtained_by=None if by.pk == patient.pk else by,
            details=details or {},
        )
        trail.record("agreement.give", patient=patient, thing=agreement, kind=document.kind, version=document.version)
        return agreement


# Their tables lie with their rules; Django looks for an app's tables here.
from openiop.people.support import SupporterConsent, SupporterLink  # noqa: E402

__support__ = (SupporterConsent, SupporterLink)
