"""One's own lines beside the tiles: saved from the room as they are typed, read and deleted afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.people.access import kind_of
from openiop.people.doors import patients_only, signed_in, staff_only
from openiop.room.models import Seat
from openiop.room.notes import keeping
from openiop.room.notes.models import RoomNote


class NoteForm(forms.Form):
    text = forms.CharField(max_length=keeping.LONGEST, required=False, strip=False)
    key = forms.UUIDField()
    begun_from = forms.UUIDField(required=False)


@require_http_methods(["GET", "POST"])
@signed_in
def note(request: Any, pk: UUID) -> HttpResponse:
    """My lines about this session, and their next writing. 409: written elsewhere meanwhile, with what stands there.

    403: the page is another person's, who was signed in to this browser before.
    """
    if request.headers.get("X-Person", str(request.person.pk)) != str(request.person.pk):
        return _answer(None, kept=False, status=403)
    seat = _my_seat(request.person, pk)
    if request.method == "GET":
        return _answer(keeping.note_of(seat, by=request.person), kept=True)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _answer(None, kept=False, status=422)
    try:
        kept = keeping.write(seat, **form.cleaned_data, by=request.person, at=timezone.now())
    except keeping.NotTheNewest as other:
        return _answer(other.note, kept=False, status=409)
    except keeping.TooLate:
        return _answer(None, kept=False, status=422)
    return _answer(kept, kept=True)


def _my_seat(person: Any, session_id: UUID) -> Seat:
    if kind_of(person) not in ("patient", "staff"):
        raise Http404
    seats = Seat.objects.select_related("session").filter(role__in=keeping.WRITERS, admitted_at__isnull=False)
    return get_object_or_404(seats, session_id=session_id, person_id=person.pk)


def _answer(note: RoomNote | None, *, kept: bool, status: int = 200) -> JsonResponse:
    said = {"kept": kept, "edition": str(note.edition) if note else "", "text": note.text if note else ""}
    response = JsonResponse(said, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@patients_only
def mine(request: Any) -> HttpResponse:
    return _page(request, "room/my_notes.html")


@require_GET
@staff_only
def of_staff(request: Any) -> HttpResponse:
    return _page(request, "room/staff_notes.html")


def _page(request: Any, template: str) -> HttpResponse:
    person = request.person
    context = {
        "notes": keeping.notes_of(person, at=timezone.now()),
        "days": keeping.days_kept(person.clinic, of_staff=kind_of(person) == "staff"),
    }
    response = render(request, template, context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@signed_in
def deletion(request: Any, note_pk: UUID) -> HttpResponse:
    """Gone for good, and only by whoever wrote it."""
    if kind_of(request.person) not in ("patient", "staff") or not keeping.delete(request.person, note_pk):
        raise Http404
    messages.success(request, _("These lines are deleted."))
    return redirect("my-room-notes" if kind_of(request.person) == "patient" else "staff-room-notes")
