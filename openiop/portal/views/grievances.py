"""A patient's own grievances: sending one, and what became of it. Whoever is in danger is heard here as anywhere."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openiop.lib.http import page
from openiop.lib.refusals import told_at
from openiop.measures.phrases.listening import listen
from openiop.people.doors import patients_only
from openiop.people.models import Person
from openiop.portal.forms import GrievanceForm
from openiop.safety.models import GrievanceClock, RestrictedFlag, raise_restricted, readers_of
from openiop.safety.models.restricted import OUTSIDE
from openiop.safety.reporting import GRIEVANCE
from openiop.safety.told import told


@never_cache
@require_http_methods(["GET", "POST"])
@patients_only
def mine(request: Any) -> HttpResponse:
    person, now = request.person, timezone.now()
    form = GrievanceForm(request.POST or None, clinic=person.clinic)
    if request.method == "POST" and form.is_valid():
        in_danger = _complain(person, form, at=now)
        if not form.errors:
            messages.success(request, _("Sent. You can see below what becomes of it."))
            return redirect("help" if in_danger else "my-grievances")
    sent = RestrictedFlag.objects.grievances_of(person).prefetch_related("replies__by")
    rows = [{"flag": flag, "done": flag_done(flag), "readers": readers_of(flag)} for flag in sent]
    clock, heard = GrievanceClock.of(person.clinic_id), told(person, at=now)
    context = {"form": form, "rows": rows, "clock": clock, "told": heard, "outside": OUTSIDE}
    return page(request, "portal/my_grievances.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def _complain(person: Person, form: GrievanceForm, *, at: datetime) -> bool:
    """Keep the complaint and listen to its words; do they speak of a danger that this person's pages may name?

    They are listened to also where it is refused, because nobody would be left to read it. Of the complaint itself the
    flag says nothing: whoever is complained about may be the one who is called.
    """
    words, key = form.cleaned_data["words"], f"{person.pk}-{at:%Y%m%d%H%M}"
    with told_at(form):
        flag = raise_restricted(
            kind=GRIEVANCE,
            words=words,
            about=list(form.cleaned_data["about"]),
            patient=person,
            state=person.home_state,
            by=person,
            at=at,
        )
        key = str(flag.pk)
    heard = listen(person, words, key=f"grievance-{key}", label="Written to the clinic", quotes=False, at=at)
    return any(not each.kind for each in heard)


def flag_done(flag: RestrictedFlag) -> str:
    """`answered`, `acknowledged` or `sent`: what is true for whoever complained."""
    replies = list(flag.replies.all())
    if any(row.answers for row in replies):
        return "answered"
    return "acknowledged" if replies else "sent"
