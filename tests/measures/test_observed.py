"""What clinicians write down of a patient: kept once, corrected in turn, told with the same stroke, read by who may."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from openiop.demo import world
from openiop.measures.models import Observation, OwnRule, SubstanceEvent, SubstanceResult, VitalSign
from openiop.measures.observed import own_rules
from openiop.measures.observed.event import note_event
from openiop.measures.observed.observation import observe
from openiop.measures.observed.result import note_result
from openiop.measures.observed.written import NotOfThisSession, SomebodyCorrected
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.safety.models import Case, Flag
from openiop.schedule.models import CareSession

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

USUAL = {"appearance": ["usual"], "affect": ["calm"], "health": ["well"], "intoxication": ["none_seen"]}
TABLES = (Observation, VitalSign, SubstanceResult, SubstanceEvent)


def saw(patient, by, seen=USUAL, *, place="on_site", **said):
    said = {"key": uuid4(), "seen_at": world.NOW, "at": world.NOW, **said}
    return observe(patient, place=place, seen=seen, by=by, **said)


def lab(patient, by, **said):
    usual = {"specimen": "urine", "outcome": "given", "collected": "observed", "sureness": "screen", "taken_by": "Lab"}
    said = {**usual, "panel": ["fentanyl", "cannabis"], "key": uuid4(), "taken_at": world.NOW, "at": world.NOW, **said}
    return note_result(patient, by=by, **said)


def happened(patient, by, **said):
    said = {"how_known": "seen", "key": uuid4(), "happened_at": world.NOW, "at": world.NOW, **said}
    return note_event(patient, by=by, **said)


def session_of(patient):
    return CareSession.objects.filter(roster__patient=patient).in_order().first()


def flags_of(patient):
    return sorted(
        (flag.reason, flag.tier, flag.kind) for flag in Flag.objects.filter(patient=patient, key__startswith="seen ")
    )


# --- written down ---


def test_what_was_seen_is_kept_with_who_when_and_in_which_session(cast):
    with acting(cast["marcus"]):
        session = session_of(cast["maya"])
        row, flags = saw(
            cast["maya"],
            cast["marcus"],
            session=session,
            vital_signs={"pulse": Decimal(72), "temperature": Decimal("36.8")},
        )

        kept = Observation.objects.get(pk=row.pk)
        assert (kept.by, kept.session, kept.at, kept.version, flags) == (cast["marcus"], session, world.NOW, 1, [])
        assert sorted((sign.code, sign.value, sign.unit) for sign in kept.vitals.all()) == [
            ("pulse", Decimal("72.0"), "/min"),
            ("temperature", Decimal("36.8"), "Cel"),
        ]


def test_what_could_not_be_seen_is_said_as_such_and_what_was_not_looked_at_too(cast):
    with acting(cast["marcus"]):
        seen = {"appearance": ["not_seen"], "affect": ["low"]}
        row, _flags = saw(cast["maya"], cast["marcus"], seen, place="virtual", camera="off")

        facts = {str(label): (words, unsure) for label, words, unsure in row.facts}
        assert facts["Appearance"] == (["could not be seen"], True)
        assert facts["Physical health"] == (["not looked at"], True)
        assert facts["Affect"] == (["low or sad"], False)
        assert row.in_short == "low or sad · could not be seen: appearance"


def test_a_form_sent_twice_is_kept_once_and_calls_once(cast):
    key = uuid4()
    with acting(cast["marcus"]):
        first, flags = saw(cast["maya"], cast["marcus"], {"health": ["hard_to_wake"]}, key=key)
        again, none = saw(cast["maya"], cast["marcus"], {"health": ["hard_to_wake"]}, key=key)

        assert (again.pk, len(flags), none) == (first.pk, 1, [])
        assert flags_of(cast["maya"]) == [("observed", 4, "")]


def test_a_correction_is_the_next_version_and_what_was_called_for_stays(cast):
    with acting(cast["marcus"]):
        session = session_of(cast["maya"])
        first, _flags = saw(cast["maya"], cast["marcus"], {"intoxication": ["intoxicated"]}, session=session)
        second, more = saw(cast["maya"], cast["marcus"], corrects=first, because="Took the wrong person")

        assert (second.root, second.version, second.session_id, more) == (first.pk, 2, session.pk, [])
        assert list(Observation.objects.visible_to(cast["marcus"]).current()) == [second]
        assert Observation.objects.get(pk=first.pk).intoxication == ["intoxicated"]
        assert flags_of(cast["maya"]) == [("observed", 2, "")]


def test_a_correction_calls_for_what_is_new_in_it_and_not_twice_for_the_same(cast):
    with acting(cast["marcus"]):
        first, _flags = saw(cast["maya"], cast["marcus"], {"intoxication": ["intoxicated"]})
        worse = {"intoxication": ["intoxicated"], "health": ["hard_to_wake"]}
        saw(cast["maya"], cast["marcus"], worse, corrects=first, because="Looked again")

        assert flags_of(cast["maya"]) == [("observed", 2, ""), ("observed", 4, "")]


def test_two_who_correct_the_same_are_not_both_taken(cast):
    with acting(cast["marcus"]):
        first, _flags = saw(cast["maya"], cast["marcus"])
        saw(cast["maya"], cast["marcus"], corrects=first, because="One")

        with pytest.raises(SomebodyCorrected):
            saw(cast["maya"], cast["marcus"], corrects=first, because="The other")


def test_nobody_is_seen_in_a_session_they_were_not_expected_in(cast):
    with acting(cast["okafor"]):
        session = session_of(cast["maya"])

        with pytest.raises(NotOfThisSession):
            saw(cast["leo"], cast["okafor"], session=session)


# --- what calls somebody ---


def test_an_overdose_nobody_has_looked_at_yet_calls_at_once_and_says_what_it_is(cast):
    with acting(cast["marcus"]):
        row, flags = happened(
            cast["maya"], cast["marcus"], kind="overdose", medical="not_seen", doses=2, given_by="Marcus"
        )

        case = Case.objects.open().get(patient=cast["maya"])
        assert (flags[0].tier, flags[0].case_id, case.pages.exists()) == (4, case.pk, True)
        assert "overdose" in flags[0].value
        assert flags[0].url == f"/patients/{cast['maya'].pk}/observed/event/{row.pk}"


def test_who_saw_it_may_ask_for_more_than_the_rule(cast):
    with acting(cast["marcus"]):
        _row, flags = saw(cast["maya"], cast["marcus"], {"affect": ["flat"]}, worry=3)

        assert [(flag.reason, flag.tier) for flag in flags] == [("staff_concern", 3)]


def test_an_injury_that_somebody_may_have_done_is_told_in_private(cast):
    with acting(cast["marcus"]):
        row, _flags = saw(cast["maya"], cast["marcus"], {"appearance": ["hurt_by_somebody"], "affect": ["low"]})

        assert flags_of(cast["maya"]) == [("harmed_at_home", 1, "harmed")]
        assert row.in_short == "low or sad"


def test_a_record_that_holds_a_private_matter_is_not_printed_and_another_is(cast, client_for):
    with acting(cast["marcus"]):
        private, _flags = saw(cast["maya"], cast["marcus"], {"affect": ["afraid_of_somebody"]})
        other, _flags = saw(cast["maya"], cast["marcus"], {"affect": ["low"]})
    browser = client_for(cast["marcus"])

    shown = browser.get(at_page(cast["maya"], f"/on-site/{private.pk}")).content.decode()
    assert "data-print" not in shown and 'class="card no-print"' in shown
    assert "data-print" in browser.get(at_page(cast["maya"], f"/on-site/{other.pk}")).content.decode()


def test_a_result_calls_nobody_until_the_clinic_decides_so(cast):
    with acting(cast["okafor"]):
        lab(cast["maya"], cast["okafor"], found=["fentanyl"])
        assert flags_of(cast["maya"]) == []

        own_rules.decide(
            of="found_fentanyl",
            way="found",
            limit=None,
            tier=2,
            source="Dr. Okafor, May",
            by=cast["okafor"],
            at=world.NOW,
        )
        lab(cast["maya"], cast["okafor"], found=["fentanyl"], expected=["fentanyl"])
        assert flags_of(cast["maya"]) == []

        lab(cast["maya"], cast["okafor"], found=["fentanyl"])
        assert flags_of(cast["maya"]) == [("own_rule", 2, "")]


def test_a_flag_of_a_result_names_no_substance_and_no_number(cast):
    with acting(cast["okafor"]):
        own_rules.decide(of="breath", way="over", limit="0.02", tier=2, source="Ours", by=cast["okafor"], at=world.NOW)
        _row, flags = lab(cast["maya"], cast["okafor"], specimen="breath", panel=[], breath=Decimal("0.081"))

        said = f"{flags[0].label} {flags[0].value}".lower()
        assert not any(word in said for word in ("0.0", "breath", "alcohol", "toxic", "substance"))


def test_a_rule_that_was_ended_calls_nobody(cast):
    with acting(cast["okafor"]):
        rule = own_rules.decide(
            of="refused", way="found", limit=None, tier=1, source="Ours", by=cast["okafor"], at=world.NOW
        )
        rule.end(by=cast["okafor"], at=world.NOW)
        refused = {"outcome": "refused", "collected": "", "sureness": "", "panel": []}
        lab(cast["maya"], cast["okafor"], **refused)

        assert flags_of(cast["maya"]) == []


# --- what the database refuses, whoever asks ---


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"seen": {"appearance": ["not_seen", "neglected"]}}, id="seen and not seen"),
        pytest.param({"seen": {"affect": ["calm", "low"]}}, id="usual and unusual"),
        pytest.param({"place": "virtual"}, id="virtual without a word about the camera"),
        pytest.param({"camera": "on"}, id="a camera on site"),
        pytest.param({"place": "virtual", "camera": "off"}, id="appearance with the camera off"),
        pytest.param({"seen_at": world.NOW + timedelta(hours=1)}, id="seen in an hour"),
        pytest.param({"vital_signs": {"pulse": Decimal(720)}}, id="a pulse of 720"),
        pytest.param({"vital_signs": {"oxygen": Decimal(101)}}, id="more than all"),
    ],
)
def test_what_cannot_be_is_refused_by_the_database_too(cast, wrong):
    with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
        saw(cast["maya"], cast["marcus"], **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"found": ["cocaine"]}, id="found though not tested for"),
        pytest.param({"found": ["fentanyl"], "unread": ["fentanyl"]}, id="found and not readable"),
        pytest.param({"expected": ["cannabis"]}, id="expected though not found"),
        pytest.param({"outcome": "refused"}, id="a result of what was refused"),
        pytest.param({"panel": []}, id="tested for nothing"),
        pytest.param({"sureness": ""}, id="nobody said how sure"),
        pytest.param({"specimen": "breath"}, id="a breath test without its number"),
        pytest.param({"breath": Decimal("0.02")}, id="breath alcohol in urine"),
        pytest.param({"specimen": "breath", "panel": [], "breath": Decimal("0.9")}, id="no living person's"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(cast, wrong):
    with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
        lab(cast["maya"], cast["marcus"], **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"kind": "withdrawal"}, id="withdrawal without a sign"),
        pytest.param({"kind": "overdose"}, id="overdose without a word about medical help"),
        pytest.param({"kind": "naloxone"}, id="naloxone without a word about medical help"),
        pytest.param({"kind": "withdrawal", "signs": ["aches"], "given_by": "Marcus"}, id="naloxone for a withdrawal"),
        pytest.param({"kind": "naloxone", "medical": "seen", "doses": 1}, id="doses that nobody gave"),
    ],
)
def test_an_event_that_lacks_its_part_is_refused(cast, wrong):
    with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
        happened(cast["maya"], cast["marcus"], **wrong)


def test_what_was_written_is_neither_changed_nor_taken_away(cast):
    with acting(cast["marcus"]):
        row, _flags = saw(cast["maya"], cast["marcus"])
        for change in (lambda: Observation.objects.filter(pk=row.pk).update(note="other"), row.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


def test_nobody_writes_in_another_name_and_nobody_but_clinicians_writes(cast):
    with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
        saw(cast["maya"], cast["okafor"])
    for key in ("lin", "hal", "rosa"):
        with acting(cast[key]), pytest.raises(PermissionDenied):
            saw(cast["maya"], cast[key])


@pytest.mark.parametrize("reader", ["maya", "leo", "lin", "hal", "rosa", "vera"])
def test_nobody_but_the_treating_clinicians_reads_whatever_the_query(cast, reader):
    with acting(cast["marcus"]):
        saw(cast["maya"], cast["marcus"], vital_signs={"pulse": Decimal(72)})
        lab(cast["maya"], cast["marcus"])
        happened(cast["maya"], cast["marcus"], kind="withdrawal", signs=["shaking"])
        assert [table.objects.count() for table in TABLES] == [1, 1, 1, 1]

    with acting(cast[reader]):
        assert [table.objects.count() for table in TABLES] == [0, 0, 0, 0]
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM measures_substanceresult")
            assert cursor.fetchone() == (0,)


def test_only_a_director_decides_what_the_clinic_is_told_of(cast):
    said = {"of": "dilute", "way": "found", "limit": None, "tier": 1, "source": "Mine", "at": world.NOW}
    with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
        own_rules.decide(**said, by=cast["marcus"])
    with acting(cast["okafor"]):
        rule = own_rules.decide(**said, by=cast["okafor"])
        with pytest.raises(DatabaseError), transaction.atomic():
            OwnRule.objects.filter(pk=rule.pk).update(tier=4)


# --- pages ---


def at_page(patient, tail):
    return f"/patients/{patient.pk}/observed{tail}"


def test_a_clinician_writes_from_the_roster_and_reads_it_again(cast, client_for):
    browser, maya = client_for(cast["marcus"]), cast["maya"]
    with acting(cast["marcus"]):
        session = session_of(maya)
    measured = {"temperature": "98.6", "temperature_in": "[degF]", "systolic": "122", "diastolic": "78"}
    said = {"at": "2026-11-24T17:40", "affect": ["low"], "appearance": ["usual"], "key": uuid4(), **measured}

    reply = browser.post(f"{at_page(maya, '/on-site/new')}?session={session.pk}", said)

    assert reply.status_code == 302
    shown = browser.get(reply.url).content.decode()
    assert "37.0 °C" in shown and "122 mmHg" in shown and "not looked at" in shown
    with acting(cast["marcus"]):
        row = Observation.objects.get(patient=maya)
        assert (row.session, row.at) == (session, world.NOW.replace(hour=22, minute=40))
    assert "low or sad" in browser.get(at_page(maya, "")).content.decode()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"pulse": "720", "health": ["well"]}, "Pulse: between 0 and 300 a minute is taken."),
        ({"diastolic": "78"}, "A lower blood pressure needs its upper number."),
        ({"affect": ["not_seen", "low"]}, "Either it could not be seen, or it could."),
        ({"affect": ["calm", "low"]}, "Either all was as usual, or something was not."),
        ({}, "Nothing is written yet."),
        ({"health": ["well"], "at": "2026-11-24T23:40"}, "That has not come yet."),
        ({"health": ["well"], "at": "yesterday"}, "Enter a valid date/time."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_typed_is_lost(cast, client_for, said, sentence):
    form = {"at": "2026-11-24T17:40", "temperature_in": "[degF]", "key": uuid4(), "note": "kept words", **said}
    if not said:
        del form["note"]

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], "/on-site/new"), form)

    assert reply.status_code == 422
    shown = reply.content.decode()
    assert sentence in shown and ("kept words" in shown or not said)
    with acting(cast["marcus"]):
        assert not Observation.objects.filter(patient=cast["maya"]).exists()


@pytest.mark.parametrize(
    "measured",
    [
        pytest.param({"breaths": "2"}, id="two breaths a minute"),
        pytest.param({"breaths": "0", "pulse": "0", "oxygen": "0"}, id="nothing that can be measured"),
        pytest.param({"oxygen": "34"}, id="hardly any oxygen"),
        pytest.param({"systolic": "70"}, id="a pressure felt at the wrist"),
    ],
)
def test_numbers_that_an_overdose_has_are_taken_and_somebody_is_called(cast, client_for, measured):
    form = {
        "at": "2026-11-24T17:40",
        "temperature_in": "[degF]",
        "key": uuid4(),
        "health": ["hard_to_wake"],
        **measured,
    }

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], "/on-site/new"), form)

    assert reply.status_code == 302
    with acting(cast["marcus"]):
        assert flags_of(cast["maya"]) == [("observed", 4, "")]
        kept = VitalSign.objects.filter(patient=cast["maya"])
        assert {sign.code: sign.value for sign in kept} == {code: Decimal(said) for code, said in measured.items()}


@pytest.mark.parametrize("hour", [5, 6], ids=["the first time it is half past one", "the second time"])
def test_when_clocks_go_back_what_is_seen_now_is_written_down_now(cast, client_for, clock, hour):
    now = datetime(2027, 11, 7, hour, 30, tzinfo=UTC)
    clock.move_to(now)
    form = {"at": "2027-11-07T01:30", "temperature_in": "[degF]", "key": uuid4(), "health": ["hard_to_wake"]}

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], "/on-site/new"), form)

    assert reply.status_code == 302
    with acting(cast["marcus"]):
        assert Observation.objects.get(patient=cast["maya"]).at == now
        assert flags_of(cast["maya"]) == [("observed", 4, "")]


def test_a_correction_that_leaves_the_time_alone_does_not_move_it_by_an_hour(cast, client_for, clock):
    first_half_past_one = datetime(2027, 11, 7, 5, 30, 20, tzinfo=UTC)
    clock.move_to(first_half_past_one + timedelta(hours=9))
    with acting(cast["marcus"]):
        said = {"seen_at": first_half_past_one, "at": first_half_past_one}
        first, _flags = saw(cast["maya"], cast["marcus"], **said)
    form = {"at": "2027-11-07T01:30", "affect": ["low"], "temperature_in": "Cel", "key": uuid4(), "because": "Lower"}

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], f"/on-site/{first.pk}/correct"), form)

    assert reply.status_code == 302
    with acting(cast["marcus"]):
        assert Observation.objects.get(patient=cast["maya"], version=2).at == first_half_past_one


@pytest.mark.parametrize("said", [{}, {"given_by": "A friend"}], ids=["nobody knows by whom", "given by a friend"])
@pytest.mark.parametrize("kind", ["overdose", "naloxone"])
def test_how_many_doses_of_naloxone_may_be_unknown_and_somebody_is_called(cast, client_for, kind, said):
    form = {"at": "2026-11-24T17:40", "key": uuid4(), "kind": kind, "how_known": "others", **said}

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], "/event/new"), form, follow=True)

    assert "Somebody is being called" in reply.text
    assert ("<dt>Doses of naloxone</dt>" in reply.text) is (kind == "naloxone" or bool(said))
    with acting(cast["marcus"]):
        assert flags_of(cast["maya"]) == [(kind, 4, "")]


def test_with_the_camera_off_the_page_asks_to_say_so(cast, client_for):
    said = {"at": "2026-11-24T17:40", "camera": "off", "appearance": ["usual"]}

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], "/virtual/new"), said)

    assert reply.status_code == 422
    assert "Their camera was off all the time" in reply.content.decode()


def test_a_result_and_an_event_are_written_and_an_overdose_calls(cast, client_for):
    browser, maya = client_for(cast["marcus"]), cast["maya"]
    result = {
        "at": "2026-11-24T12:00",
        "key": uuid4(),
        "specimen": "urine",
        "outcome": "given",
        "taken_by": "Front lab",
        "dilute": "yes",
        "collected": "unobserved",
        "of_fentanyl": "unread",
        "of_cannabis": "found",
        "of_buprenorphine": "expected",
        "of_cocaine": "not_found",
        "sureness": "screen",
    }
    overdose = {"at": "2026-11-24T12:00", "key": uuid4(), "kind": "overdose", "how_known": "told"}

    shown = browser.post(at_page(maya, "/result/new"), result, follow=True).content.decode()
    called = browser.post(at_page(maya, "/event/new"), overdose, follow=True).content.decode()

    assert "screen only, not confirmed" in shown and "nobody watched it being given" in shown and "Cannabis" in shown
    assert "Somebody is being called" in called
    with acting(cast["marcus"]):
        assert flags_of(maya) == [("overdose", 4, "")]
        row = SubstanceResult.objects.get(patient=maya)
        assert (row.panel, row.unread) == (["buprenorphine", "cannabis", "cocaine", "fentanyl"], ["fentanyl"])
        assert (row.found, row.expected) == (["buprenorphine", "cannabis"], ["buprenorphine"])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"outcome": "refused", "of_cocaine": "found"}, "Nothing was given, so nothing can have been found."),
        ({}, "Please say what was tested for."),
        ({"of_cocaine": "found", "sureness": ""}, "Please choose one."),
        ({"of_cocaine": "found", "breath": "0.02"}, "A number of breath alcohol comes from a breath test."),
        ({"specimen": "breath"}, "Please write the number that the device showed."),
        ({"specimen": "breath", "breath": "0.8"}, "Between 0 and 0.6 is taken."),
        (
            {"specimen": "breath", "breath": "0.02", "of_cocaine": "found"},
            "A breath test has a number and nothing else.",
        ),
    ],
)
def test_a_result_that_cannot_be_is_refused_with_a_sentence(cast, client_for, said, sentence):
    form = {"at": "2026-11-24T12:00", "key": uuid4(), "specimen": "urine", "outcome": "given", "taken_by": "Lab"}
    form |= {"collected": "observed", "sureness": "screen", **said}

    reply = client_for(cast["marcus"]).post(at_page(cast["maya"], "/result/new"), form)

    assert reply.status_code == 422 and sentence in reply.content.decode()


def test_a_corrected_result_begins_with_what_it_was(cast, client_for):
    with acting(cast["marcus"]):
        first, _flags = lab(cast["maya"], cast["marcus"], found=["cannabis"], unread=["fentanyl"], dilute=False)

    shown = client_for(cast["marcus"]).get(at_page(cast["maya"], f"/result/{first.pk}/correct")).content.decode()

    assert '<option value="found" selected>' in shown and '<option value="unread" selected>' in shown
    assert '<option value="no" selected>' in shown


def test_the_roster_of_a_session_that_has_begun_leads_clinicians_to_the_form(cast, client_for, clock):
    with acting(cast["marcus"]):
        session = session_of(cast["maya"])
    clock.move_to(session.begins_at + timedelta(minutes=1))
    path = at_page(cast["maya"], f"/virtual/new?session={session.pk}")

    assert path in client_for(cast["marcus"]).get(f"/sessions/{session.pk}").content.decode()
    assert path not in client_for(cast["hal"]).get(f"/sessions/{session.pk}").content.decode()


def test_a_correction_says_why_and_both_versions_can_be_read(cast, client_for):
    browser, maya = client_for(cast["marcus"]), cast["maya"]
    with acting(cast["marcus"]):
        first, _flags = saw(maya, cast["marcus"])
    path = at_page(maya, f"/on-site/{first.pk}")
    said = {"at": "2026-11-24T17:40", "affect": ["low"], "temperature_in": "Cel", "key": uuid4()}

    assert browser.post(f"{path}/correct", said).status_code == 422
    reply = browser.post(f"{path}/correct", {**said, "because": "Looked again"})

    assert reply.status_code == 302
    assert "Looked again" in browser.get(reply.url).content.decode()
    assert "This was corrected." in browser.get(path).content.decode()


@pytest.mark.parametrize("reader", ["maya", "lin", "hal", "rosa", "vera"])
@pytest.mark.parametrize("tail", ["", "/on-site/new", "/virtual/new", "/result/new", "/event/new"])
def test_whoever_does_not_treat_the_person_opens_none_of_these_pages(cast, client_for, reader, tail):
    assert client_for(cast[reader]).get(at_page(cast["maya"], tail)).status_code in (403, 404)


def test_a_session_of_somebody_else_and_an_unknown_kind_are_not_there(cast, client_for):
    browser = client_for(cast["marcus"])

    assert browser.get(at_page(cast["maya"], "/on-site/new?session=nothing")).status_code == 404
    assert browser.get(at_page(cast["maya"], f"/on-site/new?session={uuid4()}")).status_code == 404
    assert browser.get(at_page(cast["maya"], "/blood/new")).status_code == 404
    with acting(cast["marcus"]):
        row, _flags = saw(cast["maya"], cast["marcus"])
    assert browser.get(at_page(cast["maya"], f"/virtual/{row.pk}")).status_code == 404


def test_a_director_decides_with_a_source_and_it_is_shown_as_unconfirmed(cast, client_for):
    director = client_for(cast["okafor"])
    said = {"of": "breath", "way": "over", "limit": "0.02", "tier": "2", "source": "Medical board, 3 May"}

    assert director.post("/observation-rules", {**said, "source": ""}).status_code == 422
    assert director.post("/observation-rules", {**said, "way": "found"}).status_code == 422
    assert director.post("/observation-rules", said).status_code == 302
    assert "There is a rule for this already" in director.post("/observation-rules", said).content.decode()

    shown = client_for(cast["marcus"]).get("/observation-rules").content.decode()
    assert "unconfirmed" in shown and "Medical board, 3 May" in shown and "0.02" in shown
    assert client_for(cast["marcus"]).post("/observation-rules", said).status_code == 404


def test_a_facilitator_who_is_also_intake_is_told_nothing_untrue_of_somebody_they_do_not_treat(cast, client_for):
    maya, bea = cast["maya"], cast["bea"]
    with acting(cast["marcus"]):
        saw(maya, cast["marcus"])
    with acting(cast["okafor"]):
        Tie.objects.filter(staff=bea).delete()
        Person.objects.filter(pk=bea.pk).update(roles=["facilitator", "intake"])
        bea.refresh_from_db()
    browser = client_for(bea)

    assert browser.get(f"/patients/{maya.pk}").status_code == 200
    for page in ("observed", "observed/result/new"):
        assert browser.get(f"/patients/{maya.pk}/{page}").status_code == 404
