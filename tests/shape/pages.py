"""Every page and action of ours, from the URL list itself, with ids of the fictional clinic filled in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from openiop.billing.models import Payer, Rule
from openiop.chart.models import FiledPaper, GroupNote, NotePart
from openiop.lib.ids import uuid7
from openiop.measures.models import Assignment, Cadence, Response
from openiop.measures.observed import own_rules
from openiop.measures.observed.observation import observe
from openiop.measures.phrases import own
from openiop.messaging.models import PushSubscription
from openiop.people import roster
from openiop.people.access import acting
from openiop.people.models import Device, Invitation, Person, Site, hashed
from openiop.people.support import SupporterConsent, SupporterLink
from openiop.programs.models import Enrolment, Program, Track
from openiop.room.boards.models import Board, BoardImage, BoardPolicy
from openiop.room.leading.models import AsideAsk
from openiop.room.models import Seat
from openiop.room.notes import keeping
from openiop.safety import ladder
from openiop.safety.models import (
    Guardian,
    LocalHelp,
    OnCallShift,
    StaffAlert,
    decide,
    mark,
    note_report,
    open_hand_over,
    raise_flag,
    raise_restricted,
    write_plan,
)
from openiop.schedule.helping import book
from openiop.schedule.models import CareSession, NotTogether, Room, RosterEntry, SeriesException, SeriesMember
from tests.shape import rows

# Who walks: one of the cast for each role, somebody else's patient, both devices, and nobody.
WALKERS = {
    "director": "okafor",
    "facilitator": "bea",
    "therapist": "marcus",
    "intake": "lin",
    "billing": "rosa",
    "front_desk": "hal",
    "privacy": "vera",
    "patient": "maya",
    "another_patient": "leo",
}
HELPER = "helper"  # booked for some other session than the one that is walked
DEVICES = {"kiosk": Device.KIOSK, "room_device": Device.ROOM}
SUPPORTER, NOBODY = "supporter", "nobody"


class Page(NamedTuple):
    """One URL of ours. `key` is its name, with its parameters where one name has several."""

    key: str
    name: str
    route: str
    parameters: tuple[str, ...]
    view: Any


def ours() -> list[Page]:
    """Every URL whose view is ours, in the resolver's order."""
    found = [page for page in _walk(get_resolver().url_patterns) if page.view.__module__.startswith("openiop.")]
    several = {page.name for page in found if sum(other.name == page.name for other in found) > 1}
    return [
        page._replace(key=f"{page.name} {'+'.join(page.parameters)}".strip()) if page.name in several else page
        for page in found
    ]


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[Page]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            parameters = tuple(sorted(pattern.pattern.regex.groupindex))
            yield Page(pattern.name or "", pattern.name or "", route, parameters, pattern.callback)


def filled(page: Page, ids: dict[str, Any]) -> str:
    """The page's path with what it asks for. Raises KeyError for a parameter nobody has thought of."""
    kinds = {"pk": page.route.lstrip("^").split("/")[0]}
    values = {name: ids[kinds.get(name, name)] for name in page.parameters}
    return reverse(page.name, kwargs=values)


def furnish(cast: dict[str, Any]) -> dict[str, Any]:
    """Make sure that there is one of everything, about Maya, and return its ids by the first word of the path."""
    director, maya, now = cast["okafor"], cast["maya"], timezone.now()
    with acting(director):
        flag = raise_flag(
            maya,
            key="walk",
            evidence=ladder.Evidence("staff_concern", 2),
            label="Asked for",
            value="by the walk",
            at=now,
        )
        hers = CareSession.objects.filter(roster__patient=maya, series__isnull=False, note=None).in_order()
        evening = hers.filter(during__endswith__gt=now).first() or hers.last()
        series = evening.series
        clinic = {"clinic_id": maya.clinic_id}
        seat = Seat.objects.create(**clinic, session=evening, person=maya, asked_at=now, admitted_at=now)
        private = private_note(maya, seat, at=now)
        day = SeriesException.objects.create(**clinic, series=series, on=now.date() + timedelta(days=60))
        apart = NotTogether.objects.create(**clinic, first=maya, second=cast["sam"])
        response = Response.objects.filter(patient=maya).first() or Response.objects.create(
            **clinic, patient=maya, instrument="phq9", version=1, for_day=now.date(), started_at=now
        )
        phrase = own.add(
            "made for the walk", language="en", category="suicide", tier=2, why="Asked for", by=director, at=now
        )
        seen, _flags = observe(
            maya, place="on_site", seen={"affect": ["low"]}, by=director, at=now, seen_at=now, key=uuid7()
        )
        told_of = own_rules.decide(
            of="dilute", way="found", limit=None, tier=1, source="made for the walk", by=director, at=now
        )
        cadence = Cadence.objects.first() or Cadence.objects.create(
            **clinic, track=Track.objects.first(), instrument="gad7"
        )
        asked = Assignment.ask(
            maya, instrument="gad2", because="hand", on=now.date(), until=now.date(), by=director, at=now
        )
        payer = Payer.objects.first() or Payer.objects.create(**clinic, name="Some payer", kind="commercial")
        rule = Rule.objects.filter(payer=payer).first() or Rule.objects.create(
            **clinic, payer=payer, code="S9480", in_force=(now.date(), None), source="made for the walk"
        )
        entry = RosterEntry.objects.get(session=evening, patient=maya)
        note = GroupNote.objects.create(**clinic, session=evening, author=cast["bea"], edited_at=now)
        part = NotePart.objects.create(**clinic, note=note, patient=maya, entry=entry)
        board = Board.lay_out(evening, at=now)
        BoardPolicy.objects.create(**clinic, keep_days=30)
        image = BoardImage.objects.create(**clinic, board=board, by=maya, at=now, kind="image/png", data=b"")
        paper = FiledPaper.objects.create(
            **clinic,
            patient=maya,
            session=evening,
            title="Board",
            text="",
            pdf=b"%PDF",
            digest="",
            by=cast["bea"],
            at=now,
        )
        shift = OnCallShift.objects.create(
            **clinic, staff=director, rung=2, during=(now + timedelta(days=90), now + timedelta(days=91))
        )
        browser = PushSubscription.objects.create(
            **clinic, person=director, endpoint="https://push.example/1", name="Phone", made_at=now
        )
        numbers = LocalHelp.objects.first() or LocalHelp.objects.create(
            **clinic,
            state="NY",
            emergency_phone="5550100111",
            source="walk",
            checked_on=now.date(),
            checked_by=director,
        )
        plan = write_plan(maya, parts={"by_myself": "Walk the dog"}, by=director, at=now)
        device = Device.objects.create(**clinic, kind=Device.KIOSK, name="Lost", site=Site.objects.first())
        taken = rows.medications_of(maya, by=director, at=now)
        rows.stillness_in(evening, maya, seen_by=cast["bea"])
        rows.told_outside(maya, by=director, at=now)
        restricted = raise_restricted(
            kind="child_abuse", words="Asked for.", patient=maya, state="NY", by=director, at=now
        )
        decide(restricted, report=True, why="Asked for by the walk", by=director, at=now)
        told = {"agency": "The hotline", "recipient": "Worker 12", "written": False, "number": "A-17"}
        path = {"identifying": True, "path": "child_abuse_exception"}
        note_report(restricted, **told, **path, told_at=now, by=director, at=now)
        guardian = Guardian.add(
            cast["leo"], name="Ana", relation="mother", phone="", authority="seen", by=director, at=now
        )
        token = Invitation.make(maya, by=director, at=now)
        consent = supporter_of(maya, by=director)
        helper = roster.add_helper(
            Person(given_name="Cleo", family_name="Walk", called="Cleo"), email="cleo@walk.example", by=director
        )
        booking = book(evening, helper, kind="captioner", by=director, at=now)
        stays = rows.stays_with(maya, by=director, at=now)
        rows.beside_that([cast["ines"], cast["jonah"]], by=director, next_one=cast["marcus"], at=now)
        return {
            "patients": maya.pk,
            "people": maya.pk,
            "hours": maya.pk,
            "charges": maya.pk,
            "staff": cast["bea"].pk,
            "devices": device.pk,
            "cases": flag.case_id,
            "restricted": restricted.pk,
            "guardians": guardian.pk,
            "safety-plans": plan.pk,
            "do-not-contact": mark(maya, name="Rob Walk", why="Asked for by the walk", by=director, at=now).pk,
            "local-help": numbers.pk,
            "on-call": shift.pk,
            "programs": Program.objects.first().pk,
            "tracks": Track.objects.first().pk,
            "enrolments": Enrolment.objects.get(patient=maya).pk,
            "sites": Site.objects.first().pk,
            "rooms": Room.objects.first().pk,
            "series": series.pk,
            "members": SeriesMember.objects.filter(series=series, patient=maya).first().pk,
            "days": day.pk,
            "not-together": apart.pk,
            "sessions": evening.pk,
            "roster": entry.pk,
            "note-parts": part.pk,
            "payer-rules": rule.pk,
            "kind": "group_agreement",
            "code": "phq9",
            "version": 1,
            "day": now.date().isoformat(),
            "on": now.date().isoformat(),
            "response_pk": response.pk,
            "cadence_pk": cadence.pk,
            "asked_pk": asked.pk,
            "phrase_pk": phrase.pk,
            "sort": "on-site",
            "written_pk": seen.pk,
            "medication_pk": taken.pk,
            "change_pk": taken.pk,
            "rule_pk": told_of.pk,
            "seat_pk": seat.pk,
            "note_pk": private.pk,
            "card": "stop",
            "way": "1",
            "boards": board.pk,
            "image_pk": image.pk,
            "filed-papers": paper.pk,
            "do": "clear",
            "browser": browser.pk,
            "tier": 3,
            "place": "virtual",
            "when": "in-hours",
            "answer": "accept",
            "alerts": StaffAlert.objects.create(**clinic, made_by=director, made_at=now).pk,
            "hand-overs": open_hand_over(
                director.clinic, kind="own", key="own walk", goes=[director.pk], due_at=now, at=now
            ).pk,
            "one-to-ones": stays.pk,
            "token": token,
            "supporters": consent.pk,
            "me": consent.pk,
            "consent_pk": consent.pk,
            "helpers": helper.pk,
            "booking_pk": booking.pk,
            "ask_pk": AsideAsk.objects.create(
                **clinic, session=evening, seat=seat, whom=director, by=cast["bea"], at=now, called=True
            ).pk,
            "login": cast["bea"].login_id,
        }


def private_note(patient: Any, seat: Seat, *, at: Any) -> Any:
    with acting(patient):
        return keeping.write(seat, "Ask about the lake.", key=uuid7(), begun_from=None, by=patient, at=at)


def browser_for(walker: str, cast: dict[str, Any]) -> Client:
    """A browser with this walker signed in, or the device's cookie in it."""
    from tests.conftest import browser_of

    if walker in WALKERS:
        return browser_of(cast[WALKERS[walker]])
    if walker == HELPER:
        return browser_of(somebody_who_interprets(cast))
    client = Client(headers={"host": "localhost"})
    if walker in DEVICES:
        client.cookies["openiop_device"] = paired(DEVICES[walker], cast)
    if walker == SUPPORTER:
        client.cookies["openiop_supporter"] = come_by_a_link(cast)
    return client


def somebody_who_interprets(cast: dict[str, Any]) -> Person:
    """A helper of the clinic with a sign-in."""
    with acting(cast["okafor"]):
        iris = Person(given_name="Iris", family_name="Walk", called="Iris")
        return roster.add_helper(iris, email="iris-walks@interpreters.example", by=cast["okafor"])


def supporter_of(patient: Any, *, by: Any) -> SupporterConsent:
    """Somebody beside this patient, with their written consent."""
    ana = Person.objects.create(
        clinic_id=patient.clinic_id, kind="supporter", given_name="Ana", family_name="Walk", called="Ana"
    )
    consent = SupporterConsent.ask(patient, ana, relation="mother", may_know=["meetings"], by=by, at=timezone.now())
    consent.give(by=by, at=timezone.now())
    return consent


def come_by_a_link(cast: dict[str, Any]) -> str:
    """Return the cookie of a supporter whose link is to some other meeting than the one that is walked."""
    director, now = cast["okafor"], timezone.now()
    with acting(director):
        consent = supporter_of(cast["leo"], by=director)
        token = SupporterLink.make(consent, session_id=uuid7(), ends_at=now + timedelta(hours=1), by=director, at=now)
    cookie = "a cookie of the supporter for the walk"
    with connection.cursor() as cursor:
        cursor.execute("SELECT use_supporter_link(%s, %s, %s)", [hashed(token), hashed(cookie), now])
    return cookie


def paired(kind: str, cast: dict[str, Any]) -> str:
    """Return the token of a device of this kind, paired for the walk."""
    token = f"a token of the {kind} for the walk"
    with acting(cast["okafor"]):
        site = Site.objects.first()
        device = Device.objects.create(
            clinic_id=site.clinic_id,
            kind=kind,
            name=f"Walking {kind}",
            site=site,
            token_hash=hashed(token),
            paired_at=timezone.now(),
        )
        if kind == Device.ROOM:
            Room.objects.filter(site=site).update(device=device)
    return token


def everybody() -> list[str]:
    return [*WALKERS, *DEVICES, HELPER, SUPPORTER, NOBODY]
