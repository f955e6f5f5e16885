"""Leo's family meeting tonight: Dr. Okafor leads it, and Leo's mother Ana may come by a link."""

from datetime import timedelta

from django.utils import timezone

from openiop.demo import world
from openiop.people import access
from openiop.people.access import acting
from openiop.people.models import Person, hashed
from openiop.people.support import SupporterConsent, SupporterLink
from openiop.programs.models import Enrolment
from openiop.room import admission
from openiop.room.admission import CLOSES_AFTER
from openiop.schedule.models import CareSession

BLOCKS = [{"kind": "family", "title": "", "minutes": 50}]
COOKIE = "of Ana's telephone"


def family_meeting(cast, *, blocks=BLOCKS, patient="leo", places=1, begins_at=world.NOW + timedelta(minutes=12)):
    """A meeting that Dr. Okafor leads, with one patient on its roster."""
    with acting(cast["okafor"]):
        enrolment = Enrolment.objects.get(patient=cast[patient])
        session = CareSession.plan(
            track=enrolment.track,
            name="Family meeting",
            begins_at=begins_at,
            blocks=blocks,
            modality="virtual",
            room=None,
            capacity=places,
            staff=[cast["okafor"]],
            zone="America/New_York",
        )
        session.put_on_roster(cast[patient], enrolment, modality="virtual")
    return session


def ana_of(cast, *, may_know=("meetings",), given=True, patient="leo"):
    """Ana, Leo's mother, and the consent that names her."""
    with acting(cast["okafor"]):
        ana = Person.objects.create(
            clinic_id=cast["leo"].clinic_id,
            kind=Person.SUPPORTER,
            given_name="Ana",
            family_name="Castellan",
            called="Ana",
            language="es",
        )
        consent = SupporterConsent.ask(
            cast[patient], ana, relation="mother", may_know=list(may_know), by=cast["okafor"], at=world.NOW
        )
        if given:
            consent.give(by=cast["okafor"], at=world.NOW)
    return consent


def link_to(session, consent, cast, *, at=world.NOW):
    """The token of a new link."""
    with acting(cast["okafor"]):
        return SupporterLink.make(
            consent, session_id=session.pk, ends_at=session.ends_at + CLOSES_AFTER, by=cast["okafor"], at=at
        )


def used(token, *, cookie=COOKIE, at=world.NOW):
    """Open the link with a browser that holds `cookie` from then on; return the supporter, or None."""
    rows = SupporterLink.objects.raw(
        "SELECT * FROM use_supporter_link(%s, %s, %s)", [hashed(token), hashed(cookie), at]
    )
    return access.supporter_of(hashed(cookie), at=at) if list(rows) else None


def ana_by_link(session, cast):
    return used(link_to(session, ana_of(cast), cast))


def at_the_door(ana, session):
    with acting(ana):
        return admission.ask(session, ana, at=timezone.now())


def let_in(seat, cast):
    with acting(cast["okafor"]):
        admission.ask(seat.session, cast["okafor"], at=timezone.now())
        return admission.admit(seat, by=cast["okafor"], at=timezone.now())
