"""How a member of staff is reached when somebody needs them; and in development what left by mail and text."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from openiop.audit import trail
from openiop.lib.http import page
from openiop.messaging import push
from openiop.messaging.caught import caught as what_was_caught
from openiop.messaging.forms import BrowserForm
from openiop.messaging.models import EVERY_WAY, PUSH, WAYS, Delivery, PushSubscription, addresses, send_by
from openiop.people.doors import staff_only

LATEST = 12


@require_GET
@staff_only
def reached(request: Any) -> HttpResponse:
    """The ways on which I am paged, each tried or not, with the receipts of what was sent to me lately."""
    return _reached(request, BrowserForm())


def _reached(request: Any, form: BrowserForm) -> HttpResponse:
    person = request.person
    latest = Delivery.objects.filter(clinic_id=person.clinic_id, to=person).exclude(because="sign-in")
    context = {
        "ways": [(way, label, addresses(person, way)) for way, label in WAYS if way != PUSH],
        "texts": bool(settings.SMS_URL),
        "browsers": PushSubscription.objects.filter(person=person, ended_at=None).order_by("made_at"),
        "push_key": push.public_key() if settings.PUSH_SECRET else "",
        "form": form,
        "latest": latest.order_by("-made_at", "way")[:LATEST],
    }
    return page(request, "messaging/reached.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only
def browser_add(request: Any) -> HttpResponse:
    """This browser asks to be notified; asking again changes its name."""
    person, now = request.person, timezone.now()
    form = BrowserForm(request.POST)
    if not form.is_valid():
        return _reached(request, form)
    kept, _made = PushSubscription.objects.update_or_create(
        person=person,
        endpoint=form.cleaned_data["endpoint"],
        ended_at=None,
        defaults={name: form.cleaned_data[name] for name in ("name", "p256dh", "auth")},
        create_defaults={**form.cleaned_data, "clinic_id": person.clinic_id, "made_at": now},
    )
    trail.record("reached.browser", thing=kept)
    messages.success(request, _("Added. Try it now."))
    return redirect("reached")


@require_POST
@staff_only
def browser_end(request: Any, browser: UUID) -> HttpResponse:
    row = get_object_or_404(PushSubscription, person=request.person, ended_at=None, pk=browser)
    row.ended_at = timezone.now()
    row.save(update_fields=["ended_at"])
    trail.record("reached.browser-end", thing=row)
    messages.success(request, _("Taken off."))
    return redirect("reached")


@require_POST
@staff_only
def trial(request: Any) -> HttpResponse:
    """Send myself a trial on every way I have."""
    person, now = request.person, timezone.now()
    with translation.override(person.language):
        subject, body = _("A trial"), _("This is a trial. Nobody needs you.")
    sent = send_by(EVERY_WAY, person, subject=subject, body=body, because="trial", at=now)
    trail.record("reached.trial", deliveries=len(sent))
    messages.success(request, _("Sent. Below you see what each way answered."))
    return redirect("reached")


@require_GET
@staff_only
def caught(request: Any) -> HttpResponse:
    """Mail and texts that went into this machine's folders. Not there in production."""
    if not settings.CATCHER:
        raise Http404
    return page(request, "messaging/caught.html", {"caught": what_was_caught()})
