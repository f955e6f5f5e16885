"""One patient in one order of time: every kind, in order, page by page, and to each reader what they may see."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from openiop.audit.models import AuditEvent
from openiop.chart import medicating
from openiop.chart.models import Plan
from openiop.demo import world
from openiop.lib.ids import uuid7
from openiop.measures import answering
from openiop.measures.observed.event import note_event
from openiop.measures.observed.observation import observe
from openiop.measures.observed.result import note_result
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.portal import timeline as book
from openiop.portal.timeline import KINDS, Place, timeline
from openiop.room.models import Seat, Signal
from openiop.safety import ladder
from openiop.safety.models import HARMED, acknowledge, assess, log_contact, raise_flag, sign_plan, write_plan
from openiop.schedule.models import CareSession, RosterEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

COUNTS = Path(__file__).parent.parent / "query_counts.json"
TODAY = world.NOW.date()


def minutes(n):
    return world.NOW + timedelta(minutes=n)


def say(person, code, item, value, *, at=world.NOW):
    with acting(person):
        said = {"instrument": answering.newest(code), "for_day": TODAY, "key": uuid4(), "answered_at": at, "at": at}
        answering.answer(person, item=item, value=value, **said)


HURT = {"label": "Somebody near hurts them", "kind": HARMED, "reason": "harmed_at_home", "value": "yes"}


def flag(person, label, *, kind="", at=world.NOW, reason="staff_concern", value=2, **more):
    said = {"key": str(uuid4()), "label": label, "value": f"words of {label}", **more}
    return raise_flag(person, evidence=ladder.Evidence(reason, value), kind=kind, at=at, **said)


def lines(reader, person, **said):
    with acting(reader):
        return timeline(person, reader=reader, language="en", **said).lines


def lived(cast):
    """One thing of every kind happened to Maya."""
    maya, marcus = cast["maya"], cast["marcus"]
    say(maya, "checkin", "mood", 3)
    say(maya, "gad7", "gad7_1", 2, at=minutes(1))
    with acting(marcus):
        session = CareSession.objects.led_by(marcus).filter(roster__patient=maya).in_order().first()
        RosterEntry.objects.filter(session=session, patient=maya).update(status="attended")
        seat = Seat.objects.create(clinic_id=maya.clinic_id, session=session, person=maya, asked_at=minutes(2))
        by = {"by": marcus, "key": uuid4()}
        observe(maya, place="on_site", seen={"affect": ["low"]}, seen_at=minutes(3), at=minutes(3), **by)
        specimen = {"specimen": "breath", "outcome": "given", "collected": "observed", "sureness": "screen"}
        number = {"breath": Decimal("0.000"), "taken_by": "Hal", "taken_at": minutes(4)}
        note_result(maya, **specimen, **number, at=minutes(4), **by)
        shaking = {"kind": "withdrawal", "how_known": "told", "signs": ["shaking"], "happened_at": minutes(5)}
        note_event(maya, **shaking, at=minutes(5), **by)
        taken = {"kind": "taken", "happened_on": TODAY, "name": "Sertraline", "decided": "elsewhere"}
        medicating.write(maya, **taken, at=minutes(5), **by)
        case = flag(maya, "A concern", at=minutes(6)).case
        flag(maya, "Something is wrong (today)", reason="something_wrong", value=1, at=minutes(7))
        acknowledge(case, by=marcus, at=minutes(8))
        log_contact(case, how="phone", reached=True, note="said in confidence", by=marcus, at=minutes(9))
        assess(maya, level=1, plan="See her tomorrow", by=marcus, at=minutes(10))
        plan = write_plan(maya, parts={"by_myself": "Walk"}, by=marcus, at=minutes(11))
        sign_plan(plan, by=marcus, at=minutes(12))
        Plan.draft(maya, goals=["Sleep"], by=marcus, at=minutes(13)).sign(by=marcus, at=minutes(13))
    with acting(maya):
        said = {"patient": maya, "key": uuid4(), "kind": "urges", "at": minutes(2)}
        Signal.objects.create(id=uuid7(), clinic_id=maya.clinic_id, session=session, seat=seat, **said)


# --- all of it, in order ---


def test_every_kind_stands_in_one_order_of_time_and_leads_to_its_source(cast, client_for):
    lived(cast)
    browser = client_for(cast["marcus"])

    found = lines(cast["marcus"], cast["maya"])

    assert {line.kind for line in found} == {code for code, _label in KINDS}
    assert [line.place for line in found] == sorted((line.place for line in found), reverse=True)
    assert all(browser.get(line.url).status_code == 200 for line in found)


def test_a_filter_shows_its_kinds_and_nothing_else(cast):
    lived(cast)

    for kind, _label in KINDS:
        assert {line.kind for line in lines(cast["marcus"], cast["maya"], kinds=[kind])} == {kind}


def test_a_correction_stands_once_in_its_newest_version(cast):
    marcus, maya = cast["marcus"], cast["maya"]
    with acting(marcus):
        more = {"place": "on_site", "by": marcus, "at": minutes(3), "seen_at": minutes(3)}
        first, _flags = observe(maya, seen={"affect": ["low"]}, key=uuid4(), **more)
        observe(maya, seen={"affect": ["anxious"]}, key=uuid4(), corrects=first, because="Wrong box", **more)

    assert [line.detail for line in lines(marcus, maya, kinds=["observations"])] == ["anxious or tense · corrected"]


def test_pages_join_without_a_gap_or_a_double_though_many_things_share_one_moment(cast, monkeypatch):
    monkeypatch.setattr(book, "MOST", 4)
    with acting(cast["marcus"]):
        for n in range(11):
            flag(cast["maya"], f"concern {n}", at=minutes(n // 5))
    seen, before = [], None
    while True:
        with acting(cast["marcus"]):
            page = timeline(cast["maya"], reader=cast["marcus"], language="en", kinds=["flags"], before=before)
            if before is None:
                flag(cast["maya"], "written meanwhile", at=minutes(60))
        seen += [line.what for line in page.lines]
        if page.older is None:
            break
        before = Place.read(str(page.older))

    assert sorted(seen) == sorted(f"concern {n}" for n in range(11))


# --- who sees what ---


def stranger_to(cast):
    """A clinician of the clinic who is tied to nobody."""
    with acting(cast["okafor"]):
        Tie.objects.filter(staff=cast["bea"]).update(ends_at=world.NOW - timedelta(days=1))
    return cast["bea"]


def test_a_private_flag_stands_there_for_who_may_read_it_and_without_its_words(cast, client_for):
    with acting(cast["marcus"]):
        flag(cast["maya"], **HURT)

    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/timeline").content.decode()

    assert "Private: being harmed" in shown and "hurts them" not in shown
    assert re.search(r'<tr class="no-print">(?:(?!</tr>).)*Private: being harmed', shown, re.S)
    assert "Private matters are not printed" in shown


def test_whoever_is_called_and_may_not_open_the_record_sees_the_danger_and_nothing_private(cast, client_for):
    lived(cast)
    with acting(cast["marcus"]):
        flag(cast["maya"], **HURT, at=minutes(20))
    bea = stranger_to(cast)

    shown = client_for(bea).get(f"/patients/{cast['maya'].pk}/timeline").content.decode()

    assert "A concern" in shown and "Safety plan signed" in shown
    for hidden in ("being harmed", "hurts them", "Breath", "shaking", "low or sad", "Anxiety", "has strong urges"):
        assert hidden not in shown
    kinds = {line.kind for line in lines(bea, cast["maya"])}
    assert not kinds & {"check_ins", "measures", "observations", "results"}


def test_a_signal_is_for_who_led_that_session_and_nobody_else(cast):
    lived(cast)
    with acting(cast["okafor"]):
        assert Signal.objects.filter(patient=cast["maya"]).exists(), "a director's raw query may, the page does not"

    assert [line.what for line in lines(cast["marcus"], cast["maya"], kinds=["signals"])] == ["has strong urges"]
    assert lines(cast["okafor"], cast["maya"], kinds=["signals"]) == []


def test_what_was_answered_about_home_or_in_words_is_left_to_its_own_page(cast, client_for):
    lived(cast)
    say(cast["maya"], "checkin", "note", "my own sentence", at=minutes(2))

    shown = client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/timeline").content.decode()

    assert "mood 3" in shown
    assert "my own sentence" not in shown and "said in confidence" not in shown


@pytest.mark.parametrize(("reader", "status"), [("maya", 404), ("leo", 404), ("lin", 403), ("hal", 403), ("rosa", 403)])
def test_patients_and_who_does_not_treat_find_no_such_page(cast, client_for, reader, status):
    assert client_for(cast[reader]).get(f"/patients/{cast['maya'].pk}/timeline").status_code == status


def test_a_clinician_of_somebody_else_finds_no_such_page(cast, client_for):
    bea = stranger_to(cast)

    assert client_for(bea).get(f"/patients/{cast['maya'].pk}/timeline").status_code == 404


def test_a_tie_that_is_over_closes_the_record_s_kinds_even_while_the_page_is_open(cast):
    lived(cast)
    bea = stranger_to(cast)

    assert lines(bea, cast["maya"], kinds=["results", "observations", "check_ins", "measures"]) == []


# --- the page ---


def test_the_page_keeps_its_filter_when_older_lines_are_asked_for(cast, client_for, monkeypatch):
    monkeypatch.setattr(book, "MOST", 2)
    lived(cast)

    path = f"/patients/{cast['maya'].pk}/timeline"
    shown = client_for(cast["marcus"]).get(f"{path}?kind=case&kind=flags").content.decode()
    older = re.search(r'href="(\?[^"]*before=[^"]*)"', shown)[1].replace("&amp;", "&")

    assert "kind=case" in older and "kind=flags" in older and "Maya" not in older
    again = client_for(cast["marcus"]).get(f"{path}{older}")
    assert again.status_code == 200 and "Newest" in again.content.decode()


@pytest.mark.parametrize("before", ["yesterday", "20261124T224800.000000-x", "'; DROP TABLE people_person"])
def test_a_place_that_is_none_is_not_there(cast, client_for, before):
    assert (
        client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/timeline", {"before": before}).status_code == 404
    )


def test_somebody_of_whom_nothing_is_known_has_an_empty_page_in_both_languages(cast, client_for):
    with acting(cast["okafor"]):
        named = {"given_name": "Nina", "family_name": "New", "born_on": "1990-01-01"}
        new = Person.objects.create(clinic_id=cast["okafor"].clinic_id, kind="patient", **named)
    browser = client_for(cast["okafor"])

    assert "Nothing yet" in browser.get(f"/patients/{new.pk}/timeline").content.decode()
    assert "Nothing of this kind" in browser.get(f"/patients/{new.pk}/timeline?kind=flags").content.decode()
    with acting(cast["okafor"]):
        cast["okafor"].choose_language("es")
    assert "Línea de tiempo" in browser.get(f"/patients/{new.pk}/timeline").content.decode()


def test_opening_it_leaves_a_line_in_the_trail(cast, client_for):
    client_for(cast["marcus"]).get(f"/patients/{cast['maya'].pk}/timeline")

    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="timeline.open", patient_id=cast["maya"].pk).count() == 1


def test_a_long_history_costs_no_more_queries_than_a_short_one(cast):
    def asked(person):
        with acting(cast["marcus"]), CaptureQueriesContext(connection) as queries:
            found = timeline(person, reader=cast["marcus"], language="en").lines
        return len(queries), len(found)

    lived(cast)
    few = asked(cast["maya"])
    with acting(cast["marcus"]):
        for n in range(40):
            at = minutes(20 + n)
            flag(cast["maya"], f"concern {n}", at=at)
            more = {"by": cast["marcus"], "at": at, "seen_at": at, "key": uuid4()}
            observe(cast["maya"], place="on_site", seen={"affect": ["low"]}, **more)
    many = asked(cast["maya"])

    assert few[1] < many[1]
    assert few[0] == many[0] <= json.loads(COUNTS.read_text())["timeline"]
