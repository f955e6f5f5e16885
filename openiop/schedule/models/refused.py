"""What the schedule refuses, and the words in which it says so."""

from django.utils.translation import gettext_lazy as _

from openiop.lib import refusals


class HasBegun(Exception):
    """What is asked for belongs before the session; the text says so in words for staff."""


refusals.register(
    {
        "helper_booked_once": ("helper", _("This person is booked for another session at that time.")),
        "device_stands_at_the_rooms_site": ("device", _("This device stands at another site.")),
        "room_booked_once": ("room", _("That room is already booked at that time. Choose another room or time.")),
        "staff_booked_once": (
            "facilitators",
            _("One of the facilitators already leads something at that time. Choose somebody else or another time."),
        ),
        "patient_booked_once": ("patient", _("This person already has something at that time.")),
        "session_is_full": ("patient", _("Every place is taken. Cancel a place first, or choose another session.")),
        "not_together": (
            "patient",
            _("This person cannot join this session. Please ask the director or intake for another one."),
        ),
        "roster_of_one_audience": ("patient", _("Adolescents and adults are never in one group.")),
        "roster_has_the_enrolments_audience": ("patient", _("Adolescents and adults are never in one group.")),
        "one_place_in_a_series": ("patient", _("This person belongs to this series already.")),
        "one_exception_a_day": ("on", _("There is a change for that day already. Take it back first.")),
        "two_people_kept_apart": ("second", _("Choose two different people.")),
        "correction_within_block": ("minutes", _("Nobody can be there longer than the block lasts.")),
    }
)
