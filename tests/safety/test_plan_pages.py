"""The plan in the patient's hand and on the staff's pages."""

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.models import MeansTalk, SafetyPlan, sign_plan, write_plan
from openiop.safety.templatetags.phones import phones

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
WORDS = {"warning_signs": "I stop answering <b>", "people_to_ask": "Alex, (555) 010-2000"}


@pytest.fixture
def plan(cast):
    with acting(cast["marcus"]):
        found = write_plan(cast["maya"], parts=WORDS, by=cast["marcus"], at=NOW)
        sign_plan(found, by=cast["marcus"], at=NOW)
    return found


def text(response):
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize("page", ["today", "week", "me", "my-plan", "my-plan-new"])
def test_the_plan_is_one_tap_from_every_page_of_the_patients(cast, client_for, page):
    shown = text(client_for(cast["maya"]).get(reverse(page)))

    assert f'href="{reverse("my-plan")}"' in shown


def test_the_plans_page_is_marked_as_the_place_one_is_at_and_no_other(cast, client_for):
    shown = text(client_for(cast["maya"]).get(reverse("my-plan-new")))

    assert shown.count('aria-current="page"') == 1
    assert shown.index('aria-current="page"') > shown.index(f'href="{reverse("my-plan")}"')


def test_the_patient_reads_it_calls_from_it_and_signs_it(cast, client_for, plan):
    client = client_for(cast["maya"])
    shown = text(client.get(reverse("my-plan")))
    assert "I stop answering &lt;b&gt;" in shown
    assert '<a href="tel:5550102000">(555) 010-2000</a>' in shown
    assert "A version waits for you." in shown

    client.post(reverse("safety-plan-signature", args=[plan.pk]))

    shown = text(client.get(reverse("my-plan")))
    assert "Signed by Maya Rivera" in shown
    assert "waits for you" not in shown


def test_without_a_plan_the_patient_begins_one_and_the_clinician_signs_it(cast, client_for):
    patient, clinician = client_for(cast["maya"]), client_for(cast["marcus"])
    assert "No plan yet" in text(patient.get(reverse("my-plan")))
    assert "(555) 010-0199" in text(patient.get(reverse("my-plan-new")))

    patient.post(reverse("my-plan-new"), {"by_myself": "Walk the dog"})
    plan = made(cast["maya"])
    clinician.post(reverse("safety-plan-signature", args=[plan.pk]))

    assert "Signed by Marcus Reyes" in text(patient.get(reverse("my-plan")))


def made(patient):
    with acting(patient):
        return SafetyPlan.objects.get()


def test_an_empty_plan_is_refused_kindly_and_nothing_is_kept(cast, client_for):
    refused = client_for(cast["maya"]).post(reverse("my-plan-new"), {"by_myself": "  "})

    assert refused.status_code == 422
    assert "One is better than none." in text(refused)


def test_the_copy_for_the_phone_says_whose_it_is_and_holds_no_name_no_token_and_no_script(cast, client_for, plan):
    answer = client_for(cast["maya"]).get(reverse("my-plan-copy"))

    shown = text(answer)
    assert answer["X-Person"] == str(cast["maya"].pk)
    assert answer["Cache-Control"] == "no-store"
    assert "I stop answering" in shown
    assert "tel:988" in shown
    for never in ("csrf", "<form", "<script", "Rivera", "Harbor Street", str(cast["maya"].pk)):
        assert never not in shown


def test_strangers_staff_and_a_locked_screen_get_no_copy(cast, client_for, client, plan):
    locked = client_for(cast["maya"])
    locked.post(reverse("lock"))

    assert client.get(reverse("my-plan-copy"), headers={"host": "localhost"}).status_code == 302
    assert client_for(cast["marcus"]).get(reverse("my-plan-copy")).status_code == 404
    assert locked.get(reverse("my-plan-copy")).status_code == 302


def test_five_wrong_passwords_take_the_copy_off_the_phone(cast, client_for):
    client = client_for(cast["maya"])
    client.post(reverse("lock"))

    for _try in range(5):
        answer = client.post(reverse("unlock"), {"password": "guess"})

    assert answer["Location"].endswith("?forget=1")


def test_the_plan_on_paper_is_a_pdf_with_its_words(cast, client_for, plan):
    for key in ("maya", "marcus"):
        answer = client_for(cast[key]).get(reverse("safety-plan-paper", args=[plan.pk]))

        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")
    with acting(cast["maya"]):
        words = render_to_string("safety/plan_paper.html", {"plan": plan, "zone": "UTC"})
    assert "I stop answering" in words
    assert "988" in words
    assert "Harbor Street" not in words
    with acting(cast["vera"]):
        assert AuditEvent.objects.filter(verb="safety-plan.print", patient_id=cast["maya"].pk).count() == 2


def test_another_patient_and_staff_without_a_part_in_it_find_nothing(cast, client_for, plan):
    for key in ("theo", "hal", "rosa", "vera", "lin"):
        client = client_for(cast[key])
        for page in ("safety-plan", "safety-plan-new", "means-talk"):
            assert client.get(reverse(page, args=[cast["maya"].pk])).status_code == 404, (key, page)
        assert client.get(reverse("safety-plan-paper", args=[plan.pk])).status_code == 404
        assert client.post(reverse("safety-plan-signature", args=[plan.pk])).status_code == 404
        assert client.post(reverse("safety-plan-review", args=[plan.pk])).status_code == 404
    patient = client_for(cast["maya"])
    assert patient.get(reverse("safety-plan", args=[cast["maya"].pk])).status_code == 404
    assert patient.post(reverse("safety-plan-review", args=[plan.pk])).status_code == 404


def test_staff_see_what_is_due_who_has_to_sign_and_note_the_review(cast, client_for, plan):
    client = client_for(cast["marcus"])
    shown = text(client.get(reverse("safety-plan", args=[cast["maya"].pk])))
    assert "No safety plan is signed by both yet" in shown
    assert "The patient signs it from their own sign-in" in shown
    assert "it still fits" not in shown

    client_for(cast["maya"]).post(reverse("safety-plan-signature", args=[plan.pk]))
    client.post(reverse("safety-plan-review", args=[plan.pk]))

    assert "due Dec. 24, 2026" in text(client.get(reverse("safety-plan", args=[cast["maya"].pk])))


def test_what_is_due_stands_at_the_desk_and_on_a_list_to_hand_over(cast, client_for, plan):
    shown = text(client_for(cast["marcus"]).get(reverse("safety-due")))
    assert "Maya Rivera" in shown
    assert "No safety plan is signed by both yet" in shown
    assert f'hx-get="{reverse("safety-due")}"' in text(client_for(cast["bea"]).get(reverse("desk")))

    for key in ("hal", "rosa", "vera", "lin"):
        assert client_for(cast[key]).get(reverse("safety-due")).status_code == 403
    assert client_for(cast["maya"]).get(reverse("safety-due")).status_code == 404


def test_the_talk_about_means_is_recorded_and_shown_to_who_treats_alone(cast, client_for, plan):
    client = client_for(cast["marcus"])
    client.post(
        reverse("means-talk", args=[cast["maya"].pk]),
        {"about": ["firearms", "medicines"], "agreed": "Her brother keeps them.", "helper": "Alex"},
    )

    assert "Her brother keeps them." in text(client.get(reverse("safety-plan", args=[cast["maya"].pk])))
    assert "brother" not in text(client_for(cast["maya"]).get(reverse("my-plan")))
    with acting(cast["marcus"]):
        assert MeansTalk.objects.get().about == ["firearms", "medicines"]


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ("Alex 555-010-2000", "5550102000"),
        ("(555) 010-2000 x", "5550102000"),
        ("+1 555 010 2000", "+15550102000"),
        ("988, day and night", "988"),
    ],
)
def test_numbers_in_the_persons_own_words_call(said, called):
    assert f'href="tel:{called}"' in phones(said)


@pytest.mark.parametrize("said", ["in 1988", "room 9881", "2026-11-24", "12 34 56"])
def test_what_is_no_number_stays_as_it_is(said):
    assert phones(said) == said


def test_nothing_in_the_words_becomes_markup():
    assert phones('<a href="x">988</a>') == '&lt;a href=&quot;x&quot;&gt;<a href="tel:988">988</a>&lt;/a&gt;'


def test_whoever_wrote_meanwhile_loses_no_line_and_neither_does_the_other(cast, client_for, plan):
    patient, clinician = client_for(cast["maya"]), client_for(cast["marcus"])
    theirs = reverse("safety-plan-new", args=[cast["maya"].pk])
    before = clinician.get(theirs).context["form"]["begun_from"].value()
    patient.post(reverse("my-plan-new"), {"by_myself": "Call my sister", "begun_from": before})

    refused = clinician.post(theirs, {"by_myself": "Walk the dog", "begun_from": before})

    assert refused.status_code == 422
    assert "Call my sister" in text(refused) and "Walk the dog" in text(refused)
    with acting(cast["marcus"]):
        assert SafetyPlan.objects.order_by("-version").first().by_myself == "Call my sister"
    anew = refused.context["form"]["begun_from"].value()
    clinician.post(theirs, {"by_myself": "Walk the dog\nCall my sister", "begun_from": anew})
    with acting(cast["marcus"]):
        assert SafetyPlan.objects.order_by("-version").first().by_myself == "Walk the dog\nCall my sister"


def test_a_form_that_does_not_say_what_it_began_from_overwrites_nothing(cast, client_for, plan):
    refused = client_for(cast["maya"]).post(reverse("my-plan-new"), {"by_myself": "Walk the dog"})

    assert refused.status_code == 422
    with acting(cast["marcus"]):
        assert SafetyPlan.objects.count() == 1
