"""Questions at the site's kiosk: two proofs, one question a screen, and nothing of one person left for the next."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from openiop.demo import world
from openiop.measures import kiosk as rules
from openiop.measures.models import Answer, KioskSitting
from openiop.people.access import acting
from openiop.people.middleware import DEVICE_COOKIE
from openiop.people.models import Device, Person, Site, hashed
from openiop.safety.models import Case, Flag, Page, StaffPlace, Whereabouts, acknowledge
from openiop.schedule import presence
from openiop.schedule.kiosk import SlowDown
from openiop.schedule.models import CareSession, KioskTry, RosterEntry
from tests.measures.test_at_once import together

pytestmark = pytest.mark.usefixtures("clock")

NOW = world.NOW


@pytest.fixture
def kiosk(cast, clock):
    """A browser in the lobby with the device's cookie."""
    return lobby_with(cast, "lobby")


def lobby_with(cast, token, *, kind=Device.KIOSK):
    with acting(cast["okafor"]):
        Device.objects.create(
            clinic_id=cast["okafor"].clinic_id,
            kind=kind,
            name=token,
            site=Site.objects.get(),
            token_hash=hashed(token),
            paired_at=NOW,
        )
    client = Client(headers={"host": "localhost"})
    client.cookies[DEVICE_COOKIE] = token
    return client


@pytest.fixture
def place_of(cast):
    def find(key):
        with acting(cast["okafor"]):
            soon = CareSession.objects.between(NOW, NOW + timedelta(hours=1)).get()
            return RosterEntry.objects.get(session=soon, patient=cast[key])

    return find


def code_of(cast, key, *, by=None):
    maker = cast[by or key]
    with acting(maker):
        return KioskSitting.make_code(cast[key], by=maker, at=now())


def now():
    from django.utils import timezone

    return timezone.now()


def arrive(kiosk, entry):
    return kiosk.post("/kiosk/arrival", {"do": "answer", "code": entry.arrival_code})


def sit_down(kiosk, cast, key, place_of):
    assert arrive(kiosk, place_of(key)).headers["Location"] == "/kiosk/questions"
    return kiosk.post("/kiosk/questions", {"code": code_of(cast, key)})


def shown(kiosk):
    return kiosk.get("/kiosk/sitting")


def fields(page):
    """What a browser would send of the question on this page, without an answer."""
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    return {name: found[name] for name in ("sitting", "code", "item", "key")}


def say(kiosk, value, page=None):
    sent = fields(page or shown(kiosk))
    return kiosk.post("/kiosk/sitting", {**sent, sent["item"]: value})


def new_answers(cast, key):
    with acting(cast[key]):
        return list(
            Answer.objects.filter(patient=cast[key], received_at__gte=NOW).values_list("item", "value", "how", "by")
        )


def anything(body):
    """Some answer to the question on this page; none to one about words."""
    choice = re.search(r'type="radio"[^>]*value="(\d+)"', body)
    return choice.group(1) if choice else ("1" if 'type="number"' in body else "")


def until(kiosk, item):
    """Answer what comes before this item; return its page."""
    for _question in range(60):
        page = shown(kiosk)
        if fields(page)["item"] == item:
            return page
        body = page.content.decode()
        say(kiosk, anything(body), page)
    raise AssertionError("never asked")


def test_saying_who_one_is_shows_no_question_before_the_second_proof(kiosk, cast, place_of):
    arrive(kiosk, place_of("theo"))

    assert kiosk.get("/kiosk/sitting").headers["Location"] == "/kiosk"
    page = arrive(kiosk, place_of("theo")) and kiosk.get("/kiosk/questions")
    assert "one-time code" in page.content.decode()
    assert "Theo" not in page.content.decode()


def test_a_code_without_having_said_who_one_is_opens_nothing(kiosk, cast):
    assert kiosk.post("/kiosk/questions", {"code": code_of(cast, "theo")}).headers["Location"] == "/kiosk"


def test_anothers_code_a_used_an_old_and_a_newer_ones_predecessor_open_nothing(kiosk, cast, place_of, clock):
    first = code_of(cast, "theo")
    for wrong in (code_of(cast, "maya"), "000000" if first != "000000" else "111111"):
        arrive(kiosk, place_of("theo"))
        assert kiosk.post("/kiosk/questions", {"code": wrong}).status_code == 422
    second = code_of(cast, "theo")
    assert kiosk.post("/kiosk/questions", {"code": first}).status_code == 422 or first == second
    clock.shift(timedelta(minutes=20))  # the wrong tries are forgotten
    arrive(kiosk, place_of("theo"))
    assert kiosk.post("/kiosk/questions", {"code": second}).status_code == 422  # ten minutes are over
    third = code_of(cast, "theo")
    assert kiosk.post("/kiosk/questions", {"code": third}).headers["Location"] == "/kiosk/sitting"
    kiosk.post("/kiosk/stop")
    arrive(kiosk, place_of("theo"))
    assert kiosk.post("/kiosk/questions", {"code": third}).status_code == 422  # once


def test_wrong_codes_make_the_device_wait(kiosk, cast, place_of):
    arrive(kiosk, place_of("theo"))
    for _try in range(4):
        kiosk.post("/kiosk/questions", {"code": "1"})

    right = kiosk.post("/kiosk/questions", {"code": code_of(cast, "theo")})

    assert right.status_code == 422
    assert "takes a break" in right.content.decode()
    with acting(cast["theo"]):
        assert not KioskSitting.objects.exclude(begun_at=None).exists()


def test_one_question_a_screen_kept_at_once_and_noted_as_answered_at_the_kiosk(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    first = fields(page)["item"]
    assert page["Cache-Control"] == "no-store"
    assert page.content.decode().count("<h1>") == 1
    assert "Theo" not in page.content.decode()

    choice = re.search(r'type="radio"[^>]*value="(\d+)"', page.content.decode()).group(1)
    assert say(kiosk, choice, page).headers["Location"] == "/kiosk/sitting"

    assert new_answers(cast, "theo") == [(first, int(choice), "kiosk", None)]
    assert fields(shown(kiosk))["item"] != first


def test_the_same_page_sent_twice_is_one_answer(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    choice = re.search(r'type="radio"[^>]*value="(\d+)"', page.content.decode()).group(1)
    for _time in range(2):
        say(kiosk, choice, page)

    assert len(new_answers(cast, "theo")) == 1


def test_an_answer_of_danger_calls_who_is_on_site_first_and_the_person_reads_what_is_true(kiosk, cast, place_of):
    with acting(cast["bea"]):
        StaffPlace.tell(site=Site.objects.get(), by=cast["bea"], at=NOW)
    sit_down(kiosk, cast, "theo", place_of)
    page = until(kiosk, "safe_now")
    say(kiosk, "2", page)  # No

    with acting(cast["okafor"]):
        case = Case.objects.open().get(patient=cast["theo"])
        assert Flag.objects.filter(case=case, reason="safe_now").count() == 1
        assert [page.to.called for page in Page.objects.filter(case=case)] == ["Bea"]
    told = shown(kiosk).content.decode()
    assert "Your answer has been sent to your team" in told
    assert "Your answer has been sent to your team" in kiosk.get("/kiosk/what-happens").content.decode()
    with acting(cast["bea"]):
        acknowledge(Case.objects.open().get(patient=cast["theo"]), by=cast["bea"], at=now())
    assert "Bea has seen your answer" in kiosk.get("/kiosk/what-happens").content.decode()
    assert "Theo" not in told
    assert 'type="radio"' not in told
    kiosk.post("/kiosk/sitting", {"sitting": str(kiosk.session["kiosk_sitting"]["id"]), "go_on": "1"})
    assert 'name="item"' in shown(kiosk).content.decode()
    kiosk.post("/kiosk/stop")
    assert kiosk.get("/kiosk/what-happens").headers["HX-Redirect"] == "/kiosk"


@pytest.mark.parametrize("elsewhere", ["at home", "at another site"])
def test_whoever_answers_at_the_kiosk_is_at_its_site_whatever_was_said_before(kiosk, cast, place_of, clock, elsewhere):
    with acting(cast["okafor"]):
        here = Site.objects.get()
        other = Site.objects.create(clinic_id=here.clinic_id, name="Mill Road", state="NY")
    with acting(cast["hal"]):
        soon = place_of("theo")
        presence.arrival(soon.session, cast["theo"], source="desk", by=cast["hal"], at=NOW)
    with acting(cast["theo"]):
        Whereabouts.objects.create(
            clinic_id=cast["theo"].clinic_id,
            patient=cast["theo"],
            told_at=NOW + timedelta(seconds=1),
            place="virtual" if elsewhere == "at home" else "on_site",
            site=None if elsewhere == "at home" else other,
            source="door",
        )
    with acting(cast["bea"]):
        StaffPlace.tell(site=here, by=cast["bea"], at=NOW)

    clock.shift(timedelta(minutes=1))
    sit_down(kiosk, cast, "theo", place_of)
    say(kiosk, "2", until(kiosk, "safe_now"))  # No

    with acting(cast["okafor"]):
        where = Whereabouts.latest(cast["theo"].pk, at=now())
        assert (where.place, where.site, where.source) == ("on_site", here, "kiosk")
        assert [page.to.called for page in Page.objects.filter(case__patient=cast["theo"])] == ["Bea"]


def test_sitting_down_twice_tells_once_where_they_are(kiosk, cast, place_of):
    for _turn in range(2):
        sit_down(kiosk, cast, "theo", place_of)

    with acting(cast["okafor"]):
        assert Whereabouts.objects.filter(patient=cast["theo"], told_at__gte=NOW).count() == 1


def test_two_patients_one_after_the_other_see_nothing_of_each_other(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    left_open = shown(kiosk)
    kiosk.get("/kiosk")  # the screen went back to its start
    assert shown(kiosk).headers["Location"] == "/kiosk"

    sit_down(kiosk, cast, "sam", place_of)
    # "back" brings Theo's page up again, and somebody sends it.
    assert say(kiosk, "1", left_open).headers["Location"] == "/kiosk?lost"
    assert "nothing of it was kept" in kiosk.get("/kiosk?lost").content.decode()

    assert new_answers(cast, "theo") == []
    assert new_answers(cast, "sam") == []
    assert shown(kiosk).headers["Location"] == "/kiosk"  # nor does it go on for the other


def test_whoever_walks_away_leaves_what_they_said_and_no_way_on(kiosk, cast, place_of, clock):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    choice = re.search(r'type="radio"[^>]*value="(\d+)"', page.content.decode()).group(1)
    say(kiosk, choice, page)
    clock.shift(timedelta(minutes=11))  # five minutes is the clinic's; the page has cleared itself long since

    assert shown(kiosk).headers["Location"] == "/kiosk"
    assert len(new_answers(cast, "theo")) == 1
    assert "kiosk_sitting" not in kiosk.session


def test_whoever_thinks_for_long_with_a_hand_on_the_screen_keeps_their_turn_and_their_words(
    kiosk, cast, place_of, clock
):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    for _minutes in range(3):
        clock.shift(timedelta(minutes=4))
        assert kiosk.post("/kiosk/still-here").status_code == 204

    say(kiosk, anything(page.content.decode()), page)

    assert len(new_answers(cast, "theo")) == 1


def test_looking_at_what_happens_holds_no_turn_open(kiosk, cast, place_of, clock):
    sit_down(kiosk, cast, "theo", place_of)
    say(kiosk, "2", until(kiosk, "safe_now"))
    for _minutes in range(3):
        clock.shift(timedelta(minutes=4))
        last = kiosk.get("/kiosk/what-happens")

    assert last.headers["HX-Redirect"] == "/kiosk"


def test_whoever_begins_at_a_device_ends_the_turn_before(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    sit_down(kiosk, cast, "sam", place_of)

    with acting(cast["okafor"]):
        assert KioskSitting.objects.get(patient=cast["theo"]).ended_at is not None
        assert KioskSitting.objects.get(patient=cast["sam"]).ended_at is None


def test_what_could_not_be_kept_stays_in_its_field_for_whoever_typed_it(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    for _question in range(80):
        if "<textarea" in (body := page.content.decode()):
            break
        say(kiosk, anything(body), page)
        page = shown(kiosk)
    long = "I sleep badly. " * 2000

    refused = say(kiosk, long, page)

    assert refused.status_code == 422
    assert long.strip() in refused.content.decode()


def test_the_questions_come_in_their_own_language_and_the_next_person_finds_none_chosen(kiosk, cast, place_of):
    with acting(cast["okafor"]):
        Person.objects.filter(pk=cast["theo"].pk).update(language="es")

    sit_down(kiosk, cast, "theo", place_of)

    assert "Parar aquí" in shown(kiosk).content.decode()
    kiosk.post("/kiosk/stop")
    assert "I&#x27;m here" in kiosk.get("/kiosk").content.decode() or "I'm here" in kiosk.get("/kiosk").content.decode()


def test_a_revoked_device_asks_nothing_more(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    with acting(cast["okafor"]):
        Device.objects.filter(name="lobby").update(revoked_at=NOW)

    assert "/account/login" in say(kiosk, "1", page).headers["Location"]
    assert new_answers(cast, "theo") == []


def test_guesses_sent_side_by_side_are_counted_one_after_the_other(committed):
    cast = world.cast()
    lobby_with(cast, "lobby")
    with acting(cast["okafor"]):
        device = Device.objects.get(name="lobby")
    refused = []

    def guess():
        try:
            with acting(device):
                rules.guess(device, cast["theo"].pk, "1", at=NOW)
        except SlowDown:
            refused.append(True)

    together(*[guess] * 8)

    assert len(refused) == 4
    with acting(device):
        assert KioskTry.objects.filter(device=device).count() == 4


def test_the_page_clears_itself_after_the_clinics_minutes(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)

    assert 'data-idle-minutes="5"' in shown(kiosk).content.decode()


def test_when_nothing_is_left_it_ends_at_once_and_the_device_knows_nothing(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    for _question in range(80):
        page = shown(kiosk)
        body = page.content.decode()
        if 'name="item"' not in body:
            break
        say(kiosk, anything(body), page)

    assert "Thank you" in body
    assert "Theo" not in body
    assert "sent to your team" not in body  # the next person learns nothing of an open case
    assert dict(kiosk.session) == {}
    assert shown(kiosk).headers["Location"] == "/kiosk"
    with acting(cast["theo"]):
        assert KioskSitting.objects.get().ended_at is not None


def test_what_somebody_near_may_do_to_them_is_never_asked_in_the_lobby(cast):
    with acting(cast["theo"]):
        on = NOW.date()
        private = {
            f"{code} {item.code}"
            for code in rules.still_due(cast["theo"], on=on)
            for item in rules.asked(code, cast["theo"], on=on).items
            if item.private
        }
        following, passed = True, set()
        while following:
            following = rules.next_question(
                cast["theo"], codes=rules.still_due(cast["theo"], on=on), passed=passed, on=on
            )
            if following:
                name = f"{following.instrument.code} {following.item.code}"
                assert name not in private
                passed.add(name)


def test_who_has_left_the_program_is_asked_nothing_more_in_the_middle_of_it(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    with acting(cast["okafor"]):
        Person.objects.filter(pk=cast["theo"].pk).update(active=False)

    assert say(kiosk, "1", page).headers["Location"] == "/kiosk?lost"
    assert new_answers(cast, "theo") == []


def test_another_device_and_a_rooms_camera_reach_no_sitting(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    with acting(cast["theo"]):
        sitting = KioskSitting.objects.get()
    other = lobby_with(cast, "other")
    camera = lobby_with(cast, "camera", kind=Device.ROOM)
    for client in (other, camera):
        session = client.session
        session["kiosk_sitting"] = dict(kiosk.session["kiosk_sitting"])
        session.save()
        client.cookies["openiop"] = session.session_key
    assert shown(other).headers["Location"] == "/kiosk"
    assert camera.get("/kiosk/sitting").status_code == 404
    with acting(cast["okafor"]):
        assert rules.whose_turn(sitting.pk, at=NOW) is None  # staff are no kiosk


def test_the_code_is_made_by_the_person_or_by_staff_who_see_the_schedule(cast, client_for):
    theo = cast["theo"].pk
    assert re.search(r"\d{3} \d{3}", client_for(cast["theo"]).post("/me/kiosk-code").content.decode())
    assert re.search(r"\d{3} \d{3}", client_for(cast["hal"]).post(f"/patients/{theo}/kiosk-code").content.decode())
    assert client_for(cast["maya"]).post(f"/patients/{theo}/kiosk-code").status_code == 404
    assert client_for(cast["rosa"]).post(f"/patients/{theo}/kiosk-code").status_code == 403
    assert client_for(cast["hal"]).post("/me/kiosk-code").status_code == 404


def test_the_database_gives_no_patient_anothers_sitting_and_no_answer_at_the_kiosk_a_writer(kiosk, cast, place_of):
    sit_down(kiosk, cast, "theo", place_of)
    page = shown(kiosk)
    say(kiosk, re.search(r'type="radio"[^>]*value="(\d+)"', page.content.decode()).group(1), page)
    with acting(cast["maya"]):
        assert not KioskSitting.objects.exists()
    with acting(cast["okafor"]):
        given = Answer.objects.filter(patient=cast["theo"], how="kiosk").get()
    given.pk, given.key, given.by = uuid4(), uuid4(), cast["okafor"]
    with pytest.raises(DatabaseError), acting(cast["okafor"]), transaction.atomic():
        given.save(force_insert=True)
