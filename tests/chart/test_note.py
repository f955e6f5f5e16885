"""The group's note: what fills itself, what is missing, one act for everybody, and two authors."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from openiop.chart import evening, writing
from openiop.chart.models import Goal, GroupNote, Participation, Plan, Risk, Sheet
from openiop.people.access import acting
from openiop.schedule.models import OutreachCall, RosterEntry
from tests.chart.conftest import be_there
from tests.chart.group_note import Page, entry_of, goals_of, lacks_of, part_of, parts_of, texts, write

pytestmark = pytest.mark.django_db


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
