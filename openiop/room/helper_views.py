"""Staff book interpreters and captioners for a session; those see what they are booked for."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.refusals import told_at
from openiop.people.doors import helpers_only, roles
from openiop.people.models import CLINICIANS, Person, Role
from openiop.room.admission import CLOSES_AFTER, OPENS_BEFORE
from openiop.schedule.helping import SPOKEN, Helps, SessionHelper, book, cancel
from openiop.schedule.models import CareSession

BOOKS = (*sorted(CLINICIANS), Role.INTAKE)


class _Expected(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.short_name)


class BookingForm(forms.Form):
    """Who comes, what for, and with whom they sit."""

    helper = forms.ModelChoiceField(queryset=Person.objects.none(), label=gettext_lazy("Who"), empty_label="—")
    kind = forms.ChoiceField(choices=Helps.choices, label=gettext_lazy("What they do"))
    language = forms.ChoiceField(
        choices=[("", "—"), *SPOKEN], required=False, label=gettext_lazy("Language, for an interpreter")
    )
    patient = _Expected(
        queryset=Person.objects.none(),
        required=False,
        label=gettext_lazy("With whom"),
        empty_label=gettext_lazy("the whole group"),
        help_text=gettext_lazy("They go where this person goes: into breakouts, and to a private place."),
    )

    def __init__(self, *args: Any, session: CareSession, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Person.objects.filter(clinic_id=session.clinic_id)
        helper, patient = self.fields["helper"], self.fields["patient"]
        assert isinstance(helper, forms.ModelChoiceField) and isinstance(patient, forms.ModelChoiceField)
        helper.queryset = here.helpers().filter(active=True).order_by("family_name", "given_name")
        expected = session.roster.standing().values("patient")
        patient.queryset = here.patients().filter(pk__in=expected).order_by("called")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("kind") == Helps.INTERPRETER and not said.get("language"):
            self.add_error("language", _("Please choose the language."))
        return said


@require_http_methods(["GET", "POST"])
@roles(*BOOKS)
def bookings(request: Any, pk: UUID) -> HttpResponse:
    """Who is booked for this session; and booking somebody, or changing what they are booked for."""
    session = _session(request.person, pk)
    form = BookingForm(request.POST or None, session=session)
    if request.method == "POST" and session.cancelled_at:
        messages.error(request, _("This session was cancelled."))
        return redirect("session-helpers", pk=pk)
    if request.method == "POST" and form.is_valid():
        with told_at(form):
            book(session, form.cleaned_data.pop("helper"), **form.cleaned_data, by=request.person, at=timezone.now())
        if form.is_valid():
            messages.success(request, _("Booked."))
            return redirect("session-helpers", pk=pk)
    trail.record("session.helpers", thing=session)
    context = {
        "session": session,
        "form": form,
        "rows": _standing(session),
        "may_add": request.person.has_role(Role.DIRECTOR),
    }
    return render(request, "room/helpers.html", context, status=422 if form.is_bound else 200)


@require_POST
@roles(*BOOKS)
def cancellation(request: Any, pk: UUID, booking_pk: UUID) -> HttpResponse:
    session = _session(request.person, pk)
    cancel(get_object_or_404(_standing(session), pk=booking_pk), by=request.person, at=timezone.now())
    messages.success(request, _("They are no longer booked, and the room is closed to them."))
    return redirect("session-helpers", pk=pk)


@require_GET
@helpers_only
def mine(request: Any) -> HttpResponse:
    """Where a helper's day begins: the sessions they are booked for, and the way in."""
    now = timezone.now()
    rows = SessionHelper.objects.filter(helper=request.person, stands=True, during__endswith__gt=now - CLOSES_AFTER)
    bookings = [
        {"booking": row, "session": row.session, "open": now >= row.session.begins_at - OPENS_BEFORE}
        for row in rows.select_related("session").order_by("during")
    ]
    return render(request, "room/helping.html", {"rows": bookings})


def _session(person: Person, pk: UUID) -> CareSession:
    """For those who lead the session, directors and intake."""
    session = get_object_or_404(CareSession.objects.visible_to(person), pk=pk)
    if not (session.staff.filter(staff=person, stands=True).exists() or person.has_role(Role.DIRECTOR, Role.INTAKE)):
        raise PermissionDenied
    return session


def _standing(session: CareSession) -> Any:
    return session.helpers.filter(stands=True).select_related("helper", "patient", "session").order_by("booked_at")
