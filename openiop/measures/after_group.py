"""After a group its patients are offered five short questions in our own words, on the day of the group."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from openiop.measures.asking import AFTER_GROUP
from openiop.measures.models import Response
from openiop.people.models import Person
from openiop.schedule.models import RosterEntry


def is_offered(patient: Person, *, at: datetime) -> bool:
    """Is a group of today's over that this person has not yet said a word about? One answer a day, whatever groups."""
    zone = ZoneInfo(patient.zone)
    today = at.astimezone(zone).date()
    begins_at = datetime.combine(today, time(), zone)
    over = (
        RosterEntry.objects.standing()
        .filter(patient=patient, session__cancelled_at=None, during__endswith__gt=begins_at, during__endswith__lte=at)
        .exclude(status__in=["absent", "cancelled_late"])
    )
    said = Response.objects.filter(patient=patient, instrument=AFTER_GROUP, for_day=today, completed_at__isnull=False)
    return over.exists() and not said.exists()
