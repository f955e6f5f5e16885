"""Harbor Street, a small fictional clinic with a named cast: for tests, screenshots, training and the demo.

Everybody and everything here is invented. `build` writes it through the same verbs as the pages do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password

from openiop.demo import medications, past, plans
from openiop.people.access import acting
from openiop.people.models import Agreement, Clinic, Device, Document, Licence, Login, Person, Role, Site, Tie
from openiop.programs.models import Audience, Enrolment, Modality, Program, Track
from openiop.safety.models import OnCallShift
from openiop.schedule.models import Room, Series, SeriesFacilitator, SeriesMember

ZONE = ZoneInfo("America/New_York")
# A Tuesday, twelve minutes before the evening group: the moment at which the tests begin.
NOW = datetime(2026, 11, 24, 22, 48, tzinfo=UTC)
PASSWORD = "harbor-street-evening"

EVENING = [
    {"kind": "group", "title": "Process group", "minutes": 60},
    {"kind": "break", "title": "Break", "minutes": 5},
    {"kind": "skills", "title": "Skills group", "minutes": 60},
    {"kind": "break", "title": "Break", "minutes": 5},
    {"kind": "education", "title": "Education", "minutes": 60},
]


AFTERNOON = [
    {"kind": "group", "title": "Process group", "minutes": 60},
    {"kind": "break", "title": "Break", "minutes": 5},
    {"kind": "skills", "title": "Skills group", "minutes": 60},
]


@dataclass(frozen=True)
class Cast:
    """One of the cast. `key` is how tests and the demo call them."""

    key: str
    given: str
    family: str
    what: str
    roles: tuple[str, ...] = ()
    credential: str = ""
    born_on: date | None = None
    modality: str = ""
    language: str = "en"
    state: str = "NY"
    address: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@harborstreet.example"


STAFF = (
    Cast("okafor", "Ada", "Okafor", "program director, on call tonight", (Role.DIRECTOR, Role.PRESCRIBER), "MD"),
    Cast("bea", "Bea", "Lindqvist", "facilitates the evening group", (Role.FACILITATOR,), "LCSW"),
    Cast(
        "marcus", "Marcus", "Reyes", "individual therapist, co-facilitator", (Role.THERAPIST, Role.FACILITATOR), "LMHC"
    ),
    Cast("lin", "Lin", "Park", "intake coordinator", (Role.INTAKE,)),
    Cast("rosa", "Rosa", "Mendes", "billing", (Role.BILLING,)),
    Cast("hal", "Hal", "Whitaker", "front desk", (Role.FRONT_DESK,)),
    Cast("vera", "Vera", "Novak", "privacy officer", (Role.PRIVACY,)),
)
PATIENTS = (
    Cast(
        "maya",
        "Maya",
        "Rivera",
        "works days, lives far out, some of both",
        (),
        "",
        date(1991, 3, 9),
        "virtual",
        address="14 Orchard Lane, Ashford",
    ),
    Cast(
        "theo", "Theo", "Brandt", "comes on site", (), "", date(1984, 7, 21), "on_site", address="3 Mill Street, Harbor"
    ),
    Cast(
        "priya",
        "Priya",
        "Nair",
        "from home, on a phone",
        (),
        "",
        date(1998, 12, 2),
        "virtual",
        address="77 Elm Avenue, Harbor",
    ),
    Cast("sam", "Sam", "Kessler", "from home", (), "", date(1979, 5, 30), "virtual", address="9 Canal Road, Harbor"),
    Cast("ines", "Ines", "Moreau", "from home", (), "", date(1988, 1, 17), "virtual", address="21 Hill Street, Harbor"),
    Cast(
        "jonah",
        "Jonah",
        "Moreau",
        "comes on site",
        (),
        "",
        date(1986, 9, 4),
        "on_site",
        address="21 Hill Street, Harbor",
    ),
    Cast(
        "ruth",
        "Ruth",
        "Salazar",
        "from home, in Spanish",
        (),
        "",
        date(1969, 11, 11),
        "virtual",
        "es",
        address="5 Bay Court, Harbor",
    ),
    Cast(
        "leo",
        "Leo",
        "Castellan",
        "17, the adolescent track",
        (),
        "",
        date(2009, 6, 15),
        "virtual",
        address="40 Park Row, Harbor",
    ),
)
CAST = STAFF + PATIENTS
ADULTS = tuple(p for p in PATIENTS if p.key != "leo")

TEXTS = {
    Document.TELEHEALTH: {
        "en": "I agree to take part by video. I know I can stop at any time and come on site instead, what the "
        "risks are, that nothing is recorded, and what happens in an emergency.",
        "es": "Acepto participar por video. Sé que puedo dejarlo en cualquier momento y venir en persona, cuáles son "
        "los riesgos, que no se graba nada y qué pasa en una emergencia.",
    },
    Document.GROUP: {
        "en": "What is said in the group stays in the group. I use headphones, sit where nobody else can see or hear, "
        "and record nothing.",
        "es": "Lo que se dice en el grupo se queda en el grupo. Uso audífonos, me siento donde nadie más pueda ver ni "
        "oír, y no grabo nada.",
    },
    Document.EMERGENCY: {
        "en": "Before each session I say where I am and how to call me. If I am in danger the clinic calls me, my "
        "contact, and if need be emergency services at that place.",
        "es": "Antes de cada sesión digo dónde estoy y cómo llamarme. Si estoy en peligro, la clínica me llama, llama "
        "a mi contacto y, si hace falta, a los servicios de emergencia de ese lugar.",
    },
}


def found_clinic(*, now: datetime, name: str = "Harbor Street") -> tuple[Clinic, Person]:
    """Make an empty clinic with its director, who makes everything else through the pages."""
    clinic = Clinic.objects.create(name=name, zone=ZONE.key, phone="(555) 010-0100", crisis_phone="(555) 010-0199")
    clinic.refresh_from_db()  # times of day are texts until the database has read them
    return clinic, _person(clinic, STAFF[0], now=now)


def _person(clinic: Clinic, role: Cast, *, now: datetime) -> Person:
    return Person.objects.create(
        clinic=clinic,
        kind=Person.STAFF if role.roles else Person.PATIENT,
        login=Login.objects.create(email=role.email, password=_password()),
        given_name=role.given,
        family_name=role.family,
        called=role.given,
        born_on=role.born_on,
        language=role.language,
        zone=ZONE.key,
        phone=f"(555) 010-{1000 + CAST.index(role)}",
        home_address=role.address,
        home_state=role.state if role.born_on else "",
        roles=list(role.roles),
        credential=role.credential,
    )


@cache
def _password() -> str:
    """The one password of the whole cast, hashed once: hashing is slow on purpose."""
    return make_password(PASSWORD)


def build(*, now: datetime = NOW, lived: bool = True) -> Clinic:
    """Write the whole clinic as it stands at `now`, with the evening's group beginning in twelve minutes.

    Without `lived` nothing has happened in it yet: no evening behind it, no answer, no note. Tests begin there.
    """
    clinic, director = found_clinic(now=now)
    with acting(director, origin="world"):
        _fill(clinic, director, now=now, lived=lived)
    return clinic


def _fill(clinic: Clinic, director: Person, *, now: datetime, lived: bool) -> None:
    people = {STAFF[0].key: director} | {role.key: _person(clinic, role, now=now) for role in CAST[1:]}
    starts = (now + timedelta(minutes=12)).astimezone(ZONE).replace(second=0, microsecond=0)
    today = starts.date()
    begun = today - timedelta(days=14)
    site = Site.objects.create(
        clinic=clinic, name="Harbor Street", address="1 Harbor Street, Harbor", state="NY", phone="(555) 010-0100"
    )
    room = Room.objects.create(clinic=clinic, site=site, name="Room 2", seats=12)
    for key in ("okafor", "bea", "marcus"):
        Licence.objects.create(
            clinic=clinic, person=people[key], state="NY", number=f"NY-{key}", valid_from=date(2020, 1, 1)
        )
    for kind, texts in TEXTS.items():
        for language, text in texts.items():
            Document.objects.create(
                clinic=clinic, kind=kind, version=1, language=language, text=text, in_force_from=date(2026, 1, 1)
            )
    program = Program.objects.create(clinic=clinic, name="Evening program")
    adults = Track.objects.create(
        clinic=clinic,
        program=program,
        name="Adult evening",
        weekly_minimum_minutes=540,
        minimum_source="ASAM level 2.1: 9 to 19 hours a week for adults",
    )
    youth = Track.objects.create(
        clinic=clinic,
        program=program,
        name="Adolescent afternoon",
        audience=Audience.ADOLESCENT,
        weekly_minimum_minutes=360,
        minimum_source="ASAM level 2.1: at least 6 hours a week for adolescents",
    )
    enrolments = {
        role.key: Enrolment.begin(
            people[role.key],
            youth if role.key == "leo" else adults,
            modality=Modality.HYBRID if role.key == "maya" else role.modality,
            therapist=people["marcus"],
            # Priya is new: tonight is her first evening.
            first_on=today - timedelta(days=1) if role.key == "priya" else begun,
            by=people["lin"],
            at=now,
            diagnoses=[("F33.1", "Major depressive disorder, recurrent, moderate")],
        )
        for role in PATIENTS
    }
    evening = Series.objects.create(
        clinic=clinic,
        track=adults,
        name="Evening group",
        rrule=f"FREQ=WEEKLY;BYDAY={_weekdays(today, 0, 2, 5)}",
        first_on=begun,
        starts=starts.time(),
        zone=ZONE.key,
        blocks=EVENING,
        modality=Modality.HYBRID,
        room=room,
        capacity=10,
        bring="Headphones, your diary card, a glass of water.",
    )
    for key in ("bea", "marcus"):
        SeriesFacilitator.objects.create(clinic=clinic, series=evening, person=people[key])
    for role in ADULTS:
        SeriesMember.objects.create(
            clinic=clinic,
            series=evening,
            patient=people[role.key],
            enrolment=enrolments[role.key],
            modality=role.modality,
        )
    evening.unfold(until=today + timedelta(days=14), by=director, at=now)
    OnCallShift.objects.create(
        clinic=clinic, staff=director, rung=1, during=(now - timedelta(days=1), now + timedelta(days=30))
    )
    for document in Document.objects.filter(language="en"):
        for role in PATIENTS:
            if role.key == "priya" and document.kind == Document.GROUP:
                continue  # the door shows what is missing, and staff obtain it there
            Agreement.give(
                people[role.key],
                document,
                by=people["lin"],
                at=now - timedelta(days=22),
                details=_emergency(role) if document.kind == Document.EMERGENCY else {},
            )
    for role in PATIENTS:
        Tie.knot(staff=people["lin"], patient=people[role.key], role="intake", because="intake", at=now)
    if lived:
        plans.live(people, at=datetime.combine(begun, time(10, 0), ZONE))
        medications.live(people, begun=datetime.combine(begun, time(10, 30), ZONE))
        _beside_the_evening(site, people, enrolments, today=today, now=now)
        past.live(past.Clinic(people=people, adults=adults, youth=youth, now=now, zone=ZONE), since=begun)


def _beside_the_evening(
    site: Site, people: dict[str, Person], enrolments: dict[str, Enrolment], *, today: date, now: datetime
) -> None:
    """What else a week holds: individual therapy, the adolescents' afternoon, a second on call, the lobby's devices."""
    clinic = site.clinic
    one_to_one = Series.objects.create(
        clinic=clinic,
        track=enrolments["maya"].track,
        name="Individual therapy",
        rrule=f"FREQ=WEEKLY;BYDAY={_weekdays(today, 4)}",
        first_on=today - timedelta(days=14),
        starts=time(10, 0),
        zone=ZONE.key,
        blocks=[{"kind": "individual", "title": "Individual therapy", "minutes": 50}],
        modality=Modality.VIRTUAL,
        capacity=1,
    )
    youth_group = Series.objects.create(
        clinic=clinic,
        track=enrolments["leo"].track,
        name="Afternoon group",
        rrule=f"FREQ=WEEKLY;BYDAY={_weekdays(today, 1, 3, 6)}",
        first_on=today - timedelta(days=7),
        starts=time(15, 30),
        zone=ZONE.key,
        blocks=AFTERNOON,
        modality=Modality.VIRTUAL,
        capacity=8,
        bring="A pen and something to drink.",
    )
    for series, patient in ((one_to_one, "maya"), (youth_group, "leo")):
        SeriesFacilitator.objects.create(clinic=clinic, series=series, person=people["marcus"])
        SeriesMember.objects.create(
            clinic=clinic,
            series=series,
            patient=people[patient],
            enrolment=enrolments[patient],
            modality=Modality.VIRTUAL,
        )
    for series in (one_to_one, youth_group):
        series.unfold(until=today + timedelta(days=14), by=people["okafor"], at=now)
    OnCallShift.objects.create(
        clinic=clinic, staff=people["marcus"], rung=2, during=(now - timedelta(days=1), now + timedelta(days=30))
    )
    Device.objects.create(clinic=clinic, kind=Device.KIOSK, name="Lobby", site=site)
    camera = Device.objects.create(clinic=clinic, kind=Device.ROOM, name="Room 2", site=site)
    site.rooms.update(device=camera)


def _emergency(role: Cast) -> dict[str, Any]:
    return {
        "contact_name": f"Alex {role.family}",
        "contact_phone": "(555) 010-2000",
        "may_tell_contact": True,
        "nearest_emergency": "Harbor General Hospital",
    }


def _weekdays(today: date, *steps: int) -> str:
    """The weekdays that lie so many days after today, as a recurrence rule names them."""
    names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    return ",".join(names[(today.weekday() + step) % 7] for step in steps)


def cast() -> dict[str, Person]:
    """Return everybody by key; works for the web role too, through their logins."""
    from openiop.people.access import person_of

    logins = {login.email: login.pk for login in Login.objects.filter(email__in=[role.email for role in CAST])}
    found = {role.key: person_of(logins[role.email]) for role in CAST if role.email in logins}
    return {key: person for key, person in found.items() if person is not None}
