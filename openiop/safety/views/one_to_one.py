"""Who stays with a person at high risk: naming them, saying that one is with them, ending it; the clinic's minutes."""

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
from openiop.people.doors import roles, staff_only
from openiop.people.models import CLINICIANS, Role
from openiop.safety import rail
from openiop.safety.forms.one_to_one import ClockForm, EndForm, StayForm
from openiop.safety.models import (
    MAY_NOT_END,
    Case,
    ChangedMeanwhile,
    MayNotEnd,
    NotOnDuty,
    OneToOne,
    OneToOneClock,
    confirm_presence,
    end_one_to_one,
    name_who_stays,
    on_duty,
    set_clock,
    stay_on,
)
from openiop.safety.views.crisis import case_of, case_page, show_rail_to, stay_form

clinicians_only = roles(*sorted(CLINICIANS))


@require_GET
@staff_only
def listing(request: Any) -> HttpResponse:
    """Whom somebody is with now, and who is asked. Clinicians see the clinic's; everybody else their own."""
    return _listing(request)


def _listing(request: Any, *, wrong: StayForm | None = None, of: UUID | None = None) -> HttpResponse:
    person, now = request.person, timezone.now()
    found = list(OneToOne.objects.visible_to(person).open().with_people().order_by("named_at"))
    mine = [row for row in found if row.who_id == person.pk]
    staff, asked = on_duty(person.clinic, at=now), _asked_next(mine)
    rows = [
        {
            "row": row,
            "is_mine": row in mine,
            "over_duty": row.is_over_duty(at=now),
            "next": asked.get(row.case_id) if row in mine and row.is_with_them else None,
            "form": (wrong if row.pk == of else None) or _hand_on_form(row, staff, asked.get(row.case_id))
            if row in mine and row.is_with_them
            else None,
        }
        for row in found
    ]
    for row in found:
        trail.record("one-to-one.show", patient=row.patient_id, thing=row)
    alone = [row for row in rail.open_cases(person, at=now) if row.staying.is_alone and not row.asked_to_stay]
    for shown in alone:
        trail.record("case.show", patient=shown.case.patient_id, thing=shown.case)
    context = {
        "rows": rows,
        "alone": alone,
        "clock": OneToOneClock.in_force(person.clinic_id, at=now),
        "may_set": person.has_role(Role.DIRECTOR),
        "now": now,
    }
    return page(request, "safety/one_to_ones.html", context, status=422 if wrong else 200)


def _asked_next(mine: list[OneToOne]) -> dict[Any, OneToOne]:
    """By case, who is asked to come next: whoever is with somebody knows it, clinician or not."""
    cases = [row.case_id for row in mine if row.is_with_them]
    rows = OneToOne.objects.filter(case__in=cases, confirmed_at=None).open().select_related("who")
    return {row.case_id: row for row in rows} if cases else {}


def _hand_on_form(row: OneToOne, staff: Any, asked: OneToOne | None) -> StayForm:
    first = {"place": row.place, "site": row.site_id, "where": row.where, "instead_of": str(asked.pk) if asked else ""}
    return StayForm(clinic=row.case.clinic, staff=staff, initial=first, auto_id=f"stay_{row.pk}_%s")


@require_POST
@clinicians_only
def named(request: Any, pk: UUID) -> HttpResponse:
    """A clinician names who stays."""
    found, now = case_of(request, pk), timezone.now()
    form = stay_form(rail.open_case(found, at=now), request.POST, reader=request.person, at=now)
    if not form.is_valid() or not _name(request, found, form, at=now):
        return case_page(request, case_of(request, pk), staying=form)
    return redirect("case", pk)


def _name(request: Any, case: Case, form: StayForm, *, at: Any) -> bool:
    """Name them; False with the mistake at the field."""
    try:
        made = name_who_stays(case, **form.cleaned_data, by=request.person, at=at)
    except NotOnDuty:
        form.add_error("who", _("They are not on duty here now, or said that they are somewhere else today."))
        return False
    except ValueError:
        form.add_error(None, _("Somebody is named for an open case of tier 3 or 4 alone."))
        return False
    except ChangedMeanwhile:
        messages.info(request, _("Somebody else changed this in the meantime. Please look again."))
        return True
    if made.is_with_them:
        messages.success(request, _("You are with them from now on."))
    else:
        messages.success(request, _("Asked. They say themselves when they are with the person."))
    return True


@require_POST
@staff_only
def handed_on(request: Any, pk: UUID) -> HttpResponse:
    """Whoever is with somebody names the next, and stays until that one has confirmed."""
    row = get_object_or_404(_mine(request), pk=pk)
    now = timezone.now()
    if not row.is_with_them:  # the next one came, or it ended, after the page was shown
        messages.info(request, _("Somebody else changed this in the meantime. Please look again."))
        return redirect("one-to-ones")
    form = StayForm(
        request.POST, clinic=row.case.clinic, staff=on_duty(row.case.clinic, at=now), auto_id=f"stay_{row.pk}_%s"
    )
    if not form.is_valid() or not _name(request, row.case, form, at=now):
        return _listing(request, wrong=form, of=row.pk)
    return redirect("one-to-ones")


def _mine(request: Any) -> Any:
    return OneToOne.objects.visible_to(request.person).filter(who=request.person).with_people()


@require_POST
@staff_only
def confirmed(request: Any, pk: UUID) -> HttpResponse:
    """I am with them."""
    return _in_own_word(request, pk, confirm_presence, _("You are with them from now on."))


@require_POST
@staff_only
def stayed(request: Any, pk: UUID) -> HttpResponse:
    """My duty is over, and I stay with them all the same."""
    return _in_own_word(request, pk, stay_on, _("You stay with them."))


def _in_own_word(request: Any, pk: UUID, say: Any, said: str) -> HttpResponse:
    row = get_object_or_404(_mine(request), pk=pk)
    try:
        say(row, by=request.person, at=timezone.now())
    except ChangedMeanwhile:
        said = _("Somebody else changed this in the meantime. Please look again.")
    if wants_part(request):
        return show_rail_to(request)
    messages.info(request, said)
    return redirect("one-to-ones")


@require_POST
@clinicians_only
def ended(request: Any, pk: UUID) -> HttpResponse:
    """A clinician decides that nobody needs to stay any more."""
    found, form = case_of(request, pk), EndForm(request.POST)
    if form.is_valid():
        try:
            end_one_to_one(found, **form.cleaned_data, by=request.person, at=timezone.now())
        except MayNotEnd as refusal:
            form.add_error("why", MAY_NOT_END[refusal.reason])
        except ChangedMeanwhile:
            messages.info(request, _("Somebody else changed this in the meantime. Please look again."))
            return redirect("case", pk)
        else:
            messages.success(request, _("Noted. Nobody is asked to stay any more."))
            return redirect("case", pk)
    return case_page(request, found, ending=form)


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR)
def clock(request: Any) -> HttpResponse:
    """Within how many minutes somebody is with them: the clinic's own, dated, with its source."""
    person, now = request.person, timezone.now()
    form = ClockForm(request.POST or None, zone=person.clinic.zone)
    if request.method == "POST" and form.is_valid():
        set_clock(**form.said(at=now), by=person, at=now)
        messages.success(request, _("Kept."))
        return redirect("one-to-one-clock")
    ours = OneToOneClock.objects.filter(clinic_id=person.clinic_id).select_related("by")
    context = {
        "form": form,
        "clock": OneToOneClock.in_force(person.clinic_id, at=now),
        "versions": ours.order_by("-effective_from", "-at"),
        "now": now,
    }
    return page(request, "safety/one_to_one_clock.html", context, status=422 if request.method == "POST" else 200)
