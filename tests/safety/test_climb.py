"""The worker's loop: it climbs, survives restarts, shares the work, and lets no bad record stop the others."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.db import connection

from openiop.demo import world
from openiop.messaging import jobs as messaging_jobs
from openiop.messaging import push
from openiop.messaging.models import Delivery, PushSubscription
from openiop.people.access import System, acting
from openiop.safety import jobs, ladder, rail
from openiop.safety.models import Case, Page, acknowledge, raise_flag, somebody_is_called
from openiop.safety.told import told

NOW = world.NOW
NOT_SAFE = ladder.Evidence("safe_now", "no")


# A point on the curve, as a browser gives it: nobody holds its secret any more.
A_BROWSERS_KEY = "BIA3bJzePw2-uNu9jKsr7xusoKd6ABBb1jXvnaxOzQFMLqpxAYXV_TzO6D_DTP1f_T92isbaNCXWl0E1ZO0YneE"


def minutes(count):
    return timedelta(minutes=count)


@pytest.fixture
def people(committed):
    return world.cast()


def flag(patient, *, key="answer-1", evidence=NOT_SAFE, at=NOW):
    with acting(patient):
        return raise_flag(patient, key=key, evidence=evidence, label="Are you safe right now?", value="No", at=at)


def paged(person):
    with acting(person):
        return [(page.to.called, page.because.partition(".")[2]) for page in Page.objects.order_by("made_at", "rung")]


def test_a_flag_nobody_acknowledges_climbs_to_the_next_and_in_the_end_to_everyone(people, worker):
    flag(people["maya"])
    with worker():
        for minute in range(7):
            jobs.climb(NOW + minutes(minute))

    asked = paged(people["okafor"])
    assert asked[:2] == [("Marcus", "primary_therapist"), ("Ada", "on_call")]
    assert {who for who, because in asked[2:5] if because == "everyone_on_the_desk"} == {"Ada", "Bea", "Marcus"}
    assert len(asked) == 2 + 2 * 3  # at four minutes everyone, at six everyone again


def test_an_acknowledged_flag_climbs_no_further_until_contact_is_due(people, worker):
    flag(people["maya"])
    with acting(people["marcus"]):
        acknowledge(Case.objects.get(), by=people["marcus"], at=NOW + minutes(1))
    with worker():
        for minute in range(1, 10):
            jobs.climb(NOW + minutes(minute))
        assert len(paged_by_worker(people)) == 1

        jobs.climb(NOW + minutes(10))
        assert paged_by_worker(people) == ["Marcus", "Ada"]


def paged_by_worker(people):
    with acting(System(people["maya"].clinic_id)):
        return [page.to.called for page in Page.objects.order_by("made_at")]


def test_each_page_leaves_once_on_each_way_and_says_nothing_about_anybody_or_the_clinic(people, worker, settings):
    settings.ORIGIN = "https://harbor-recovery.example"  # the address alone would tell what kind of clinic this is
    flag(people["maya"])
    with worker():
        jobs.climb(NOW)
        jobs.climb(NOW + timedelta(seconds=1))

        with acting(System(people["maya"].clinic_id)):
            mail, text = Delivery.objects.order_by("way")
    assert (mail.way, text.way) == ("email", "sms")
    assert {mail.to_id, text.to_id} == {people["marcus"].pk}
    assert {mail.subject, text.subject} == {"Someone needs you"}
    assert {mail.body, text.body} == {"Someone needs you. Open the desk."}


def test_two_workers_page_nobody_twice(people, worker, together):
    for key in ("maya", "theo", "sam", "ruth", "priya", "ines"):
        flag(people[key])
    with worker():
        looked_at = together(lambda: jobs.climb(NOW), lambda: jobs.climb(NOW))
        together(lambda: jobs.climb(NOW + minutes(2)), lambda: jobs.climb(NOW + minutes(2)))

        with acting(System(people["maya"].clinic_id)):
            assert Page.objects.count() == 12
            assert Delivery.objects.filter(way="email").count() == 12
    assert sum(looked_at) == 6


def test_two_taps_at_the_same_moment_open_one_case(people, together):
    together(*[lambda key=key: flag(people["maya"], key=key) for key in "abcd"])

    with acting(people["marcus"]):
        case = Case.objects.get()
        assert case.flags.count() == 4
        assert Page.objects.count() == 1


def test_a_worker_that_dies_with_a_case_in_hand_only_delays_it_by_its_lease(people, worker):
    flag(people["maya"])
    with worker():
        claimed = jobs._claim(people["maya"].clinic, jobs.CASES, at=NOW)
        assert claimed is not None  # and now this worker is gone

        assert jobs.climb(NOW + timedelta(seconds=5)) == 0
        assert jobs.climb(NOW + jobs.LEASE) == 1
        with acting(System(people["maya"].clinic_id)):
            assert Delivery.objects.filter(way="email").count() == 1


def test_a_record_that_makes_the_worker_crash_stops_no_other_and_stays_on_the_desk(
    people, worker, databases, committed
):
    flag(people["maya"])
    flag(people["theo"])
    poison(databases, committed, people["maya"])
    with worker():
        for minute in range(5):
            jobs.climb(NOW + minutes(minute))

        with acting(System(people["maya"].clinic_id)):
            bad, good = (Case.objects.get(patient=people[key]) for key in ("maya", "theo"))
            assert bad.failures >= 3
            assert bad.next_step_at > NOW + minutes(4)
            assert good.failures == 0
            assert good.pages.count() > 2
    with acting(people["marcus"]):
        assert Case.objects.visible_to(people["marcus"]).open().filter(patient=people["maya"]).exists()


def poison(databases, name, patient):
    """From now on the database itself fails each time the worker says of this patient's page that it was sent."""
    import psycopg

    with psycopg.connect(databases.server.url("owner", name), autocommit=True) as owner:
        owner.execute(
            f"""CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN IF NEW.patient_id = '{patient.pk}' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;
                CREATE TRIGGER poison BEFORE UPDATE ON safety_page FOR EACH ROW EXECUTE FUNCTION poison();"""
        )


def test_with_the_mail_down_the_page_stays_on_the_desk_and_climbs(people, worker, settings):
    settings.MAIL_URL = "smtp://127.0.0.1:9"  # nobody listens there
    flag(people["maya"])
    with worker():
        for minute in range(5):
            jobs.climb(NOW + minutes(minute))
            messaging_jobs.send_due(NOW + minutes(minute))

        with acting(System(people["maya"].clinic_id)):
            assert not Delivery.objects.filter(sent_at__isnull=False).exists()
            assert Delivery.objects.filter(error="ConnectionRefusedError").exists()
            assert Page.objects.count() == 5


def test_with_mail_texts_and_notifications_all_down_the_desk_rings_and_the_person_hears_the_truth(
    people, worker, settings, monkeypatch
):
    settings.MAIL_URL, settings.SMS_URL = "smtp://127.0.0.1:9", "twilio+http://AC1:x@127.0.0.1:9/+15550109999"
    monkeypatch.setattr(push, "is_allowed", lambda endpoint: True)
    for key in ("marcus", "okafor"):
        with acting(people[key]):
            PushSubscription.objects.create(
                clinic_id=people[key].clinic_id, person=people[key], name="Phone", made_at=NOW,
                endpoint="https://127.0.0.1:9/push", p256dh=A_BROWSERS_KEY, auth="AAAAAAAAAAAAAAAAAAAAAA",
            )  # fmt: skip
    flag(people["maya"])
    with worker():
        for minute in range(5):
            jobs.climb(NOW + minutes(minute))
            for send in (messaging_jobs.send_mail, messaging_jobs.send_texts, messaging_jobs.send_pushes):
                send(NOW + minutes(minute))

        with acting(System(people["maya"].clinic_id)):
            tried = set(Delivery.objects.filter(tries__gt=0).values_list("way", "sent_at"))
            assert tried == {("email", None), ("sms", None), ("push", None)}
            assert Page.objects.count() == 5

    with acting(people["bea"]):
        assert somebody_is_called(people["bea"], at=NOW + minutes(4))
        (waiting,) = rail.open_cases(people["bea"], at=NOW + minutes(4))
        assert waiting.sounds and {page.to.called for page in waiting.paged} == {"Ada", "Bea", "Marcus"}
    with acting(people["maya"]):
        assert told(people["maya"], at=NOW + minutes(4)).state == "nobody_yet"
    with acting(people["bea"]):
        acknowledge(Case.objects.get(), by=people["bea"], at=NOW + minutes(5))
    with acting(people["maya"]):
        now = told(people["maya"], at=NOW + minutes(5))
        assert (now.state, now.who) == ("somebody_has_it", "Bea")


@pytest.fixture
def worker_process(committed, databases, tmp_path):
    """Start real workers on this test's database; whatever still runs at the end is killed."""
    started = []

    def start():
        environment = os.environ | {
            "OPENIOP_ROLE": "worker",
            "DATABASE_WORKER_URL": databases.server.url("worker", committed),
            "DATABASE_URL": databases.server.url("web", committed),
            "OPENIOP_MAIL_URL": f"file://{tmp_path / 'mail'}",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        process = subprocess.Popen([sys.executable, "manage.py", "worker"], env=environment, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(condition, *, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


def mails(folder):
    """Those of pages: the worker sends reminders, too."""
    return [path for path in (folder / "mail").glob("*.eml") if b"Someone needs you" in path.read_bytes()]


def test_the_worker_wakes_for_a_flag_is_killed_and_goes_on_where_it_was(people, worker_process, tmp_path):
    from django.utils import timezone

    first = worker_process()
    with acting(people["maya"]):
        raise_flag(people["maya"], key="a", evidence=NOT_SAFE, label="l", value="v", at=timezone.now())
    until(lambda: mails(tmp_path))

    first.kill()
    first.wait()
    with acting(people["theo"]):
        raise_flag(people["theo"], key="a", evidence=NOT_SAFE, label="l", value="v", at=timezone.now())
    second = worker_process()
    until(lambda: len(mails(tmp_path)) == 2)

    second.send_signal(signal.SIGTERM)
    assert second.wait(10) == 0


def test_a_worker_whose_connections_are_cut_comes_back_by_itself(
    people, worker_process, tmp_path, databases, committed
):
    import psycopg
    from django.utils import timezone

    running = worker_process()
    with acting(people["maya"]):
        raise_flag(people["maya"], key="a", evidence=NOT_SAFE, label="l", value="v", at=timezone.now())
    until(lambda: mails(tmp_path))
    connection.close()

    with psycopg.connect(databases.server.url("superuser", "postgres"), autocommit=True) as superuser:
        superuser.execute(f'ALTER DATABASE "{committed}" ALLOW_CONNECTIONS false')
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [committed])
        time.sleep(4)
        superuser.execute(f'ALTER DATABASE "{committed}" ALLOW_CONNECTIONS true')
    with acting(people["theo"]):
        raise_flag(people["theo"], key="a", evidence=NOT_SAFE, label="l", value="v", at=timezone.now())

    until(lambda: len(mails(tmp_path)) == 2)
    assert running.poll() is None
