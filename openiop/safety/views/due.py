"""What is due for the patients one treats: at the desk, and as a list to hand over."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page, wants_part
from openiop.people.doors import roles
from openiop.people.models import CLINICIANS
from openiop.safety import reviews
from openiop.safety.worksheets import due_on_worksheets


@require_GET
@roles(*sorted(CLINICIANS))
def due(request: Any) -> HttpResponse:
    """Due now and in the next two days."""
    now = timezone.now()
    rows = reviews.due_rows(request.person, at=now)
    # On the whole page alone: the desk stands open where others look, and a name here may be one too many there.
    lines = [] if wants_part(request) else due_on_worksheets(request.person, at=now)
    trail.record("safety-due.list", rows=len(rows))
    return page(request, "safety/due.html", {"rows": rows, "lines": lines, "now": now}, part="_due.html")
