"""Who is in front of the site's device: the people whom kiosk, front desk or a colleague saw arrive and not leave."""

from __future__ import annotations

from typing import Any

from django.db import connection


def people_on_site(session_id: Any) -> list[str]:
    """Return by what name each is called, for whoever sits in the group with them; for everybody else, nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT called FROM room_on_site(%s)", [session_id])
        return [called for (called,) in cursor.fetchall()]
