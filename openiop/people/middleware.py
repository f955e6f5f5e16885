"""Who is asking: from the session's login or the device's cookie to a person, and the door they go through."""

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation

from openiop.people import access, screen, second_factor
from openiop.people.models import Device, Person, hashed

DEVICE_COOKIE = "openiop_device"
SUPPORTER_COOKIE = "openiop_supporter"

# Nobody registers themselves, and an address is changed by staff: these pages of allauth do not exist here.
NOT_OFFERED = frozenset({"account_signup", "account_email", "account_confirm_email", "account_email_verification_sent"})


class PersonMiddleware:
    """Set `request.person` (a Person, a Device or None) and answer inside `access.acting(request.person)`.

    One transaction a request, templates rendered inside it. A view that raises rolls it back; a refusal is
    noted afterwards in a transaction of its own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.person = who_asks(request)
        request.refused = False
        if request.person is None:
            return self.get_response(request)
        if isinstance(request.person, Person):
            translation.activate(request.person.language)
            request.LANGUAGE_CODE = request.person.language
        with access.acting(request.person, origin=origin_of(request)) as followed:
            # An error page may be drawn after the transaction, where no row is seen: its frame has the clinic already.
            request.person.clinic  # noqa: B018 - a device's; a person brings theirs along
            with timezone.override(zone_of(request.person)):
                response = self.get_response(request)
            second_factor.note_added(request)
            if request.refused or response.status_code >= 500:
                transaction.set_rollback(True)
                followed.events.clear()
        if request.refused:
            access.note_refusal(request.person, origin=origin_of(request), thing=view_name(request))
        return response

    def process_view(self, request: Any, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Before any view: a locked screen opens nothing, and staff show a second factor first."""
        name = request.resolver_match.url_name or ""
        if name in NOT_OFFERED:
            raise Http404
        if not isinstance(request.person, Person):
            return None
        if name == "set_language" and request.method == "POST":
            request.person.choose_language(request.POST.get("language", ""))
        if request.person.kind == Person.SUPPORTER:
            return None  # no password could open their screen again, and there is no record behind it
        second_factor.watch(request, name=name)
        return screen.refuses(request, request.person, name=name, at=timezone.now()) or second_factor.refuses(
            request, request.person, name=name
        )

    def process_exception(self, request: Any, exception: Exception) -> None:
        """Django answers 404 and 403 itself, so the exception never reaches `acting`: mark it here."""
        if isinstance(exception, Http404 | PermissionDenied):
            request.refused = True


def who_asks(request: Any) -> Person | Device | None:
    """Return the person signed in, else the device or the supporter whose cookie this is, else None."""
    if request.user.is_authenticated:
        person = access.person_of(request.user.pk)
        return person if person and person.active else None
    return who_holds(request.COOKIES)


def who_holds(cookies: Mapping[str, str]) -> Person | Device | None:
    """Return the paired device, or the supporter whose link still stands, that these cookies belong to."""
    if (token := cookies.get(DEVICE_COOKIE)) and (device := access.device_of(hashed(token))):
        return device
    if token := cookies.get(SUPPORTER_COOKIE):
        return access.supporter_of(hashed(token), at=timezone.now())
    return None


def zone_of(person: Person | Device) -> ZoneInfo:
    """The reader's own clocks: pages show their times."""
    return ZoneInfo(person.zone if isinstance(person, Person) else person.clinic.zone)


def origin_of(request: HttpRequest) -> str:
    """Where a request comes from, for the trail: the address as the proxy or the socket names it."""
    return str(request.META.get("REMOTE_ADDR", ""))


def view_name(request: HttpRequest) -> str:
    """The name of the page asked for, without its ids."""
    return request.resolver_match.view_name if request.resolver_match else ""
