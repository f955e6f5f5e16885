"""Staff invite a patient's supporters to one meeting: a link for each, shown once."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from openiop.audit import trail
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.people.support import Knows, LinkStands, SupporterConsent, SupporterLink
from openiop.room import guests
from openiop.room.admission import CLOSES_AFTER
from openiop.schedule.models import CareSession

INVITES = (*sorted(CLINICIANS), Role.INTAKE)


@require_GET
@roles(*INVITES)
def supporters(request: Any, pk: UUID) -> HttpResponse:
    """Who may be invited, as the patient agreed in writing, and whose link is out."""
    session = _meeting(request.person, pk)
    consents, now = _consents(request.person, session), timezone.now()
    links = {link.consent_id: link for link in SupporterLink.objects.filter(session_id=pk, revoked_at=None)}
    for consent in consents:
        trail.record("session.supporters", patient=consent.patient, thing=session)
    context = {
        "session": session,
        "rows": [(consent, links.get(consent.pk)) for consent in consents],
        "patients": _patients(request.person, session),
        "now": now,
    }
    return render(request, "room/supporters.html", context)


@never_cache
@require_POST
@roles(*INVITES)
def link(request: Any, pk: UUID, consent_pk: UUID) -> HttpResponse:
    """Make a link and show it, this once. While an earlier one stands, whoever asks is told to revoke that first."""
    session = _meeting(request.person, pk)
    consent = _consent(request.person, session, consent_pk)
    if session.cancelled_at or timezone.now() >= session.ends_at:
        messages.error(request, _("This meeting is over, so there is nothing to invite to."))
        return redirect("session-supporters", pk=pk)
    ends_at, now = session.ends_at + CLOSES_AFTER, timezone.now()
    try:
        token = SupporterLink.make(consent, session_id=session.pk, ends_at=ends_at, by=request.person, at=now)
    except LinkStands:
        messages.error(request, _("Their link is still good, so no second one was made. Revoke it first."))
        return redirect("session-supporters", pk=pk)
    context = {
        "session": session,
        "consent": consent,
        "link": request.build_absolute_uri(reverse("visit-link", args=[token])),
    }
    return render(request, "room/supporter_link.html", context)


@require_POST
@roles(*INVITES)
def revocation(request: Any, pk: UUID, consent_pk: UUID) -> HttpResponse:
    session = _meeting(request.person, pk)
    consent = _consent(request.person, session, consent_pk)
    for found in SupporterLink.objects.filter(session_id=pk, consent=consent, revoked_at=None):
        found.revoke(by=request.person, at=timezone.now())
    messages.success(request, _("The link opens nothing any more."))
    return redirect("session-supporters", pk=pk)


def _meeting(person: Person, pk: UUID) -> CareSession:
    """A session that supporters may come to, for those who lead it, directors and intake."""
    session = get_object_or_404(CareSession.objects.visible_to(person), pk=pk)
    if not guests.may_be_invited(session):
        raise Http404
    leads = session.staff.filter(staff=person, stands=True).exists()
    if not (leads or person.has_role(Role.DIRECTOR, Role.INTAKE)):
        raise PermissionDenied
    return session


def _patients(person: Person, session: CareSession) -> list[Person]:
    on_roster = session.roster.standing().values("patient")
    return list(Person.objects.visible_to(person).patients().filter(pk__in=on_roster))


def _consents(person: Person, session: CareSession) -> list[SupporterConsent]:
    rows = SupporterConsent.objects.given(timezone.now()).filter(
        patient__in=_patients(person, session), may_know__contains=[Knows.MEETINGS]
    )
    return list(rows.select_related("supporter", "patient").order_by("supporter__called", "asked_at"))


def _consent(person: Person, session: CareSession, pk: UUID) -> SupporterConsent:
    found = next((consent for consent in _consents(person, session) if consent.pk == pk), None)
    if found is None:
        raise Http404
    return found
