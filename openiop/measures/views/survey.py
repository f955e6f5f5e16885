"""What patients say of the program, for directors: no names, and no small numbers."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from openiop.audit import trail
from openiop.lib.http import page
from openiop.measures import asking, instruments, survey
from openiop.people.doors import roles
from openiop.people.models import Role
from openiop.programs.models import Modality


@require_GET
@roles(Role.DIRECTOR)
def results(request: Any) -> HttpResponse:
    clinic, language = request.person.clinic, request.LANGUAGE_CODE
    today = timezone.now().astimezone(ZoneInfo(clinic.zone)).date()
    questions = [item for item in asking.newest(asking.SURVEY).items if item.kind == "choice"]
    trail.record("survey.open")
    context = {
        "parts": [
            {
                "name": Modality(part.modality).label,
                "n": part.n,
                "rows": [
                    (instruments.in_language(item.text, language), _in_percent(part.shares[item.code]))
                    for item in questions
                    if item.code in part.shares
                ],
            }
            for part in survey.results(clinic, on=today)
        ],
        "smallest": survey.SMALLEST,
    }
    return page(request, "measures/survey.html", context)


def _in_percent(share: survey.Share) -> dict[str, int]:
    whole = {"percent": share.agreed / share.n if share.n else 0, "low": share.low, "high": share.high}
    return {name: round(100 * value) for name, value in whole.items()} | {"n": share.n}
