"""The group's note, signed: frozen, added to, and read by clinicians alone; and the plans it links to."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from openiop.audit.models import AuditEvent
from openiop.chart import evening, signing, writing
from openiop.chart.models import GroupNote, NotePart, Plan
from openiop.people.access import acting
from openiop.people.models import Role
from tests.chart.group_note import GROUP, Page, entry_of, goals_of, part_of, parts_of, signed_part, texts, write

pytestmark = pytest.mark.django_db


# --- the signature ---


def test_signing_freezes_minutes_signer_credential_and_time(over, cast):
    with acting(cast["bea"]):
        part = signed_part(over, cast)

        assert "Maya Rivera was present for 180 minutes on November 24, 2026" in part.attestation
        assert "Process group 60, Skills group 60, Education 60" in part.attestation
        assert "Signed by Bea Lindqvist, LCSW, at November 24, 2026, 9:12 p.m. EST" in part.attestation
        assert part.facts["minutes"] == 180
        assert part.facts["number_present"] == 6
        assert len(part.digest) == 64
        assert signing.is_intact(part)
        assert AuditEvent._meta.db_table  # the trail itself is written at the commit


def test_an_incomplete_part_stays_open_while_the_complete_ones_are_signed(over, cast):
    bea, at = cast["bea"], over.ends_at
    with acting(bea):
        maya, theo = entry_of(over, cast["maya"]), entry_of(over, cast["theo"])
        write(over, {maya: texts(over, cast["maya"]), theo: texts(over, cast["theo"], risk="")}, by=bea, at=at)

        signing.sign(over, by=bea, at=at)

        assert list(parts_of(over).signed().values_list("patient_id", flat=True)) == [cast["maya"].pk]
        write(over, {theo: texts(over, cast["theo"])}, by=bea, at=at, group=None)
        open_part = part_of(over, cast["theo"])
        assert open_part.signed_at is None


def test_nobody_signs_minutes_before_the_group_has_ended(tonight, cast, clock):
    clock.move_to(tonight.begins_at + timedelta(minutes=90))
    with acting(cast["bea"]), pytest.raises(signing.NotYet):
        signing.sign(tonight, by=cast["bea"], at=tonight.begins_at + timedelta(minutes=90))


def test_words_that_another_changed_after_i_read_them_are_not_signed_by_me(over, cast):
    bea, at = cast["bea"], over.ends_at
    with acting(bea):
        maya = entry_of(over, cast["maya"])
        words = texts(over, cast["maya"])
        write(over, {maya: words}, by=cast["marcus"], at=at)
        seen = {
            maya: words | {"response": "what I had read"},
            writing.GROUP: dict.fromkeys(writing.GROUP_FIELDS, "") | GROUP,
        }

        done = signing.sign(over, by=bea, at=at, seen=seen)

        assert done.parts == []
        assert done.unseen == [maya]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chart_notepart SET response = 'other'",
        "UPDATE chart_notepart SET signed_at = NULL",
        "DELETE FROM chart_notepart",
        "UPDATE chart_groupnote SET topic = 'other'",
        "UPDATE chart_plan SET version = 9",
        "UPDATE chart_goal SET text = 'other'",
    ],
)
def test_what_is_signed_refuses_every_change_even_by_sql(over, cast, statement):
    with acting(cast["bea"]):
        signed_part(over, cast)

        with pytest.raises(DatabaseError, match="signed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_an_addendum_is_added_and_the_signed_words_stay(over, cast, client_for):
    with acting(cast["bea"]):
        part = signed_part(over, cast)

    client = client_for(cast["bea"])
    client.post(reverse("addendum-new", args=[part.pk]), {"text": "She called at ten to say she is safe."})
    page = client.get(reverse("note", args=[over.pk])).content.decode()

    assert "She called at ten" in page
    assert "Addendum by Bea Lindqvist" in page
    with acting(cast["bea"]):
        part = NotePart.objects.get(pk=part.pk)
        assert signing.is_intact(part)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE chart_addendum SET text = 'other'")


def test_an_unsigned_part_takes_no_addendum(over, cast, client_for):
    with acting(cast["bea"]):
        maya = entry_of(over, cast["maya"])
        write(over, {maya: texts(over, cast["maya"])}, by=cast["bea"], at=over.ends_at)
        part = part_of(over, cast["maya"])

        with pytest.raises(signing.NotSigned):
            signing.add(part, "too early", by=cast["bea"], at=over.ends_at)
    assert client_for(cast["bea"]).get(reverse("addendum-new", args=[part.pk])).status_code == 404


# --- who may ---


def test_clinicians_of_the_session_write_and_others_are_refused(over, cast, client_for):
    url = reverse("note", args=[over.pk])
    for key, status in {
        "bea": 200, "marcus": 200, "okafor": 200, "rosa": 403, "hal": 403, "vera": 403, "lin": 403, "maya": 404,
    }.items():  # fmt: skip
        assert client_for(cast[key]).get(url).status_code == status, key


def test_a_therapist_of_another_group_reads_none_of_it(over, cast, client_for):
    with acting(cast["okafor"]):
        marcus = cast["marcus"]
        over.staff.filter(staff=marcus).update(stands=False)
        marcus.ties.model.objects.filter(staff=marcus).delete()

    client = client_for(cast["marcus"])

    assert client.get(reverse("note", args=[over.pk])).status_code == 404
    assert client.post(reverse("note-part", args=[over.pk]), {"sheet": str(uuid4())}).status_code == 403
    assert client.post(reverse("note-sign", args=[over.pk]), {"sheet": str(uuid4())}).status_code == 403


def test_the_patients_own_therapist_reads_the_signed_part_without_writing(over, cast, client_for):
    with acting(cast["bea"]):
        signed_part(over, cast)
    with acting(cast["okafor"]):
        over.staff.filter(staff=cast["marcus"]).update(stands=False)

    page = client_for(cast["marcus"]).get(reverse("note", args=[over.pk])).content.decode()

    assert "named one thing that helped" in page
    assert '<form method="post" action="' + reverse("note-sign", args=[over.pk]) not in page


@pytest.mark.parametrize("key", ["rosa", "hal", "lin", "vera", "maya", "theo"])
def test_the_database_itself_shows_narratives_to_nobody_but_clinicians(over, cast, key):
    with acting(cast["bea"]):
        signed_part(over, cast)
        assert NotePart.objects.exists()

    with acting(cast[key]):
        assert not NotePart.objects.exists()
        assert not GroupNote.objects.exists()
        assert not NotePart.objects.visible_to(cast[key]).exists()


def test_an_author_sees_only_their_own_roster(over, cast):
    with acting(cast["bea"]):
        ties = cast["maya"].ties.filter(staff=cast["bea"])
        assert ties.exists()
        ties.delete()

        found = [one.patient for one in evening.of(over, person=cast["bea"], at=over.ends_at)]

    assert cast["maya"] not in found
    assert cast["theo"] in found


def test_a_patient_cannot_be_added_to_a_note_by_sending_their_entry(over, cast, client_for):
    page = Page(client_for(cast["bea"]), over)
    page.fields[f"{uuid4()}-response"] = "forged"

    page.autosave()

    with acting(cast["bea"]):
        assert not parts_of(over).exists()


def test_a_choice_that_was_not_offered_is_refused(over, cast, client_for):
    page = Page(client_for(cast["bea"]), over)
    with acting(cast["bea"]):
        maya = entry_of(over, cast["maya"])
    page.type(maya, risk="none at all")

    assert page.post("note-part").status_code == 400


# --- plans ---


def test_a_signed_plan_is_changed_by_a_new_version(cast, client_for, over):
    client = client_for(cast["marcus"])
    url = reverse("plan-new", args=[cast["maya"].pk])

    with acting(cast["marcus"]):
        before = goals_of(cast["maya"])
    assert before[0] in client.get(url).content.decode()
    client.post(url, {"goals": "Sleep seven hours\n\nCall a friend each week", "sign": "1"})
    page = client.get(reverse("plan", args=[cast["maya"].pk])).content.decode()

    assert "version 2, signed" in page
    assert "Call a friend each week" in page
    with acting(cast["marcus"]):
        assert [plan.version for plan in Plan.objects.filter(patient=cast["maya"]).order_by("version")] == [1, 2]


def test_a_plan_without_goals_is_refused_with_words(cast, client_for):
    reply = client_for(cast["marcus"]).post(reverse("plan-new", args=[cast["maya"].pk]), {"goals": " \n ", "sign": "1"})

    assert reply.status_code == 200
    assert "required" in reply.content.decode()


def test_plans_are_for_clinicians_of_the_patient(cast, client_for):
    url = reverse("plan", args=[cast["leo"].pk])

    assert client_for(cast["marcus"]).get(url).status_code == 200
    assert client_for(cast["bea"]).get(url).status_code == 404
    assert client_for(cast["rosa"]).get(url).status_code == 403
    assert client_for(cast["maya"]).get(url).status_code == 404


def test_the_director_writes_in_any_note_of_the_clinic(over, cast):
    assert cast["okafor"].has_role(Role.DIRECTOR)
    with acting(cast["okafor"]):
        found = evening.of(over, person=cast["okafor"], at=over.ends_at)

        assert len(found) == 7
