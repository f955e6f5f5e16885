"""Safety plans of the fictional clinic: most signed by both, one waiting for its clinician, others not begun.

And the emergency numbers of two places near it, one of them not checked for a long time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from openiop.people.access import acting
from openiop.people.models import Person
from openiop.safety.models import LocalHelp, note_means_talk, sign_plan, write_plan

ORIGIN = "past"

MAYA = {
    "warning_signs": "I stop answering messages\nI lie awake after two and count what went wrong\n"
    "I think that everybody would be relieved",
    "by_myself": "Walk to the mill and back\nHold ice, breathe out longer than in\nThe playlist from the summer",
    "people_and_places": "Alex, (555) 010-2000\nThe library on Saturday mornings\nGrandma’s kitchen",
    "people_to_ask": "Alex, (555) 010-2000, may know everything\nJune from work, (555) 010-2044",
    "professionals": "Marcus, the clinic, (555) 010-0100\nOut of hours (555) 010-0199\n"
    "Harbor General Hospital, emergency\n988, call or text",
    "surroundings": "Alex keeps the pills and brings a week’s worth\nNo wine at home this winter",
    "worth_living_for": "My niece, who is learning to ride a bicycle",
}
THEO = {
    "warning_signs": "I skip meals\nI drive without going anywhere",
    "by_myself": "Cold water on my face\nThe long way home on foot",
    "people_and_places": "Sunday football\nThe harbor wall",
    "people_to_ask": "My brother Carl, (555) 010-2051",
    "professionals": "The clinic (555) 010-0100\n988, call or text",
    "surroundings": "Carl has the key to the cabinet",
    "worth_living_for": "The dog, who knows before I do",
}
RUTH = {
    "warning_signs": "Dejo de cocinar\nNo contesto a mi hija",
    "by_myself": "Regar las plantas\nRezar despacio",
    "people_and_places": "El coro de los jueves\nEl banco frente al mar",
    "people_to_ask": "Mi hija Elena, (555) 010-2077",
    "professionals": "La clínica (555) 010-0100\n988, opción 2",
    "surroundings": "Elena guarda las pastillas",
    "worth_living_for": "Mis nietos",
}


def live(people: dict[str, Person], *, at: datetime) -> None:
    """Write and sign the plans at `at`."""
    marcus = people["marcus"]
    for key, parts, signers in (
        ("maya", MAYA, ("marcus", "maya")),
        ("theo", THEO, ("marcus", "theo")),
        ("ruth", RUTH, ("ruth",)),
    ):
        with acting(marcus, origin=ORIGIN):
            plan = write_plan(people[key], parts=parts, by=marcus, at=at)
        for n, signer in enumerate(signers, start=1):
            with acting(people[signer], origin=ORIGIN):
                sign_plan(plan, by=people[signer], at=at + timedelta(minutes=5 * n))
    with acting(marcus, origin=ORIGIN):
        note_means_talk(
            people["maya"],
            about=["medicines"],
            agreed="Alex keeps the pills and brings a week’s worth at a time.",
            helper="Alex Rivera",
            by=marcus,
            at=at,
        )
    _keep_numbers(people["okafor"], at=at)


def _keep_numbers(director: Person, *, at: datetime) -> None:
    for locality, phone, crisis, department, days in (
        ("Harbor", "5550100911", "5550100988", "Harbor General Hospital, 200 Bay Street", 20),
        ("Ashford", "5550102911", "", "Ashford Community Hospital, 3 Church Road", 240),
    ):
        LocalHelp.objects.create(
            clinic_id=director.clinic_id,
            state="NY",
            locality=locality,
            emergency_phone=phone,
            crisis_phone=crisis,
            department=department,
            source="the county’s own list, by telephone",
            checked_on=(at - timedelta(days=days)).date(),
            checked_by=director,
        )
