"""Setting up: sites and rooms, series and their days, lasting places, people kept apart, the end of an enrolment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.lib.refusals import Refused, told_at
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person, Role, Site
from openiop.programs.models import Enrolment
from openiop.schedule import planning
from openiop.schedule.forms import (
    FIRST_BLOCKS,
    ApartForm,
    BlockFormSet,
    DayChangeForm,
    EndForm,
    PlaceForm,
    RoomForm,
    SeriesForm,
    SiteForm,
    UnfoldForm,
    fit,
)
from openiop.schedule.models import (
    HasBegun,
    NotTogether,
    Room,
    Series,
    SeriesException,
    SeriesFacilitator,
    SeriesMember,
)

SETS_UP = (Role.DIRECTOR, Role.INTAKE)
SEES_SERIES = (*CLINICIANS, Role.INTAKE)


def form_page(request: HttpRequest, form: Any, heading: str, *, back: str, **more: Any) -> HttpResponse:
    """A page that is one form; 422 when something is to be put right, with everything that was typed."""
    wrong = form.is_bound and bool(form.errors)
    return page(
        request,
        more.pop("template", "schedule/form.html"),
        {"form": form, "heading": heading, "back": back, **more},
        status=422 if wrong else 200,
    )


# --- sites and rooms ---


@roles(*SETS_UP)
def site_list(request: Any) -> HttpResponse:
    sites = Site.objects.filter(clinic_id=request.person.clinic_id).order_by("name").prefetch_related("rooms__device")
    return page(request, "schedule/site_list.html", {"sites": sites})


@roles(*SETS_UP)
def site_new(request: Any) -> HttpResponse:
    return _save(request, SiteForm, Site(clinic_id=request.person.clinic_id), _("A site"))


@roles(*SETS_UP)
def site_edit(request: Any, pk: Any) -> HttpResponse:
    return _save(request, SiteForm, get_object_or_404(Site, pk=pk, clinic_id=request.person.clinic_id), _("A site"))


@roles(*SETS_UP)
def room_new(request: Any) -> HttpResponse:
    return _save(
        request,
        RoomForm,
        Room(clinic_id=request.person.clinic_id),
        _("A room"),
        initial={"site": request.GET.get("site")},
    )


@roles(*SETS_UP)
def room_edit(request: Any, pk: Any) -> HttpResponse:
    return _save(request, RoomForm, get_object_or_404(Room, pk=pk, clinic_id=request.person.clinic_id), _("A room"))


def _save(request: Any, form_class: Any, row: Any, heading: str, **more: Any) -> HttpResponse:
    form = form_class(request.POST or None, instance=row, **more)
    if request.method == "POST" and form.is_valid():
        trail.record(f"{row._meta.model_name}.save", thing=form.save())
        messages.success(request, _("Saved."))
        return redirect("site-list")
    return form_page(request, form, heading, back=reverse("site-list"))


# --- series ---


@roles(*SEES_SERIES)
def series_list(request: Any) -> HttpResponse:
    series = (
        Series.objects.filter(clinic_id=request.person.clinic_id)
        .select_related("track", "room__site")
        .annotate(people=Count("members", distinct=True), made_until=Max("sessions__begins_on"))
        .order_by("name", "starts")
    )
    return page(
        request,
        "schedule/series_list.html",
        {"series": series, "may_set_up": request.person.has_role(*SETS_UP)},
    )


@roles(*SETS_UP)
def series_new(request: Any) -> HttpResponse:
    form = SeriesForm(request.POST or None, reader=request.person)
    blocks = _blocks(request, FIRST_BLOCKS)
    if _asks_for_rows(request):
        return _series_page(request, form, blocks, heading=_("A new series"), back=reverse("series-list"), status=200)
    if request.method == "POST" and fit(form, blocks):
        made = _make_series(request.person, form.cleaned_data, blocks.filled())
        messages.success(request, _("Saved. Now choose until when its sessions are planned."))
        return redirect("series-edit", made[0].pk) if len(made) == 1 else redirect("series-list")
    return _series_page(request, form, blocks, heading=_("A new series"), back=reverse("series-list"))


@transaction.atomic
def _make_series(person: Person, said: dict[str, Any], blocks: list[dict[str, Any]]) -> list[Series]:
    """One series for each time of the day, named by it where there are several."""
    times = sorted({said["starts"], *said["also_starts"]})
    made = []
    for starts in times:
        name = said["name"] if len(times) == 1 else f"{said['name']} {starts:%H:%M}"
        made.append(_save_series(Series(clinic_id=person.clinic_id), said | {"name": name, "starts": starts}, blocks))
    return made


@transaction.atomic
def _save_series(series: Series, said: dict[str, Any], blocks: list[dict[str, Any]]) -> Series:
    for name in (
        *("track", "name", "rrule", "first_on", "until", "starts", "zone"),
        *("modality", "room", "capacity", "bring"),
    ):
        setattr(series, name, said[name])
    series.blocks = blocks
    series.save()
    SeriesFacilitator.objects.filter(series=series).delete()
    for person in said["facilitators"]:
        SeriesFacilitator.objects.create(clinic_id=series.clinic_id, series=series, person=person)
    trail.record("series.save", thing=series)
    return series


@roles(*SEES_SERIES)
def series_edit(request: Any, pk: Any) -> HttpResponse:
    """The series' own page: what it is, who belongs to it, its coming days; and the form to change it."""
    series = _series(request, pk)
    if request.method == "POST" or "change" in request.GET:
        return _series_change(request, series)
    return _series_overview(request, series)


def _series_change(request: Any, series: Series) -> HttpResponse:
    if not request.person.has_role(*SETS_UP):
        raise PermissionDenied
    form = SeriesForm(request.POST or None, reader=request.person, initial=SeriesForm.initial_of(series))
    del form.fields["also_starts"]
    blocks = _blocks(request, series.blocks)
    back = reverse("series-edit", args=[series.pk])
    if _asks_for_rows(request):
        return _series_page(request, form, blocks, heading=series.name, back=back, status=200)
    if request.method == "POST" and fit(form, blocks):
        _save_series(series, form.cleaned_data, blocks.filled())
        messages.success(request, _("Saved. Sessions that were planned already stay as they are."))
        return redirect(back)
    return _series_page(request, form, blocks, heading=series.name, back=back)


def _series_page(
    request: Any, form: Any, blocks: Any, *, heading: str, back: str, status: int | None = None
) -> HttpResponse:
    wrong = request.method == "POST"
    if status == 200 and wrong:
        # A row was asked for, nothing was judged: what was typed stays and no error is shown yet.
        form._errors = ErrorDict()
    return page(
        request,
        "schedule/series_form.html",
        {"form": form, "blocks": blocks, "heading": heading, "back": back},
        status=status or (422 if wrong else 200),
    )


def _blocks(request: Any, blocks: list[dict[str, Any]]) -> Any:
    """The rows of the evening: as typed, with the row that was asked for added, moved up or taken out."""
    if request.method != "POST":
        return BlockFormSet(initial=blocks, prefix="blocks")
    if not _asks_for_rows(request):
        return BlockFormSet(request.POST, prefix="blocks")
    return BlockFormSet(initial=_rearranged(request.POST), prefix="blocks")


def _asks_for_rows(request: Any) -> bool:
    return request.method == "POST" and bool(request.POST.get("rows"))


def _rearranged(said: Any) -> list[dict[str, Any]]:
    """Read the rows without judging them and do what `rows` asks for: "add", "up-2" or "out-2"."""
    try:
        total = min(int(said.get("blocks-TOTAL_FORMS", 0)), 20)
    except ValueError:
        total = 0
    rows = [{name: said.get(f"blocks-{n}-{name}", "") for name in ("kind", "title", "minutes")} for n in range(total)]
    what, _dash, which = said["rows"].partition("-")
    n = int(which) if which.isdigit() else -1
    if what == "add":
        rows.append({"kind": "group", "title": "", "minutes": ""})
    elif what == "up" and 0 < n < len(rows):
        rows[n - 1], rows[n] = rows[n], rows[n - 1]
    elif what == "out" and 0 <= n < len(rows) and len(rows) > 1:
        del rows[n]
    return rows


def _series(request: Any, pk: Any) -> Series:
    rows = Series.objects.select_related("track", "room__site")
    return get_object_or_404(rows, pk=pk, clinic_id=request.person.clinic_id)


def _series_overview(request: Any, series: Series, **forms: Any) -> HttpResponse:
    now = timezone.now()
    today = now.astimezone(ZoneInfo(series.zone)).date()
    members = series.members.select_related("patient").order_by("patient__given_name", "patient__family_name")
    trail.record("series.open", thing=series)
    wrong = any(form.is_bound and form.errors for form in forms.values())
    context = {
        "series": series,
        "facilitators": series.facilitators.order_by("family_name"),
        "members": members,
        "coming": series.sessions.standing()
        .filter(during__endswith__gt=now)
        .annotate(taken=Count("roster", filter=Q(roster__stands=True)))
        .in_order()[:12],
        "changes": series.exceptions.filter(on__gte=today).order_by("on"),
        "may_set_up": request.person.has_role(*SETS_UP),
        "place_form": PlaceForm(reader=request.person, already=[m.patient_id for m in members], prefix="place"),
        "change_form": DayChangeForm(series=series, prefix="day"),
        "unfold_form": _unfold_form(series, now),
    }
    return page(request, "schedule/series.html", context | forms, status=422 if wrong else 200)


def _unfold_form(series: Series, now: Any, said: Any = None) -> UnfoldForm:
    last = planning.half_a_year_from(now, zone=series.zone)
    today = now.astimezone(ZoneInfo(series.zone)).date()
    wanted = max(today, series.first_on) + timedelta(weeks=8)
    return UnfoldForm(said, last=last, initial={"until": min(wanted, last, series.until or last)})


@roles(*SETS_UP)
def series_unfold(request: Any, pk: Any) -> HttpResponse:
    """Show the days up to a date as they would be, then make them."""
    series = _series(request, pk)
    now = timezone.now()
    form = _unfold_form(series, now, request.POST or (request.GET if "until" in request.GET else None))
    if not form.is_bound or not form.is_valid():
        return _series_overview(request, series, unfold_form=form)
    until = form.cleaned_data["until"]
    if request.method == "POST":
        try:
            made = planning.unfold(series, until=until, by=request.person, at=now)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            said = ngettext("%(count)d session is planned.", "%(count)d sessions are planned.", len(made))
            messages.success(request, said % {"count": len(made)})
            return redirect("series-edit", series.pk)
    today = now.astimezone(ZoneInfo(series.zone)).date()
    days = planning.days(series, from_on=max(today, series.first_on), until=until)
    return page(
        request,
        "schedule/unfold.html",
        {"series": series, "form": form, "days": days, "new": sum(1 for d in days if d.begins_at and not d.session)},
        status=422 if form.errors else 200,
    )


@require_POST
@roles(*SETS_UP)
def series_member_new(request: Any, pk: Any) -> HttpResponse:
    series = _series(request, pk)
    form = PlaceForm(request.POST, reader=request.person, prefix="place")
    if form.is_valid():
        try:
            with told_at(form):
                planning.join(series, **form.cleaned_data, by=request.person, at=timezone.now())
        except planning.NotEnrolled as refusal:
            form.add_error("patient", str(refusal))
    if form.errors:
        return _series_overview(request, series, place_form=form)
    messages.success(request, _("%(name)s has a place.") % {"name": form.cleaned_data["patient"].called})
    return redirect("series-edit", series.pk)


@require_POST
@roles(*SETS_UP)
def series_member_end(request: Any, pk: Any) -> HttpResponse:
    member = get_object_or_404(SeriesMember, pk=pk, clinic_id=request.person.clinic_id)
    planning.leave(member, by=request.person, at=timezone.now())
    messages.success(request, _("The place is free again from now on."))
    return redirect("series-edit", member.series_id)


@require_POST
@roles(*SETS_UP)
def series_day(request: Any, pk: Any) -> HttpResponse:
    """Cancel or move one day of the series."""
    series = _series(request, pk)
    form = DayChangeForm(request.POST, series=series, prefix="day")
    if form.is_valid():
        try:
            with told_at(form):
                _change_day(series, form.cleaned_data, by=request.person, at=timezone.now())
        except HasBegun as refusal:
            form.add_error("on", str(refusal))
    if form.errors:
        return _series_overview(request, series, change_form=form)
    messages.success(request, _("The change is noted."))
    return redirect("series-edit", series.pk)


@transaction.atomic
def _change_day(series: Series, said: dict[str, Any], *, by: Person, at: Any) -> None:
    if said["what"] == "skip":
        planning.skip(series, said["on"], reason=said["reason"], by=by, at=at)
    else:
        planning.move_day(
            series,
            said["on"],
            to_on=said["to_on"],
            to_time=said["to_time"],
            reason=said["reason"],
            by=by,
            at=at,
        )


@require_POST
@roles(*SETS_UP)
def series_day_back(request: Any, pk: Any) -> HttpResponse:
    """Take a change of a day back, as long as no session was made for it."""
    change = get_object_or_404(SeriesException, pk=pk, clinic_id=request.person.clinic_id)
    if change.series.sessions.filter(unfolded_on=change.on).exists():
        messages.error(request, _("The session of that day was changed already; move or plan it on its own page."))
    else:
        trail.record("series.day-back", thing=change)
        change.delete()
    return redirect("series-edit", change.series_id)


# --- people kept apart ---


@roles(*SETS_UP)
def not_together(request: Any) -> HttpResponse:
    form = ApartForm(request.POST or None, reader=request.person)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        pair = planning.keep_apart(**form.cleaned_data, by=request.person, at=now)
        for session in planning.sessions_with_both(pair.first, pair.second, at=now):
            messages.warning(
                request,
                _("Both have a place in %(name)s on %(day)s: please free one of them.")
                % {"name": session.name, "day": session.begins_on},
            )
        messages.success(request, _("They are not put in one session from now on."))
        return redirect("not-together")
    pairs = NotTogether.objects.filter(clinic_id=request.person.clinic_id).select_related("first", "second")
    trail.record("not-together.open")
    return form_page(
        request,
        form,
        _("Not together"),
        back=reverse("series-list"),
        template="schedule/not_together.html",
        pairs=pairs.order_by("first__family_name"),
    )


@require_POST
@roles(*SETS_UP)
def not_together_end(request: Any, pk: Any) -> HttpResponse:
    pair = get_object_or_404(NotTogether, pk=pk, clinic_id=request.person.clinic_id)
    trail.record("not-together.end", patient=pair.first_id, thing=pair)
    pair.delete()
    messages.success(request, _("They may be in one session again."))
    return redirect("not-together")


# --- the end of an episode of care: it frees places, so its page lives here ---


@roles(*SETS_UP)
def enrolment_end(request: Any, pk: Any) -> HttpResponse:
    rows = Enrolment.objects.visible_to(request.person).select_related("patient", "track")
    enrolment = get_object_or_404(rows, pk=pk, end_reason="")
    today = timezone.localdate(timezone=ZoneInfo(request.person.clinic.zone))
    form = EndForm(request.POST or None, enrolment=enrolment, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            planning.end_enrolment(enrolment, **form.cleaned_data, by=request.person, at=timezone.now())
        except ValidationError as refusal:
            form.add_error("on", refusal)
        else:
            messages.success(request, _("The enrolment ends; later places are free."))
            return redirect("enrolment-list")
    heading = _("End the enrolment of %(name)s") % {"name": enrolment.patient.full_name}
    trail.record("enrolment.open", patient=enrolment.patient_id, thing=enrolment)
    return form_page(
        request, form, heading, back=reverse("enrolment-list"), title=_("End an enrolment"), label=_("End it")
    )
