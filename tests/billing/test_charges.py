"""A signed evening becomes charges, each with its reason."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta

import psycopg
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from openiop.audit.models import AuditEvent
from openiop.billing import signed_days
from openiop.billing.models import Charge, Coverage, Payer, Rule, SignedDay
from openiop.people.access import acting
from openiop.programs.models import Enrolment
from openiop.schedule.models import CareSession
from tests.billing.conftest import BEGINS, ENDS, TUESDAY, attend, cover, covered, evening, sign


def lines(people, patient, on=TUESDAY):
    with acting(people["rosa"]):
        return list(Charge.objects.visible_to(people["rosa"]).filter(patient=patient, on=on).order_by("n"))


def said(people, patient):
    return [(line.status, line.code, line.units) for line in lines(people, patient)]


# --- what a day becomes ---


@pytest.mark.parametrize(
    ("stayed", "expected"),
    [
        pytest.param(190, ("ready", "S9480", 1), id="180 countable minutes earn the per diem"),
        pytest.param(189, ("hold", "S9480", 0), id="179 wait for the biller"),
    ],
)
def test_the_per_diem_is_earned_at_180_minutes_and_not_at_179(people, priced, stayed, expected):
    bea, theo = people["bea"], people["theo"]
    covered(theo, by=people["rosa"])
    session = evening(bea)
    attend(session, theo, by=bea, minutes=stayed)
    sign(session, theo, by=bea)

    priced()

    assert said(people, theo) == [expected]
    line = lines(people, theo)[0]
    assert str(stayed - 10) in line.reason
    assert line.source == "Contract of Harbor Plan, 2026"


def test_medicare_pays_no_per_diem_for_a_virtual_day_and_its_services_go_to_the_biller(people, priced):
    bea, maya = people["bea"], people["maya"]
    services = {"group": [{"code": "90853", "least": 1, "most": None}]}
    covered(maya, by=people["rosa"], kind="medicare", name="Medicare Part B", code="IOP-DAY", virtual="refused",
            per_diem_minutes=None, discrete=services)  # fmt: skip
    session = evening(bea)
    attend(session, maya, by=bea, place="virtual")
    sign(session, maya, by=bea)

    priced()

    assert said(people, maya) == [
        ("refused", "IOP-DAY", 0), ("hold", "90853", 0), ("hold", "", 0), ("hold", "", 0),
    ]  # fmt: skip
    assert "virtual" in lines(people, maya)[0].reason


def test_a_day_without_coverage_is_held_and_says_so_and_is_priced_when_it_is_written_down(
    people, priced, client_for_committed
):
    bea, theo, rosa = people["bea"], people["theo"], people["rosa"]
    session = evening(bea)
    attend(session, theo, by=bea)
    sign(session, theo, by=bea)
    priced()
    assert said(people, theo) == [("hold", "", 0)]
    assert "No coverage is on file" in lines(people, theo)[0].reason

    payer = covered(people["jonah"], by=rosa)
    client_for_committed(rosa).post(
        reverse("coverage-new", args=[theo.pk]),
        {"patient": theo.pk, "payer": payer.pk, "begins_on": "2026-01-01", "ends_on": "", "rank": "1"},
    )
    priced(minutes=6)

    assert said(people, theo) == [("ready", "S9480", 1)]


def test_a_day_for_which_no_rule_is_in_force_is_held_and_names_the_payer(people, priced):
    bea, theo = people["bea"], people["theo"]
    covered(theo, by=people["rosa"], in_force=(date(2026, 1, 1), date(2026, 11, 24)))
    session = evening(bea)
    attend(session, theo, by=bea)
    sign(session, theo, by=bea)

    priced()

    assert said(people, theo) == [("hold", "", 0)]
    assert "No rule of Harbor Plan is in force" in lines(people, theo)[0].reason


def test_contact_where_nobody_is_licensed_is_documented_and_not_charged(people, priced):
    bea, sam = people["bea"], people["sam"]
    covered(sam, by=people["rosa"])
    session = evening(bea)
    attend(session, sam, by=bea, place="virtual", treatment=False)
    sign(session, sam, by=bea)

    priced()

    assert said(people, sam) == [("nothing", "", 0)]
    assert "licensed" in lines(people, sam)[0].reason


def test_an_unsigned_evening_is_not_charged(people, priced):
    attend(evening(people["bea"]), people["theo"], by=people["bea"])
    covered(people["theo"], by=people["rosa"])

    assert priced() == 0
    assert said(people, people["theo"]) == []


def test_two_sessions_of_one_day_make_one_per_diem_and_the_trail_keeps_the_former_lines(people, priced):
    bea, theo, marcus = people["bea"], people["theo"], people["marcus"]
    covered(theo, by=people["rosa"])
    first = evening(bea)
    attend(first, theo, by=bea, minutes=125)  # 120 countable minutes
    sign(first, theo, by=bea)
    priced()
    assert said(people, theo) == [("hold", "S9480", 0)]

    with acting(people["okafor"]):
        second = CareSession.plan(
            track=first.track, name="Late group", begins_at=ENDS + timedelta(minutes=10),
            blocks=[{"kind": "group", "minutes": 60}], modality="on_site", room=None, capacity=4, staff=[marcus],
            zone=first.zone,
        )  # fmt: skip
        second.put_on_roster(theo, Enrolment.objects.get(patient=theo), modality="on_site")
    attend(second, theo, by=marcus)
    sign(second, theo, by=marcus)
    priced(minutes=90)

    assert said(people, theo) == [("ready", "S9480", 1)]
    with acting(people["okafor"]):
        former = AuditEvent.objects.get(verb="charge.reprice", patient_id=theo.pk).detail["before"]
    assert [line["status"] for line in former] == ["hold"]


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [
        pytest.param([3600, 3600, 3600], [60, 60, 60], id="whole minutes stay"),
        pytest.param([3590, 3590, 3590], [60, 60, 59], id="179 min 30 s are 179, not 177"),
        pytest.param([59, 0, 0], [0, 0, 0], id="less than a minute is none"),
        pytest.param([3599, 3601, 3600], [60, 60, 60], id="a second too few and one too many make the day whole"),
    ],
)
def test_a_day_is_rounded_down_once(seconds, minutes):
    blocks = [{"counts": True, "seconds": count} for count in seconds]

    assert signed_days.rounded_once(blocks) == minutes


# --- the job ---


def test_what_is_signed_is_taken_up_once_however_often_the_job_runs(people, priced):
    bea, theo = people["bea"], people["theo"]
    covered(theo, by=people["rosa"])
    session = evening(bea)
    attend(session, theo, by=bea)
    sign(session, theo, by=bea)

    assert [priced(minutes=count) for count in (1, 2, 3)] == [1, 0, 0]
    assert len(lines(people, theo)) == 1


def test_a_part_that_was_written_earlier_but_committed_later_is_not_lost(people, priced):
    bea, theo, jonah = people["bea"], people["theo"], people["jonah"]
    covered(theo, by=people["rosa"])
    covered(jonah, by=people["rosa"])
    session = evening(bea)
    for patient in (jonah, theo):
        attend(session, patient, by=bea)
    sign(session, theo, by=bea)
    priced()

    sign(session, jonah, by=bea)  # its row's id is older than what was handled last
    priced(minutes=6)

    assert said(people, jonah) == [("ready", "S9480", 1)]


def test_two_workers_at_once_make_one_set_of_lines(people, worker, together):
    bea = people["bea"]
    session = evening(bea)
    patients = [people[key] for key in ("theo", "jonah", "maya", "priya")]
    for patient in patients:
        covered(patient, by=people["rosa"])
        attend(session, patient, by=bea)
    sign(session, *patients, by=bea)

    with worker():
        together(*[lambda: signed_days.price_signed_days(ENDS + timedelta(minutes=5))] * 3)

    assert [said(people, patient) for patient in patients] == [[("ready", "S9480", 1)]] * 4
    with acting(people["rosa"]):
        assert SignedDay.objects.filter(on=TUESDAY, done_at__isnull=False).count() == 4


def test_a_record_that_cannot_be_priced_stops_no_other_and_ends_with_the_biller(people, priced, databases, committed):
    bea, theo, jonah = people["bea"], people["theo"], people["jonah"]
    session = evening(bea)
    for patient in (theo, jonah):
        covered(patient, by=people["rosa"])
        attend(session, patient, by=bea)
    sign(session, theo, jonah, by=bea)
    with psycopg.connect(databases.server.url("owner", committed), autocommit=True) as owner:
        owner.execute(
            f"""CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.patient_id = '{theo.pk}' AND NEW.code <> '' THEN RAISE EXCEPTION 'poison'; END IF;
                RETURN NEW; END $$;
                CREATE TRIGGER poison BEFORE INSERT ON billing_charge FOR EACH ROW EXECUTE FUNCTION poison();"""
        )

    priced()
    assert said(people, jonah) == [("ready", "S9480", 1)]
    assert said(people, theo) == []
    for minute in (10, 20, 40, 80, 160, 320):
        priced(minutes=minute)

    assert said(people, theo) == [("hold", "", 0)]
    assert "several attempts" in lines(people, theo)[0].reason
    assert priced(minutes=640) == 0


def test_a_worker_killed_while_it_prices_loses_nothing(people, priced, databases, committed):
    bea, theo = people["bea"], people["theo"]
    covered(theo, by=people["rosa"])
    session = evening(bea)
    attend(session, theo, by=bea)
    sign(session, theo, by=bea)
    program = (
        "import django; django.setup(); from datetime import datetime; from openiop.billing import signed_days; "
        f"signed_days.price_signed_days(datetime.fromisoformat('{(ENDS + timedelta(minutes=5)).isoformat()}'))"
    )
    environment = os.environ | {
        "OPENIOP_ROLE": "worker",
        "DATABASE_WORKER_URL": databases.server.url("worker", committed),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    with psycopg.connect(databases.server.url("owner", committed)) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"price {theo.pk} {TUESDAY}"])
        process = subprocess.Popen([sys.executable, "-c", program], env=environment)
        _until_claimed(people)
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert said(people, theo) == []
    assert priced(minutes=5.5) == 0  # the lease still holds
    assert priced(minutes=7) == 1
    assert said(people, theo) == [("ready", "S9480", 1)]


def _until_claimed(people):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with acting(people["rosa"]):
            if SignedDay.objects.filter(on=TUESDAY, attempts=1).exists():
                return
        time.sleep(0.05)
    raise AssertionError("the worker claimed nothing")


# --- payers, rules, coverage: through the browser ---


@pytest.fixture
def client_for_committed(people):
    from tests.conftest import browser_of

    return browser_of


RULE = {
    "begins_on": "2026-01-01", "ends_on": "", "code": "S9480", "revenue_code": "0905", "amount": "412.50",
    "per_diem_minutes": "180", "below": "discrete", "virtual": "covered", "service_group": "90853",
    "service_individual": "90832 16-37, 90834 38-52, 90837 53-", "source": "Contract of Harbor Plan, 2026",
}  # fmt: skip


def test_a_payer_with_a_dated_rule_is_written_through_the_pages(people, client_for_committed):
    client = client_for_committed(people["rosa"])
    client.post(reverse("payer-new"), {"name": "Harbor Plan", "kind": "commercial"})
    with acting(people["rosa"]):
        payer = Payer.objects.get(name="Harbor Plan")

    client.post(reverse("rule-new"), RULE | {"payer": payer.pk})

    with acting(people["rosa"]):
        rule = Rule.objects.get(payer=payer)
    assert rule.amount_cents == 41250
    assert (rule.in_force.lower, rule.in_force.upper) == (date(2026, 1, 1), None)
    assert rule.discrete["individual"][2] == {"code": "90837", "least": 53, "most": None}
    page = client.get(reverse("payer-list")).content.decode()
    assert "Contract of Harbor Plan, 2026" in page
    edit = client.get(reverse("rule-edit", args=[rule.pk])).content.decode()
    assert "90832 16-37, 90834 38-52, 90837 53-" in edit


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        pytest.param({"source": ""}, "required", id="a rule names its source"),
        pytest.param({"ends_on": "2025-12-31"}, "before the first", id="it does not end before it begins"),
        pytest.param({"service_group": "therapy"}, "not a code", id="a code is a code"),
        pytest.param({"service_group": "90832 16-40, 90834 38-52"}, "same minutes", id="two codes for one length"),
        pytest.param({}, "already has a rule for some of those days", id="one rule at a time"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(people, client_for_committed, changed, words):
    client = client_for_committed(people["rosa"])
    payer = covered(people["theo"], by=people["rosa"])
    days = {} if not changed else {"begins_on": "2027-01-01"}
    if changed:
        with acting(people["rosa"]):
            payer.rules.all().delete()

    reply = client.post(reverse("rule-new"), RULE | days | {"payer": payer.pk} | changed)

    assert reply.status_code == 200
    assert words in reply.content.decode()


def test_a_new_rule_may_begin_the_day_after_the_old_one_ends(people):
    with acting(people["rosa"]):
        payer = covered(people["theo"], by=people["rosa"], in_force=(date(2026, 1, 1), date(2026, 7, 1)))
        rule = payer.rules.get()
        said = {"clinic_id": payer.clinic_id, "payer": payer, "code": "S9480", "source": "New contract"}

        Rule.objects.create(**said, in_force=(date(2026, 7, 1), None))
        with pytest.raises(IntegrityError, match="one_rule_at_a_time"), transaction.atomic():
            Rule.objects.create(**said, in_force=(date(2026, 6, 30), date(2026, 7, 1)))
        assert rule.pk


def test_a_rule_that_made_charges_can_be_ended_but_not_rewritten(people, priced, client_for_committed):
    bea, theo = people["bea"], people["theo"]
    payer = covered(theo, by=people["rosa"])
    session = evening(bea)
    attend(session, theo, by=bea)
    sign(session, theo, by=bea)
    priced()
    client = client_for_committed(people["rosa"])
    with acting(people["rosa"]):
        rule = payer.rules.get()

    client.post(
        reverse("rule-edit", args=[rule.pk]), RULE | {"payer": payer.pk, "code": "H0015", "ends_on": "2026-12-31"}
    )

    with acting(people["rosa"]):
        rule = payer.rules.get()
    assert rule.code == "S9480"
    assert rule.amount_cents == 41250
    assert rule.in_force.upper == date(2027, 1, 1)


def test_coverage_of_one_rank_does_not_overlap(people):
    with acting(people["rosa"]):
        payer = covered(people["theo"], by=people["rosa"])
        with pytest.raises(IntegrityError, match="one_coverage_per_rank"), transaction.atomic():
            cover(people["theo"], payer)
        assert Coverage.objects.filter(patient=people["theo"]).count() == 1


# --- the page ---

TODAY = "/charges?begins_on=2026-11-24"


@pytest.fixture
def charged(people, priced):
    """Theo's day is ready, Maya's is held."""
    bea = people["bea"]
    covered(people["theo"], by=people["rosa"])
    covered(people["maya"], by=people["rosa"], name="Other Plan", virtual="hold")
    session = evening(bea)
    attend(session, people["theo"], by=bea)
    attend(session, people["maya"], by=bea, place="virtual")
    sign(session, people["theo"], people["maya"], by=bea)
    priced()
    return people


def test_the_page_says_why_each_line_is_there(charged, client_for_committed):
    page = client_for_committed(charged["rosa"]).get(TODAY).content.decode()

    assert "180 countable minutes reach the per diem of 180." in page
    assert "matter of its contract" in page
    assert "Contract of Harbor Plan, 2026" in page
    assert "$412.50" in page


def test_charges_are_filtered_by_status_payer_and_day_in_the_address(charged, client_for_committed):
    client = client_for_committed(charged["rosa"])
    with acting(charged["rosa"]):
        other = Payer.objects.get(name="Other Plan")

    def shown(query):
        page = client.get(TODAY + query).content.decode()
        return [name for name in ("Theo Brandt", "Maya Rivera") if name in page]

    assert shown("") == ["Theo Brandt", "Maya Rivera"]
    assert shown("&status=ready") == ["Theo Brandt"]
    assert shown(f"&payer={other.pk}") == ["Maya Rivera"]
    assert shown("&begins_on=2026-11-25") == []
    assert shown("&ends_on=2026-11-24&sort=patient") == ["Theo Brandt", "Maya Rivera"]
    assert shown("&status=nonsense&sort=nonsense&page=99") == ["Theo Brandt", "Maya Rivera"]


def test_a_days_page_shows_minutes_and_codes_and_not_one_word_of_the_note(charged, client_for_committed):
    client = client_for_committed(charged["rosa"])
    page = client.get(reverse("charge-day", args=[charged["theo"].pk, "2026-11-24"])).content.decode()

    assert "180 countable minutes in all" in page
    assert "6 p.m.–9:10 p.m." in page.replace("6:00 p.m.", "6 p.m.")
    assert "Process group" in page
    for narrative in ("in confidence", "Took part actively", "Asked: no thoughts", "Diary card", "Pairs"):
        assert narrative not in page


def test_the_biller_opens_no_note(charged, client_for_committed):
    session = evening(charged["bea"])

    assert client_for_committed(charged["rosa"]).get(reverse("note", args=[session.pk])).status_code == 403


def test_who_may_see_money(charged, client_for_committed):
    urls = [
        reverse("charges"), reverse("charge-export"), reverse("payer-list"), reverse("payer-new"), reverse("rule-new"),
        reverse("charge-day", args=[charged["theo"].pk, "2026-11-24"]),
    ]  # fmt: skip
    for key, status in {"rosa": 200, "okafor": 200, "bea": 403, "hal": 403, "lin": 403, "maya": 404}.items():
        client = client_for_committed(charged[key])
        assert {client.get(url).status_code for url in urls} == {status}, key
    assert client_for_committed(charged["lin"]).get(reverse("coverage-new")).status_code == 200
    assert client_for_committed(charged["bea"]).get(reverse("coverage-new")).status_code == 403


def test_an_export_is_in_the_trail_and_no_name_becomes_a_formula(charged, client_for_committed):
    with acting(charged["okafor"]):
        theo = charged["theo"]
        theo.given_name = "=1+1"
        theo.save()

    reply = client_for_committed(charged["rosa"]).get(reverse("charge-export") + "?status=ready&begins_on=2026-11-24")

    rows = list(csv.reader(io.StringIO(reply.content.decode())))
    assert rows[1][1] == "'=1+1 Brandt"
    assert rows[1][3:8] == ["S9480", "0905", "1", "412.50", "ready"]
    with acting(charged["okafor"]):
        taken = AuditEvent.objects.filter(verb="charges.export", person_id=charged["rosa"].pk)
        assert {event.patient_id for event in taken} == {theo.pk, None}


def test_the_page_asks_the_database_the_same_number_of_times_for_one_line_and_for_many(
    charged, client_for_committed, django_assert_max_num_queries
):
    client = client_for_committed(charged["rosa"])
    client.get(TODAY)
    with django_assert_max_num_queries(40) as two:
        client.get(TODAY)
    with acting(charged["rosa"]):
        Charge.objects.filter(patient=charged["maya"], on=TUESDAY).delete()
    with django_assert_max_num_queries(40) as one:
        client.get(TODAY)

    assert len(two.captured_queries) == len(one.captured_queries)


def test_a_day_can_be_priced_again_by_hand(charged, client_for_committed, priced):
    url = reverse("charge-day", args=[charged["theo"].pk, "2026-11-24"])
    client = client_for_committed(charged["rosa"])

    client.post(url)

    assert "priced again" in client.get(url).content.decode()
    assert priced(minutes=9) == 1
    assert said(charged, charged["theo"]) == [("ready", "S9480", 1)]


def test_a_day_that_never_was_is_not_found(people, client_for_committed):
    client = client_for_committed(people["rosa"])

    assert client.get(reverse("charge-day", args=[people["theo"].pk, "2026-11-24"])).status_code == 404
    assert client.get(reverse("charge-day", args=[people["theo"].pk, "yesterday"])).status_code == 404
    assert BEGINS < ENDS
