"""Pages of billing: charges and where they come from, payers with their rules, coverage. No narrative is read here."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, QuerySet, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.billing.forms import ChargeFilter, CoverageForm, PayerForm, RuleForm
from openiop.billing.models import STATUSES, Charge, Coverage, Payer, Rule, SignedDay, days_of, price_again
from openiop.lib.http import page
from openiop.lib.money import dollars
from openiop.lib.refusals import told_at
from openiop.people.doors import roles
from openiop.people.models import Person, Role

BILLS = (Role.BILLING, Role.DIRECTOR)
COVERS = (*BILLS, Role.INTAKE)
A_PAGE = 100
SORTS = {
    "on": ("on", "patient__family_name", "n"),
    "-on": ("-on", "patient__family_name", "n"),
    "patient": ("patient__family_name", "patient__given_name", "on", "n"),
    "code": ("code", "on", "n"),
    "status": ("status", "-on", "n"),
    "payer": ("payer__name", "-on", "n"),
}


@require_GET
@roles(*BILLS)
def charges(request: Any) -> HttpResponse:
    """Every line with its reason; filter, order and page stand in the address."""
    form = ChargeFilter(request.GET, clinic_id=request.person.clinic_id)
    chosen = form.chosen()
    sort = request.GET.get("sort", "-on")
    found = _charges(request.person, chosen, sort=sort)
    shown = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    lines = list(shown.object_list)
    for patient_id in {line.patient_id for line in lines}:
        trail.record("charges.open", patient=patient_id)
    context = {
        "form": form,
        "shown": shown,
        "lines": lines,
        "totals": _totals(found),
        "sort": sort,
        "filtered": bool(chosen),
        "query": _query_without(request, "page"),
        "unsorted": _query_without(request, "page", "sort"),
    }
    return page(request, "billing/charges.html", context)


def _charges(person: Person, chosen: dict[str, Any], *, sort: str) -> QuerySet[Charge]:
    found = Charge.objects.visible_to(person).select_related("patient", "payer")
    names = {"status": "status", "payer": "payer", "begins_on": "on__gte", "ends_on": "on__lte"}
    return found.filter(**{names[name]: value for name, value in chosen.items()}).order_by(
        *SORTS.get(sort, SORTS["-on"])
    )


def _totals(found: QuerySet[Charge]) -> list[dict[str, Any]]:
    """Lines and dollars by status, in the order in which a biller works."""
    rows = found.order_by().values("status").annotate(lines=Count("pk"), cents=Sum("amount_cents"))
    by_status = {row["status"]: row for row in rows}
    return [
        {
            "status": status,
            "label": label,
            "lines": by_status[status]["lines"],
            "amount": dollars(by_status[status]["cents"]) if by_status[status]["cents"] is not None else "",
        }
        for status, label in STATUSES
        if status in by_status
    ]


def _query_without(request: Any, *names: str) -> str:
    kept = request.GET.copy()
    for name in names:
        kept.pop(name, None)
    return kept.urlencode()


@require_GET
@roles(*BILLS)
def charge_export(request: Any) -> HttpResponse:
    """The lines of the page as CSV; the trail says who took which."""
    chosen = ChargeFilter(request.GET, clinic_id=request.person.clinic_id).chosen()
    lines = list(_charges(request.person, chosen, sort=request.GET.get("sort", "-on")))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="charges.csv"'
    response["Cache-Control"] = "no-store"
    writer = csv.writer(response)
    writer.writerow(
        ["date", "patient", "payer", "code", "revenue code", "units", "amount", "status", "reason", "source"]
    )
    for line in lines:
        amount = "" if line.amount_cents is None else f"{line.amount_cents / 100:.2f}"
        row = [line.on, line.patient.full_name, line.payer.name if line.payer else "", line.code, line.revenue_code]
        writer.writerow([_harmless(cell) for cell in (*row, line.units, amount, line.status, line.reason, line.source)])
    for patient_id in {line.patient_id for line in lines}:
        trail.record("charges.export", patient=patient_id)
    trail.record("charges.export", lines=len(lines), filters={name: str(value) for name, value in chosen.items()})
    return response


def _harmless(cell: Any) -> str:
    """A name such as =HYPERLINK(…) must not become a formula in the reader's spreadsheet."""
    text = str(cell)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@roles(*BILLS)
def charge_day(request: Any, pk: UUID, on: str) -> HttpResponse:
    """One patient's day: its lines, and the minutes from which they come. POST has it priced again."""
    day = _day(on)
    patient = get_object_or_404(Person.objects.filter(clinic_id=request.person.clinic_id).patients(), pk=pk)
    signed = SignedDay.objects.visible_to(request.person).filter(patient=patient, on=day).order_by("signed_at")
    if request.method == "POST":
        price_again(signed, by=request.person, at=timezone.now())
        messages.success(request, _("This day is being priced again."))
        return redirect("charge-day", pk=pk, on=on)
    lines = list(
        Charge.objects.visible_to(request.person)
        .filter(patient=patient, on=day)
        .select_related("payer", "rule")
        .order_by("n")
    )
    sessions = [_with_minutes(one) for one in signed]
    if not lines and not sessions:
        raise Http404
    trail.record("charge.open", patient=patient, on=on)
    context = {
        "patient": patient,
        "on": day,
        "lines": lines,
        "sessions": sessions,
        "minutes": sum(one["counted_seconds"] for one in sessions) // 60,
        "waiting": any(one["signed"].done_at is None for one in sessions),
        "coverage": Coverage.objects.visible_to(request.person)
        .on(day)
        .filter(patient=patient)
        .order_by("rank")
        .first(),
    }
    return page(request, "billing/charge_day.html", context)


def _with_minutes(signed: SignedDay) -> dict[str, Any]:
    blocks = [{**block, "minutes": block["seconds"] // 60} for block in signed.blocks]
    counted = sum(block["seconds"] for block in blocks if block["counts"] and block["treatment"])
    return {"signed": signed, "blocks": blocks, "counted_seconds": counted}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


# --- payers, rules, coverage ---


@roles(*BILLS)
def payer_list(request: Any) -> HttpResponse:
    """Payers with their rules, the one in force first."""
    rules = Prefetch("rules", Rule.objects.order_by("-in_force"))
    payers = Payer.objects.visible_to(request.person).prefetch_related(rules)
    return page(request, "billing/payer_list.html", {"payers": payers, "today": timezone.localdate()})


@roles(*BILLS)
def payer_new(request: Any) -> HttpResponse:
    form = PayerForm(request.POST or None, instance=Payer(clinic_id=request.person.clinic_id))
    if request.method == "POST" and form.is_valid():
        with told_at(form):
            trail.record("payer.save", thing=form.save())
        if not form.errors:
            messages.success(request, _("Saved. Now say how this payer pays."))
            return redirect(f"{reverse('rule-new')}?payer={form.instance.pk}")
    return page(request, "billing/form.html", {"form": form, "heading": _("A payer"), "back": "payer-list"})


@roles(*BILLS)
def rule_new(request: Any) -> HttpResponse:
    rule = Rule(clinic_id=request.person.clinic_id)
    return _rule_form(request, rule, initial={"payer": request.GET.get("payer")}, is_used=False)


@roles(*BILLS)
def rule_edit(request: Any, pk: UUID) -> HttpResponse:
    """A rule that has made charges can only be ended; one that has not can be put right."""
    rule = get_object_or_404(Rule.objects.visible_to(request.person), pk=pk)
    return _rule_form(request, rule, initial={}, is_used=Charge.objects.filter(rule=rule).exists())


def _rule_form(request: Any, rule: Rule, *, initial: dict[str, Any], is_used: bool) -> HttpResponse:
    before = rule.in_force
    form = RuleForm(
        request.POST or None, instance=rule, initial=initial, clinic_id=request.person.clinic_id, is_used=is_used
    )
    if request.method == "POST" and form.is_valid():
        with told_at(form):
            saved = form.save()
            trail.record("payer-rule.save", thing=saved, code=saved.code, source=saved.source)
        if not form.errors:
            first = min(day for day in (before.lower if before else None, form.days[0]) if day)
            days = days_of(saved.payer, begins_on=first, ends_on=None)
            price_again(days, by=request.person, at=timezone.now())
            messages.success(request, _("Saved. Days that it concerns are priced again."))
            return redirect("payer-list")
    heading = _("A payer's rule")
    context = {"form": form, "heading": heading, "back": "payer-list", "is_used": is_used}
    return page(request, "billing/form.html", context)


@roles(*COVERS)
def coverage_list(request: Any) -> HttpResponse:
    """Every patient with who pays for them today."""
    today = timezone.localdate()
    patients = (
        Person.objects.filter(clinic_id=request.person.clinic_id, active=True)
        .patients()
        .order_by("family_name", "given_name")
        .prefetch_related(Prefetch("coverages", Coverage.objects.select_related("payer").order_by("rank", "-during")))
    )
    shown = Paginator(patients, A_PAGE).get_page(request.GET.get("page"))
    return page(request, "billing/coverage_list.html", {"shown": shown, "today": today})


@roles(*COVERS)
def coverage_new(request: Any, pk: UUID | None = None) -> HttpResponse:
    form = CoverageForm(
        request.POST or None,
        instance=Coverage(clinic_id=request.person.clinic_id),
        initial={"patient": pk, "rank": 1},
        clinic_id=request.person.clinic_id,
    )
    if request.method == "POST" and form.is_valid():
        with told_at(form):
            coverage = form.save()
            trail.record("coverage.save", patient=coverage.patient_id, thing=coverage)
        if not form.errors:
            first, until = form.days
            days = SignedDay.objects.filter(patient=coverage.patient_id, on__gte=first)
            days = days.filter(on__lt=until) if until else days
            price_again(days, by=request.person, at=timezone.now())
            messages.success(request, _("Saved. Days that it concerns are priced again."))
            return redirect("coverage-list")
    return page(request, "billing/form.html", {"form": form, "heading": _("Coverage"), "back": "coverage-list"})
