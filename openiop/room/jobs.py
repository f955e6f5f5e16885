"""The worker's part in the live group: it looks, whoever else is awake or not."""

from datetime import datetime

from openiop.people.access import System, acting, all_clinics
from openiop.room import care, staffing


def watch(at: datetime) -> int:
    """Call back whoever is lost while at risk; ask for staff where a group is paused. Returns how many are lost now."""
    found = 0
    for clinic in all_clinics():
        with acting(System(clinic.pk), origin="worker"):
            found += care.call_back(clinic, at=at)
            staffing.page_for_the_paused(clinic.pk, at=at)
    return found
