"""What safety keeps, a file for each noun; `crisis` holds the verbs, in the order in which a crisis runs."""

from openiop.safety.models.case import (
    BECAUSE,
    HARMED,
    Acknowledgement,
    Case,
    Closure,
    Contact,
    Flag,
    Page,
)
from openiop.safety.models.crisis import (
    REFUSALS,
    MayNotClose,
    acknowledge,
    close,
    everyone,
    log_contact,
    page_rung,
    raise_flag,
    rungs_for,
    somebody_is_called,
    somebody_is_looked_after,
    staff_are_here,
    take_next_step,
)
from openiop.safety.models.rota import OnCallShift
from openiop.safety.models.whereabouts import Whereabouts

__all__ = [
    "BECAUSE",
    "HARMED",
    "REFUSALS",
    "Acknowledgement",
    "Case",
    "Closure",
    "Contact",
    "Flag",
    "MayNotClose",
    "OnCallShift",
    "Page",
    "Whereabouts",
    "acknowledge",
    "close",
    "everyone",
    "log_contact",
    "page_rung",
    "raise_flag",
    "rungs_for",
    "somebody_is_called",
    "somebody_is_looked_after",
    "staff_are_here",
    "take_next_step",
]
