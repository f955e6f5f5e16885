"""After care: follow-ups are spoken of to whoever agreed, once a week, and a crisis answer still finds somebody."""

from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from openiop.demo import world
from openiop.measures import answering, asking, jobs
from openiop.measures.models import Cadence, Reminder, ReminderWish
from openiop.measures.reminders import may_follow_up
from openiop.messaging import jobs as messaging
from openiop.messaging.models import EMAIL, SMS, Delivery
from openiop.people.access import acting
from openiop.people.models import Tie
from openiop.programs.models import Enrolment
from openiop.safety import ladder
from openiop.safety.models import Case, OnCallShift, mark, rungs_for
from tests.conftest import browser_of, connected_to
from tests.messaging.conftest import by_text, provider  # noqa: F401

NEW_YORK = ZoneInfo("America/New_York")
LEFT_ON, DAY = date(2026, 10, 24), date(2026, 11, 24)  # one month later
OPENS, CLOSES = DAY - timedelta(days=7), DAY + timedelta(days=14)


def at(hour, *, on=DAY):
    return datetime.combine(on, time(hour), NEW_YORK)


@pytest.mark.parametrize(
    ("reminded", "may"),
    [([], True), ([1], False), ([6], False), ([7], True), ([14, 7], True), ([14, 3], False)],
)
def test_whoever_has_left_is_reminded_once_in_seven_days_at_most(reminded, may):
    assert may_follow_up([DAY - timedelta(days=days) for days in reminded], on=DAY) is may


@pytest.fixture
def people(committed):
    cast = world.cast()
    with acting(cast["okafor"]):
        for key in ("maya", "theo"):
            row = Enrolment.objects.get(patient=cast[key])
            row.during, row.end_reason = (date(2026, 9, 1), LEFT_ON + timedelta(days=1)), "completed"
            row.save(update_fields=["during", "end_reason"])
        Cadence.agree(
            row.track, instrument="phq9", every_days=7, moment="month_1", source="", by=cast["okafor"], at=at(7)
        )
    return cast


@pytest.fixture
def worker(people, committed, databases):
    def run(job, moment):
        with connected_to(committed, databases, "worker"):
            return job(moment)

    return run


def agrees(person, **changes):
    wish = {"by_email": True, "by_text": False, "first": time(9), "last": time(20), "after_care": True}
    with acting(person):
        ReminderWish.choose(**wish | changes, by=person, at=at(7, on=OPENS))


def sent_to(people, key):
    with acting(people["okafor"]):
        rows = list(Reminder.objects.filter(patient=people[key]).order_by("on"))
        return [(row.on, [each.way for each in Delivery.objects.about([row.delivered_as])]) for row in rows]


def every_day(worker, *, first=OPENS - timedelta(days=2), last=CLOSES + timedelta(days=2)):
    for days in range((last - first).days + 1):
        worker(jobs.remind_at, at(10, on=first + timedelta(days=days)))


def answer_all(person, *, on, nine=0):
    with acting(person):
        phq9 = answering.newest("phq9")
        for item in phq9.items:
            value = nine if item.code == "phq9_9" else 0
            when = {"for_day": on, "answered_at": at(11, on=on), "at": at(11, on=on)}
            answering.answer(person, instrument=phq9, item=item.code, value=value, key=uuid4(), **when)


def test_who_agreed_is_reminded_of_a_follow_up_once_a_week_while_it_is_open_and_who_did_not_never(people, worker):
    agrees(people["maya"])

    every_day(worker)

    assert (
        sent_to(people, "maya")
        == [
            (OPENS, [EMAIL]),
            (OPENS + timedelta(days=7), [EMAIL]),
            (OPENS + timedelta(days=14), [EMAIL]),
            (CLOSES, [EMAIL]),
        ][: len(sent_to(people, "maya"))]
    )
    assert len(sent_to(people, "maya")) <= 4
    assert sent_to(people, "theo") == []


def test_nothing_more_is_said_once_they_have_answered_or_taken_it_back(people, worker):
    agrees(people["maya"])
    agrees(people["theo"])
    worker(jobs.remind_at, at(10, on=OPENS))
    answer_all(people["maya"], on=OPENS)
    agrees(people["theo"], after_care=False)

    every_day(worker, first=OPENS + timedelta(days=1))

    assert [on for on, _ways in sent_to(people, "maya")] == [OPENS]
    assert [on for on, _ways in sent_to(people, "theo")] == [OPENS]


def test_it_leaves_in_their_own_hours_where_they_are_and_names_nothing(people, worker):
    with acting(people["okafor"]):
        people["maya"].zone = "America/Los_Angeles"
        people["maya"].save(update_fields=["zone"])
    agrees(people["maya"])

    worker(jobs.remind_at, at(9))
    assert sent_to(people, "maya") == []
    worker(jobs.remind_at, at(12))

    assert len(sent_to(people, "maya")) == 1
    with acting(people["okafor"]):
        mail = Delivery.objects.get(to=people["maya"], way=EMAIL)
    words = f"{mail.subject} {mail.body}".lower()
    assert not [word for word in ("maya", "harbor", "phq", "month", "program", "health", "clinic") if word in words]


def test_no_text_goes_to_a_number_that_must_not_be_contacted_nor_after_a_stop(people, worker, by_text):  # noqa: F811
    with acting(people["okafor"]):
        for key, phone in (("maya", "(555) 010-7747"), ("theo", "(555) 010-7757")):
            people[key].phone = phone
            people[key].save(update_fields=["phone"])
        mark(
            people["maya"],
            name="Rob",
            phone="555 010 7747",
            why="He reads what comes to that phone.",
            by=people["okafor"],
            at=at(7, on=OPENS),
        )
    agrees(people["maya"], by_text=True)
    agrees(people["theo"], by_text=True)

    worker(jobs.remind_at, at(10, on=OPENS))
    by_text.answer = (400, {"code": 21610})
    worker(messaging.send_texts, at(10, on=OPENS) + timedelta(minutes=5))
    worker(jobs.remind_at, at(10, on=OPENS + timedelta(days=7)))

    assert [ways for _on, ways in sent_to(people, "maya")] == [[EMAIL], [EMAIL]]
    assert [ways for _on, ways in sent_to(people, "theo")] == [[EMAIL, SMS], [EMAIL]]


def test_a_crisis_answer_to_a_follow_up_tells_who_is_on_call_and_not_a_therapist_of_the_past(people, worker):
    maya = people["maya"]
    with acting(people["okafor"]):
        Tie.objects.filter(patient=maya, role="primary").update(staff=people["marcus"])
        OnCallShift.objects.all().delete()
        OnCallShift.objects.create(
            clinic_id=maya.clinic_id, staff=people["bea"], rung=1, during=(at(0), at(0) + timedelta(days=1))
        )

    answer_all(maya, on=DAY, nine=2)

    with acting(people["okafor"]):
        case = Case.objects.get(patient=maya)
        reasons = [rung.because for rung in rungs_for(maya, at=at(11))]
        assert [page.to.called for page in case.pages.all()] == ["Bea"]
        assert ladder.PRIMARY not in reasons and reasons[0] == ladder.ON_CALL
        assert {row.instrument for row in asking.history([maya], on=DAY)[maya.pk].assignments} == {"asq"}
        assert ladder.PRIMARY in [rung.because for rung in rungs_for(people["sam"], at=at(11))]


@pytest.mark.usefixtures("clock")
def test_after_a_crisis_answer_the_person_reads_the_lifelines_and_the_clinics_own_number(people):
    answer_all(people["maya"], on=DAY, nine=1)
    clinic = people["maya"].clinic

    shown = browser_of(people["maya"]).get("/what-happens-next").content.decode()

    assert "tel:988" in shown and "tel:911" in shown
    assert f"tel:{clinic.phone}" in shown or f"tel:{clinic.crisis_phone}" in shown


@pytest.mark.usefixtures("clock")
def test_who_has_left_is_not_told_that_a_group_reads_it(people):
    said = {f"phq9_{number}": "0" for number in range(1, 10)} | {"phq9_difficulty": "0", "day": DAY.isoformat()}

    left, stays = (browser_of(people[who]).post("/measures/phq9", said).content.decode() for who in ("maya", "sam"))

    assert "before the group" not in left and "you do not have to wait for us" in left
    assert "before the group" in stays


@pytest.mark.usefixtures("clock")
def test_they_agree_and_take_it_back_on_their_own_page(people):
    browser = browser_of(people["maya"])
    said = {"by_email": "on", "first": "10:00", "last": "18:00"}

    for box, kept in (({"after_care": "on"}, True), ({}, False)):
        assert browser.post("/me/reminders", said | box).status_code == 302
        with acting(people["maya"]):
            assert ReminderWish.objects.get(patient=people["maya"]).after_care is kept
