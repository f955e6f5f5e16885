"""The two weeks of evenings that Harbor Street has behind it, lived through the same verbs as every evening to come.

What happened to whom is told by the tables below: who was late, who stayed away, how the weeks went. Only the beats of
those at home are written in bulk, because an evening has two hundred of them for each person.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from openiop.billing import signed_days
from openiop.billing.models import Coverage, Payer, Rule
from openiop.chart import evening as chart_evening
from openiop.chart import signing, writing
from openiop.chart.models import Affect, Participation, Plan, Progress, Risk
from openiop.measures import answering
from openiop.measures.models import Cadence
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.programs.models import Track
from openiop.safety import models as safety
from openiop.safety.models import Whereabouts
from openiop.schedule import outreach, presence
from openiop.schedule.models import CareSession, Evidence, RosterEntry

ORIGIN = "world"
BEAT = timedelta(seconds=50)

GOALS = {
    "maya": ["Do one thing each day that used to please me, and write down how it went."],
    "theo": ["Come to three evenings a week, even on the days when the bus is the only way."],
    "priya": ["Sleep at regular hours, six nights of seven."],
    "sam": ["Ride out an urge with one skill before I act on it, and tell somebody the same day."],
    "ines": ["Say what I need at home, in one sentence, once a day."],
    "jonah": ["Notice when anger rises and leave the room for five minutes."],
    "ruth": ["Walk with my neighbour twice a week."],
    "leo": ["Be at school four days of five."],
}

# PHQ-9 totals, oldest first, a week apart; the first is from intake. Ines once answered item 9 with several days.
PHQ9 = {
    "maya": (16, 14, 11),
    "theo": (12, 12, 10),
    "sam": (15, 16, 13),
    "ines": (13, 11, 9),
    "jonah": (10, 9, 8),
    "ruth": (14, 13, 12),
    "leo": (11, 10, 9),
}
PRIYAS_FIRST_PHQ9 = 17
ASKED_FOR_HELP = ("ines", 1)

# (who, which evening, counted from the first) → what was different from staying the whole time.
CAME_LATE = {("sam", 1): 22, ("ruth", 4): 12}
LEFT_EARLY = {("maya", 2): 35}
LOST_THE_LINE = {("ines", 3): (80, 92)}
STAYED_AWAY = {("theo", 1), ("theo", 5), ("ines", 2)}
CANCELLED = {("jonah", 5)}

TOPICS = (
    ("Noticing thoughts without following them", "Guided exercise, then each person named one thought and let it go."),
    ("Asking for help before it is late", "Role play in pairs, then the group named what made asking hard."),
    ("What a good day needs", "Each person planned one small thing for tomorrow and said who will know of it."),
)

WORDS: Mapping[str, Sequence[tuple[str, str, str, str, str]]] = {
    "maya": (
        (Participation.ASKED, Affect.LOW, Progress.SAME, "Spoke of tired mornings and nothing to look forward to.",
         "Plans one pleasant thing for Saturday."),
        (Participation.ACTIVE, Affect.LOW, Progress.SOME, "Went to the pond with her sister, and told the group.",
         "Asks her sister for a second walk."),
        (Participation.ACTIVE, Affect.CALM, Progress.CLEAR, "Laughed, and described two evenings with music again.",
         "Goes on with one thing a day."),
    ),
    "theo": (
        (Participation.LISTENED, Affect.ANXIOUS, Progress.SAME, "Worried about the way home and said little.",
         "Looks at the late bus with the front desk."),
        (Participation.ASKED, Affect.CALM, Progress.SOME, "Described how he kept to his plan during a bad afternoon.",
         "Keeps the plan card in his coat."),
        (Participation.ACTIVE, Affect.CALM, Progress.SOME, "Helped another person to find words, which he enjoyed.",
         "Brings one example of asking for help."),
    ),
    "sam": (
        (Participation.BACK, Affect.IRRITABLE, Progress.SAME, "Came from work, tense; named two urges this week.",
         "Calls his sponsor before the weekend."),
        (Participation.ASKED, Affect.ANXIOUS, Progress.HARDER, "Told the group of a night of strong urges; no use.",
         "Writes down what helped that night."),
        (Participation.ACTIVE, Affect.CALM, Progress.SOME, "Used cold water and a call instead; proud of it.",
         "Practises the same skill daily."),
    ),
    "ines": (
        (Participation.ASKED, Affect.LOW, Progress.SAME, "Cried when she spoke of evenings at home.",
         "Writes the one sentence she wants to say."),
        (Participation.ASKED, Affect.ANXIOUS, Progress.SOME, "Practised the sentence in the role play, twice.",
         "Says it at home on Sunday."),
        (Participation.ACTIVE, Affect.CALM, Progress.SOME, "Reported that the sentence was heard.",
         "Chooses the next one with her therapist."),
    ),
    "jonah": (
        (Participation.LISTENED, Affect.FLAT, Progress.SAME, "Listened with folded arms, answered when asked.",
         "Counts how often anger rises."),
        (Participation.ASKED, Affect.IRRITABLE, Progress.SOME, "Left the kitchen once this week, as planned.",
         "Tells his partner what the five minutes are for."),
        (Participation.ACTIVE, Affect.CALM, Progress.SOME, "Explained to a new member how the five minutes work.",
         "Goes on as it is."),
    ),
    "ruth": (
        (Participation.ASKED, Affect.LOW, Progress.SAME, "Spoke of her mother and of long afternoons.",
         "Asks the neighbour about Wednesday."),
        (Participation.ACTIVE, Affect.CALM, Progress.SOME, "Walked once with the neighbour and slept well after it.",
         "Walks again on Saturday."),
        (Participation.ACTIVE, Affect.CALM, Progress.CLEAR, "Two walks this week, and a cake for the neighbour.",
         "Keeps both days."),
    ),
    "leo": (
        (Participation.LISTENED, Affect.ANXIOUS, Progress.SAME, "Camera on after ten minutes; named one good teacher.",
         "Packs his bag in the evening."),
        (Participation.ASKED, Affect.CALM, Progress.SOME, "Went to school three days and said what helped.",
         "Tries the early bus with a friend."),
        (Participation.ACTIVE, Affect.CALM, Progress.SOME, "Four days of school; spoke of the one that was hard.",
         "Tells the counsellor which hour is hardest."),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Clinic:
    """What the past needs to know of the clinic: its people by key, its tracks, and the moment it reaches up to."""

    people: Mapping[str, Person]
    adults: Track
    youth: Track
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def key_of(self, person_id: Any) -> str:
        return next(key for key, person in self.people.items() if person.pk == person_id)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone)


def live(clinic: Clinic, *, since: date) -> None:
    """Live through everything from `since` until now: plans, questions, evenings, notes, charges."""
    _sign_plans(clinic, on=since)
    _agree_on_measures(clinic)
    _cover(clinic, since=since)
    _answer_the_weekly_questions(clinic, since=since)
    over = CareSession.objects.filter(during__endswith__lt=clinic.now - timedelta(minutes=30)).in_order()
    evenings = list(over.select_related("clinic", "room__site", "series"))
    for session in evenings:
        number = sum(other.series_id == session.series_id for other in evenings[: evenings.index(session)])
        _live_through(clinic, session, number)
    while signed_days.price_signed_days(clinic.now):
        pass


def _sign_plans(clinic: Clinic, *, on: date) -> None:
    marcus = clinic.people["marcus"]
    with acting(marcus, origin=ORIGIN):
        for key, goals in GOALS.items():
            day = clinic.today if key == "priya" else on
            plan = Plan.draft(clinic.people[key], goals=goals, by=marcus, at=clinic.at(day, 9, 30))
            plan.sign(by=marcus, at=clinic.at(day, 9, 45))


def _agree_on_measures(clinic: Clinic) -> None:
    for track in (clinic.adults, clinic.youth):
        Cadence.objects.create(
            clinic_id=track.clinic_id,
            track=track,
            instrument="phq9",
            every_days=7,
            source="This clinic's own rule: weekly while in intensive outpatient care",
        )


# --- money ---


def _cover(clinic: Clinic, *, since: date) -> None:
    """Who pays for whom, and each payer's rule with where it is written."""
    clinic_id = clinic.adults.clinic_id
    begins = date(since.year, 1, 1)
    discrete = {
        "group": [{"code": "90853", "least": None, "most": None}],
        "skills": [{"code": "90853", "least": None, "most": None}],
        "education": [{"code": "G0177", "least": 45, "most": None}],
        "individual": [
            {"code": "90832", "least": 16, "most": 37},
            {"code": "90834", "least": 38, "most": 52},
            {"code": "90837", "least": 53, "most": None},
        ],
    }
    payers = {
        "harbor": ("Harbor Health Plan", "commercial", "S9480", "0905", 180, "hold", "covered", 38500,
                   "Harbor Health Plan, contract of January 1, schedule B: per diem from 3 hours, by video as on site"),
        "empire": ("State Medicaid", "medicaid", "S9480", "0905", 180, "discrete", "covered", 21000,
                   "State manual for intensive outpatient services: 3 hours that day, else the services attended"),
        "medicare": ("Medicare", "medicare", "IOP-DAY", "", None, "hold", "refused", None,
                     "CAA 2023, section 4124: no virtual delivery, the home is no site"),
    }  # fmt: skip
    found = {}
    for key, (name, kind, code, revenue, minutes, below, virtual, cents, source) in payers.items():
        found[key] = Payer.objects.create(clinic_id=clinic_id, name=name, kind=kind)
        Rule.objects.create(
            clinic_id=clinic_id,
            payer=found[key],
            code=code,
            revenue_code=revenue,
            per_diem_minutes=minutes,
            below=below,
            virtual=virtual,
            amount_cents=cents,
            discrete=discrete,
            in_force=(begins, None),
            source=source,
        )
    pays = {"sam": "medicare", "theo": "empire", "ruth": "empire"}
    for n, key in enumerate(GOALS, start=1):
        Coverage.objects.create(
            clinic_id=clinic_id,
            patient=clinic.people[key],
            payer=found[pays.get(key, "harbor")],
            member_id=f"HS-{4100 + n}",
            during=(begins, None),
        )


# --- questions ---


def _answer_the_weekly_questions(clinic: Clinic, *, since: date) -> None:
    for key, totals in PHQ9.items():
        for week, total in enumerate(totals):
            day = since + timedelta(days=7 * (week - 1))
            _phq9(clinic, key, total, day=day, thinks_of_death=(key, week) == ASKED_FOR_HELP)
    _phq9(clinic, "priya", PRIYAS_FIRST_PHQ9, day=clinic.today - timedelta(days=1))


def _phq9(clinic: Clinic, key: str, total: int, *, day: date, thinks_of_death: bool = False) -> None:
    values = [total // 8 + (n < total % 8) for n in range(8)]
    if thinks_of_death:
        values[-1] -= 1
    answers = {f"phq9_{n}": value for n, value in enumerate(values, start=1)} | {"phq9_9": int(thinks_of_death)}
    _answer(clinic, key, "phq9", answers, day=day, at=clinic.at(day, 12, 10))
    if thinks_of_death:
        _somebody_calls(clinic, key, at=clinic.at(day, 12, 11))


def _check_in(clinic: Clinic, key: str, number: int, *, session: CareSession) -> None:
    """Mood follows the person's PHQ-9: the lower the total, the better the day."""
    total = PHQ9.get(key, (12, 12, 12))[min(number // 2, 2)]
    answers = {
        "mood": max(1, 9 - total // 2 + number % 2),
        "sleep_hours": 5 + (total < 13) + (number % 3) / 2,
        "urges": (total + number) % 5 if key == "sam" else number % 2,
        "safe_now": 0,
        "medication": 2 if key in ("jonah", "leo") else 0,
    }
    _answer(clinic, key, "checkin", answers, day=session.begins_on, at=session.begins_at - timedelta(minutes=40))


def _answer(clinic: Clinic, key: str, instrument: str, answers: Mapping[str, Any], *, day: date, at: datetime) -> None:
    patient = clinic.people[key]
    questions = answering.newest(instrument)
    with acting(patient, origin=ORIGIN):
        for n, (item, value) in enumerate(answers.items()):
            answering.answer(
                patient,
                instrument=questions,
                for_day=day,
                item=item,
                value=value,
                key=uuid.uuid5(uuid.NAMESPACE_URL, f"{key}/{instrument}/{day}/{item}"),
                answered_at=at + timedelta(seconds=8 * n),
                at=at + timedelta(seconds=8 * n),
            )


def _somebody_calls(clinic: Clinic, key: str, *, at: datetime) -> None:
    """The therapist takes the case, calls, and closes it with a plan."""
    marcus = clinic.people["marcus"]
    with acting(marcus, origin=ORIGIN):
        case = safety.Case.objects.open().get(patient=clinic.people[key])
        safety.acknowledge(case, by=marcus, at=at + timedelta(minutes=4))
        safety.log_contact(
            case,
            how="phone",
            reached=True,
            note="Passing thoughts, no plan, no intent. We went over the safety plan together.",
            by=marcus,
            at=at + timedelta(minutes=11),
        )
        safety.close(
            case,
            disposition="safe_with_plan",
            note="Sister stays tonight; extra session tomorrow.",
            by=marcus,
            at=at + timedelta(minutes=35),
        )


# --- evenings ---


def _live_through(clinic: Clinic, session: CareSession, number: int) -> None:
    """Everybody comes or stays away, the minutes are counted, and the note is written and signed."""
    leader = clinic.people["bea" if session.capacity > 1 and session.audience == "adult" else "marcus"]
    entries = list(session.roster.standing().select_related("patient", "session__clinic"))
    beats: list[Evidence] = []
    for entry in entries:
        key = clinic.key_of(entry.patient_id)
        if (key, number) in CANCELLED and session.capacity > 1:
            with acting(leader, origin=ORIGIN):
                entry.cancel(excused=True, by=leader, at=session.begins_at - timedelta(hours=3))
        elif (key, number) in STAYED_AWAY and session.capacity > 1:
            _called(clinic, entry, key)
        else:
            if number % 2 and session.capacity > 1:
                _check_in(clinic, key, number, session=session)
            beats += _stay(clinic, entry, key, number if session.capacity > 1 else -1)
    Evidence.objects.bulk_create(beats, batch_size=2000)
    ended = session.ends_at
    with acting(leader, origin=ORIGIN):
        presence.close(session, by=leader, at=ended + timedelta(minutes=2))
        _write(clinic, session, number, leader=leader, at=ended + timedelta(minutes=18))


def _called(clinic: Clinic, entry: RosterEntry, key: str) -> None:
    said = "No car today and the last bus was gone; here again next time." if key == "theo" else ""
    with acting(clinic.people["hal"], origin=ORIGIN):
        outreach.log_call(
            entry,
            outcome="cancelled" if said else "no_answer",
            note=said,
            by=clinic.people["hal"],
            at=entry.session.begins_at + timedelta(minutes=14),
        )


def _stay(clinic: Clinic, entry: RosterEntry, key: str, number: int) -> list[Evidence]:
    """One person's presence. Those at home return their beats, for one insert an evening."""
    session, patient = entry.session, entry.patient
    comes_at = session.begins_at + timedelta(minutes=CAME_LATE.get((key, number), -4))
    goes_at = session.ends_at - timedelta(minutes=LEFT_EARLY.get((key, number), 0)) + timedelta(seconds=20)
    if entry.modality == "on_site":
        with acting(clinic.people["hal"], origin=ORIGIN):
            presence.arrival(session, patient, source="desk", by=clinic.people["hal"], at=comes_at)
            presence.departure(session, patient, source="desk", by=clinic.people["hal"], at=goes_at)
        return []
    Whereabouts.objects.create(
        clinic_id=session.clinic_id,
        patient=patient,
        told_at=comes_at - timedelta(minutes=3),
        place="virtual",
        address=patient.home_address,
        state=patient.home_state,
        callback=patient.phone,
        company="alone",
        headphones=True,
        private=True,
        source="door",
    )
    away = [session.begins_at + timedelta(minutes=minute) for minute in LOST_THE_LINE.get((key, number), ())]
    stays = [(comes_at, away[0]), (away[1], goes_at)] if away else [(comes_at, goes_at)]
    return [beat for came, went in stays for beat in _beats(session, patient, came, went)]


def _beats(session: CareSession, patient: Person, came: datetime, went: datetime) -> list[Evidence]:
    connection = f"{ORIGIN}-{came:%d%H%M}"
    moments = [came + n * BEAT for n in range(int((went - came) / BEAT) + 1)] + [went]
    kinds = ["in", *["beat"] * (len(moments) - 2), "out"]
    return [
        Evidence(
            clinic_id=session.clinic_id,
            session=session,
            patient=patient,
            at=at,
            kind=kind,
            source="room",
            connection=connection,
            place="virtual",
        )
        for at, kind in zip(moments, kinds, strict=True)
    ]


def _write(clinic: Clinic, session: CareSession, number: int, *, leader: Person, at: datetime) -> None:
    """The group part once, a part for everybody who was here, and the signature."""
    present = [one for one in chart_evening.of(session, person=leader, at=at) if one.was_here]
    if not present:
        return
    goals = writing.goals_by_patient([one.patient.pk for one in present])
    topic, intervention = TOPICS[number % len(TOPICS)]
    texts = {
        writing.GROUP: {
            "topic": topic if len(present) > 1 else "The week, and the goal of the plan",
            "intervention": intervention
            if len(present) > 1
            else "Behavioural activation; the week was planned together.",
            "present": str(len(present)),
            "place": chart_evening.clinicians_place(session) or "1 Harbor Street, Harbor, NY",
        }
    }
    for one in present:
        said = WORDS[clinic.key_of(one.patient.pk)][min(number // 2, 2)]
        texts[str(one.entry.pk)] = {
            "participation": said[0],
            "affect": said[1],
            "progress": said[2],
            "response": said[3],
            "next_step": said[4],
            "risk": Risk.NO_SIGN if len(present) > 1 else Risk.NONE,
            "goal": str(goals[one.patient.pk][0].pk),
        }
    blank = {key: writing.digest(dict.fromkeys(each, "")) for key, each in texts.items()}
    writing.save(
        session,
        sheet=uuid.uuid5(uuid.NAMESPACE_URL, f"note/{session.pk}"),
        sent={key: writing.Sent(each, blank[key], blank[key]) for key, each in texts.items()},
        by=leader,
        at=at,
    )
    signed = signing.sign(session, by=leader, at=at + timedelta(minutes=9))
    if len(signed.parts) != len(present):
        raise RuntimeError(
            f"{len(present) - len(signed.parts)} parts of {session.name}, {session.begins_on}, lack something"
        )
