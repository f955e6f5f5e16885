"""Ten minutes after the start, those who did not come are called."""

from datetime import timedelta

import pytest

from openiop.people.access import acting
from openiop.safety.models import Case, Flag
from openiop.schedule import outreach, presence
from openiop.schedule.models import OutreachCall
from tests.schedule.conftest import BEGINS

pytestmark = pytest.mark.django_db


def missing(person, minutes):
    return [one.entry.patient.called for one in outreach.absent(person, at=BEGINS + timedelta(minutes=minutes))]


def test_nobody_is_missing_before_ten_minutes_have_passed(cast, tonight):
    with acting(cast["bea"]):
        assert missing(cast["bea"], 9.9) == []


def test_then_everybody_who_was_not_seen_is_on_the_list(cast, tonight, is_here):
    with acting(cast["bea"]):
        is_here(cast["maya"], 0, 5)
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)

        assert missing(cast["bea"], 10) == ["Ines", "Jonah", "Priya", "Ruth", "Sam"]


def test_an_arrival_that_was_taken_back_is_missing_again(cast, tonight):
    with acting(cast["bea"]):
        presence.arrival(tonight, cast["theo"], source="desk", by=cast["hal"], at=BEGINS)
        presence.take_back(tonight, cast["theo"], by=cast["hal"], at=BEGINS + timedelta(minutes=1))

        assert "Theo" in missing(cast["bea"], 10)


def test_who_cancelled_is_not_called(cast, tonight, entry_of):
    entry = entry_of("ruth")
    with acting(cast["bea"]):
        entry.cancel(excused=True, by=cast["bea"], at=BEGINS - timedelta(hours=1))

        assert "Ruth" not in missing(cast["bea"], 10)


def test_who_leads_nothing_has_nobody_to_call_and_the_director_has_all(cast, tonight):
    with acting(cast["okafor"]):
        assert len(missing(cast["okafor"], 10)) == 7
    with acting(cast["hal"]):
        assert missing(cast["hal"], 10) == []


def test_the_list_gives_the_telephone_and_when_they_were_last_here(cast, client_for, tonight, entry_of, clock):
    with acting(cast["okafor"]):
        before = tonight.series.sessions.filter(during__startswith__lt=BEGINS).in_order().last()
        before.roster.filter(patient=cast["ruth"]).update(status="attended")
    clock.move_to(BEGINS + timedelta(minutes=10))

    page = client_for(cast["bea"]).get("/outreach", headers={"HX-Request": "true"}).content.decode()

    assert cast["ruth"].phone in page
    assert "last here on" in page
    assert "<html" not in page


def test_a_call_is_logged_and_whom_nobody_has_reached_stands_first(cast, client_for, tonight, entry_of, clock):
    clock.move_to(BEGINS + timedelta(minutes=12))
    bea = client_for(cast["bea"])

    page = bea.post(f"/roster/{entry_of('ines').pk}/calls", {"outcome": "coming", "note": "ten minutes"}, follow=True)

    assert "on the way, ten minutes" in page.content.decode()
    with acting(cast["bea"]):
        assert missing(cast["bea"], 13)[-1] == "Ines"


def test_reached_and_worried_raises_a_concern_with_the_call(cast, client_for, tonight, entry_of, clock):
    clock.move_to(BEGINS + timedelta(minutes=12))

    client_for(cast["bea"]).post(
        f"/roster/{entry_of('sam').pk}/calls", {"outcome": "concern", "note": "slurred speech", "urgency": "3"}
    )

    with acting(cast["okafor"]):
        flag = Flag.objects.get(patient=cast["sam"])
        assert (flag.tier, flag.value) == (3, "slurred speech")
        assert Case.objects.open().get(patient=cast["sam"]).pages.exists()


def test_a_worry_without_a_degree_is_one_for_today(cast, client_for, tonight, entry_of, clock):
    clock.move_to(BEGINS + timedelta(minutes=12))

    client_for(cast["bea"]).post(f"/roster/{entry_of('sam').pk}/calls", {"outcome": "concern", "note": "cried"})

    with acting(cast["okafor"]):
        assert Flag.objects.get(patient=cast["sam"]).tier == 2


def test_a_worry_without_words_is_asked_for_them_and_raises_nothing_yet(cast, client_for, tonight, entry_of, clock):
    clock.move_to(BEGINS + timedelta(minutes=12))

    page = client_for(cast["bea"]).post(f"/roster/{entry_of('sam').pk}/calls", {"outcome": "concern", "note": ""})

    assert page.status_code == 422
    with acting(cast["okafor"]):
        assert not Flag.objects.exists() and not OutreachCall.objects.exists()


@pytest.mark.parametrize(("who", "status"), [("hal", 403), ("rosa", 403), ("maya", 404)])
def test_others_see_no_outreach(cast, client_for, clock, tonight, entry_of, who, status):
    client = client_for(cast[who])

    assert client.get("/outreach").status_code == status
    assert client.post(f"/roster/{entry_of('sam').pk}/calls", {"outcome": "coming"}).status_code == status
