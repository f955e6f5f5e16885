"""A clinician who does not lead is called to be with one person: who, how far it is, and when it is over."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.people.models import Clinic, Login, Person, Tie
from openiop.programs.models import Enrolment
from openiop.room import admission, aside, called, messages, protocol, staffing, state
from openiop.room.leading import calling, door, duty
from openiop.room.leading.models import AsideAsk
from openiop.room.models import KeyCommit, KeyPackage, Neighbour, Place, Seat, SeatState, SignalKind
from openiop.room.refused import Refused
from openiop.safety import ladder
from openiop.safety.models import OnCallShift, raise_flag
from tests.room.leading.test_asides import answer, ask, place_of
from tests.room.leading.test_floor import group, mine, room_of  # noqa: F401 (fixture)
from tests.room.test_admission import tonight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

A, B, C, MAYA = (UUID(int=n) for n in range(4))
NOW = world.NOW
LATE = NOW + timedelta(minutes=2)


# --- who is offered, and the clock, as rules ---


@pytest.mark.parametrize(
    ("on_call", "therapists", "directors", "leading", "expected"),
    [
        pytest.param([A], {}, [], [], [(A, "on_call", None)], id="who is on call"),
        pytest.param([], {MAYA: B}, [], [], [(B, "therapist", MAYA)], id="the therapist, for their own patient"),
        pytest.param([A], {MAYA: B}, [C], [B], [(A, "on_call", None), (C, "director", None)], id="not who leads"),
        pytest.param([A, A], {MAYA: A}, [A], [], [(A, "on_call", None)], id="nobody twice"),
    ],
)
def test_offered(on_call, therapists, directors, leading, expected):
    assert duty.offered(on_call=on_call, therapists=therapists, directors=directors, leading=leading) == expected


@pytest.mark.parametrize(
    ("minutes", "coming", "is_there", "expected"),
    [
        (0, None, None, "asked"),
        (1, None, None, "asked"),
        (2, None, None, "late"),
        (2, 1, None, "coming"),
        (3, 1, None, "late"),
        (9, 1, True, "here"),
        (9, 1, False, "lost"),
    ],
)
def test_word_of(minutes, coming, is_there, expected):
    found = called.word_of(
        at=NOW + timedelta(minutes=minutes),
        asked_at=NOW,
        coming_at=None if coming is None else NOW + timedelta(minutes=coming),
        is_there=is_there,
        after=timedelta(minutes=2),
    )
    assert found == expected


# --- parts ---


@pytest.fixture
def dana(cast):
    """Another clinician of the clinic, second on call."""
    with acting(cast["okafor"]):
        person = Person.objects.create(
            clinic_id=cast["bea"].clinic_id,
            kind=Person.STAFF,
            roles=["therapist"],
            login=Login.objects.create(email="dana@clinic.example"),
            given_name="Dana",
            family_name="Ruiz",
            called="Dana",
        )
        during = (NOW - timedelta(days=1), NOW + timedelta(days=1))
        OnCallShift.objects.create(clinic_id=person.clinic_id, staff=person, rung=2, during=during)
        cast["dana"] = person
        return person


def come(cast, question, *, by="okafor", at=NOW):
    with acting(cast[by]):
        return calling.come(tonight(cast[by]), question.pk, by=cast[by], at=at)


def connect(cast, who="okafor", *, at=NOW):
    """Their tab, with sound and picture, wherever the room lets it be."""
    with acting(cast[who]):
        line = uuid4()
        messages.sit_down(
            None, cast[who], at, connection=uuid4(), line=line, session_id=tonight(cast[who]).pk, locked=False
        )
        seat = mine(cast[who])
        messages.keep_media(seat, cast[who], at, line=line, place=seat.place, kept={"feed": "f", "published": True})
        return mine(cast[who])


def with_sam(cast, group, *, by="bea"):  # noqa: F811
    """Ada was asked, said that she comes, and is there with Sam."""
    question = ask(cast, group["sam"], whom="okafor", by=by)
    come(cast, question)
    connect(cast)
    return question


def again(cast, question):
    with acting(cast["bea"]):
        return AsideAsk.objects.get(pk=question.pk)


def seat_of(cast, who):
    with acting(cast["bea"]):
        return Seat.objects.get(session=tonight(cast["bea"]), person=cast[who])


def words(cast, who="bea", *, at=NOW):
    return [(row.whom_name, row.word) for row in room_of(cast[who], at=at).lead.asides]


def company(cast, who="sam", *, at=NOW):
    with acting(cast[who]):
        found = state.room_for(mine(cast[who]), at=at).company
        return found and (found.word, found.by, found.name)


def still_here(cast, *who, at):
    with acting(cast["bea"]):
        Seat.objects.filter(person__in=[cast[key] for key in who]).update(online=True, seen_at=at)


def desk(client_for, person):
    return client_for(person).get("/rail", headers={"HX-Request": "true"}).content.decode()


# --- asking ---


def test_a_facilitator_alone_asks_named_clinicians_and_the_group_goes_on(cast, group):  # noqa: F811
    assert [(row.name, row.because) for row in room_of(cast["bea"]).lead.on_duty] == [("Ada", "on_call")]
    question = ask(cast, group["sam"], whom="okafor")

    assert question.called and place_of(cast, "sam") == Place.GROUP
    with acting(cast["bea"]):
        assert staffing.led_now(Neighbour.of(tonight(cast["bea"]).pk), at=NOW)
        mail = Delivery.objects.filter(because=f"aside {question.pk}").get(way="email")
    assert mail.to_id == cast["okafor"].pk
    for name in ("Sam", "Bea", question.session.name):
        assert name not in mail.subject + mail.body, "a telephone lies on a table"


def test_nobody_is_called_who_is_not_on_duty_and_no_patient_calls_anybody(cast, group):  # noqa: F811
    for whom in ("lin", "hal", "maya"):
        if whom in cast:
            with pytest.raises(Http404):
                ask(cast, group["sam"], whom=whom)
    with pytest.raises(PermissionDenied):
        ask(cast, group["sam"], whom="okafor", by="maya")


def test_the_therapist_is_whoever_it_is_on_the_clinics_own_day(cast, group, dana):  # noqa: F811
    """At half past eight in the evening in New York it is tomorrow already by the clock of the world."""
    evening = datetime(2026, 3, 4, 1, 30, tzinfo=UTC)
    assert evening.date() != evening.astimezone(world.ZONE).date()
    with acting(cast["okafor"]):
        OnCallShift.objects.all().delete()
        Enrolment.objects.filter(patient=cast["sam"]).update(
            therapist=dana, during=(evening.date() - timedelta(days=9), evening.date())
        )
        found = duty.on_duty(tonight(cast["okafor"]), [cast["sam"].pk], at=evening)

    assert ("Dana", "therapist") in [(row.name, row.because) for row in found]


# --- the desk ---


def test_the_desk_names_who_asks_and_the_session_and_no_patient_and_keeps_still(cast, group, client_for):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")

    card = desk(client_for, cast["okafor"])
    assert f'id="called-{question.pk}"' in card and f'data-alarm="{question.pk}"' in card
    assert "Bea" in card and question.session.name in card and "Sam" not in card
    assert desk(client_for, cast["okafor"]) == card, "nothing is swapped while nothing changes"
    assert f"called-{question.pk}" not in desk(client_for, cast["marcus"])


def test_the_card_is_gone_with_the_session(cast, group, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]):
        admission.end(tonight(cast["bea"]), by=cast["bea"], at=NOW)

    assert f"called-{question.pk}" not in desk(client_for, cast["okafor"])


def test_the_card_is_gone_where_nobody_ends_the_session(cast, group, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["okafor"]):
        ends = tonight(cast["okafor"]).ends_at
        assert calling.cards_for(cast["okafor"], at=ends)
        assert not calling.cards_for(cast["okafor"], at=ends + timedelta(minutes=61))
    assert again(cast, question).ended_at is None


def test_the_page_is_for_whoever_was_asked_alone(cast, group, client_for, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    way = f"/sessions/{question.session_id}/aside/{question.pk}"

    assert "Sam" in client_for(cast["okafor"]).get(way).content.decode()
    for who in ("marcus", "bea", "sam", "dana"):
        assert client_for(cast[who]).post(way, {"answer": "coming"}).status_code == 404
    came = client_for(cast["okafor"]).post(way, {"answer": "coming"})
    assert came.headers["Location"] == f"/sessions/{question.session_id}/room"


def test_who_cannot_says_so_and_the_next_is_asked(cast, group, client_for, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    way = f"/sessions/{question.session_id}/aside/{question.pk}"
    client_for(cast["okafor"]).post(way, {"answer": "cannot"})

    assert words(cast) == [("Ada", "declined")] and company(cast) is None
    ask(cast, group["sam"], whom="dana")
    assert words(cast) == [("Dana", "asked")]
    with pytest.raises(Refused, match="no_longer"):
        come(cast, question)


# --- on the way: the question stays open ---


def test_saying_i_am_coming_ends_nothing_until_they_are_there(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    assert company(cast) == ("asked", "Bea", "")
    come(cast, question)

    assert again(cast, question).ended_at is None
    assert words(cast) == [("Ada", "coming")] and place_of(cast, "sam") == Place.GROUP
    assert company(cast) == ("coming", "Bea", "Ada")
    connect(cast)
    assert words(cast) == [("Ada", "here")] and place_of(cast, "sam") == aside.place_for(group["sam"].pk)
    assert company(cast) == ("here", "Bea", "Ada")


def test_who_does_not_arrive_in_the_clinics_time_is_late_and_all_others_are_asked_once(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question, at=NOW + timedelta(minutes=1))
    with acting(cast["bea"]):
        assert calling.tend(tonight(cast["bea"]), at=LATE) == 0, "she has said a minute ago that she comes"
        at = LATE + timedelta(minutes=1)
        assert [calling.tend(tonight(cast["bea"]), at=at), calling.tend(tonight(cast["bea"]), at=at)] == [1, 0]
        called_too = Delivery.objects.filter(because=f"aside {question.pk}", to=dana, way="email")
        assert called_too.count() == 1
    assert words(cast, at=at) == [("Ada", "late")]
    with acting(cast["dana"]):
        assert [card.word for card in calling.cards_for(dana, at=at)] == ["climbed"]


def test_the_clinic_sets_the_time_and_pressing_again_does_not_stop_the_clock(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    come(cast, question, at=NOW + timedelta(seconds=100))
    assert words(cast, at=LATE) == [("Ada", "late")]
    with acting(cast["okafor"]):
        Clinic.objects.filter(pk=cast["okafor"].clinic_id).update(aside_wait_minutes=5)
    assert words(cast, at=LATE) == [("Ada", "coming")]


def test_a_tab_of_those_who_lead_asks_the_others_where_the_worker_is_dead(cast, group, dana):  # noqa: F811
    ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]):
        messages.read(mine(cast["bea"]), cast["bea"], LATE, told={})
    with acting(dana):
        assert [card.word for card in calling.cards_for(dana, at=LATE)] == ["climbed"]


def test_who_arrives_late_after_all_is_there_and_the_others_are_asked_no_longer(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    connect(cast, at=LATE)

    assert words(cast, at=LATE) == [("Ada", "here")]
    with acting(dana):
        assert calling.cards_for(dana, at=LATE) == []


def test_of_two_who_come_one_goes_and_the_other_is_told(cast, group, dana, client_for, clock):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    clock.move_to(LATE)
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    come(cast, question, by="dana", at=LATE)

    assert words(cast, at=LATE) == [("Dana", "coming")]
    assert "Somebody else goes" in desk(client_for, cast["okafor"])
    way = f"/sessions/{question.session_id}/aside/{question.pk}"
    refused = client_for(cast["okafor"]).post(way, {"answer": "coming"})
    assert refused.status_code == 409 and "Somebody else goes" in refused.content.decode()
    with acting(cast["okafor"]):
        assert admission.role_in(tonight(cast["okafor"]), cast["okafor"]) == "staff", "her way in is closed"


def test_the_first_who_said_so_is_not_pushed_aside_while_they_come(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]):
        calling.tend(tonight(cast["bea"]), at=LATE)
    come(cast, question, at=LATE)
    with pytest.raises(Refused, match="no_longer"):
        come(cast, question, by="dana", at=LATE)


@pytest.mark.parametrize("how", ["withdrawn", "gone", "back"])
def test_whoever_is_on_the_way_is_told_that_they_need_not_come(cast, group, client_for, how):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    if how == "withdrawn":
        answer(cast, question, comes=False, by="bea")
    elif how == "gone":
        with acting(cast["sam"]):
            messages.leave(mine(cast["sam"]), cast["sam"], NOW)
    else:  # Bea goes with Sam herself meanwhile, and they are back before Ada has come
        with acting(cast["bea"]):
            aside.call(group["sam"], by=cast["bea"], at=NOW)
            aside.arrive(mine(cast["bea"]), at=NOW)
        assert again(cast, question).ended_at is None, "she still comes, so that Bea can go back to the group"
        with acting(cast["bea"]):
            aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)

    assert again(cast, question).ended == how
    assert "You need not come" in desk(client_for, cast["okafor"])
    with acting(cast["okafor"]):
        tie = Tie.objects.get(staff=cast["okafor"], role="called")
        assert tie not in Tie.objects.in_force(NOW), "whoever never came opens no record"


def test_going_back_before_the_person_was_brought_calls_off_as_well(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=NOW)
        aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)
    assert again(cast, question).ended == "back"


# --- in that private place and nowhere else ---


def test_they_see_that_person_alone_and_lead_nothing(cast, group):  # noqa: F811
    with_sam(cast, group)
    hers = room_of(cast["okafor"])

    assert (hers.me.role, hers.me.state, hers.called.name, hers.called.there) == ("called", "private", "Sam", True)
    assert {row.name for row in hers.seats} == {"Ada", "Sam"}
    assert (hers.lead, hers.breakouts, hers.waiting, hers.chat) == (None, None, [], "off")
    assert room_of(cast["sam"]).me.talk == "contact_only"
    assert place_of(cast, "bea") == Place.GROUP
    others = room_of(cast["maya"]).model_dump_json()
    assert "Ada" not in others and room_of(cast["maya"]).company is None


@pytest.mark.parametrize("state_now", ["coming", "here", "over"])
def test_the_database_lets_them_sit_nowhere_else(cast, group, state_now):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    connect(cast)
    if state_now == "over":
        with acting(cast["okafor"]):
            aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    seat = seat_of(cast, "okafor")
    with acting(cast["bea"]):
        for place in (Place.GROUP, Place.CONTACT, aside.place_for(group["maya"].pk)):
            Seat.objects.filter(pk=seat.pk).update(place=place, state=SeatState.ADMITTED)
            now = Seat.objects.get(pk=seat.pk)
            assert (now.state, now.place) == (
                (SeatState.LEFT, Place.GROUP)
                if state_now == "over"
                else (SeatState.ADMITTED, aside.place_for(group["sam"].pk))
            )


def test_they_may_not_go_over_to_the_group_or_use_any_verb_of_those_who_lead(cast, group, client_for):  # noqa: F811
    with_sam(cast, group)
    session = group["sam"].session
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        admission.sit_with(session, by=cast["okafor"], place=Place.GROUP, at=NOW)
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        aside.call(group["maya"], by=cast["okafor"], at=NOW)
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        admission.end(session, by=cast["okafor"], at=NOW)
    for way in (f"/sessions/{session.pk}/door/{group['maya'].pk}", f"/sessions/{session.pk}/board"):
        assert client_for(cast["okafor"]).get(way).status_code == 404
    for message in (protocol.Hand, protocol.ChatWrite, protocol.React, protocol.Admit, protocol.End, protocol.Hop):
        with pytest.raises(PermissionDenied):
            called.check_may_say("called", message.model_construct())


def test_a_locked_door_is_no_way_into_the_group_for_them_before_or_after(cast, group):  # noqa: F811
    with acting(cast["bea"]):
        door.lock(tonight(cast["bea"]), by=cast["bea"], at=NOW)
    question = ask(cast, group["sam"], whom="okafor")
    with acting(cast["okafor"]), pytest.raises(admission.NotNow, match="locked"):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)  # asked is not yet coming
    come(cast, question)
    connect(cast)
    assert seat_of(cast, "okafor").place == aside.place_for(group["sam"].pk)
    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["okafor"]), pytest.raises(admission.NotNow, match="locked"):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)


def test_a_tab_that_comes_back_after_the_call_brings_nobody_into_the_group(cast, group, client_for):  # noqa: F811
    with_sam(cast, group)
    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["okafor"]), pytest.raises(admission.NotNow, match="called"):
        messages.sit_down(
            None,
            cast["okafor"],
            NOW,
            connection=uuid4(),
            line=uuid4(),
            session_id=tonight(cast["okafor"]).pk,
            locked=False,
        )
    page = client_for(cast["okafor"]).get(f"/sessions/{group['sam'].session_id}/room").content.decode()
    assert "The private place is closed" in page


def test_whoever_sat_in_the_group_as_staff_is_there_no_longer_once_they_come(cast, group):  # noqa: F811
    connect(cast)
    assert (seat_of(cast, "okafor").role, seat_of(cast, "okafor").place) == ("staff", Place.GROUP)
    come(cast, ask(cast, group["sam"], whom="okafor"))

    assert (seat_of(cast, "okafor").role, seat_of(cast, "okafor").place) == (
        "called",
        aside.place_for(group["sam"].pk),
    )


def test_a_group_that_nobody_leads_is_open_to_them_again_as_to_any_of_the_staff(cast, group):  # noqa: F811
    with_sam(cast, group)
    with acting(cast["okafor"]):
        aside.back(tonight(cast["okafor"]), by=cast["okafor"], at=NOW)
    with acting(cast["bea"]):
        admission.leave(mine(cast["bea"]), by=cast["bea"], at=NOW)
    connect(cast)

    assert (seat_of(cast, "okafor").role, seat_of(cast, "okafor").place) == ("staff", Place.GROUP)


def test_nobody_is_called_to_two_private_places_of_one_session(cast, group):  # noqa: F811
    with_sam(cast, group)
    second = ask(cast, group["maya"], whom="okafor")
    with pytest.raises(Refused, match="already_aside"):
        come(cast, second)
    with acting(cast["bea"]), pytest.raises(IntegrityError, match="called_to_one_private_place"), transaction.atomic():
        AsideAsk.objects.filter(pk=second.pk).update(coming_at=NOW)


# --- how it is over ---


def test_when_they_leave_the_person_is_back_in_the_group_and_they_are_out(cast, group):  # noqa: F811
    question = with_sam(cast, group)
    with acting(cast["okafor"]):
        messages.leave(mine(cast["okafor"]), cast["okafor"], NOW)

    assert place_of(cast, "sam") in (Place.GROUP, Place.CONTACT)
    assert (again(cast, question).ended, seat_of(cast, "okafor").state) == ("over", SeatState.LEFT)
    assert company(cast) is None and words(cast) == []


@pytest.mark.parametrize("how", ["leaves", "put back", "back"])
def test_they_are_out_the_moment_the_place_closes(cast, group, how):  # noqa: F811
    question = with_sam(cast, group)
    if how == "leaves":
        with acting(cast["sam"]):
            messages.leave(mine(cast["sam"]), cast["sam"], NOW)
    elif how == "put back":
        with acting(cast["bea"]):
            admission.send_back(seat_of(cast, "sam"), by=cast["bea"], at=NOW)
    else:
        with acting(cast["bea"]):  # whatever moves the person, known to no verb
            Seat.objects.filter(pk=group["sam"].pk).update(place=Place.GROUP)

    assert (again(cast, question).ended, seat_of(cast, "okafor").state) == ("over", SeatState.LEFT)
    with acting(cast["okafor"]), pytest.raises(Http404):
        called.check_still_called(mine(cast["okafor"]))


def test_who_says_that_they_come_and_goes_before_the_person_is_there_cannot(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["okafor"]):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)
        messages.leave(mine(cast["okafor"]), cast["okafor"], NOW)

    assert words(cast) == [("Ada", "declined")] and place_of(cast, "sam") == Place.GROUP
    assert again(cast, question).ended == "declined"


def test_whoever_leads_may_go_back_to_the_group_and_leave_the_person_with_them(cast, group):  # noqa: F811
    with_sam(cast, group)
    with acting(cast["bea"]):
        aside.call(group["sam"], by=cast["bea"], at=NOW)
        aside.arrive(mine(cast["bea"]), at=NOW)
        aside.back(tonight(cast["bea"]), by=cast["bea"], at=NOW)

    assert place_of(cast, "bea") == Place.GROUP
    assert place_of(cast, "sam") == seat_of(cast, "okafor").place == aside.place_for(group["sam"].pk)


def test_nobody_is_called_away_from_the_person_they_are_with(cast, group, dana):  # noqa: F811
    question = with_sam(cast, group)
    with pytest.raises(Refused, match="with_somebody"):
        ask(cast, group["sam"], whom="dana")
    with pytest.raises(Refused, match="with_somebody"):
        answer(cast, question, comes=False, by="bea")
    with acting(cast["bea"]), pytest.raises(Refused, match="with_somebody"):
        admission.remove(seat_of(cast, "okafor"), by=cast["bea"], at=NOW)


def test_whose_clinician_is_lost_is_shown_and_others_are_asked(cast, group, dana):  # noqa: F811
    question = with_sam(cast, group)
    assert room_of(cast["bea"]).lead.alone == []
    later = NOW + timedelta(minutes=2)
    still_here(cast, "bea", "sam", at=later)

    assert words(cast, at=later) == [("Ada", "lost")]
    assert [row.name for row in room_of(cast["bea"], at=later).lead.alone] == ["Sam"]
    with acting(cast["bea"]):
        assert calling.tend(tonight(cast["bea"]), at=later) == 1
    come(cast, question, by="dana", at=later)
    connect(cast, "dana", at=later)
    assert words(cast, at=later) == [("Dana", "here")]
    assert seat_of(cast, "okafor").state == SeatState.LEFT


def test_a_call_that_ends_as_they_connect_brings_nobody_to_an_empty_place(cast, group):  # noqa: F811
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    with acting(cast["okafor"]):
        admission.ask(tonight(cast["okafor"]), cast["okafor"], at=NOW)
        before = mine(cast["okafor"])  # as another process read it a moment ago
    answer(cast, question, comes=False, by="bea")
    with acting(cast["okafor"]):
        aside.arrive(before, at=NOW)

    assert place_of(cast, "sam") == Place.GROUP


def test_the_group_is_not_ended_while_somebody_under_watch_waits_for_them(cast, group):  # noqa: F811
    flagged(cast, "sam", "staff_concern", 3)
    ask(cast, group["sam"], whom="okafor")
    with acting(cast["bea"]), pytest.raises(Refused, match="somebody_waits"):
        admission.end(tonight(cast["bea"]), by=cast["bea"], at=NOW)


# --- care, presence, and what the person reads ---


def flagged(cast, who, evidence, value, **more):
    with acting(cast["okafor"]):
        raise_flag(
            cast[who],
            key=f"watch {who}",
            evidence=ladder.Evidence(evidence, value),
            label="Asked for",
            value="by the test",
            at=NOW,
            **more,
        )


def test_coming_opens_the_record_in_the_trail_and_a_day_after_they_were_there_it_closes(cast, group, dana):  # noqa: F811
    question = ask(cast, group["sam"], whom="dana")
    with acting(dana):
        assert cast["sam"] not in Person.objects.patients().visible_to(dana)
    come(cast, question, by="dana")
    connect(cast, "dana")
    with acting(dana):
        assert cast["sam"] in Person.objects.patients().visible_to(dana)
        assert cast["maya"] not in Person.objects.patients().visible_to(dana)
        aside.back(tonight(cast["okafor"]), by=dana, at=NOW)
        tie = Tie.objects.get(staff=dana, role="called")
    assert tie.ends_at == NOW + timedelta(hours=24)
    with acting(cast["okafor"]):
        found = AuditEvent.objects.filter(patient_id=cast["sam"].pk, person_id=dana.pk)
        assert "room.called-comes" in set(found.values_list("verb", flat=True))


def test_they_count_as_staff_with_the_person_in_that_place(cast, group):  # noqa: F811
    flagged(cast, "sam", "staff_concern", 3)
    with_sam(cast, group)
    with acting(cast["sam"]):
        admission.beat(mine(cast["sam"]), at=NOW, receiving=True)
    with acting(cast["bea"]):
        assert Tie.objects.filter(patient=cast["sam"], staff=cast["okafor"], role="live").exists()
        notes = seat_of(cast, "okafor").events.values_list("what", flat=True)
        assert "is in a private place" in set(notes)
        admission.send_back(seat_of(cast, "sam"), by=cast["bea"], at=NOW)  # not refused: somebody is with him


def test_no_other_patient_and_no_query_of_theirs_reads_of_it(cast, group):  # noqa: F811
    ask(cast, group["sam"], whom="okafor")
    for who in ("sam", "maya"):
        with acting(cast[who]):
            assert AsideAsk.objects.count() == 0
    assert company(cast, "maya") is None


@pytest.mark.parametrize("why", ["a tap that says not safe", "harmed by somebody near"])
def test_nothing_of_it_stands_on_a_screen_that_may_be_watched(cast, group, why):  # noqa: F811
    if why == "harmed by somebody near":
        flagged(cast, "sam", "staff_concern", 3, kind="harmed")
    else:
        with acting(cast["sam"]):
            messages.give_signal(mine(cast["sam"]), cast["sam"], NOW, key=uuid4(), kind=SignalKind.NOT_SAFE)
    ask(cast, group["sam"], whom="okafor")

    assert company(cast) is None


# --- sealed from person to person ---


@pytest.fixture
def sealed(cast, group):  # noqa: F811
    with acting(cast["bea"]):
        messages.choose_encryption(mine(cast["bea"]), cast["bea"], NOW, word="end_to_end")
    question = ask(cast, group["sam"], whom="okafor")
    come(cast, question)
    return question


def keys(cast, **request):
    with acting(cast["okafor"]):
        seat = mine(cast["okafor"])
        room = state.room_for(seat, at=NOW).room
        parsed = protocol.parse(
            protocol.Keys.model_construct(type="keys", id=1, request={"room": room, **request}).model_dump_json(
                warnings=False
            )
        )
        return messages.keys(seat, cast["okafor"], NOW, request=parsed.request)


def test_where_the_session_is_sealed_nobody_is_brought_before_they_hold_the_places_keys(cast, sealed):
    connect(cast)
    assert place_of(cast, "sam") == Place.GROUP and words(cast) == [("Ada", "coming")]
    package = keys(cast, kind="package", key="BAEC", package="AAEC")["package"]
    assert place_of(cast, "sam") == Place.GROUP
    keys(cast, kind="commit", epoch=0, found=True, commit=None, welcome=None, members=[package])

    assert place_of(cast, "sam") == seat_of(cast, "okafor").place and words(cast) == [("Ada", "here")]
    with acting(cast["bea"]):
        assert {row.live_room.place for row in KeyPackage.objects.filter(seat__person=cast["okafor"])} == {
            seat_of(cast, "okafor").place
        }, "the group's keys are never theirs"
        assert KeyCommit.objects.count() == 1


def test_whose_browser_cannot_seal_is_out_and_whoever_asked_reads_why(cast, sealed):
    connect(cast)
    keys(cast, kind="cannot")

    assert words(cast) == [("Ada", "unable")] and place_of(cast, "sam") == Place.GROUP
    assert seat_of(cast, "okafor").state == SeatState.LEFT
