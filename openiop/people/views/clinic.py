"""What belongs to the clinic: its devices, and the documents that patients agree to."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from openiop.audit import trail
from openiop.people.doors import roles
from openiop.people.forms import DeviceForm, DocumentForm
from openiop.people.models import Device, Document, Role, Site

MAY_PAIR = (Role.DIRECTOR, Role.FRONT_DESK)


@require_http_methods(["GET", "POST"])
@roles(*MAY_PAIR)
def devices(request: Any) -> HttpResponse:
    """The kiosks and room cameras. A new one shows its pairing code once."""
    form = DeviceForm(request.POST or None, instance=Device(clinic_id=request.person.clinic_id))
    form.fields["site"].queryset = Site.objects.filter(clinic_id=request.person.clinic_id)  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        return _code(request, form.save(commit=False))
    known = Device.objects.filter(clinic_id=request.person.clinic_id).select_related("site")
    context = {"form": form, "devices": known.order_by("revoked_at", "kind", "name")}
    return render(request, "people/devices.html", context, status=422 if form.is_bound else 200)


@require_POST
@roles(*MAY_PAIR)
def pairing_code(request: Any, pk: UUID) -> HttpResponse:
    return _code(request, _device(request, pk))


def _code(request: Any, device: Device) -> HttpResponse:
    code = device.new_pairing_code(at=timezone.now())
    context = {"device": device, "code": f"{code[:4]} {code[4:]}"}
    response = render(request, "people/pairing_code.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@roles(*MAY_PAIR)
def revocation(request: Any, pk: UUID) -> HttpResponse:
    """The device is lost or retired: its cookie opens nothing from now on."""
    _device(request, pk).revoke(by=request.person, at=timezone.now())
    messages.success(request, _("This device can no longer be used here."))
    return redirect("devices")


def _device(request: Any, pk: UUID) -> Device:
    return get_object_or_404(Device, pk=pk, clinic_id=request.person.clinic_id, revoked_at__isnull=True)


@require_GET
@roles(Role.DIRECTOR, Role.PRIVACY)
def documents(request: Any) -> HttpResponse:
    """Every version of every document, the newest first."""
    rows = Document.objects.filter(clinic_id=request.person.clinic_id).order_by("kind", "-version", "language")
    return render(request, "people/documents.html", {"documents": rows, "kinds": Document.KINDS})


@require_http_methods(["GET", "POST"])
@roles(Role.DIRECTOR, Role.PRIVACY)
def document_new(request: Any) -> HttpResponse:
    """A new wording becomes the next version; patients are asked again."""
    form = DocumentForm(request.POST or None, initial={"in_force_from": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        add_version(request.person.clinic_id, **form.cleaned_data)
        messages.success(request, _("Saved. Patients are asked for it from now on."))
        return redirect("document-list")
    return render(request, "people/document_form.html", {"form": form}, status=422 if form.is_bound else 200)


def add_version(clinic_id: UUID, *, kind: str, english: str, spanish: str, in_force_from: Any) -> None:
    newest = Document.objects.filter(clinic_id=clinic_id, kind=kind).aggregate(version=Max("version"))["version"] or 0
    for language, text in (("en", english), ("es", spanish)):
        document = Document.objects.create(
            clinic_id=clinic_id,
            kind=kind,
            version=newest + 1,
            language=language,
            text=text,
            in_force_from=in_force_from,
        )
        trail.record("document.add", thing=document, kind=kind, version=newest + 1, language=language)
