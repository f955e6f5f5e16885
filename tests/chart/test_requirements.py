import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from openiop.chart.requirements import ELEMENTS, Names, NoteFacts, identical, in_force, missing, other_names

ROOT = Path(__file__).parents[2]
ON = date(2026, 3, 16)
AT = datetime(2026, 3, 16, 22, 0, tzinfo=UTC)
COMPLETE = NoteFacts(
    session_on=ON,
    scheduled_begins_at=AT,
    scheduled_ends_at=AT,
    actual_begins_at=AT,
    actual_ends_at=AT,
    minutes=166,
    modality="virtual_video",
    patient_location="12 Pier Road, Albany, NY",
    clinician_location="Harbor Street",
    identity_confirmed=True,
    number_present=8,
    topic="Distress tolerance",
    intervention="DBT skills, TIPP",
    participation="Spoke about the weekend without being asked.",
    affect="Tired, brighter at the end",
    response="Tried paced breathing and will use it at night.",
    goals=("sleep",),
    risk="Denies thoughts of suicide; no thoughts of harming others.",
    progress="Three nights of seven hours.",
    next_step="Practise daily.",
    clinician_name="Bea Lindqvist",
    clinician_credential="LCSW",
    signed_at=AT,
)
MAYA = Names("Maya", "Maya", "Thornton")


def codes(elements):
    return [element.code for element in elements]


def without(**changed):
    return codes(missing(dataclasses.replace(COMPLETE, **changed), on=ON))


def test_a_complete_part_lacks_nothing():
    assert missing(COMPLETE, on=ON) == []


def test_an_empty_part_lacks_everything_but_the_cosignature_nobody_asked_for():
    assert codes(missing(NoteFacts(), on=ON)) == [e.code for e in ELEMENTS if e.code != "cosignature"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"session_on": None}, "date"),
        ({"scheduled_ends_at": None}, "scheduled_times"),
        ({"actual_begins_at": None}, "actual_times"),
        ({"minutes": None}, "minutes"),
        ({"modality": None}, "modality"),
        ({"patient_location": " "}, "patient_location"),
        ({"clinician_location": ""}, "clinician_location"),
        ({"identity_confirmed": False}, "identity"),
        ({"number_present": 0}, "number_present"),
        ({"topic": ""}, "topic"),
        ({"intervention": ""}, "intervention"),
        ({"participation": "\n"}, "participation"),
        ({"affect": ""}, "affect"),
        ({"response": ""}, "response"),
        ({"goals": ()}, "goal"),
        ({"risk": ""}, "risk"),
        ({"progress": ""}, "progress"),
        ({"next_step": ""}, "next_step"),
        ({"clinician_credential": ""}, "clinician"),
        ({"signed_at": None}, "signature"),
        ({"needs_cosignature": True}, "cosignature"),
    ],
)
def test_each_element_is_missed_by_itself(changed, code):
    assert without(**changed) == [code]


def test_zero_minutes_are_known_minutes():
    assert without(minutes=0) == []


def test_nobody_is_asked_where_a_person_on_site_was():
    assert without(modality="on_site", patient_location="", clinician_location="") == []


def test_before_signing_the_signature_is_not_yet_missed():
    unsigned = dataclasses.replace(COMPLETE, signed_at=None, needs_cosignature=True)

    assert missing(unsigned, on=ON, before_signing=True) == []


def test_an_element_is_asked_for_from_its_first_day_until_the_day_it_ends():
    row = ELEMENTS[0]._replace(effective_from=date(2026, 1, 1), effective_to=date(2026, 4, 1))

    assert in_force(on=date(2025, 12, 31), elements=[row]) == []
    assert in_force(on=date(2026, 1, 1), elements=[row]) == [row]
    assert in_force(on=date(2026, 3, 31), elements=[row]) == [row]
    assert in_force(on=date(2026, 4, 1), elements=[row]) == []


def test_every_element_names_known_fields_and_its_source():
    fields = {field.name for field in dataclasses.fields(NoteFacts)}

    assert all(element.source and set(element.fields) <= fields for element in ELEMENTS)
    assert len(set(codes(ELEMENTS))) == len(ELEMENTS)


def test_the_page_on_notes_lists_every_element():
    page = (ROOT / "docs/rules/notes.md").read_text(encoding="utf-8")

    for element in ELEMENTS:
        assert f"| {element.label} | {element.filled_by.replace('_', ' ')} | {element.trust} |" in page


@pytest.mark.parametrize(
    ("text", "other", "found"),
    [
        pytest.param("Comforted Theo after he spoke.", Names("Theo", "Theodore", "Park"), ["Theo"], id="called"),
        pytest.param("THEODORE interrupted.", Names("Theo", "Theodore", "Park"), ["Theodore"], id="given, in capitals"),
        pytest.param(
            "Mr. Park's story moved her.", Names("Theo", "Theodore", "Park"), ["Park"], id="family, possessive"
        ),
        pytest.param("Spoke of theory.", Names("Theo", "Theodore", "Park"), [], id="part of a word"),
        pytest.param("Parking was hard.", Names("Theo", "Theodore", "Park"), [], id="beginning of a word"),
        pytest.param("Agreed with Ines.", Names("Inés", "", ""), ["Inés"], id="accent left out"),
        pytest.param("Agreed with José.", Names("Jose", "", ""), ["Jose"], id="accent put in"),
        pytest.param("Łukasz spoke.", Names("Lukasz", "", ""), ["Lukasz"], id="a letter with a stroke"),
        pytest.param("Frau Gross sprach.", Names("", "", "Groß"), ["Groß"], id="sharp s"),
        pytest.param("It was about jo and the job.", Names("Jo", "", ""), ["Jo"], id="short name as a word"),
        pytest.param("The job was lost.", Names("Jo", "", ""), [], id="short name inside a word"),
        pytest.param("Anne Marie laughed.", Names("Anne-Marie", "", ""), ["Anne-Marie"], id="hyphen or space"),
        pytest.param(
            "Mr Delacruz; De la  Cruz spoke.", Names("", "", "de la Cruz"), ["de la Cruz"], id="name of parts"
        ),
        pytest.param(
            "Spoke with Cruz.", Names("", "", "de la Cruz"), ["Cruz"], id="the longer part of a name of parts"
        ),
        pytest.param("She will practise and hopes to sleep.", Names("Will", "", "Hope"), [], id="everyday words"),
        pytest.param("She agreed with Will.", Names("Will", "", "Hope"), ["Will"], id="everyday word as a name"),
        pytest.param("她和王小明谈了话。", Names("小明", "小明", "王"), ["小明", "王小明"], id="Chinese has no spaces"),
        pytest.param("她谈到国王。", Names("", "", "王"), [], id="one Chinese sign inside a word"),
        pytest.param("민수는 조용했다.", Names("민수", "", ""), ["민수"], id="Korean with a particle"),
        pytest.param("さくらさんと話した。", Names("さくら", "", ""), ["さくら"], id="Japanese with an honorific"),
        pytest.param("تحدثت مع أحمد اليوم", Names("احمد", "", ""), ["احمد"], id="Arabic, alef with hamza"),
        pytest.param("شكرت وأحمد", Names("أحمد", "", ""), ["أحمد"], id="Arabic with and written onto it"),
        pytest.param("مُحَمَّد تكلم", Names("محمد", "", ""), ["محمد"], id="Arabic with vowel points"),
        pytest.param("דיברה עם ודניאל", Names("דניאל", "", ""), ["דניאל"], id="Hebrew with and written onto it"),
        pytest.param("Анна говорила с ОЛЬГА.", Names("Ольга", "", ""), ["Ольга"], id="Cyrillic"),
        pytest.param("สมชายพูดน้อย", Names("สมชาย", "", ""), ["สมชาย"], id="Thai"),
        pytest.param("Ganz allein.", Names("", "", ""), [], id="a member without names"),
        pytest.param("She (Q.) left.", Names("(", ".*", "["), [], id="signs that are no names"),
    ],
)
def test_another_members_name_is_found(text, other, found):
    assert other_names(text, [other], own=MAYA) == found


def test_the_persons_own_name_is_never_reported():
    assert other_names("Maya Thornton spoke.", [Names("Theo", "Theodore", "Park")], own=MAYA) == []


def test_a_name_shared_with_another_member_cannot_be_told_apart():
    assert other_names("Maya spoke.", [Names("Maya", "Maya", "Ortiz")], own=MAYA) == []


def test_a_name_inside_ones_own_name_is_ones_own():
    anne_marie = Names("Anne-Marie", "Anne-Marie", "Weber")

    assert other_names("Anne-Marie spoke.", [Names("Anne", "Anne", "Lee")], own=anne_marie) == []
    assert other_names("Anne-Marie asked Anne.", [Names("Anne", "Anne", "Lee")], own=anne_marie) == ["Anne"]


def test_each_name_is_reported_once():
    theo = Names("Theo", "Theo", "Park")

    assert other_names("Theo, Theo and Theo Park.", [theo, theo], own=MAYA) == ["Theo", "Park"]


def test_whole_parts_that_read_the_same_are_found_whatever_their_case_and_spacing():
    parts = {
        "Maya": ["Engaged.", "Calm", "Will practise."],
        "Theo": ["engaged. ", "calm", "Will  practise."],
        "Priya": ["Engaged.", "Calm", "Will call her sister."],
    }

    assert identical(parts) == (("Maya", "Theo"),)


def test_sharing_a_sentence_is_allowed():
    assert identical({"Maya": ["Engaged.", "Calm"], "Theo": ["Engaged.", "Sad"]}) is None


def test_parts_not_yet_written_are_missing_not_identical():
    assert identical({"Maya": ["", " "], "Theo": ["", ""]}) is None
