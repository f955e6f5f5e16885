"""A clinician who does not lead is called to a private place: one page says for whom, and is the only way in."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.people.doors import staff_only
from openiop.room.leading import calling
from openiop.room.refused import Refused
from openiop.schedule.models import CareSession

STANDING = ("asked", "coming", "late", "lost")


@require_http_methods(["GET", "POST"])
@staff_only
def private_place(request: Any, pk: UUID, ask_pk: UUID) -> HttpResponse:
    """I am coming, or I cannot; and how it stands, also once nobody is needed any more."""
    now = timezone.now()
    session = get_object_or_404(CareSession.objects.filter(clinic_id=request.person.clinic_id), pk=pk)
    question = calling.find(session, ask_pk, by=request.person, at=now)
    refused = ""
    if request.method == "POST":
        try:
            if request.POST.get("answer") == "coming":
                calling.come(session, ask_pk, by=request.person, at=now)
                return redirect("room", pk=pk)
            calling.cannot(session, ask_pk, by=request.person, at=now)
            return redirect("home")
        except Refused as refusal:
            refused = refusal.code
            question = calling.find(session, ask_pk, by=request.person, at=now)
    return _page(request, question, refused, status=409 if refused else 200, at=now)


def _page(request: Any, question: Any, refused: str, *, status: int, at: Any) -> HttpResponse:
    word = calling.word(question, at=at)
    is_mine = question.whom_id == request.person.pk
    is_over = calling.session_is_over(question.session, at=at)
    waits = not is_over and word in (STANDING if is_mine else ("late", "lost"))
    if waits:
        trail.record("room.called-page", patient=question.seat.person, thing=question.session)
    context = {
        "question": question,
        "session": question.session,
        "word": "over" if is_over and not question.ended_at else word,
        "is_mine": is_mine,
        "waits": waits,
        "refused": refused,
    }
    return render(request, "room/called.html", context, status=status)
