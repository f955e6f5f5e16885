"""How people leave the group: one tap, if they want to. *Not safe* goes the way of the private signal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from openiop.audit import trail
from openiop.lib.wake import wake
from openiop.messaging.models import Delivery, send
from openiop.people.models import Person
from openiop.room import signals
from openiop.room.models import Seat, SignalKind
from openiop.room.together.models import Leaving, LeavingHow
from openiop.schedule.models import CareSession

LOOKS_BACK = timedelta(hours=12)  # a worker that stood still that long tells all the same


@transaction.atomic
def say(seat: Seat, *, key: UUID, how: str, by: Person, at: datetime) -> Leaving:
    """Keep how this patient leaves; sent twice (`key` is the device's) it is one row.

    *Not safe* raises the flag in the same transaction, or none of it is kept; of *worse* those who lead are told
    (`tell_of_worse`). Raises PermissionDenied for whoever speaks for another or was never in.
    """
    if seat.role != "patient" or seat.person_id != by.pk or seat.admitted_at is None:
        raise PermissionDenied
    said, is_new = Leaving.objects.get_or_create(
        session=seat.session, patient=by, key=key, defaults={"clinic_id": seat.clinic_id, "how": how, "at": at}
    )
    if is_new:
        if how == LeavingHow.NOT_SAFE:
            label = _("Said when leaving the group: I do not feel safe")
            signals.tap(seat, key=key, kind=SignalKind.NOT_SAFE, by=by, at=at, label=label)
        trail.record("room.leaving", patient=by, thing=said)
        wake(signals.lead_topic(seat.session_id))
    return said


def tell_of_worse(clinic_id: Any, *, at: datetime) -> int:
    """Tell those who lead, once, of everybody who left feeling worse; no message names anybody. The worker's.

    Returns how many such leavings there are of late.
    """
    said = Leaving.objects.filter(clinic_id=clinic_id, how=LeavingHow.WORSE, at__gt=at - LOOKS_BACK)
    for row in said.select_related("session"):
        because = f"left worse {row.pk}"
        if not Delivery.objects.filter(clinic_id=clinic_id, because=because).exists():
            _tell(row.session, because=because, at=at)
    return len(said)


def _tell(session: CareSession, *, because: str, at: datetime) -> None:
    for led in session.staff.filter(stands=True).select_related("staff__login"):
        with override(led.staff.language):
            send(
                led.staff,
                subject=gettext("Please open the session"),
                body=gettext("Somebody left a group you lead feeling worse. Please open the session and call them."),
                because=because,
                at=at,
            )


GRAVEST_FIRST = (LeavingHow.NOT_SAFE, LeavingHow.WORSE, LeavingHow.SAME, LeavingHow.CALMER)


def of(session: CareSession) -> list[Leaving]:
    """Return how people left, as far as the acting person may know: the gravest of each, and the gravest first.

    Not the newest: who says *not safe* and then something lighter may have somebody beside them.
    """
    rows = Leaving.objects.filter(session=session).select_related("patient").order_by("at")
    in_order = sorted(rows, key=lambda row: (GRAVEST_FIRST.index(LeavingHow(row.how)), row.at))
    found: dict[UUID, Leaving] = {}
    for row in in_order:
        found.setdefault(row.patient_id, row)
    return list(found.values())
