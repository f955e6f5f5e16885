"""The group's note: written once and for each person, checked, signed, frozen."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from openiop.audit.models import AuditEvent
from openiop.chart import evening, signing, writing
from openiop.chart.models import Goal, GroupNote, NotePart, Participation, Plan, Progress, Risk, Sheet
from openiop.people.access import acting
from openiop.people.models import Role
from openiop.schedule.models import OutreachCall, RosterEntry
from tests.chart.conftest import be_there

pytestmark = pytest.mark.django_db

GROUP = {"topic": "Opposite action", "intervention": "DBT skills in pairs", "present": "6", "place": "Room 2"}
WORDS = {
    "risk": Risk.NONE.value,
    "participation": Participation.ACTIVE.value,
    "affect": "Calm, full range",
    "progress": Progress.SOME.value,
    "next_step": "Practise before sleep",
}


def entry_of(session, patient):
    return str(RosterEntry.objects.get(session=session, patient=patient).pk)


def parts_of(session):
    return NotePart.objects.filter(note__session=session)


def part_of(session, patient):
    return parts_of(session).get(patient=patient)


def goals_of(patient):
    return [goal.text for goal in writing.goals_by_patient([patient.pk])[patient.pk]]


def texts(session, patient, **words):
    goal = writing.goals_by_patient([patient.pk])[patient.pk][0]
    blank = dict.fromkeys(writing.PART_FIELDS, "")
    own = {"response": f"{patient.called} named one thing that helped", "goal": str(goal.pk)}
    return blank | WORDS | own | words


def write(session, parts, *, by, at, sheet=None, group=GROUP):
    """Save parts as a page that had found them empty would."""
    blank = writing.digest(dict.fromkeys(writing.PART_FIELDS, ""))
    sent = {key: writing.Sent(words, blank, blank) for key, words in parts.items()}
    if group is not None:
        empty = writing.digest(dict.fromkeys(writing.GROUP_FIELDS, ""))
        sent[writing.GROUP] = writing.Sent(dict.fromkeys(writing.GROUP_FIELDS, "") | group, empty, empty)
    return writing.save(session, sheet=sheet or uuid4(), sent=sent, by=by, at=at)


def lacks_of(session, patient, *, by, at):
    note = GroupNote.objects.filter(session=session).first()
    _group, found = signing.check(session, note, evening.of(session, person=by, at=at), by=by)
    return [lack.code for one in found if one.expected.patient == patient for lack in one.lacks]


def signed_part(session, cast, key="maya"):
    bea, at = cast["bea"], session.ends_at + timedelta(minutes=2)
    write(session, {entry_of(session, cast[key]): texts(session, cast[key])}, by=bea, at=at)
    signing.sign(session, by=bea, at=at)
    return part_of(session, cast[key])


# --- what fills itself ---


def test_times_minutes_places_and_identity_fill_themselves(over, cast):
    with acting(cast["bea"]):
        maya = next(one for one in evening.of(over, person=cast["bea"], at=over.ends_at) if one.patient == cast["maya"])

        assert maya.minutes == 180
        assert [stretch.minutes for stretch in maya.stretches] == [60, 5, 60, 5, 60]
        assert maya.modality == "virtual_video"
        assert maya.location == "14 Orchard Lane, Ashford"
        assert (maya.came_at, maya.went_at) == (over.begins_at, over.ends_at)
        assert maya.identity == "seen by staff"


def test_somebody_who_left_after_fifty_minutes_has_fifty_minutes(tonight, cast, clock):
    with acting(cast["bea"]):
        be_there(tonight, cast["theo"], place="on_site", by=cast["bea"], minutes=50)
        clock.move_to(tonight.ends_at)
        theo = next(
            one for one in evening.of(tonight, person=cast["bea"], at=tonight.ends_at) if one.patient == cast["theo"]
        )

        assert theo.minutes == 50
        assert theo.went_at == tonight.begins_at + timedelta(minutes=50)


def test_who_never_came_has_no_part_but_their_outreach_is_told(over, cast, client_for):
    with acting(cast["bea"]):
        entry = RosterEntry.objects.get(session=over, patient=cast["ruth"])
        OutreachCall.objects.create(
            clinic_id=over.clinic_id, entry=entry, patient=cast["ruth"], by=cast["bea"], at=over.begins_at,
            outcome="no_answer",
        )  # fmt: skip

    page = client_for(cast["bea"]).get(reverse("note", args=[over.pk])).content.decode()

    assert "Ruth Salazar" in page
    assert "no answer" in page
    assert f'name="{entry.pk}-risk"' not in page


def test_a_person_where_nobody_is_licensed_was_in_contact_not_in_treatment(tonight, cast, clock):
    with acting(cast["bea"]):
        be_there(tonight, cast["sam"], place="virtual", by=cast["bea"], treatment=False)
        clock.move_to(tonight.ends_at)
        sam = next(
            one for one in evening.of(tonight, person=cast["bea"], at=tonight.ends_at) if one.patient == cast["sam"]
        )

        assert sam.was_here
        assert sam.contact_only
        assert sam.minutes == 0


# --- what is missing ---


def test_an_empty_part_lacks_everything_that_a_person_must_write(over, cast):
    with acting(cast["bea"]):
        assert lacks_of(over, cast["maya"], by=cast["bea"], at=over.ends_at) == [
            "participation", "affect", "response", "goal", "risk", "progress", "next_step",
        ]  # fmt: skip


def test_a_complete_part_lacks_nothing(over, cast):
    with acting(cast["bea"]):
        write(over, {entry_of(over, cast["maya"]): texts(over, cast["maya"])}, by=cast["bea"], at=over.ends_at)

        assert lacks_of(over, cast["maya"], by=cast["bea"], at=over.ends_at) == []


def test_a_draft_of_a_plan_gives_no_goal_to_link_to(over, cast):
    with acting(cast["marcus"]):
        Plan.draft(cast["maya"], goals=["A new goal"], by=cast["marcus"], at=over.ends_at)
    with acting(cast["bea"]):
        drafted = Goal.objects.get(patient=cast["maya"], text="A new goal")
        found = writing.goals_by_patient([cast["maya"].pk])[cast["maya"].pk]

        assert found
        assert drafted not in found


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        pytest.param(("Theo", "Theo", "Brandt"), "She agreed with Theo about sleep", id="latin"),
        pytest.param(("José", "José", "Ñáñez"), "She agreed with JOSE about sleep", id="accents and capitals"),
        pytest.param(("Ольга", "Ольга", "Иванова"), "Поддержала Ольга", id="cyrillic"),
        pytest.param(("محمد", "محمد", "خليل"), "تحدثت مع محمد اليوم", id="arabic"),
        pytest.param(("美咲", "美咲", "田中"), "今日は美咲と話した", id="japanese"),
        pytest.param(("प्रिया", "प्रिया", "नायर"), "आज प्रिया से बात की", id="devanagari"),
    ],
)
def test_another_members_name_in_any_script_is_noticed(over, cast, names, sentence):
    with acting(cast["bea"]):
        theo = cast["theo"]
        theo.called, theo.given_name, theo.family_name = names
        theo.save()
        maya = entry_of(over, cast["maya"])
        write(over, {maya: texts(over, cast["maya"], response=sentence)}, by=cast["bea"], at=over.ends_at)

        assert "other_name" in lacks_of(over, cast["maya"], by=cast["bea"], at=over.ends_at)


def test_a_persons_own_name_is_no_matter(over, cast):
    with acting(cast["bea"]):
        maya = entry_of(over, cast["maya"])
        write(over, {maya: texts(over, cast["maya"], response="Maya spoke first")}, by=cast["bea"], at=over.ends_at)

        assert lacks_of(over, cast["maya"], by=cast["bea"], at=over.ends_at) == []


def test_another_members_name_may_stay_with_a_reason(over, cast):
    with acting(cast["bea"]):
        maya = entry_of(over, cast["maya"])
        words = texts(over, cast["maya"], response="Asked Theo to go with her", name_override="They are siblings")
        write(over, {maya: words}, by=cast["bea"], at=over.ends_at)

        assert lacks_of(over, cast["maya"], by=cast["bea"], at=over.ends_at) == []


def test_whole_parts_that_read_the_same_are_refused_and_one_shared_sentence_is_not(over, cast):
    bea, at = cast["bea"], over.ends_at
    with acting(bea):
        maya, theo, priya = (entry_of(over, cast[key]) for key in ("maya", "theo", "priya"))
        same = {"response": "Took the exercise seriously"}
        write(
            over,
            {
                maya: texts(over, cast["maya"], **same),
                theo: texts(over, cast["theo"], **same),
                priya: texts(over, cast["priya"], **same, next_step="Call the pharmacy"),
            },
            by=bea,
            at=at,
        )

        assert lacks_of(over, cast["maya"], by=bea, at=at) == ["identical"]
        assert lacks_of(over, cast["theo"], by=bea, at=at) == ["identical"]
        assert lacks_of(over, cast["priya"], by=bea, at=at) == []


# --- one act for everybody ---


def test_a_choice_for_everybody_fills_what_is_empty_and_never_risk_or_response(over, cast):
    bea, at = cast["bea"], over.ends_at
    with acting(cast["marcus"]):
        two = Plan.draft(cast["sam"], goals=["Ride out an urge", "Sleep"], by=cast["marcus"], at=at)
        two.sign(by=cast["marcus"], at=at)
    with acting(bea):
        maya = entry_of(over, cast["maya"])
        own = dict.fromkeys(writing.PART_FIELDS, "") | {"participation": Participation.LISTENED.value}
        write(over, {maya: own}, by=bea, at=at)

        filled = writing.fill(
            over, {"participation": "Took part actively", "risk": Risk.NONE.value, "response": "fine"}, by=bea, at=at
        )

        parts = {part.patient_id: part for part in parts_of(over)}
        assert filled == 6
        assert cast["ruth"].pk not in parts
        assert parts[cast["maya"].pk].participation == Participation.LISTENED
        assert parts[cast["theo"].pk].participation == Participation.ACTIVE
        assert parts[cast["theo"].pk].goal.text == goals_of(cast["theo"])[0]
        assert parts[cast["sam"].pk].goal is None  # of two goals nobody chose one
        assert {part.risk for part in parts.values()} == {""}
        assert {part.response for part in parts.values()} == {""}


# --- two authors ---


def test_what_another_wrote_meanwhile_is_not_overwritten_and_nothing_typed_is_lost(over, cast):
    bea, marcus, at = cast["bea"], cast["marcus"], over.ends_at
    mine, theirs = uuid4(), uuid4()
    with acting(marcus):
        maya = entry_of(over, cast["maya"])
        write(over, {maya: texts(over, cast["maya"], response="Marcus saw this")}, by=marcus, at=at, sheet=theirs)
    with acting(bea):
        words = texts(over, cast["maya"], response="Bea saw that")
        saved = write(over, {maya: words}, by=bea, at=at, sheet=mine, group=None)

        assert saved.kept == [maya]
        assert part_of(over, cast["maya"]).response == "Marcus saw this"
        kept = writing.kept_for(GroupNote.objects.get(session=over), by=bea)[maya]
        assert kept.texts["response"] == "Bea saw that"

        writing.settle(over, kept, mine=True, by=bea, at=at)

        assert part_of(over, cast["maya"]).response == "Bea saw that"
        assert not Sheet.objects.filter(kept=True).exists()


def test_a_page_that_merely_repeats_what_it_had_shown_takes_nothing_back(over, cast):
    bea, marcus, at = cast["bea"], cast["marcus"], over.ends_at
    mine = uuid4()
    with acting(bea):
        maya = entry_of(over, cast["maya"])
        first = texts(over, cast["maya"], response="First words")
        write(over, {maya: first}, by=bea, at=at, sheet=mine)
    with acting(marcus):
        shown = writing.digest(first)
        newer = first | {"response": "Better words"}
        writing.save(over, sheet=uuid4(), sent={maya: writing.Sent(newer, shown, shown)}, by=marcus, at=at)
    with acting(bea):
        again = write(over, {maya: first}, by=bea, at=at, sheet=mine)

        assert (again.written, again.kept) == ([], [])
        assert part_of(over, cast["maya"]).response == "Better words"


def test_the_same_save_sent_twice_is_one_save(over, cast):
    bea, sheet = cast["bea"], uuid4()
    with acting(bea):
        maya = entry_of(over, cast["maya"])
        words = texts(over, cast["maya"])
        write(over, {maya: words}, by=bea, at=over.ends_at, sheet=sheet)
        again = write(over, {maya: words}, by=bea, at=over.ends_at, sheet=sheet)
        later = write(over, {maya: words | {"response": "More"}}, by=bea, at=over.ends_at, sheet=sheet)

        assert (again.written, again.kept) == ([], [])
        assert (later.written, later.kept) == ([maya], [])


def test_the_page_says_who_changed_a_part_and_keeps_my_words_beside_it(over, cast, client_for):
    page_of_bea = Page(client_for(cast["bea"]), over)
    page_of_marcus = Page(client_for(cast["marcus"]), over)
    with acting(cast["bea"]):
        maya = entry_of(over, cast["maya"])
    page_of_marcus.type(maya, response="Marcus wrote this")
    page_of_marcus.autosave()

    page_of_bea.type(maya, response="Bea wrote that")
    page_of_bea.autosave()

    checks = page_of_bea.checks()
    assert "Marcus changed this part at 9:12" in checks
    assert "Bea wrote that" in checks
    page_of_bea.sign()
    with acting(cast["bea"]):
        assert not parts_of(over).signed().exists()
        kept = Sheet.objects.get(kept=True)
    page_of_bea.post("note-part", mine=str(kept.pk))
    with acting(cast["bea"]):
        assert part_of(over, cast["maya"]).response == "Bea wrote that"


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


# --- the page ---


class Page:
    """The note as one person has it open: its fields as the browser holds them."""

    def __init__(self, client, session):
        self.client, self.session = client, session
        self.load()

    def load(self):
        self.html = self.client.get(reverse("note", args=[self.session.pk])).content.decode()
        form = self.html[self.html.index("data-autosave") :]
        self.fields = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form))
        self.fields |= dict(re.findall(r'<textarea[^>]*?name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
        for name, body in re.findall(r'<select[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
            chosen = re.search(r'<option value="([^"]*)" selected', body)
            self.fields[name] = chosen.group(1) if chosen else ""
        for name in re.findall(r'<input type="text"[^>]*?name="([^"]+)"', form):
            self.fields.setdefault(name, "")

    def type(self, key, **words):
        self.fields |= {f"{key}-{name}": value for name, value in words.items()}

    def post(self, view, **more):
        return self.client.post(reverse(view, args=[self.session.pk]), self.fields | more)

    def autosave(self):
        reply = self.client.post(
            reverse("note-part", args=[self.session.pk]),
            self.fields,
            headers={"HX-Request": "true", "X-Autosave": "true"},
        )
        assert reply.status_code == 200
        return reply

    def checks(self):
        url = reverse("note", args=[self.session.pk])
        return self.client.get(url, headers={"HX-Request": "true"}).content.decode()

    def sign(self):
        return self.post("note-sign")


def test_the_note_opens_when_the_session_has_begun(tonight, cast, client_for, clock):
    client = client_for(cast["bea"])
    before = client.get(reverse("note", args=[tonight.pk])).content.decode()
    clock.move_to(tonight.begins_at)
    begun = client.get(reverse("note", args=[tonight.pk])).content.decode()

    assert "opens when the group begins" in before
    assert "data-autosave" not in before
    assert "data-autosave" in begun


def test_an_evening_is_written_and_signed_through_the_page(over, cast, client_for):
    page = Page(client_for(cast["bea"]), over)
    assert page.fields["group-present"] == "6"
    assert page.fields["group-place"].startswith("Room 2, Harbor Street")
    assert page.html.count('data-missing="risk"') == 6

    page.type("group", topic="Opposite action", intervention="Pairs")
    page.type("all", participation=Participation.ACTIVE.value, affect="Low or sad", progress=Progress.SOME.value)
    page.type("all", next_step="Diary card every evening")
    assert page.post("note-part", fill="1").status_code == 302
    page.load()
    with acting(cast["bea"]):
        keys = {key: entry_of(over, cast[key]) for key in ("maya", "theo", "priya", "sam", "ines", "jonah")}
    for key, entry in keys.items():
        page.type(entry, risk=Risk.NONE.value, response=f"Something about {key} alone: {len(key)}")
    page.sign()
    page.load_read_only = page.client.get(reverse("note", args=[over.pk])).content.decode()

    assert "data-missing" not in page.load_read_only
    assert page.load_read_only.count("data-signed-part") == 6
    with acting(cast["bea"]):
        assert parts_of(over).signed().count() == 6
        assert GroupNote.objects.get(session=over).signed_at is not None


def test_a_signed_part_can_no_longer_be_written_through_the_page(over, cast, client_for):
    page = Page(client_for(cast["bea"]), over)
    with acting(cast["bea"]):
        part = signed_part(over, cast)
    page.type(str(part.entry_id), response="Other words")

    page.autosave()

    with acting(cast["bea"]):
        assert NotePart.objects.get(pk=part.pk).response == "Maya named one thing that helped"


def test_the_page_asks_the_database_the_same_number_of_times_for_one_person_and_for_six(
    over, cast, client_for, django_assert_max_num_queries
):
    client = client_for(cast["bea"])
    url = reverse("note", args=[over.pk])
    client.get(url)
    with django_assert_max_num_queries(60) as six:
        client.get(url)
    with acting(cast["okafor"]):
        RosterEntry.objects.filter(session=over).exclude(patient=cast["maya"]).update(stands=False)
    with django_assert_max_num_queries(60) as one:
        client.get(url)

    assert len(six.captured_queries) == len(one.captured_queries)


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
