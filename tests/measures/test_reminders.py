"""Reminders: once a day, in the person's own time, saying nothing, and never in the way of a page."""

from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import ProgrammingError
from django.urls import reverse

from openiop.demo import world
from openiop.measures import answering, asking
from openiop.measures import jobs as measures
from openiop.measures.models import Reminder, ReminderWish
from openiop.measures.reminders import Hours, allowed, window
from openiop.messaging import jobs as messaging
from openiop.messaging.models import EMAIL, SMS, Delivery
from openiop.people.access import acting
from openiop.people.models import Clinic
from openiop.programs.models import Enrolment
from openiop.safety import jobs as safety
from openiop.safety import ladder
from openiop.safety.models import Case, raise_flag
from tests.conftest import browser_of, connected_to
from tests.messaging.conftest import by_text, provider, texts  # noqa: F401

NEW_YORK, LOS_ANGELES = ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")
DAY = date(2026, 11, 24)
NINE, EIGHT_PM = time(9), time(20)


def at(hour, minute=0, *, on=DAY, zone=NEW_YORK):
    return datetime.combine(on, time(hour, minute), zone)


@pytest.mark.parametrize(
    ("wish", "hours"),
    [
        pytest.param(None, Hours(NINE, EIGHT_PM), id="nothing said: the clinic's hours"),
        pytest.param(Hours(time(17), time(19)), Hours(time(17), time(19)), id="inside the clinic's"),
        pytest.param(Hours(time(7), time(22)), Hours(NINE, EIGHT_PM), id="wider: the clinic's hold"),
        pytest.param(Hours(time(20), time(22)), None, id="they do not meet: not at all"),
    ],
)
def test_a_persons_own_hours_lie_inside_the_clinics(wish, hours):
    assert allowed(Hours(NINE, EIGHT_PM), wish) == hours


@pytest.mark.parametrize(
    ("moment", "holds"),
    [(at(8, 59), False), (at(9), True), (at(19, 59), True), (at(20), False), (at(9, on=date(2026, 11, 1)), False)],
)
def test_the_hours_are_those_of_the_day_and_the_place(moment, holds):
    assert window(DAY, Hours(NINE, EIGHT_PM), zone=NEW_YORK).holds(moment) is holds
    assert not window(DAY, Hours(NINE, EIGHT_PM), zone=LOS_ANGELES).holds(at(9)), "six in the morning over there"


def test_on_the_day_the_clocks_change_nine_is_nine():
    changed = date(2026, 11, 1)
    opens = window(changed, Hours(NINE, EIGHT_PM), zone=NEW_YORK).opens_at
    assert opens.utcoffset() == timedelta(hours=-5)


# --- with rows, as the worker's database role ---


@pytest.fixture
def people(committed):
    return world.cast()


@pytest.fixture
def worker(people, committed, databases):
    def run(job, moment):
        with connected_to(committed, databases, "worker"):
            return job(moment)

    return run


def sent_to(person):
    with acting(world.cast()["okafor"]):
        reminders = list(Reminder.objects.filter(patient=person).order_by("on"))
        return [list(Delivery.objects.about([row.delivered_as])) for row in reminders]


def set_zone(people, key, zone):
    with acting(people["okafor"]):
        people[key].zone = zone
        people[key].save(update_fields=["zone"])


def wish(person, moment=None, **changes):
    start = {"by_email": True, "by_text": False, "first": NINE, "last": EIGHT_PM}
    with acting(person):
        ReminderWish.choose(**start | changes, by=person, at=moment or at(7))


def give_phone(people, key):
    with acting(people["okafor"]):
        people[key].phone = "(555) 010-7777"
        people[key].save(update_fields=["phone"])


def test_each_is_reminded_once_a_day_on_the_clock_where_they_are(people, worker):
    set_zone(people, "leo", "America/Los_Angeles")

    worker(measures.remind_at, at(8, 55))
    assert sent_to(people["maya"]) == []

    worker(measures.remind_at, at(9, 5))
    worker(measures.remind_at, at(9, 10))
    assert len(sent_to(people["maya"])) == 1
    assert sent_to(people["leo"]) == []

    worker(measures.remind_at, at(12, 5))
    assert len(sent_to(people["leo"])) == 1
    worker(measures.remind_at, at(20, 5, on=DAY))
    worker(measures.remind_at, at(9, 5, on=DAY + timedelta(days=1)))
    assert len(sent_to(people["maya"])) == 2


def test_it_names_nothing_and_nobody_and_may_leave_in_its_hours_only(people, worker):
    worker(measures.remind_at, at(9, 5))

    ((mail,),) = sent_to(people["maya"])
    words = f"{mail.subject} {mail.body}".lower()
    told = ["maya", "harbor", "phq", "check-in", "measure", "health", "clinic", "group"]
    assert not [word for word in told if word in words]
    assert (mail.way, mail.not_after) == (EMAIL, at(20))


def test_whoever_has_answered_everything_is_left_in_peace(people, worker):
    maya = people["maya"]
    with acting(maya):
        due = [row.code for row in asking.due(maya, on=DAY) if not row.done]
        for code in due:
            instrument = answering.assembled.current(code, maya, day=DAY)
            for item in instrument.items:
                if item.required and not item.asked_if and not item.staff_only:
                    value = item.options[0].value if item.options else (item.least or 0)
                    when = {"answered_at": at(8), "at": at(8), "for_day": DAY, "key": uuid4()}
                    answering.answer(maya, instrument=instrument, item=item.code, value=value, **when)
        assert [row.code for row in asking.due(maya, on=DAY) if not row.done] == []

    worker(measures.remind_at, at(9, 5))

    assert sent_to(maya) == []


def test_nobody_who_has_left_care_is_reminded(people, worker):
    with acting(people["okafor"]):
        row = Enrolment.objects.get(patient=people["maya"], during__contains=DAY)
        row.during = (row.during.lower, DAY)
        row.end_reason = "completed"
        row.save(update_fields=["during", "end_reason"])

    worker(measures.remind_at, at(9, 5))

    assert sent_to(people["maya"]) == []
    assert sent_to(people["leo"]) != []


def test_a_person_may_want_none_or_a_later_hour(people, worker):
    wish(people["maya"], by_email=False)
    wish(people["leo"], first=time(17), last=time(19))

    worker(measures.remind_at, at(9, 5))
    assert sent_to(people["maya"]) == sent_to(people["leo"]) == []

    worker(measures.remind_at, at(17, 5))
    assert sent_to(people["maya"]) == []
    assert len(sent_to(people["leo"])) == 1


def test_what_could_not_leave_by_the_evening_is_given_up_and_not_sent_at_night(people, worker, by_text):  # noqa: F811
    give_phone(people, "maya")
    wish(people["maya"], by_email=False, by_text=True)
    worker(measures.remind_at, at(19, 50))
    by_text.answer = (503, {})
    worker(messaging.send_texts, at(19, 50))
    by_text.answer = (201, {"sid": "SM1"})

    worker(messaging.send_texts, at(20, 30))

    ((text,),) = sent_to(people["maya"])
    assert (text.state, text.error) == ("given_up", "TooLate")
    assert len(texts(by_text)) == 1, "the one that failed before the evening"


def test_stop_is_respected_until_the_person_asks_again(people, worker, by_text):  # noqa: F811
    give_phone(people, "maya")
    wish(people["maya"], by_text=True)
    worker(measures.remind_at, at(9, 5))
    by_text.answer = (400, {"code": 21610})
    worker(messaging.send_texts, at(9, 6))

    worker(measures.remind_at, at(9, 5, on=DAY + timedelta(days=1)))
    first, second = sent_to(people["maya"])
    assert {row.way: row.error for row in first} == {EMAIL: "", SMS: "Stopped"}
    assert [row.way for row in second] == [EMAIL]

    wish(people["maya"], moment=at(12, on=DAY + timedelta(days=1)), by_text=True)
    worker(measures.remind_at, at(9, 5, on=DAY + timedelta(days=2)))
    assert [row.way for row in sent_to(people["maya"])[2]] == [EMAIL, SMS]


def test_a_page_about_somebody_in_danger_is_never_held_back_by_quiet_hours(people, worker):
    night = at(3, on=DAY + timedelta(days=1))
    with acting(people["okafor"]):
        Clinic.objects.filter(pk=people["maya"].clinic_id).update(reminders_from=time(12), reminders_until=time(13))
    with acting(people["maya"]):
        not_safe = ladder.Evidence("safe_now", "no")
        raise_flag(people["maya"], key="a", evidence=not_safe, label="Are you safe right now?", value="No", at=night)

    worker(safety.climb, night)
    worker(messaging.send_mail, night)

    with acting(people["okafor"]):
        case = Case.objects.get(patient=people["maya"])
        mails = Delivery.objects.filter(way=EMAIL, because__startswith="page ")
        assert case.tier == 4
        assert {(row.state, row.not_after) for row in mails if row.made_at == night} == {("sent", None)}


# --- the pages ---


pages = pytest.mark.django_db


@pages
@pytest.mark.usefixtures("clock")
def test_a_person_chooses_on_their_page_and_hours_outside_the_clinics_are_refused(cast, client_for):
    client = client_for(cast["maya"])
    said = {"by_text": "on", "first": "10:00", "last": "18:00"}

    refused = client.post(reverse("my-reminders"), said | {"last": "23:00"})
    assert refused.status_code == 422
    assert "between" in refused.content.decode()

    assert client.post(reverse("my-reminders"), said).status_code == 302
    with acting(cast["maya"]):
        kept = ReminderWish.objects.get(patient=cast["maya"])
    assert (kept.by_email, kept.by_text, kept.first, kept.last) == (False, True, time(10), time(18))


@pages
def test_nobody_sets_another_persons_wish_or_writes_a_reminder(cast):
    with pytest.raises(ProgrammingError), acting(cast["marcus"]):
        ReminderWish.objects.create(
            clinic_id=cast["maya"].clinic_id, patient=cast["maya"], first=NINE, last=EIGHT_PM, chosen_at=world.NOW
        )
    with pytest.raises(ProgrammingError), acting(cast["maya"]):
        Reminder.objects.create(
            clinic_id=cast["maya"].clinic_id, patient=cast["maya"], on=DAY, asked=[], made_at=world.NOW
        )


def test_staff_see_what_was_sent_and_what_became_of_it(people, worker):
    worker(measures.remind_at, at(9, 5))

    shown = browser_of(people["marcus"]).get(f"/patients/{people['maya'].pk}/measures").content.decode()

    assert "Reminders sent" in shown
    assert "on its way" in shown
