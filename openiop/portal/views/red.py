"""What is wrong now, for directors."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import assessing
from openiop.people.doors import roles
from openiop.people.models import Role
from openiop.safety.red import red_list


@require_GET
@roles(Role.DIRECTOR)
def red(request: Any) -> HttpResponse:
    now = timezone.now()
    found = red_list(request.person, at=now, asked=assessing.asked_of_clinicians(request.person, at=now))
    for case in {row.case for row in [*(one.row for one in found.cases), *found.alone]}:
        trail.record("case.show", patient=case.patient_id, thing=case)
    trail.record("red-list.open", cases=len(found.cases), late=len(found.assessments) + len(found.plans))
    return page(request, "portal/red_list.html", {"found": found, "now": now})
