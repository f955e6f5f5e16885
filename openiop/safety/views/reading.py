"""The clinic's settings for restricted flags: who reads which kind, and what each state asks for."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.people.doors import roles
from openiop.people.models import Person, Role
from openiop.safety.forms.restricted import GrievanceClockForm, GuardianRuleForm, ReadersForm, StateRuleForm
from openiop.safety.models import GrievanceClock, GuardianRule, ReadingRule, StateRule, enter_rule
from openiop.safety.models.restricted import KINDS, NAMED, table_of
from openiop.safety.states import shipped

SET_BY = (Role.DIRECTOR, Role.PRIVACY)


@require_http_methods(["GET", "POST"])
@roles(*SET_BY)
def readers(request: Any) -> HttpResponse:
    """Who reads each kind, and the clinic's days for a grievance."""
    person = request.person
    clock_form = GrievanceClockForm(request.POST or None, instance=GrievanceClock.of(person.clinic_id))
    forms = [(label, kind, _readers_form(request, kind)) for kind, label in KINDS]
    if request.method == "POST" and clock_form.is_valid() and all(form.is_valid() for _label, _kind, form in forms):
        with told_at(clock_form):
            clock_form.save()
        if not clock_form.errors:
            for _label, kind, form in forms:
                _set(kind, form.lines(), by=person)
            messages.success(request, _("Kept."))
            return redirect("reading-rules")
    context = {"forms": forms, "clock_form": clock_form}
    return page(request, "safety/reading_rules.html", context, status=422 if request.method == "POST" else 200)


def _readers_form(request: Any, kind: str) -> ReadersForm:
    lines = table_of(kind)
    shown = {
        "roles": [reader for reader, _person in lines if reader != NAMED],
        "people": [person for reader, person in lines if reader == NAMED],
    }
    return ReadersForm(request.POST or None, clinic=request.person.clinic, kind=kind, initial=shown)


@transaction.atomic
def _set(kind: str, lines: list[Any], *, by: Person) -> None:
    """Write the table of one kind anew, if it changed."""
    if set(lines) == set(table_of(kind)):
        return
    ReadingRule.objects.filter(clinic_id=by.clinic_id, kind=kind).delete()
    ReadingRule.objects.bulk_create(
        ReadingRule(clinic_id=by.clinic_id, kind=kind, reader=reader, person_id=person) for reader, person in lines
    )
    trail.record("restricted.readers", kind=kind, readers=sorted(reader for reader, _person in lines))


@require_http_methods(["GET", "POST"])
@roles(*SET_BY)
def states(request: Any) -> HttpResponse:
    """What each state asks for, as the clinic has checked it and as it ships; and entering a rule."""
    person, now = request.person, timezone.now()
    which = request.POST.get("which")
    report = StateRuleForm(request.POST if which == "report" else None, instance=StateRule())
    guardian = GuardianRuleForm(request.POST if which == "guardian" else None, instance=GuardianRule())
    for form in (report, guardian):
        if form.is_bound and form.is_valid():
            with told_at(form):
                enter_rule(form.save(commit=False), by=person, at=now)
            if not form.errors:
                messages.success(request, _("Kept."))
                return redirect("state-rules")
    ours = StateRule.objects.filter(clinic_id=person.clinic_id).select_related("checked_by")
    context = {
        "rules": ours.order_by("state", "kind", "-effective_from", "-made_at"),
        "guardian_rules": GuardianRule.objects.filter(clinic_id=person.clinic_id)
        .select_related("checked_by")
        .order_by("state", "-effective_from", "-made_at"),
        "shipped": [(rule, dict(KINDS)[rule.kind]) for rule in shipped().values()],
        "report_form": report,
        "guardian_form": guardian,
    }
    return page(request, "safety/state_rules.html", context, status=422 if request.method == "POST" else 200)
