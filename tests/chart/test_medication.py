"""What somebody takes: the list read off its changes, corrected in turn, read by who treats them and by themselves."""

from datetime import date, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction

from openiop.audit.models import AuditEvent
from openiop.chart import medicating, medication
from openiop.chart.medicating import SomebodyCorrected
from openiop.chart.models import MedicationChange
from openiop.demo import world
from openiop.lib.refusals import Refused
from openiop.measures import trend
from openiop.measures.models import Response
from openiop.people.access import acting
from openiop.people.models import Person, Tie
from openiop.portal.timeline import timeline

TODAY = date(2026, 11, 24)
JANUARY = date(2026, 1, 1)


def day(number):
    return JANUARY + timedelta(days=number)


# --- the list, as a pure function of its rows ---


def change(root, kind, on, *, of=None, version=1, dose="", in_error=False, name=""):
    opens = kind in medication.OPENING
    return SimpleNamespace(
        root=UUID(int=root),
        medication=UUID(int=of or root),
        kind=kind,
        happened_on=day(on),
        version=version,
        dose=dose,
        in_error=in_error,
        name=name or ("Sertraline" if opens else ""),
    )


begun = change(1, "begun", 3, dose="50 mg")
raised = change(2, "dose", 10, of=1, dose="100 mg")
stopped = change(3, "stopped", 20, of=1)


@pytest.mark.parametrize(
    ("rows", "taken"),
    [
        pytest.param([], [], id="nothing written down"),
        pytest.param([begun], [("Sertraline", "50 mg", 3)], id="started"),
        pytest.param([change(1, "taken", 3)], [("Sertraline", "", None)], id="taken already, nobody knows since when"),
        pytest.param([begun, raised], [("Sertraline", "100 mg", 3)], id="a new dose"),
        pytest.param([raised, begun], [("Sertraline", "100 mg", 3)], id="in whatever order the rows come"),
        pytest.param([begun, raised, stopped], [], id="stopped"),
        pytest.param(
            [begun, stopped, change(4, "begun", 30, dose="25 mg")], [("Sertraline", "25 mg", 30)], id="taken again"
        ),
        pytest.param(
            [begun, change(1, "begun", 5, version=2, dose="25 mg")], [("Sertraline", "25 mg", 5)], id="corrected"
        ),
        pytest.param(
            [change(1, "begun", 5, version=2, dose="25 mg"), begun],
            [("Sertraline", "25 mg", 5)],
            id="the newest version counts, not the last row",
        ),
        pytest.param(
            [begun, raised, change(2, "dose", 10, of=1, version=2, dose="100 mg", in_error=True)],
            [("Sertraline", "50 mg", 3)],
            id="the dose was entered in error",
        ),
        pytest.param(
            [begun, stopped, change(3, "stopped", 20, of=1, version=2, in_error=True)],
            [("Sertraline", "50 mg", 3)],
            id="the stop was entered in error",
        ),
        pytest.param(
            [begun, raised, change(1, "begun", 3, version=2, in_error=True)],
            [],
            id="the opening was entered in error, and what hangs on it goes with it",
        ),
        pytest.param(
            [begun, change(1, "begun", 3, version=2, in_error=True), change(1, "begun", 3, version=3, dose="50 mg")],
            [("Sertraline", "50 mg", 3)],
            id="the mark was taken back",
        ),
        pytest.param(
            [begun, raised, change(5, "dose", 10, of=1, dose="75 mg")],
            [("Sertraline", "75 mg", 3)],
            id="of two doses on one day the one written later",
        ),
        pytest.param(
            [begun, change(6, "taken", 1, name="aspirin")],
            [("aspirin", "", None), ("Sertraline", "50 mg", 3)],
            id="by name",
        ),
    ],
)
def test_what_is_taken_now_is_read_off_the_changes(rows, taken):
    found = medication.current(rows)

    assert [(each.name, each.dose, each.begun_on) for each in found] == [
        (name, dose, None if on is None else day(on)) for name, dose, on in taken
    ]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([begun, raised, stopped], None),
        ([begun, change(2, "dose", 3, of=1, dose="100 mg"), change(3, "stopped", 3, of=1)], None),
        ([begun, change(2, "dose", 2, of=1, dose="100 mg")], medication.BEFORE_IT_BEGAN),
        ([begun, change(3, "stopped", 2, of=1)], medication.BEFORE_IT_BEGAN),
        ([begun, stopped, change(4, "dose", 21, of=1, dose="100 mg")], medication.AFTER_IT_STOPPED),
        ([begun, stopped, change(4, "stopped", 25, of=1)], medication.STOPPED_TWICE),
        ([begun, raised, change(1, "begun", 12, version=2)], medication.BEFORE_IT_BEGAN),
        ([change(1, "begun", 101)], medication.NOT_YET),
        ([change(1, "begun", 100)], None),
        ([change(1, "begun", -1)], medication.BEFORE_BIRTH),
        ([change(1, "begun", 101), change(1, "begun", 101, version=2, in_error=True)], None),
    ],
)
def test_days_that_contradict_each_other_are_no_list(rows, why):
    assert medication.why_not(rows, born_on=day(0), today=day(100)) == why


def test_a_name_that_stands_twice_is_said_to():
    rows = [begun, change(4, "taken", 5, name="SERTRALINE"), change(5, "taken", 5, name="Lithium")]

    assert medication.named_twice(medication.current(rows)) == {"sertraline"}


# --- written down ---


def start(patient, by, **said):
    usual = {"kind": "begun", "happened_on": TODAY - timedelta(days=9), "name": "Buprenorphine", "dose": "8 mg a day"}
    return medicating.write(patient, **{**usual, "decided": "clinic", "key": uuid4(), "at": world.NOW, **said}, by=by)


def then(row, by, kind, **said):
    usual = {"happened_on": TODAY, "decided": "clinic", "key": uuid4(), "at": world.NOW, "of": row.medication}
    return medicating.write(row.patient, **{**usual, "kind": kind, **said}, by=by)


def again(row, by, **said):
    return medicating.correct(row, **{"because": "A slip", "key": uuid4(), "at": world.NOW, **said}, by=by)


def taken_by(patient):
    found = medication.current(MedicationChange.objects.filter(patient=patient))
    return [(each.name, each.dose) for each in found]


database = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


class TestWritten:
    pytestmark = database

    def test_a_correction_is_the_next_version_and_the_one_before_stays(self, cast):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(marcus):
            first = start(maya, marcus)
            second = again(first, marcus, dose="16 mg a day", happened_on=TODAY)

            assert (second.root, second.version, second.name) == (first.pk, 2, "Buprenorphine")
            assert taken_by(maya) == [("Buprenorphine", "16 mg a day")]
            assert MedicationChange.objects.get(pk=first.pk).dose == "8 mg a day"

    def test_what_was_entered_in_error_leaves_the_list_and_keeps_its_words(self, cast):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(marcus):
            mark = again(start(maya, marcus), marcus, in_error=True, because="Somebody else's", dose="ignored")

            assert (mark.in_error, mark.dose, mark.because) == (True, "8 mg a day", "Somebody else's")
            assert taken_by(maya) == []
            with pytest.raises(Refused):
                then(mark, marcus, "dose", dose="4 mg")

    def test_a_form_sent_twice_is_kept_once(self, cast):
        maya, marcus, key = cast["maya"], cast["marcus"], uuid4()
        with acting(marcus):
            assert start(maya, marcus, key=key) == start(maya, marcus, key=key)
            assert MedicationChange.objects.count() == 1

    def test_a_form_gone_back_to_and_filled_in_anew_is_never_taken_for_the_one_before(self, cast, client_for):
        maya, marcus, key = cast["maya"], cast["marcus"], uuid4()
        browser, page = client_for(marcus), f"/patients/{maya.pk}/medications/new"
        said = {"kind": "begun", "happened_on": "2026-11-20", "decided": "clinic", "key": key}

        assert browser.post(page, {**said, "name": "Sertraline"}).status_code == 302
        assert browser.post(page, {**said, "name": "Sertraline"}).status_code == 302
        other = browser.post(page, {**said, "name": "Naltrexone"})

        assert other.status_code == 422 and "Open the page anew" in other.content.decode()
        with acting(marcus):
            assert taken_by(maya) == [("Sertraline", "")]

    def test_two_who_correct_the_same_are_not_both_taken(self, cast):
        with acting(cast["marcus"]):
            first = start(cast["maya"], cast["marcus"])
            again(first, cast["marcus"], dose="4 mg")

            with pytest.raises(SomebodyCorrected):
                again(first, cast["marcus"], dose="2 mg")

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("dose", {"dose": "4 mg", "happened_on": TODAY - timedelta(days=10)}),
            ("stopped", {"happened_on": TODAY + timedelta(days=1)}),
        ],
    )
    def test_days_that_do_not_fit_are_refused_and_nothing_is_kept(self, cast, kind, said):
        with acting(cast["marcus"]):
            row = start(cast["maya"], cast["marcus"])
            with pytest.raises(Refused):
                then(row, cast["marcus"], kind, **said)

            assert MedicationChange.objects.count() == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param({"name": ""}, id="nobody said what"),
            pytest.param({"rxnorm": "1a"}, id="a code with letters"),
            pytest.param({"kind": "stopped"}, id="a stop that opens"),
        ],
    )
    def test_what_cannot_be_is_refused_by_the_database_too(self, cast, wrong):
        with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
            start(cast["maya"], cast["marcus"], **wrong)

    def test_a_change_hangs_on_a_medication_of_the_same_person_and_on_no_other(self, cast):
        okafor = cast["okafor"]
        with acting(okafor):
            hers = start(cast["maya"], okafor)
            with pytest.raises(Refused):
                medicating.write(
                    cast["leo"], kind="stopped", happened_on=TODAY, decided="own", of=hers.pk,
                    by=okafor, at=world.NOW, key=uuid4(),
                )  # fmt: skip
            hers.pk, hers.patient, hers.key, hers.version, hers.because = uuid4(), cast["leo"], uuid4(), 2, "Moved"
            with pytest.raises(DatabaseError), transaction.atomic():
                hers.save(force_insert=True)

    def test_what_was_written_is_neither_changed_nor_taken_away(self, cast):
        with acting(cast["marcus"]):
            row = start(cast["maya"], cast["marcus"])
            for wrong in (lambda: MedicationChange.objects.filter(pk=row.pk).update(dose="other"), row.delete):
                with pytest.raises(DatabaseError), transaction.atomic():
                    wrong()


class TestWhoReads:
    pytestmark = database

    def test_nobody_writes_in_another_name_and_nobody_but_clinicians_writes(self, cast):
        with acting(cast["marcus"]), pytest.raises(DatabaseError), transaction.atomic():
            start(cast["maya"], cast["okafor"])
        for key in ("lin", "hal", "rosa", "vera", "maya"):
            with acting(cast[key]), pytest.raises(PermissionDenied):
                start(cast["maya"], cast[key])

    @pytest.mark.parametrize("reader", ["leo", "lin", "hal", "rosa", "vera"])
    def test_nobody_but_who_treats_them_and_they_themselves_reads_it_whatever_the_query(self, cast, reader):
        with acting(cast["marcus"]):
            start(cast["maya"], cast["marcus"])

        with acting(cast[reader]), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM chart_medicationchange")
            assert cursor.fetchone() == (0,)
            assert not MedicationChange.objects.visible_to(cast[reader]).exists()
        with acting(cast["maya"]):
            assert MedicationChange.objects.visible_to(cast["maya"]).count() == 1

    def test_a_clinician_who_treats_them_no_more_reads_it_no_more(self, cast, client_for):
        with acting(cast["marcus"]):
            start(cast["maya"], cast["marcus"])
        with acting(cast["okafor"]):
            Tie.objects.filter(patient=cast["maya"], staff=cast["marcus"]).delete()

        browser = client_for(cast["marcus"])
        assert browser.get(f"/patients/{cast['maya'].pk}/medications").status_code == 404

    @pytest.mark.parametrize("who", ["lin", "hal", "rosa", "vera", "maya"])
    def test_no_other_page_of_it_opens_and_nothing_can_be_sent_to_it(self, cast, client_for, who):
        with acting(cast["marcus"]):
            row = start(cast["maya"], cast["marcus"])
        browser, hers = client_for(cast[who]), f"/patients/{cast['maya'].pk}"

        for tail in ("/medications", "/medications/new", f"/medications/{row.pk}/dose", f"/medications/{row.pk}/stop",
                     f"/medication-changes/{row.pk}"):  # fmt: skip
            assert browser.get(hers + tail).status_code in (403, 404)
            assert browser.post(hers + tail, {"name": "x"}).status_code in (403, 404, 405)
        with acting(cast["marcus"]):
            assert MedicationChange.objects.count() == 1


# --- pages ---


class TestPages:
    pytestmark = database

    def test_a_clinician_writes_it_down_changes_the_dose_and_stops_it(self, cast, client_for):
        browser, hers = client_for(cast["marcus"]), f"/patients/{cast['maya'].pk}/medications"
        said = {"happened_on": "2026-11-10", "decided": "elsewhere", "prescriber": "Dr. Lund", "key": uuid4()}
        assert "says nothing about what the person takes" in browser.get(hers).content.decode()

        opened = browser.post(f"{hers}/new", {**said, "kind": "begun", "name": "Naltrexone", "dose": "50 mg"})
        with acting(cast["marcus"]):
            row = MedicationChange.objects.get()
        browser.post(f"{hers}/{row.pk}/dose", {**said, "happened_on": "2026-11-12", "dose": "25 mg", "key": uuid4()})
        shown = browser.get(hers).content.decode()
        browser.post(f"{hers}/{row.pk}/stop", {**said, "happened_on": "2026-11-20", "reason": "sick", "key": uuid4()})

        assert opened.status_code == 302 and "nothing is checked: no interactions" in shown
        assert "Taken now" in shown and "25 mg" in shown and "Dr. Lund" in shown
        ended = browser.get(hers).content.decode()
        assert "Taken now" not in ended and "sick" in ended and "Nothing is taken now" in ended
        with acting(cast["okafor"]):
            verbs = AuditEvent.objects.filter(patient_id=cast["maya"].pk, verb="medication.write")
            assert verbs.count() == 3 and not any("Naltrexone" in str(vars(row)) for row in verbs)

    def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_typed_is_lost(self, cast, client_for):
        said = {"kind": "begun", "name": "Lithium", "decided": "clinic", "key": uuid4(), "dose": "kept words"}
        page = f"/patients/{cast['maya'].pk}/medications/new"
        for wrong, sentence in (
            ({"happened_on": "2026-11-25"}, "That has not come yet."),
            ({"happened_on": "1990-01-01"}, "before the person was born"),
            ({"happened_on": "2026-11-01", "rxnorm": "Li"}, "digits only"),
            ({}, "This field is required."),
        ):
            reply = client_for(cast["marcus"]).post(page, {**said, **wrong})

            assert reply.status_code == 422
            assert sentence in reply.content.decode() and "kept words" in reply.content.decode()
        with acting(cast["marcus"]):
            assert not MedicationChange.objects.exists()

    def test_a_correction_needs_its_reason_and_an_older_version_leads_to_the_newest(self, cast, client_for):
        browser = client_for(cast["marcus"])
        with acting(cast["marcus"]):
            row = start(cast["maya"], cast["marcus"])
        page = f"/patients/{cast['maya'].pk}/medication-changes/{row.pk}"
        said = {"kind": "begun", "name": "Buprenorphine", "happened_on": "2026-11-20", "decided": "clinic"}

        assert browser.post(page, {**said, "key": uuid4()}).status_code == 422
        done = browser.post(page, {**said, "key": uuid4(), "because": "Other person", "in_error": "on"})

        assert done.status_code == 302 and browser.get(page).status_code == 302
        late = browser.post(page, {**said, "key": uuid4(), "because": "Again"})
        assert late.status_code == 422 and "Somebody corrected this while you wrote" in late.content.decode()
        shown = browser.get(f"/patients/{cast['maya'].pk}/medications").content.decode()
        assert "entered in error" in shown and "Other person" in shown and "What stood before" in shown

    def test_a_patient_reads_what_they_take_in_plain_words_and_no_more(self, cast, client_for):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(marcus):
            start(maya, marcus, reason="words for the team")
            then(start(maya, marcus, name="Trazodone"), marcus, "stopped")
            again(start(maya, marcus, name="Lithium"), marcus, in_error=True, because="words of a slip")

        shown = client_for(maya).get("/me/medications").content.decode()

        assert "Buprenorphine" in shown and "8 mg a day" in shown and "is no prescription" in shown
        assert not any(word in shown for word in ("words", "Trazodone", "Lithium"))
        others = client_for(cast["theo"]).get("/me/medications").content.decode()
        assert "Buprenorphine" not in others and "no medication of yours" in others
        assert client_for(marcus).get("/me/medications").status_code == 404


# --- where else it stands ---


class TestElsewhere:
    pytestmark = database

    def scored(self, maya):
        for on, total in ((TODAY - timedelta(days=14), 16), (TODAY, 9)):
            at = {"started_at": world.NOW, "completed_at": world.NOW, "version": 1}
            Response.objects.create(
                clinic_id=maya.clinic_id, patient=maya, instrument="phq9", for_day=on, total=total, **at
            )

    def test_changes_stand_in_the_trend_in_the_chart_and_in_words(self, cast, client_for):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(maya):
            self.scored(maya)
        with acting(marcus):
            row = start(maya, marcus)
            then(row, marcus, "dose", dose="16 mg a day", happened_on=TODAY - timedelta(days=2))
            start(maya, marcus, kind="taken", name="Lithium")
            again(start(maya, marcus, name="Trazodone"), marcus, in_error=True)
            seen = trend.events_of(maya, reader=marcus, since=TODAY - timedelta(days=14), until=TODAY)

        told = [(each.kind, each.on, each.detail) for each in seen if each.detail]
        assert told == [
            ("dose_changed", TODAY - timedelta(days=2), "Buprenorphine 16 mg a day"),
            ("medication_started", TODAY - timedelta(days=9), "Buprenorphine 8 mg a day"),
        ]
        shown = client_for(marcus).get(f"/patients/{maya.pk}/measures/trend/phq9").content.decode()
        assert "Dose changed: Buprenorphine 16 mg a day" in shown and shown.count("Medication started") >= 2

    def test_intake_reads_a_trend_without_a_word_of_medication(self, cast, client_for):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(maya):
            self.scored(maya)
        with acting(marcus):
            start(maya, marcus)

        shown = client_for(cast["lin"]).get(f"/patients/{maya.pk}/measures/trend/phq9")

        assert shown.status_code == 200
        assert "Buprenorphine" not in shown.content.decode() and "Medication" not in shown.content.decode()

    def test_the_timeline_tells_of_a_change_in_its_newest_version(self, cast):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(marcus):
            row = start(maya, marcus)
            later = world.NOW + timedelta(minutes=1)
            again(then(row, marcus, "dose", dose="16 mg", at=later), marcus, in_error=True, at=later)
            found = timeline(maya, reader=marcus, language="en", kinds=["medication"]).lines

            assert [(str(each.what), each.detail) for each in found] == [
                ("Medication: dose changed", "Buprenorphine 16 mg · Nov. 24, 2026 · entered in error"),
                ("Medication: started", "Buprenorphine 8 mg a day · Nov. 15, 2026"),
            ]

    def test_the_timeline_says_of_everything_that_hangs_on_an_error_that_it_was_one(self, cast, client_for):
        maya, marcus = cast["maya"], cast["marcus"]
        with acting(marcus):
            row = start(maya, marcus, name="Methadone")
            later = world.NOW + timedelta(minutes=1)
            then(row, marcus, "dose", dose="80 mg", at=later)
            again(row, marcus, in_error=True, at=later)
            found = timeline(maya, reader=marcus, language="en", kinds=["medication"]).lines

        shown = client_for(marcus).get(f"/patients/{maya.pk}/medications").content.decode()
        assert shown.count(">entered in error<") == 2
        assert len(found) == 2 and all(each.detail.endswith("entered in error") for each in found)

    def test_a_facilitator_who_is_also_intake_is_told_nothing_untrue_of_somebody_they_do_not_treat(
        self, cast, client_for
    ):
        maya, marcus, bea = cast["maya"], cast["marcus"], cast["bea"]
        with acting(marcus):
            start(maya, marcus)
        with acting(cast["okafor"]):
            Tie.objects.filter(staff=bea).delete()
            Person.objects.filter(pk=bea.pk).update(roles=["facilitator", "intake"])
            bea.refresh_from_db()
        browser = client_for(bea)
        said = {"kind": "begun", "happened_on": "2026-11-20", "decided": "clinic", "key": uuid4(), "name": "Lithium"}

        assert browser.get(f"/patients/{maya.pk}").status_code == 200
        assert browser.get(f"/patients/{maya.pk}/medications").status_code == 404
        assert browser.post(f"/patients/{maya.pk}/medications/new", said).status_code == 404
