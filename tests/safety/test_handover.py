"""What is open passes at the end of a shift by name; until it is taken over it stays with whoever goes, and calls."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting
from openiop.people.models import Person
from openiop.safety import handover, jobs, ladder, rungs
from openiop.safety.models import (
    Case,
    HandOver,
    HandOverEnd,
    HandOverPage,
    NotWhatWasShown,
    OnCallShift,
    OverAlready,
    Page,
    accept_shift,
    acknowledge,
    close,
    hand_over_mine,
    name_who_comes,
    offer_shift,
    open_list,
    raise_flag,
    rungs_for,
    say_of,
    somebody_is_called,
    take_over,
)
from openiop.safety.report import timeline
from openiop.safety.told import told

NOW = world.NOW
SEVERAL_DAYS = ladder.Evidence("self_harm_thoughts", 1)


def after(minutes):
    return NOW + timedelta(minutes=minutes)


# --- the rule ---


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        pytest.param(
            {"goes": ["Ada"], "comes": "Bea", "on_call": ["Bea"], "supervisors": ["Okafor"]},
            [("Bea",), ("Okafor",), "everyone"],
            id="who comes, supervisors, everyone",
        ),
        pytest.param(
            {"goes": ["Ada"], "comes": "Lin", "on_call": ["Bea"], "second_on_call": ["Sol"], "supervisors": ["Okafor"]},
            [("Lin",), ("Bea",), ("Sol",), ("Okafor",), "everyone"],
            id="somebody else was named: whoever is on call is next",
        ),
        pytest.param(
            {"goes": ["Bea", "Marcus"], "comes": None, "supervisors": ["Okafor"]},
            [("Bea", "Marcus"), ("Okafor",), "everyone"],
            id="nobody is named: those who go are asked to name somebody",
        ),
        pytest.param(
            {"goes": ["Okafor"], "comes": "Bea", "on_call": ["Bea"], "supervisors": ["Okafor"]},
            [("Bea",), "everyone"],
            id="who goes is not asked as a supervisor to take over from themselves",
        ),
    ],
)
def test_who_is_asked_to_take_over(given, asked):
    found = handover.rungs(**given)

    assert ["everyone" if rung.everyone else rung.who for rung in found] == asked


def paged_at(*, named_at=(), minutes=61):
    """The minutes at which each rung is asked when nobody ever takes over."""
    asked = handover.rungs(goes=["Ada"], comes="Bea", supervisors=["Okafor"])
    pages, found = [handover.Pages(after(minute), handover.NAMED) for minute in named_at], []
    for minute in range(minutes):
        step = handover.next_step(due_at=NOW, within_minutes=15, asked=asked, paged=pages, at=after(minute))
        if step.kind == "page":
            pages.append(handover.Pages(after(minute), asked[step.rung].because))
            found.append((minute, step.rung))
    return found


def test_not_taken_over_it_climbs_and_the_last_rung_is_asked_again():
    assert paged_at() == [(0, 0), (15, 1), (30, 2), (45, 2), (60, 2)]


def test_everyone_is_asked_three_times_outside_the_desk_and_not_all_night():
    assert paged_at(minutes=600) == [(0, 0), (15, 1), (30, 2), (45, 2), (60, 2)]


def test_naming_somebody_else_every_few_minutes_never_moves_the_alarm():
    assert paged_at(named_at=range(5, 60, 7)) == paged_at()


def test_the_night_of_a_clock_change_does_not_lengthen_the_quarter_of_an_hour():
    due = datetime(2026, 11, 1, 5, 55, tzinfo=UTC)  # 1:55 am, and at 2 clocks go back to 1

    assert not handover.is_late(due_at=due, within_minutes=15, at=due + timedelta(minutes=14))
    assert handover.is_late(due_at=due, within_minutes=15, at=due + timedelta(minutes=15))


@pytest.mark.parametrize(
    ("kind", "patient", "holder", "on_it", "passes"),
    [
        ("shift", "sam", "marcus", True, False),
        ("shift", "sam", "ada", True, True),
        ("shift", "sam", None, True, False),
        ("session", "maya", None, True, False),
        ("session", "maya", "marcus", False, False),
        ("session", "maya", "ada", True, True),
        ("session", "sam", "ada", True, True),
        ("session", "sam", "marcus", False, False),
        ("own", "maya", "ada", True, True),
        ("own", "sam", None, False, False),
    ],
)
def test_what_is_on_the_list_and_what_of_it_passes(kind, patient, holder, on_it, passes):
    patients = ["maya"] if kind == "session" else []

    found = handover.concerns(kind, patient=patient, holder=holder, patients=patients, goes=["ada"])

    assert (found, handover.passes(holder=holder, goes=["ada"])) == (on_it, passes)


def rung(who, because):
    return ladder.Rung(tuple(who), because)


EVERYONE = ladder.Rung((), ladder.EVERYONE_ON_THE_DESK, everyone=True)


@pytest.mark.parametrize(
    ("ladder_now", "on_call", "in_hours", "asked"),
    [
        pytest.param(
            [rung(["Marcus"], ladder.PRIMARY), rung(["Lin"], ladder.ON_CALL), rung(["Ada"], ladder.SUPERVISOR)],
            ["Lin"],
            True,
            [("Marcus",), ("Lin", "Bea"), ("Ada",)],
            id="together with whoever is on call since",
        ),
        pytest.param(
            [rung(["Lin"], ladder.PRIMARY), rung(["Ada"], ladder.SUPERVISOR)],
            ["Lin"],
            False,
            [("Lin", "Bea"), ("Ada",)],
            id="whoever is on call is asked as a therapist already: with them, not after them",
        ),
        pytest.param(
            [rung(["Lin"], ladder.SECOND_ON_CALL), rung(["Ada"], ladder.SUPERVISOR)],
            ["Lin"],
            False,
            [("Lin", "Bea"), ("Ada",)],
            id="nobody is first on call: with who is second",
        ),
        pytest.param(
            [rung(["Marcus"], ladder.PRIMARY), rung(["Ada"], ladder.SUPERVISOR)],
            [],
            True,
            [("Marcus",), ("Ada",)],
            id="by day, with nobody on call, whoever went home is not asked before everyone is",
        ),
        pytest.param([], [], True, [], id="by day, with no therapist either, everyone is first"),
        pytest.param(
            [rung(["Marcus"], ladder.LIVE), rung(["Ada"], ladder.SUPERVISOR)],
            [],
            False,
            [("Marcus",), ("Ada", "Bea")],
            id="at night with nobody on call: with the supervisors, who wait no longer for it",
        ),
        pytest.param(
            [rung(["Lin"], ladder.ON_CALL), rung(["Bea"], ladder.SUPERVISOR)],
            ["Lin"],
            False,
            [("Lin", "Bea")],
            id="nobody stands on two rungs",
        ),
    ],
)
def test_whoever_went_off_call_is_asked_together_with_others_and_delays_nobody(ladder_now, on_call, in_hours, asked):
    found = rungs.joined([*ladder_now, EVERYONE], ["Bea"], on_call=on_call, in_hours=in_hours)

    assert [one.who for one in found if not one.everyone] == asked
    assert found[-1] == EVERYONE


# --- the end of a shift ---


def flag(patient, *, at=NOW, key="k", evidence=SEVERAL_DAYS):
    with acting(patient):
        raise_flag(patient, key=key, evidence=evidence, label="Safe?", value="No", at=at)
        return Case.objects.open().get(patient=patient)


def taken_by(case, person, *, at):
    with acting(person):
        acknowledge(case, by=person, at=at)


def on_call(people, *shifts):
    """Write the rota anew: (who, from minute, until minute)."""
    with acting(people["okafor"]):
        OnCallShift.objects.all().delete()
        for key, begins, ends in shifts:
            OnCallShift.objects.create(
                clinic_id=people["okafor"].clinic_id,
                staff=people[key],
                rung=1,
                during=(after(begins), after(ends)),
            )


@pytest.fixture
def people(committed):
    """Marcus was on call until now and has Maya's case; Bea is on call from now on."""
    people = world.cast()
    on_call(people, ("marcus", -600, 0), ("bea", 0, 600))
    case = flag(people["maya"], at=after(-5))
    taken_by(case, people["marcus"], at=after(-4))
    return people


def opened(people):
    with acting(people["okafor"]):
        return HandOver.objects.with_people().get()


def asked(people):
    with acting(people["okafor"]):
        rows = HandOverPage.objects.select_related("to").order_by("made_at", "rung", "to__called")
        return [(int((row.made_at - NOW).total_seconds() // 60), row.to.called) for row in rows]


def look(worker, *minutes):
    with worker():
        for minute in minutes:
            jobs.hand_over(after(minute))


def test_as_a_shift_ends_the_one_who_comes_is_asked_once_by_two_workers_and_the_one_who_goes_stays_responsible(
    people, worker, together
):
    with worker():
        together(lambda: jobs.hand_over(NOW), lambda: jobs.hand_over(NOW))
        jobs.hand_over(after(1))

    assert asked(people) == [(0, "Bea")]
    row = opened(people)
    assert (row.kind, row.goes, row.due_at) == ("shift", people["marcus"], NOW)
    flag(people["sam"], at=after(240))  # at night, with nothing taken over yet
    with acting(people["okafor"]):
        assert {page.to.called for page in Page.objects.filter(patient=people["sam"])} == {"Bea", "Marcus"}


def test_nobody_takes_over_so_it_climbs_to_everyone_through_restarts_and_every_desk_rings(people, worker):
    look(worker, 0, 14, 14)
    look(worker, 15, 15, 29)
    assert asked(people) == [(0, "Bea"), (15, "Ada")]

    look(worker, 30, 45)  # the worker was down and looks late: nobody is skipped, nobody asked twice for one moment
    assert asked(people)[2:] == [(30, "Ada"), (30, "Bea"), (30, "Marcus"), (45, "Ada"), (45, "Bea"), (45, "Marcus")]
    with acting(people["vera"]):  # Maya's case is taken and quiet: it is the hand-over that rings, without a word
        assert not somebody_is_called(people["vera"], at=after(14))
        assert somebody_is_called(people["vera"], at=after(15))


def test_what_leaves_the_house_says_nothing_of_anybody(people, worker):
    look(worker, 0, 1)

    with worker(), acting(System(people["maya"].clinic_id)):
        sent = Delivery.objects.filter(because__startswith="hand-over ")
        assert {row.to_id for row in sent} == {people["bea"].pk}
        assert {(row.subject, row.body) for row in sent} == {("Someone needs you", "Someone needs you. Open the desk.")}
        assert sent.filter(way="email").count() == 1


def test_a_worker_that_dies_in_the_middle_leaves_nothing_half_done_and_the_next_does_it_whole(
    people, worker, monkeypatch
):
    from openiop.safety.models import handing

    def dies(*_args, **_kwargs):
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(handing, "_send", dies)
        look(worker, 0)
    assert asked(people) == []

    look(worker, 1)

    assert asked(people) == [(1, "Bea")]


def take(people, who, *, at, shown=None):
    row = opened(people)
    with acting(people[who]):
        tokens = open_list(row, at=at).tokens if shown is None else shown
        return take_over(row, shown=tokens, by=people[who], at=at)


def test_taking_over_is_one_tap_for_the_whole_list_and_the_case_has_a_new_name_for_the_patient_too(people, worker):
    look(worker, 0)
    with acting(people["maya"]):
        assert told(people["maya"], at=after(1)).who == "Marcus"

    take(people, "bea", at=after(2))

    with acting(people["bea"]):
        case = Case.objects.with_steps().with_attempts().get()
        assert case.holding == (people["bea"], after(2))
        assert Person.objects.visible_to(people["bea"]).filter(pk=people["maya"].pk).exists()
    with acting(people["maya"]):
        assert told(people["maya"], at=after(3)).who == "Bea"
    look(worker, 15, 30, 60)
    assert asked(people) == [(0, "Bea")]
    flag(people["sam"], at=after(240))
    with acting(people["okafor"]):
        assert {page.to.called for page in Page.objects.filter(patient=people["sam"])} == {"Bea"}


def test_two_who_press_at_once_are_one_name(people, worker, together):
    look(worker, 0)
    row = opened(people)
    with acting(people["bea"]):
        shown = open_list(row, at=NOW).tokens

    def press(who):
        with acting(people[who]):
            try:
                return take_over(row, shown=shown, by=people[who], at=after(1)).by.called
            except OverAlready:
                return None

    names = together(lambda: press("bea"), lambda: press("okafor"))

    assert sorted(map(str, names)) in (["Ada", "None"], ["Bea", "None"])
    with acting(people["okafor"]):
        assert HandOverEnd.objects.count() == 1


def test_a_case_that_opened_after_the_list_was_shown_is_read_before_it_is_taken_over(people, worker):
    look(worker, 0)
    row = opened(people)
    with acting(people["bea"]):
        before = open_list(row, at=NOW).tokens
    flag(people["sam"], at=after(1))

    with pytest.raises(NotWhatWasShown):
        take(people, "bea", at=after(2), shown=before)
    end = take(people, "bea", at=after(3))

    with acting(people["bea"]):
        handed = {one.patient.called: one.to for one in end.cases.select_related("patient", "to")}
    assert handed == {"Maya": people["bea"], "Sam": None}  # Sam's rings on: nobody has taken it by itself


def test_those_who_go_and_those_who_are_no_clinicians_take_nothing_over(people, worker):
    look(worker, 0)
    row = opened(people)
    for who in ("marcus", "hal", "vera", "maya"):
        with acting(people[who]), pytest.raises(PermissionDenied):
            take_over(row, shown=["anything"], by=people[who], at=after(1))
    with acting(people["okafor"]), pytest.raises(ValueError, match="a clinician who stays"):
        name_who_comes(row, to=people["marcus"], by=people["okafor"], at=after(1))
    with pytest.raises(DatabaseError), acting(people["marcus"]), transaction.atomic():
        HandOverEnd.objects.create(
            clinic_id=row.clinic_id, hand_over=row, how="taken", by=people["marcus"], at=after(1)
        )
    with pytest.raises(DatabaseError), acting(people["bea"]), transaction.atomic():
        HandOverEnd.objects.create(clinic_id=row.clinic_id, hand_over=row, how="nothing_open", by=None, at=after(1))


def test_nothing_of_a_hand_over_is_ever_changed_and_a_patient_reads_none_of_it(people, worker):
    look(worker, 0)
    take(people, "bea", at=after(1))
    for change in (
        lambda: HandOver.objects.update(due_at=NOW),
        lambda: HandOverEnd.objects.update(at=NOW),
        lambda: HandOverPage.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), acting(people["okafor"]), transaction.atomic():
            change()
    with acting(people["maya"]):
        assert not HandOver.objects.exists()
        assert not HandOverPage.objects.exists()


def test_with_nothing_open_it_is_over_by_itself_and_written_down_as_such(people, worker):
    with acting(people["marcus"]):
        case = Case.objects.get()
        close(case, disposition="safe_with_plan", note="", by=people["marcus"], at=after(-1))

    look(worker, 0)

    with acting(people["okafor"]):
        assert HandOverEnd.objects.get().how == "nothing_open"
    assert asked(people) == []


def test_whoever_goes_on_being_on_call_hands_nothing_over(people, worker):
    on_call(people, ("marcus", -600, 0), ("marcus", 0, 600))

    look(worker, 0)

    with acting(people["okafor"]):
        assert HandOverEnd.objects.get().how == "stays"


def test_with_nobody_on_the_rota_the_one_who_goes_stays_responsible_and_supervisors_are_asked(people, worker):
    on_call(people, ("marcus", -600, 0))

    look(worker, 0, 15)

    assert asked(people) == [(0, "Marcus"), (15, "Ada")]


def test_by_day_nobody_is_asked_later_because_the_night_was_not_taken_over(people, worker):
    ten = datetime(2026, 11, 24, 10, tzinfo=ZoneInfo(people["maya"].clinic.zone))
    eight = int((ten - timedelta(hours=2) - NOW).total_seconds() // 60)
    on_call(people, ("bea", eight - 600, eight))
    with acting(people["okafor"]):
        before = {key: rungs_for(people[key], at=ten) for key in ("sam", "theo", "leo")}

    look(worker, eight)

    with acting(people["okafor"]):
        assert HandOver.objects.waiting().get().goes == people["bea"]
        assert {key: rungs_for(people[key], at=ten) for key in before} == before


def test_a_shift_that_is_swapped_while_it_runs_is_handed_over_and_one_swapped_meanwhile_asks_the_new_one(
    people, worker
):
    on_call(people, ("marcus", -600, 600))
    with acting(people["marcus"]):
        offer = offer_shift(OnCallShift.objects.get(), by=people["marcus"], at=NOW)
    with acting(people["bea"]):
        accept_shift(offer, by=people["bea"], at=NOW)
    look(worker, 0)
    assert asked(people) == [(0, "Bea")]

    with acting(people["bea"]):
        offer = offer_shift(OnCallShift.objects.get(staff=people["bea"]), by=people["bea"], at=after(3))
    with acting(people["okafor"]):
        accept_shift(offer, by=people["okafor"], at=after(3))
    look(worker, 4)

    with acting(people["okafor"]):
        rows = HandOver.objects.order_by("due_at")
        assert [row.goes for row in rows] == [people["marcus"], people["bea"]]
        assert {page.to.called for page in rows[0].pages.all()} == {"Bea", "Ada"}


def test_it_all_stands_in_the_report_of_the_case_and_in_the_trail(people, worker):
    look(worker, 0, 15)
    row = opened(people)
    with acting(people["marcus"]):
        case = Case.objects.get()
        say_of(row, case, words="Her sister is with her.", by=people["marcus"], at=after(16))
        name_who_comes(row, to=people["bea"], by=people["marcus"], at=after(16))
    take(people, "bea", at=after(17))

    with acting(people["okafor"]):
        events = timeline(Case.objects.get(pk=case.pk), reader=people["okafor"])
        found = [(event.what, event.who, event.detail) for event in events if NOW <= event.at <= after(17)]
        verbs = set(AuditEvent.objects.filter(verb__startswith="hand-over.").values_list("verb", flat=True))
    assert found == [
        ("To be taken over", "Marcus Reyes", "the end of a shift on call"),
        ("Asked to take over", "Bea Lindqvist", ""),
        ("Asked to take over", "Ada Okafor", ""),
        ("Due: somebody takes over", "", ""),
        ("For the hand-over", "Marcus Reyes", "Her sister is with her."),
        ("Taken over", "Bea Lindqvist", ""),
    ]
    assert {"hand-over.open", "hand-over.page", "hand-over.say", "hand-over.name", "hand-over.end"} <= verbs


def test_going_before_the_end_hands_over_what_one_has_and_with_nothing_in_hand_is_one_tap(people):
    with acting(people["marcus"]):
        mine = hand_over_mine(by=people["marcus"], to=people["bea"], key="a", at=NOW)
        assert hand_over_mine(by=people["marcus"], to=None, key="a", at=NOW) == mine
        assert not HandOverEnd.objects.exists()
    with acting(people["okafor"]):
        none = hand_over_mine(by=people["okafor"], to=None, key="b", at=NOW)
        assert none.end.how == "nothing_open"
    with acting(people["hal"]), pytest.raises(PermissionDenied):
        hand_over_mine(by=people["hal"], to=None, key="c", at=NOW)
    assert asked(people) == [(0, "Bea")]
