"""Pages of the boards. The board itself is drawn in the browser in a frame of the room or in a tab."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from csp.constants import SELF
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.chart import papers
from openiop.lib.http import content_policy
from openiop.people.doors import roles, signed_in, staff_only
from openiop.people.models import CLINICIANS, Device, Role
from openiop.room import admission
from openiop.room.boards import expiry, keeping, paper, pictures, rights
from openiop.room.boards.forms import FilingForm, HoldForm, PolicyForm
from openiop.room.boards.models import GROUP, Board, BoardImage, BoardPolicy, has_board
from openiop.room.models import BreakoutRoom, Seat, SeatState
from openiop.schedule.models import CareSession

DO = {
    "read-only": lambda pk, by, at: keeping.set_read_only(pk, True, by=by, at=at),
    "open-to-all": lambda pk, by, at: keeping.set_read_only(pk, False, by=by, at=at),
    "clear": lambda pk, by, at: keeping.clear(pk, by=by, at=at),
    "undo-clear": lambda pk, by, at: keeping.undo_clear(pk, by=by, at=at),
    "bring-back": lambda pk, by, at: keeping.bring_back(pk, by=by, at=at),
}


@require_GET
@signed_in
@content_policy(frame_ancestors=[SELF])
@xframe_options_sameorigin
def of_session(request: Any, pk: UUID) -> HttpResponse:
    """The board of the place where one sits now; for whoever leads and sits nowhere, the group's."""
    session = _session(request.person, pk)
    role = admission.role_in(session, request.person)
    who = {"device": request.person} if isinstance(request.person, Device) else {"person": request.person}
    seat = Seat.objects.filter(session=session, state=SeatState.ADMITTED, **who).first()
    place = seat.place if seat else (GROUP if role == "facilitator" else "")
    if not has_board(place):
        raise Http404
    board = Board.objects.standing().filter(session=session, place=place).first()
    if board is None and (place != GROUP or role == "facilitator"):
        board = Board.lay_out(session, place=place, at=timezone.now())
    if board is None:
        return render(request, "room/board_closed.html", {"session": session, "in_call": True})
    return redirect("board", pk=board.pk)


@require_GET
@signed_in
@content_policy(frame_ancestors=[SELF])
@xframe_options_sameorigin
def board(request: Any, pk: UUID) -> HttpResponse:
    """One board, drawn in the browser."""
    found = _board(pk)
    now = timezone.now()
    level = rights.level(found, request.person, at=now)
    context = {
        "board": found,
        "in_call": rights.sits_at(found, request.person, at=now),
        "config": {
            "board": str(found.pk),
            "level": level,
            "ofGroup": found.is_of_group,
            "socket": f"/ws/boards/{found.pk}",
            "images": reverse("board-images", args=[found.pk]),
            "act": reverse("board-do", args=[found.pk, "clear"]).removesuffix("clear"),
            "all": reverse("session-boards", args=[found.session_id]) if level == "lead" else "",
            "assets": static("board/"),
            "csrf": get_token(request),
            "keptUntil": _kept_until_words(found),
        },
    }
    response = render(request, "room/board.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@signed_in
def images(request: Any, pk: UUID) -> HttpResponse:
    """Keep a picture; the answer is the id by which the drawing knows it."""
    sent = request.FILES.get("picture")
    if sent is None:
        rights.level(_board(pk), request.person, at=timezone.now())
        return JsonResponse({"reason": "not_a_picture"}, status=422)
    try:
        kept = pictures.keep(pk, sent, by=request.person, at=timezone.now())
    except (pictures.NotAPicture, keeping.Refused) as error:
        return JsonResponse({"reason": error.reason}, status=422)
    return JsonResponse({"id": str(kept.pk)})


@require_GET
@signed_in
def image(request: Any, pk: UUID, image_pk: UUID) -> HttpResponse:
    """One picture, to whoever may see its board."""
    found = _board(pk)
    rights.level(found, request.person, at=timezone.now())
    kept = get_object_or_404(BoardImage, pk=image_pk, board=found)
    return HttpResponse(
        bytes(kept.data),
        content_type=kept.kind,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


@require_POST
@staff_only
def do(request: Any, pk: UUID, do: str) -> HttpResponse:
    """What a facilitator does to a board: read-only, open to all, clear, undo the clearing, bring back."""
    DO[do](pk, request.person, timezone.now())
    if "application/json" in request.headers.get("Accept", ""):
        return HttpResponse(status=204)
    messages.success(request, _("Done."))
    return redirect("session-boards", pk=_board(pk).session_id)


@require_GET
@roles(*CLINICIANS)
def of_session_all(request: Any, pk: UUID) -> HttpResponse:
    """Every board of the session, for whoever leads it."""
    session = _session(request.person, pk)
    if admission.role_in(session, request.person) != "facilitator":
        raise PermissionDenied
    found = Board.objects.standing().filter(session=session).select_related("session").order_by("opened_at")
    policy = BoardPolicy.of(session.clinic_id)
    rows = [
        {"board": one, "last_clear": keeping.last_clear(one), "kept_until": expiry.kept_until(one, policy)}
        for one in _named(list(found.prefetch_related("holds__by")))
    ]
    context = {"session": session, "rows": rows, "policy": policy}
    return render(request, "room/boards.html", context)


@require_GET
@roles(*CLINICIANS)
def as_paper(request: Any, pk: UUID) -> HttpResponse:
    """The board as a PDF, to look at or to print."""
    found = _board(pk)
    rights.lead(found, request.person, at=timezone.now())
    data, _words = paper.pdf(found, at=timezone.now())
    trail.record("board.export", thing=found, bytes=len(data))
    return HttpResponse(data, content_type="application/pdf", headers={"Cache-Control": "no-store"})


@require_http_methods(["GET", "POST"])
@roles(*CLINICIANS)
def filing(request: Any, pk: UUID) -> HttpResponse:
    """File the board to the chart of those it is about."""
    found = _board(pk)
    now = timezone.now()
    rights.lead(found, request.person, at=now)
    if not BoardPolicy.of(found.clinic_id).may_file:
        raise PermissionDenied
    form = FilingForm(request.POST if request.method == "POST" else None, board=found)
    if form.is_valid():
        with translation.override(request.person.language):
            data, said = paper.pdf(found, at=now)
        try:
            papers.file(
                found.session,
                form.cleaned_data["patients"],
                title=paper.title_of(found),
                text=said,
                pdf=data,
                by=request.person,
                at=now,
                name_override=form.cleaned_data["name_override"],
            )
        except papers.NamesOthers as error:
            names = ", ".join(error.names)
            form.add_error("name_override", _("These names stand on the board: %(names)s.") % {"names": names})
        else:
            trail.record("board.file", thing=found)
            messages.success(request, _("Filed."))
            return redirect("session-boards", pk=found.session_id)
    words = paper.words(keeping.drawing_of(found).elements())
    context = {"board": found, "session": found.session, "form": form, "words": words}
    return render(request, "room/board_filing.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@roles(*CLINICIANS)
def destruction(request: Any, pk: UUID) -> HttpResponse:
    """Ask once, then destroy the board for good, where the clinic's policy allows it."""
    found = _board(pk)
    rights.lead(found, request.person, at=timezone.now())
    if not BoardPolicy.of(found.clinic_id).may_destroy:
        raise PermissionDenied
    if request.method == "POST":
        keeping.destroy(pk, by=request.person, at=timezone.now())
        messages.success(request, _("The board is gone."))
        return redirect("session-boards", pk=found.session_id)
    return render(request, "room/board_destruction.html", {"board": found, "session": found.session})


@require_http_methods(["GET", "POST"])
@roles(*CLINICIANS)
def hold(request: Any, pk: UUID) -> HttpResponse:
    """Keep a board longer than the clinic's days, and say why."""
    found = _board(pk)
    rights.lead(found, request.person, at=timezone.now())
    until = expiry.kept_until(found, BoardPolicy.of(found.clinic_id))
    if until is None:
        raise Http404
    form = HoldForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            expiry.hold(pk, **form.cleaned_data, by=request.person, at=timezone.now())
        except expiry.CannotHold:
            form.add_error("until", _("Choose a later day than now, and at most a year from today."))
        else:
            messages.success(request, _("Saved."))
            return redirect("session-boards", pk=found.session_id)
    context = {"board": found, "session": found.session, "form": form, "until": until}
    return render(request, "room/board_hold.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def policy(request: Any) -> HttpResponse:
    """What the clinic lets facilitators do with boards."""
    kept = BoardPolicy.of(request.person.clinic_id)
    form = PolicyForm(request.POST or None, instance=kept)
    if request.method == "POST" and form.is_valid():
        form.save()
        trail.record("board_policy.change", thing=kept, fields=form.changed_data)
        messages.success(request, _("Saved."))
        return redirect("board-policy")
    return render(request, "room/board_policy.html", {"form": form}, status=422 if request.method == "POST" else 200)


# --- parts ---


def _board(pk: UUID) -> Board:
    found = get_object_or_404(Board.objects.standing().select_related("session", "session__room"), pk=pk)
    return _named([found])[0]


def _kept_until_words(board: Board) -> str:
    until = expiry.kept_until(board, BoardPolicy.of(board.clinic_id))
    return _("This board is kept until %(day)s.") % {"day": date_format(until, "DATE_FORMAT")} if until else ""


def _named(boards: list[Board]) -> list[Board]:
    """Give each breakout's board the name its room is called by; a patient may know no room but their own."""
    rooms = BreakoutRoom.objects.filter(round__session__in={one.session_id for one in boards})
    names = {room.place: room.name for room in rooms}
    for one in boards:
        one.name = names.get(one.place, "")
    return boards


def _session(person: Any, pk: UUID) -> CareSession:
    return get_object_or_404(CareSession.objects.visible_to(person).select_related("room"), pk=pk)
