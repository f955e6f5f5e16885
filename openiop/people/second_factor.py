"""Staff show two things: what they know, and what they have. Patients may.

Whether this session has shown both is noted in the session itself, which lives on the server: it is written only
here, when allauth reports a second step, and forgotten at every new sign-in. No request can set it.
"""

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from openiop.audit import trail
from openiop.people import access
from openiop.people.models import Person

SHOWN = "second_factor"

ADDS_ONE = frozenset({"mfa_activate_totp", "mfa_add_webauthn"})

# What somebody who still has to set one up may open.
OPEN_WITHOUT = frozenset(
    "second-factor lock unlock still-here account_logout account_reauthenticate account_change_password "  # noqa: SIM905
    "mfa_index mfa_reauthenticate mfa_activate_totp mfa_list_webauthn mfa_add_webauthn mfa_reauthenticate_webauthn "
    "mfa_view_recovery_codes mfa_generate_recovery_codes mfa_download_recovery_codes set_language help away offline "
    "service-worker csrf demo-sign-in demo-sign-in-as".split()
)


def refuses(request: Any, person: Person, *, name: str) -> HttpResponse | None:
    """Return where whoever works here goes instead until this session has shown a second factor."""
    if person.kind not in (Person.STAFF, Person.HELPER) or request.session.get(SHOWN) or name in OPEN_WITHOUT:
        return None
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": reverse("second-factor")})
    return HttpResponseRedirect(reverse("second-factor"))


def on_sign_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """A new sign-in begins with nothing shown, whatever this browser had shown before."""
    for key in (SHOWN, "locked", "active_at", "unlock_tries"):
        request.session.pop(key, None)
    steps = [record for record in get_authentication_records(request, user) if record["method"] == "mfa"]
    if steps:
        request.session[SHOWN] = steps[-1].get("type", "mfa")
    if person := access.person_of(user.pk):
        with access.acting(person, origin=str(request.META.get("REMOTE_ADDR", ""))):
            trail.record("sign-in", second=str(request.session.get(SHOWN, "")))


def watch(request: Any, *, name: str) -> None:
    """Count before a page that may add one: allauth tells of it only after the commit, too late for the trail."""
    if request.method == "POST" and name in ADDS_ONE:
        request.factors_before = _factors(request.user)


def note_added(request: Any) -> None:
    """The first second factor counts at once; a further one is added by a session that has shown one."""
    before = getattr(request, "factors_before", None)
    if before is None or (after := _factors(request.user)) <= before:
        return
    if not before:
        request.session[SHOWN] = "set up"
    trail.record("second-factor.add", has=after)


def _factors(login: Any) -> int:
    return Authenticator.objects.filter(user=login).exclude(type=Authenticator.Type.RECOVERY_CODES).count()


def on_removed(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """Whoever removes the last one is asked for a new one."""
    if not _factors(user):
        request.session.pop(SHOWN, None)
    trail.record("second-factor.remove")
