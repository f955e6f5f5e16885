"""Private notes beside the tiles: one's own and nobody else's, kept as they are typed, and gone when promised."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import admission
from openiop.room.notes import keeping
from openiop.room.notes.models import RoomNote
from tests.room.family import ana_by_link, family_meeting
from tests.room.test_admission import at_the_door, come_in
from tests.room.test_helpers import booked

pytestmark = pytest.mark.django_db
HERS = "Ask Bea about the lake."


@pytest.fixture
def inside(cast):
    """Bea leads, Sam is in the group, and Maya waits at the door."""
    bea = come_in(cast["bea"])
    seats = {key: at_the_door(cast[key]) for key in ("sam", "maya")}
    with acting(cast["bea"]):
        seats["sam"] = admission.admit(seats["sam"], by=cast["bea"], at=world.NOW)
    return {**seats, "bea": bea}


def writes(cast, seats, who, text=HERS, *, key=None, begun_from=None, at=world.NOW):
    with acting(cast[who]):
        return keeping.write(seats[who], text, key=key or uuid4(), begun_from=begun_from, by=cast[who], at=at)


def words_seen_by(actor):
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT text FROM room_roomnote ORDER BY 1")
        return [text for (text,) in cursor.fetchall()]


def test_the_database_shows_a_persons_lines_to_themselves_and_to_nobody_else(cast, inside):
    writes(cast, inside, "sam", "Sam's own")
    writes(cast, inside, "bea", "Bea's own")

    assert words_seen_by(cast["sam"]) == ["Sam's own"]
    assert words_seen_by(cast["bea"]) == ["Bea's own"]
    for key in ("maya", "okafor", "marcus", "vera", "lin", "leo"):
        assert words_seen_by(cast[key]) == [], key


def test_no_supporter_and_no_helper_reads_a_line(cast, inside, clock):
    writes(cast, inside, "sam")
    helper = booked(cast, inside["sam"].session)

    assert words_seen_by(helper) == []
    assert words_seen_by(ana_by_link(family_meeting(cast), cast)) == []


def test_nobody_writes_or_deletes_in_anothers_name_even_past_the_verb(cast, inside):
    note = writes(cast, inside, "sam")

    with acting(cast["bea"]):
        assert RoomNote.objects.filter(pk=note.pk).update(text="x") == 0
        assert RoomNote.objects.filter(pk=note.pk).delete()[0] == 0
        assert not keeping.delete(cast["bea"], note.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            RoomNote.objects.create(
                clinic_id=note.clinic_id,
                session=note.session,
                person=cast["maya"],
                of_staff=False,
                title="",
                began_at=note.began_at,
                text="x",
                edition=uuid4(),
                changed_at=world.NOW,
                until=note.until,
            )
    assert words_seen_by(cast["sam"]) == [HERS]


def test_whoever_is_not_in_the_room_writes_nothing(cast, inside):
    with pytest.raises(PermissionDenied):
        writes(cast, inside, "maya")
    with acting(cast["bea"]), pytest.raises(PermissionDenied):
        keeping.write(inside["sam"], "x", key=uuid4(), begun_from=None, by=cast["bea"], at=world.NOW)


def test_lines_sent_twice_are_kept_once_and_a_later_writing_replaces_them(cast, inside):
    first, second = uuid4(), uuid4()
    writes(cast, inside, "sam", "one", key=first)
    writes(cast, inside, "sam", "one", key=first)
    writes(cast, inside, "sam", "one and two", key=second, begun_from=first)
    writes(cast, inside, "sam", "one and two", key=second, begun_from=first)

    assert words_seen_by(cast["sam"]) == ["one and two"]


def test_lines_written_in_another_tab_are_never_lost_unread(cast, inside):
    first = uuid4()
    writes(cast, inside, "sam", "one", key=first)
    writes(cast, inside, "sam", "the other tab", begun_from=first)

    with pytest.raises(keeping.NotTheNewest) as other:
        writes(cast, inside, "sam", "this tab", begun_from=first)

    assert other.value.note.text == "the other tab" and words_seen_by(cast["sam"]) == ["the other tab"]


def test_lines_deleted_on_the_page_do_not_come_back_from_an_open_room(cast, inside):
    note = writes(cast, inside, "sam")
    with acting(cast["sam"]):
        assert keeping.delete(cast["sam"], note.pk)

    with pytest.raises(keeping.NotTheNewest) as other:
        writes(cast, inside, "sam", HERS + " More.", begun_from=note.edition)

    assert other.value.note is None and words_seen_by(cast["sam"]) == []


def test_emptying_the_field_deletes_the_lines(cast, inside):
    note = writes(cast, inside, "sam")

    assert writes(cast, inside, "sam", "  \n", begun_from=note.edition) is None
    assert words_seen_by(cast["sam"]) == []


def test_what_the_screen_promised_stays_promised_when_the_clinic_changes_its_setting(cast, inside):
    note = writes(cast, inside, "sam")
    clinic = cast["sam"].clinic
    clinic.patient_note_days = 30
    again = writes(cast, inside, "sam", "more", begun_from=note.edition)

    assert again.until == note.until == note.session.ends_at + timedelta(days=180)


def test_a_patient_saves_from_the_room_reads_afterwards_and_deletes(cast, inside, client_for, clock):
    browser, url = client_for(cast["sam"]), reverse("room-note", args=[inside["sam"].session_id])
    key = str(uuid4())
    saved = browser.post(url, {"text": HERS, "key": key, "begun_from": ""})
    again = browser.get(url)
    assert saved.json() == again.json() == {"kept": True, "edition": key, "text": HERS}
    assert "no-store" in again.headers["Cache-Control"]

    page = browser.get(reverse("my-room-notes")).content.decode()
    assert HERS in page and "Only you see it here" in page and "180 days" in page
    assert reverse("my-room-notes") in browser.get(reverse("me")).content.decode()

    with acting(cast["sam"]):
        note = RoomNote.objects.get()
    assert client_for(cast["bea"]).post(reverse("room-note-deletion", args=[note.pk])).status_code == 404
    browser.post(reverse("room-note-deletion", args=[note.pk]))
    assert HERS not in browser.get(reverse("my-room-notes")).content.decode()


def test_a_room_left_open_reads_and_writes_nothing_once_another_signs_in_to_the_browser(
    cast, inside, client_for, clock
):
    writes(cast, inside, "bea", "Bea's own")
    browser, url = client_for(cast["bea"]), reverse("room-note", args=[inside["sam"].session_id])
    of_sams_page = {"X-Person": str(cast["sam"].pk)}

    read = browser.get(url, headers=of_sams_page)
    written = browser.post(url, {"text": HERS, "key": uuid4(), "begun_from": ""}, headers=of_sams_page)

    for answer in (read, written):
        assert answer.status_code == 403 and answer.json() == {"kept": False, "edition": "", "text": ""}
    assert words_seen_by(cast["bea"]) == ["Bea's own"] and words_seen_by(cast["sam"]) == []
    own = browser.get(url, headers={"X-Person": str(cast["bea"].pk)})
    assert own.json()["text"] == "Bea's own"


def test_words_the_room_could_not_read_or_that_are_too_many_are_refused_and_what_stands_is_kept(
    cast, inside, client_for, clock
):
    writes(cast, inside, "sam")
    browser, url = client_for(cast["sam"]), reverse("room-note", args=[inside["sam"].session_id])

    for sent in (
        {"text": "x"},
        {"text": "x" * 4001, "key": uuid4()},
        {"text": "\0", "key": uuid4()},
        {"text": "x", "key": "?"},
    ):
        assert browser.post(url, sent).status_code == 422
    conflict = browser.post(url, {"text": "x", "key": uuid4(), "begun_from": uuid4()})

    assert conflict.status_code == 409 and conflict.json()["text"] == HERS
    assert words_seen_by(cast["sam"]) == [HERS]


def test_whoever_waits_or_is_somewhere_else_has_no_page_for_lines_of_this_room(cast, inside, client_for, clock):
    url = reverse("room-note", args=[inside["sam"].session_id])

    for key in ("maya", "leo", "okafor", "hal"):
        assert client_for(cast[key]).get(url).status_code == 404, key


def test_the_facilitators_page_says_that_these_are_not_the_chart(cast, inside, client_for, clock):
    writes(cast, inside, "bea", "Bea's own")

    page = client_for(cast["bea"]).get(reverse("staff-room-notes")).content.decode()

    assert "Bea&#x27;s own" in page and "These are not the chart" in page and "45 CFR 164.501" in page
    assert "Bea&#x27;s own" not in client_for(cast["okafor"]).get(reverse("staff-room-notes")).content.decode()


def test_the_rooms_page_tells_patients_and_facilitators_where_their_lines_go_and_nobody_else(
    cast, inside, client_for, clock
):
    room = reverse("room", args=[inside["sam"].session_id])

    for key, days in (("sam", 180), ("bea", 7)):
        config = client_for(cast[key]).get(room).context["config"]
        assert (config["noteDays"], bool(config["noteUrl"])) == (days, True)
