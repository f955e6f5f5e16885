"""Who reads a restricted flag: asked of the database itself, whoever forgot to ask."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, connection

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.people.support import SupporterConsent, SupporterLink
from openiop.programs.models import Program
from openiop.safety.models import (
    Case,
    FollowUp,
    Guardian,
    GuardianNotice,
    GuardianRule,
    Implicated,
    ReadingRule,
    ReportMade,
    RestrictedFlag,
    decide,
    decide_privacy,
    enter_rule,
    follow_up,
    implicate,
    may_work_on,
    note_disclosure,
    note_report,
    raise_restricted,
    readers_of,
    reply,
    tell_guardian,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
EVERYBODY = ("okafor", "bea", "marcus", "lin", "rosa", "hal", "vera", "maya", "theo", "leo")
TABLES = [
    "safety_restrictedflag",
    "safety_implicated",
    "safety_reportdecision",
    "safety_privacydecision",
    "safety_reportmade",
    "safety_followup",
    "safety_grievancereply",
]


def raised(cast, kind, *, by="hal", patient="maya", **more):
    with acting(cast[by]):
        about = cast[patient] if patient else None
        return raise_restricted(kind=kind, words="He said so at the desk.", by=cast[by], at=NOW, patient=about, **more)


def readers(cast, flag):
    """Who sees the row itself, by a query that asks for nothing else."""
    return {key for key in EVERYBODY if rows(cast[key], "safety_restrictedflag", "id", flag.pk)}


def rows(person, table, column="flag_id", value=None):
    with acting(person), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {table}" + (f" WHERE {column} = %s" if value else ""), [value][: bool(value)]
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("kind", "read_by"),
    [
        ("harm_to_others", {"okafor", "vera", "bea", "marcus"}),
        ("child_abuse", {"okafor", "vera", "marcus"}),
        ("adult_abuse", {"okafor", "vera", "marcus"}),
        ("harmed_at_home", {"okafor", "vera", "marcus"}),
        ("incident", {"okafor", "vera"}),
    ],
)
def test_each_kind_is_read_by_those_of_the_table_and_whoever_raised_it(cast, kind, read_by):
    flag = raised(cast, kind)

    assert readers(cast, flag) == read_by | {"hal"}


def test_a_grievance_is_read_by_whoever_complained_and_those_the_clinic_set(cast):
    flag = raised(cast, "grievance", by="maya")

    assert readers(cast, flag) == {"okafor", "vera", "maya"}


def test_a_facilitator_of_somebody_elses_group_reads_nothing(cast):
    flag = raised(cast, "harm_to_others", patient="leo")

    assert "bea" not in readers(cast, flag)


def test_what_somebody_raised_is_all_they_read_of_it_unless_they_are_a_clinician(cast):
    by_front_desk, by_clinician = raised(cast, "child_abuse", by="hal"), raised(cast, "child_abuse", by="bea")
    for flag in (by_front_desk, by_clinician):
        with acting(cast["okafor"]):
            decide(flag, report=True, why="She said so.", by=cast["okafor"], at=NOW)

    assert rows(cast["hal"], "safety_reportdecision", value=by_front_desk.pk) == 0
    assert rows(cast["bea"], "safety_reportdecision", value=by_clinician.pk) == 1
    with acting(cast["hal"]), pytest.raises(PermissionDenied):
        decide(by_front_desk, report=False, why="No.", by=cast["hal"], at=NOW)


def test_a_grievance_never_reaches_the_person_complained_about(cast):
    flag = raised(cast, "grievance", by="maya", about=[cast["okafor"]])

    assert readers(cast, flag) == {"vera", "maya"}


def test_where_everybody_in_the_table_is_complained_about_the_next_are_asked(cast):
    flag = raised(cast, "grievance", by="maya", about=[cast["okafor"], cast["vera"]])

    assert readers(cast, flag) == {"bea", "marcus", "maya"}


def test_somebody_who_reports_themselves_no_longer_reads_it(cast):
    flag = raised(cast, "incident", by="okafor", about=[cast["okafor"]])

    assert readers(cast, flag) == {"vera"}


def test_a_reader_named_as_implicated_later_reads_nothing_from_then_on(cast):
    flag = raised(cast, "child_abuse")
    with acting(cast["vera"]):
        implicate(flag, person=cast["marcus"], by=cast["vera"], at=NOW)

    assert "marcus" not in readers(cast, flag)
    assert {table: rows(cast["marcus"], table) for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_an_implicated_patient_and_a_supporter_read_nothing(cast):
    ines, jonah = cast["ines"], cast["jonah"]
    raised(cast, "harmed_at_home", patient="ines", about=[jonah])
    with acting(cast["lin"]):
        ana = Person.objects.create(
            clinic_id=ines.clinic_id, kind="supporter", given_name="Ana", family_name="M", called="Ana"
        )
        consent = SupporterConsent.ask(ines, ana, relation="sister", may_know=["meetings"], by=cast["lin"], at=NOW)
        consent.give(by=cast["lin"], at=NOW)
        SupporterLink.make(consent, session_id=ines.pk, ends_at=NOW + timedelta(hours=1), by=cast["lin"], at=NOW)
        ana.link = SupporterLink.objects.get(consent=consent)

    for person in (jonah, ines, ana):
        assert {table: rows(person, table) for table in TABLES} == dict.fromkeys(TABLES, 0)


def test_the_clinic_sets_who_reads_a_kind_and_the_privacy_officer_stays_where_part2_may_ask(cast):
    with acting(cast["okafor"]):
        clinic = cast["okafor"].clinic_id
        ReadingRule.objects.create(clinic_id=clinic, kind="grievance", reader="named", person=cast["lin"])
        ReadingRule.objects.create(clinic_id=clinic, kind="child_abuse", reader="therapist_of")

    assert readers(cast, raised(cast, "grievance", by="maya")) == {"lin", "maya"}
    assert readers(cast, raised(cast, "child_abuse")) == {"marcus", "vera", "hal"}


@pytest.mark.parametrize("by", ["marcus", "hal", "lin", "maya"])
def test_nobody_else_sets_who_reads_what(cast, by):
    with pytest.raises(DatabaseError), acting(cast[by]):
        ReadingRule.objects.create(clinic_id=cast[by].clinic_id, kind="grievance", reader="named", person=cast["hal"])


def test_a_patient_raises_nothing_but_a_grievance_of_their_own(cast):
    with acting(cast["maya"]):
        for kind, patient in (("incident", None), ("child_abuse", cast["maya"]), ("grievance", cast["theo"])):
            with pytest.raises(PermissionDenied):
                raise_restricted(kind=kind, words="x", by=cast["maya"], at=NOW, patient=patient)
    with pytest.raises(DatabaseError), acting(cast["maya"]):
        RestrictedFlag.objects.create(
            clinic_id=cast["maya"].clinic_id, kind="child_abuse", patient=cast["maya"], raised_by=cast["maya"],
            raised_at=NOW, learned_at=NOW, words="x",
        )  # fmt: skip


def test_nothing_of_it_is_changed_or_taken_back(cast):
    flag = raised(cast, "incident")
    for model in (RestrictedFlag, Implicated):
        with pytest.raises(DatabaseError), acting(cast["vera"]):
            model.objects.filter(clinic_id=flag.clinic_id).delete()
    with pytest.raises(DatabaseError), acting(cast["vera"]):
        RestrictedFlag.objects.update(words="Nothing happened.")


def test_the_trail_shows_its_lines_to_its_readers_alone_and_names_no_patient(cast):
    flag = raised(cast, "grievance", by="maya", about=[cast["okafor"]])
    for key, seen in (("vera", True), ("okafor", False), ("hal", False)):
        with acting(cast[key]):
            lines = AuditEvent.objects.filter(thing_id=str(flag.pk))
            assert lines.exists() is seen, key
            assert not lines.exclude(patient_id=None).exists()


def test_it_opens_no_case_and_calls_nobody_by_the_ladder(cast):
    raised(cast, "harmed_at_home")
    with acting(cast["okafor"]):
        assert not Case.objects.open().exists()


# --- what may be called a report ---


def decided(cast, kind, *, part2=True, report=True):
    if part2:
        with acting(cast["okafor"]):
            Program.objects.update(part2=True)
    flag = raised(cast, kind, by="marcus")
    with acting(cast["marcus"]):
        decide(flag, report=report, why="I believe her.", consulted="Dr. Okafor", by=cast["marcus"], at=NOW)
    return flag


def told(cast, flag, *, by="marcus", told_at=NOW, at=NOW, **said):
    made = {"agency": "The hotline", "recipient": "Worker 12", "written": False, "identifying": True} | said
    with acting(cast[by]):
        return note_report(flag, by=cast[by], at=at, told_at=told_at, **made)


def refused(cast, flag, constraint, **said):
    with pytest.raises(IntegrityError) as found:
        told(cast, flag, **said)
    assert found.value.__cause__.diag.constraint_name == constraint


def test_nothing_is_a_report_that_nobody_decided(cast):
    refused(cast, raised(cast, "child_abuse", by="marcus"), "report_was_decided")
    refused(cast, decided(cast, "child_abuse", report=False), "report_was_decided")


def test_outside_part2_a_decided_report_needs_no_path(cast):
    assert told(cast, decided(cast, "adult_abuse", part2=False), number="A-17").number == "A-17"


def test_under_part2_the_first_report_of_child_abuse_may_be_told_and_the_second_may_not(cast):
    flag = decided(cast, "child_abuse")
    refused(cast, flag, "part2_needs_a_path")

    told(cast, flag, path="child_abuse_exception")
    refused(cast, flag, "exception_for_the_first_report_of_child_abuse", path="child_abuse_exception")


@pytest.mark.parametrize("kind", ["adult_abuse", "harm_to_others", "harmed_at_home"])
def test_under_part2_the_child_abuse_exception_covers_nothing_else(cast, kind):
    refused(cast, decided(cast, kind), "exception_for_the_first_report_of_child_abuse", path="child_abuse_exception")


def test_a_duty_to_warn_waits_for_the_privacy_officers_decision(cast):
    flag = decided(cast, "harm_to_others")
    refused(cast, flag, "privacy_officer_allowed_it", path="privacy_decision")
    with acting(cast["vera"]):
        decide_privacy(flag, allowed=False, why="Warn without the name.", by=cast["vera"], at=NOW)
    refused(cast, flag, "privacy_officer_allowed_it", path="privacy_decision")
    assert not told(cast, flag, identifying=False).identifying

    later = NOW + timedelta(minutes=5)
    with acting(cast["vera"]):
        decide_privacy(flag, allowed=True, why="To the police, the name alone.", by=cast["vera"], at=later)
    refused(cast, flag, "privacy_officer_allowed_it", path="privacy_decision", told_at=NOW - timedelta(minutes=1))
    told(cast, flag, path="privacy_decision", told_at=later, at=later)


def test_only_a_privacy_officer_decides_about_privacy_in_their_own_name(cast):
    flag = decided(cast, "harm_to_others")
    with acting(cast["okafor"]), pytest.raises(PermissionDenied):
        decide_privacy(flag, allowed=True, why="x", by=cast["okafor"], at=NOW)
    with pytest.raises(DatabaseError), acting(cast["okafor"]):
        decide_privacy(flag, allowed=True, why="x", by=cast["vera"], at=NOW)


def test_a_medical_emergency_is_noted_before_it_is_a_path(cast):
    flag = decided(cast, "adult_abuse")
    refused(cast, flag, "emergency_disclosure_is_noted", path="medical_emergency")

    with acting(cast["marcus"]):
        theos, mayas = (
            note_disclosure(
                cast[key], told_at=NOW, recipient="Dr. Sato", organisation="Harbor General", nature="Overdose",
                what="What was taken", by=cast["marcus"], at=NOW,
            )
            for key in ("theo", "maya")
        )  # fmt: skip
    refused(cast, flag, "emergency_disclosure_is_noted", path="medical_emergency", emergency=theos)
    assert told(cast, flag, path="medical_emergency", emergency=mayas).pk


@pytest.mark.parametrize("path", ["court_order", "consent"])
def test_an_order_or_a_consent_is_named(cast, path):
    flag = decided(cast, "adult_abuse")
    refused(cast, flag, "path_is_named", path=path)

    assert told(cast, flag, path=path, path_detail="of 3 May").pk


def test_a_raw_insert_that_passes_the_verbs_is_refused_as_well(cast):
    flag = decided(cast, "adult_abuse")
    with pytest.raises(IntegrityError), acting(cast["marcus"]):
        ReportMade.objects.create(
            clinic_id=flag.clinic_id, flag=flag, by=cast["marcus"], at=NOW, told_at=NOW, agency="x", recipient="x",
            written=False, identifying=True,
        )  # fmt: skip
    with pytest.raises(DatabaseError), acting(cast["hal"]):
        FollowUp.objects.create(clinic_id=flag.clinic_id, flag=flag, by=cast["hal"], at=NOW, what="x", closes=False)


def test_a_matter_is_over_when_it_was_decided_and_told(cast):
    flag = decided(cast, "child_abuse")
    over = {"what": "Done.", "next_at": None, "closes": True, "by": cast["marcus"], "at": NOW}
    with pytest.raises(IntegrityError), acting(cast["marcus"]):
        follow_up(flag, **over)
    told(cast, flag, path="child_abuse_exception")
    with acting(cast["marcus"]):
        follow_up(flag, **over)
        assert flag not in RestrictedFlag.objects.open()
        follow_up(flag, **over | {"closes": False, "at": NOW + timedelta(hours=1), "what": "They called back."})
        assert flag in RestrictedFlag.objects.open()


def test_a_grievance_is_over_when_it_was_answered_and_the_patient_reads_the_answer_and_no_more(cast):
    flag = raised(cast, "grievance", by="maya")
    over = {"what": "Done.", "next_at": None, "closes": True, "by": cast["vera"], "at": NOW}
    with pytest.raises(IntegrityError), acting(cast["vera"]):
        follow_up(flag, **over)
    with acting(cast["vera"]):
        reply(flag, answers=False, words="", by=cast["vera"], at=NOW)
        reply(flag, answers=True, words="We are sorry.", by=cast["vera"], at=NOW)
        follow_up(flag, **over)

    assert rows(cast["maya"], "safety_grievancereply") == 2
    assert rows(cast["maya"], "safety_followup") == 0
    assert rows(cast["theo"], "safety_grievancereply") == 0


def test_only_a_grievance_is_replied_to(cast):
    flag = raised(cast, "incident")
    with pytest.raises(IntegrityError), acting(cast["vera"]):
        reply(flag, answers=True, words="x", by=cast["vera"], at=NOW)


def test_whoever_may_work_on_a_flag_are_those_who_are_shown_as_its_readers(cast):
    flag = raised(cast, "child_abuse", by="bea")
    shown = set()
    with acting(cast["vera"]):
        names = {person.pk for person in readers_of(flag)}
    for key in EVERYBODY:
        with acting(cast[key]):
            shown |= {cast[key].pk} if may_work_on(flag) else set()

    assert names == shown == {cast[key].pk for key in ("okafor", "vera", "marcus", "bea")}


# --- guardians ---


def guardian_of(cast, key="leo"):
    with acting(cast["lin"]):
        return Guardian.add(
            cast[key], name="Ana Castellan", relation="mother", phone="", authority="Birth certificate seen",
            by=cast["lin"], at=NOW,
        )  # fmt: skip


def tell(cast, guardian, *, by="marcus", **said):
    words = {"what": "That he is in danger", "why": "He may hurt himself", "considered": "He asked for her"} | said
    with acting(cast[by]):
        return tell_guardian(guardian, told_at=NOW, agreed=words.pop("agreed", False), **words, by=cast[by], at=NOW)


def guardian_rule(cast, telling):
    with acting(cast["okafor"]):
        enter_rule(
            GuardianRule(
                state="NY", source="Counsel's letter", checked_on=NOW.date(), effective_from=NOW.date(),
                minor_until=18, telling=telling, words="As counsel wrote.",
            ),
            by=cast["okafor"],
            at=NOW,
        )  # fmt: skip


def test_a_clinician_tells_a_minors_guardian_and_nobody_else_does(cast):
    ana = guardian_of(cast)

    assert tell(cast, ana).by == cast["marcus"]
    with pytest.raises(PermissionDenied):
        tell(cast, ana, by="hal")
    with pytest.raises(DatabaseError), acting(cast["hal"]):
        GuardianNotice.objects.create(
            clinic_id=ana.clinic_id, patient=cast["leo"], guardian=ana, by=cast["marcus"], at=NOW, told_at=NOW,
            what="x", why="x", considered="x", agreed=True,
        )  # fmt: skip


def test_an_implicated_guardian_is_never_told(cast):
    ana, other = guardian_of(cast), guardian_of(cast)
    raised(cast, "child_abuse", patient="leo", about_guardians=[ana])

    with pytest.raises(IntegrityError, match="may not be told"):
        tell(cast, ana)
    assert tell(cast, other)


def test_a_guardian_who_is_one_no_longer_is_not_told(cast):
    ana = guardian_of(cast)
    with acting(cast["lin"]):
        ana.end(by=cast["lin"], at=NOW)
    with pytest.raises(IntegrityError):
        tell(cast, ana)


def test_nobody_tells_the_guardian_of_somebody_of_age(cast):
    with pytest.raises(IntegrityError, match="of age"):
        tell(cast, guardian_of(cast, "maya"))


def test_where_the_state_asks_for_it_the_minor_agrees_first(cast):
    ana = guardian_of(cast)
    guardian_rule(cast, "minor_agrees")

    with pytest.raises(IntegrityError, match="agreement of the minor"):
        tell(cast, ana)
    with acting(cast["marcus"]):
        assert tell(cast, ana, agreed=True).patient == cast["leo"]
        assert GuardianNotice.objects.get().rule.telling == "minor_agrees"


def test_what_a_guardian_was_told_in_an_emergency_is_noted_without_a_false_tick(cast):
    ana = guardian_of(cast)
    guardian_rule(cast, "minor_agrees")

    with pytest.raises(IntegrityError, match="agreement of the minor"):
        tell(cast, ana, emergency="  ")
    notice = tell(cast, ana, emergency="He stood on the bridge and did not answer.")
    assert (notice.agreed, notice.emergency) == (False, "He stood on the bridge and did not answer.")


def test_an_implicated_guardian_is_not_told_in_an_emergency_either(cast):
    ana = guardian_of(cast)
    guardian_rule(cast, "minor_agrees")
    raised(cast, "child_abuse", patient="leo", about_guardians=[ana])

    with pytest.raises(IntegrityError, match="may not be told"):
        tell(cast, ana, emergency="He stood on the bridge.")


def test_somebody_says_why_this_guardian_is_safe_to_tell(cast):
    with pytest.raises(IntegrityError):
        tell(cast, guardian_of(cast), considered="")
