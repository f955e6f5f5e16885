"""What became of each page stands on the case: way by way, without an address and without what it is about."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import System, acting
from openiop.safety import jobs, ladder
from openiop.safety.models import Case, page_also, raise_flag
from openiop.safety.receipts import receipts
from tests.conftest import browser_of

NOW = world.NOW


@pytest.fixture
def people(committed, clock):
    return world.cast()


@pytest.fixture
def case(people):
    maya = people["maya"]
    with acting(maya):
        flag = raise_flag(maya, key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)
    return flag.case


@pytest.fixture
def handed_over(case, people, worker):
    """The worker hands the page over, and then each way says what came of it."""

    def hand_over(**became):
        with worker():
            jobs.climb(NOW)
            with acting(System(case.clinic_id)):
                for way, fields in became.items():
                    assert Delivery.objects.filter(way=way).update(**fields) == 1

    return hand_over


def states(people, case):
    with acting(people["marcus"]):
        (sent,) = receipts(Case.objects.with_steps().get(pk=case.pk))
    return {str(receipt.way): receipt.state for receipt in sent.receipts}


def shown(people, case):
    page = browser_of(people["marcus"]).get(reverse("case", args=[case.pk]))
    return " ".join(page.content.decode().split())


def test_a_page_just_made_stands_on_the_desk_and_is_said_to_be_nowhere_else_yet(people, case):
    assert states(people, case) == {}
    page = shown(people, case)
    assert "desk: there at once" in page
    assert "not handed to the other ways yet" in page


def test_each_way_says_how_it_went_and_one_without_an_address_says_so(people, case, handed_over):
    handed_over(
        email={"sent_at": NOW + timedelta(minutes=1), "receipt": "250 queued as 7F"},
        sms={"given_up_at": NOW + timedelta(minutes=9), "error": "SMTPRecipientsRefused", "perhaps_twice": 1},
    )

    assert states(people, case) == {"e-mail": "sent", "text message": "failed", "notification": "no_way"}
    page = shown(people, case)
    assert "e-mail: handed over" in page
    assert "text message: not delivered, given up" in page
    assert "may have arrived more than once" in page
    assert "notification: cannot be reached this way" in page


def test_what_has_failed_so_far_and_what_is_on_its_way_are_told_apart(people, case, handed_over):
    handed_over(email={"error": "ConnectionRefusedError"})

    assert states(people, case) == {"e-mail": "trying", "text message": "waiting", "notification": "no_way"}


def test_no_address_and_no_answer_of_a_provider_stands_on_the_page(people, case, handed_over):
    handed_over(sms={"sent_at": NOW, "receipt": "SM90210", "address": "+15550100999"})

    page = shown(people, case)
    assert "text message: handed over" in page
    assert "+15550100999" not in page
    assert "SM90210" not in page


def test_many_pages_ask_no_more_of_the_database_than_one(people, case):
    def asked():
        with acting(people["marcus"]), CaptureQueriesContext(connection) as queries:
            found = receipts(Case.objects.with_steps().get(pk=case.pk))
        return len(found), len(queries)

    one = asked()
    with acting(people["maya"]):
        page_also(case, [people["bea"], people["okafor"]], at=NOW)

    assert asked() == (3, one[1])
