"""The clinician's page for what one partner said alone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openiop.audit import trail
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS, Person
from openiop.safety.forms import JointScreenForm
from openiop.safety.models.joint import STATES, JointScreen, states_of


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*sorted(CLINICIANS))
def joint_screen(request: Any, pk: UUID) -> HttpResponse:
    """Record what was found, and read what was found before."""
    patient = get_object_or_404(Person.objects.visible_to(request.person).patients(), pk=pk)
    form, now = JointScreenForm(request.POST or None), timezone.now()
    if request.method == "POST" and form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("safe_at_home", "suitable", "reasons")}
        JointScreen.record(patient, **said, by=request.person, at=now)
        messages.success(request, _("Kept."))
        return redirect("joint-screen", pk=pk)
    trail.record("joint-screen.open", patient=patient, thing=patient)
    state = states_of([patient.pk], at=now)[patient.pk]
    context = {
        "patient": patient,
        "form": form,
        "state": state,
        "state_in_words": STATES[state],
        "screens": JointScreen.objects.filter(patient=patient).select_related("by").order_by("-at"),
    }
    return render(request, "safety/joint_screen.html", context, status=422 if form.is_bound else 200)
