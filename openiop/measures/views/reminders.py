"""How a patient is reminded of what is due: theirs alone to say."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from openiop.lib.http import page
from openiop.measures.forms import RemindersForm
from openiop.measures.models import ReminderWish
from openiop.messaging.models import SMS, addresses
from openiop.people.doors import patients_only


@require_http_methods(["GET", "POST"])
@patients_only
def mine(request: Any) -> HttpResponse:
    person = request.person
    wish = ReminderWish.objects.filter(patient=person).first()
    start = {
        "by_email": wish.by_email if wish else True,
        "by_text": wish.by_text if wish else False,
        "first": wish.first if wish else person.clinic.reminders_from,
        "last": wish.last if wish else person.clinic.reminders_until,
        "after_care": wish.after_care if wish else False,
    }
    form = RemindersForm(request.POST or None, initial=start, clinic=person.clinic)
    if request.method == "POST" and form.is_valid():
        ReminderWish.choose(**form.cleaned_data, by=person, at=timezone.now())
        messages.success(request, _("Saved."))
        return redirect("my-reminders")
    context = {"form": form, "may_text": bool(addresses(person, SMS)), "clinic": person.clinic}
    return page(request, "measures/reminders.html", context, status=422 if form.errors else 200)
