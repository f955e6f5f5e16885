"""The rail beside every staff page, the case; and what a patient is told."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.people import access
from openiop.people.doors import patients_only, staff_only
from openiop.people.models import Person, Role
from openiop.safety import handover_list, ladder, minors, rail, rungs, told
from openiop.safety.forms import ClosureForm, ConcernForm, ContactForm
from openiop.safety.forms.one_to_one import EndForm, StayForm
from openiop.safety.gaps import WARN_AHEAD
from openiop.safety.models import (
    REFUSALS,
    Case,
    MayNotClose,
    OneToOne,
    acknowledge,
    because_in_words,
    close,
    decision_asked_at,
    gaps_ahead,
    ladder_for,
    log_contact,
    on_duty,
    open_alerts,
    raise_flag,
    somebody_is_called,
    somebody_is_looked_after,
)
from openiop.safety.reach import reads_private
from openiop.safety.receipts import receipts

SEEN = "cases_seen"


@require_GET
@staff_only
def show_rail(request: Any) -> HttpResponse:
    """What needs a human. Clinicians see who; everybody else, that somebody is being looked after."""
    return show_rail_to(request)


def show_rail_to(request: Any, *, added: bool = False) -> HttpResponse:
    """`added`: something came onto a list after it was shown, so that it was not taken over yet."""
    person, now = request.person, timezone.now()
    rows = sorted(rail.open_cases(person, at=now), key=lambda row: not (row.sounds or row.staying.is_alone))
    _note_what_was_seen(request, rows)
    calm = not rows and not person.is_clinician and somebody_is_looked_after(person.clinic_id)
    context = {
        "rows": rows,
        "alerts": _alerts_of(person, at=now),
        "somebody": calm,
        "now": now,
        "gap": _gap_to_tell(person, at=now),
        "hand_overs": handover_list.waiting(person, [row.case for row in rows], at=now),
        "added": added,
        "mine": [] if person.is_clinician else list(OneToOne.objects.visible_to(person).open().with_people()),
    }
    return page(request, "safety/rail.html", context, part="_rail.html")


def _alerts_of(person: Person, *, at: Any) -> list[dict[str, Any]]:
    return [
        {
            "alert": alert,
            "rings": alert.rings_for(person, at=at),
            "may_take": alert.may_be_taken_by(person, at=at),
            "left_alone": alert.looks_for_somebody(at=at) and alert.is_left_alone(at=at),
            "unsaid": bool(alert.taken_at) and alert.looks_for_somebody(at=at),
        }
        for alert in open_alerts(person)
    ]


def _gap_to_tell(person: Person, *, at: Any) -> Any:
    """The directors' own alarm: the first hours within a day in which nobody is on call."""
    if not person.has_role(Role.DIRECTOR):
        return None
    return next((gap for gap in gaps_ahead(person.clinic, at=at) if gap.begins_at <= at + WARN_AHEAD), None)


def _note_what_was_seen(request: Any, rows: list[rail.OpenCase]) -> None:
    """The rail reads itself every ten seconds; the trail notes each reader's first look at each danger."""
    now_shown = [f"{row.case.pk} {row.case.since.timestamp():.0f}" for row in rows]
    before = request.session.get(SEEN, [])
    for row, shown in zip(rows, now_shown, strict=True):
        if shown not in before:
            trail.record("case.show", patient=row.case.patient_id, thing=row.case)
    if set(now_shown) - set(before):
        request.session[SEEN] = now_shown


@require_GET
@staff_only
def alarm(request: Any) -> HttpResponse:
    """Is somebody being called? Says nothing else, and answers a locked screen too."""
    rings = somebody_is_called(request.person, at=timezone.now())
    return page(request, "safety/alarm.html", {"rings": rings}, part="_alarm.html")


@require_GET
@patients_only
def what_happens(request: Any) -> HttpResponse:
    """What the patient is told about their own call for help, now."""
    now = timezone.now()
    return page(request, "safety/told.html", {"told": told.told(request.person, at=now)}, part="_told_words.html")


# --- cases ---


@require_GET
@staff_only
def cases(request: Any) -> HttpResponse:
    """Open cases, and those closed lately."""
    now = timezone.now()
    rows = rail.open_cases(request.person, at=now)
    closed = Case.objects.visible_to(request.person).exclude(closed_at=None).with_steps()
    context = {"rows": rows, "closed": closed.select_related("closure__by").order_by("-closed_at")[:30], "now": now}
    trail.record("case.list", cases=len(rows))
    return page(request, "safety/cases.html", context)


@require_GET
@staff_only
def case(request: Any, pk: UUID) -> HttpResponse:
    return case_page(request, case_of(request, pk))


def case_of(request: Any, pk: UUID) -> Case:
    return get_object_or_404(
        Case.objects.visible_to(request.person).with_steps().with_attempts().with_one_to_ones(), pk=pk
    )


def case_page(
    request: Any,
    found: Case,
    *,
    contact: ContactForm | None = None,
    closure: ClosureForm | None = None,
    staying: StayForm | None = None,
    ending: EndForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    trail.record("case.open", patient=found.patient_id, thing=found)
    row = rail.open_case(found, at=now)
    context = {
        "case": found,
        "row": row,
        "place": row.place,
        "patient": found.patient,
        "minor": minors.minor(found.patient, since=found.opened_at, at=now) if found.closed_at is None else None,
        "steps": _steps(found, at=now) if found.closed_at is None else [],
        "reads_private": reads_private(request.person, found.patient_id),
        "sent": receipts(found),
        "contacts": found.contacts.all(),
        "asked_at": decision_asked_at(found) if row.is_to_be_decided else None,
        "contact_form": contact or ContactForm(),
        "closure_form": closure or ClosureForm(),
        "stay_form": staying or (stay_form(row, reader=request.person, at=now) if row.may_name else None),
        "end_form": ending or EndForm(),
        "now": now,
    }
    status = 422 if contact or closure or staying or ending else status
    return page(request, "safety/case.html", context, status=status)


def stay_form(row: rail.OpenCase, data: Any = None, *, reader: Person, at: Any) -> StayForm:
    """Who is on duty, the reader always, and where the person is said to be."""
    where, asked = row.place.where, row.asked_to_stay
    shown = row.with_them or asked
    first = {
        "instead_of": str(asked.pk) if asked else "",
        "place": shown.place if shown else (where.place if where else rungs.AT_HOME),
        "site": shown.site_id if shown else (where.site_id if where else None),
        "where": shown.where if shown else "",
    }
    clinic = row.case.clinic
    staff = on_duty(clinic, at=at) | Person.objects.filter(pk=reader.pk)
    return StayForm(data, clinic=clinic, staff=staff, initial=first)


def _steps(case: Case, *, at: Any) -> list[dict[str, Any]]:
    """The ladder as it stands now: who, why them, when they were asked, and when the next will be."""
    drawn = ladder_for(case.patient, tier=case.tier, at=at)
    rungs = drawn.rungs
    on_ladder = case.on_the_ladder(rungs, order=drawn.plan.order)
    step = ladder.next_step(on_ladder, at=at, deadlines=case.deadlines)
    people = Person.objects.filter(pk__in=[who for rung in rungs for who in rung.who])
    names: dict[Any, str] = {person.pk: person.full_name for person in people}
    asked = [page for page in on_ladder.paged if page.at >= case.since]
    following = min(max((page.rung for page in asked), default=-1) + 1, len(rungs) - 1)
    return [
        {
            "because": because_in_words(rung.because),
            "names": [names[who] for who in rung.who],
            "asked": sorted({page.at for page in asked if page.rung == place}),
            "next_at": step.next_at if step.kind == "wait" and place == following else None,
            "now": step.kind == "page" and step.rung == place,
        }
        for place, rung in enumerate(rungs)
    ]


@require_POST
@staff_only
def case_acknowledgement(request: Any, pk: UUID) -> HttpResponse:
    """I'll take it."""
    found = case_of(request, pk)
    taken = acknowledge(found, by=request.person, at=timezone.now())
    if wants_part(request):
        return show_rail_to(request)
    if taken is None:
        messages.info(request, _("Somebody already has this one."))
    return redirect("case", pk)


@require_POST
@staff_only
def case_contacts(request: Any, pk: UUID) -> HttpResponse:
    """Log an attempt to reach the patient."""
    found = case_of(request, pk)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return case_page(request, found, contact=form)
    log_contact(found, **form.cleaned_data, by=request.person, at=timezone.now())
    messages.success(request, _("Logged."))
    return redirect("case", pk)


@require_POST
@staff_only
def case_closure(request: Any, pk: UUID) -> HttpResponse:
    """Close the case, or say what is missing."""
    found = case_of(request, pk)
    form = ClosureForm(request.POST)
    if form.is_valid():
        try:
            close(found, **form.cleaned_data, by=request.person, at=timezone.now())
        except MayNotClose as refusal:
            for reason in refusal.reasons:
                needs_disposition = reason == ladder.CLOSING_NEEDS_CONTACT_OR_DISPOSITION
                form.add_error("disposition" if needs_disposition else None, REFUSALS[reason])
        else:
            messages.success(request, _("Closed."))
            return redirect("cases")
    return case_page(request, found, closure=form)


@require_http_methods(["GET", "POST"])
@staff_only
def flag_new(request: Any, pk: UUID) -> HttpResponse:
    """Anybody of the staff who works with patients may say that they are worried."""
    access.require(request.person, *access.SEES_THE_SCHEDULE)
    patient = get_object_or_404(Person.objects.patients().filter(clinic_id=request.person.clinic_id), pk=pk)
    form = ConcernForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        flag = raise_flag(
            patient,
            key=f"concern {form.cleaned_data['key']}",
            evidence=ladder.Evidence("staff_concern", form.cleaned_data["tier"]),
            label=_("Concern of %(name)s") % {"name": request.person.full_name},
            value=form.cleaned_data["what"],
            at=timezone.now(),
        )
        messages.success(request, _("Raised. Somebody is being called."))
        return redirect("case", flag.case_id) if request.person.is_clinician else redirect("desk")
    context = {"form": form, "patient": patient}
    return page(request, "safety/concern.html", context, status=422 if form.errors else 200)
