"""The worker's part in the live group: it looks, whoever else is awake or not."""

from datetime import datetime

from openiop.people.access import System, acting, all_clinics
from openiop.room import care


def watch(at: datetime) -> int:
    """Call back everybody with an open case whose line was lost; returns how many are lost now."""
    found = 0
    for clinic in all_clinics():
        with acting(System(clinic.pk), origin="worker"):
            found += care.call_back(clinic, at=at)
    return found
