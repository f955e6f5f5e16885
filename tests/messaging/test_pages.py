"""How I am reached, and what was caught."""

import pytest
from django.urls import reverse

from openiop.demo import world
from openiop.messaging.models import Delivery, PushSubscription
from openiop.people.access import acting
from tests.messaging.test_ways import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW
KNOWN = "https://updates.push.services.mozilla.com/wpush/v2/abc"


def text(response):
    return " ".join(response.content.decode().split())


def test_a_trial_is_written_on_every_way_and_says_that_nobody_is_needed(cast, client_for, settings):
    settings.SMS_URL = "file:///nowhere"
    bea = cast["bea"]
    with acting(cast["okafor"]):
        bea.phone = "(555) 010-7777"
        bea.save(update_fields=["phone"])
    client = client_for(bea)
    client.post(reverse("browser-add"), {**Browser(KNOWN).says(), "name": "My phone"})

    client.post(reverse("reached-trial"))

    with acting(bea):
        found = list(Delivery.objects.filter(because="trial").order_by("way"))
    assert [row.way for row in found] == ["email", "push", "sms"]
    assert {row.body for row in found} == {"This is a trial. Nobody needs you."}
    shown = text(client.get(reverse("reached")))
    assert "My phone" in shown
    assert "on its way" in shown


def test_a_browser_of_an_unknown_push_service_is_refused_with_words(cast, client_for):
    client = client_for(cast["bea"])

    answer = client.post(reverse("browser-add"), {**Browser("https://127.0.0.1/x").says(), "name": "My phone"})

    assert answer.status_code == 422
    assert "a push service that the clinic does not allow" in text(answer)
    broken = client.post(reverse("browser-add"), {"endpoint": KNOWN, "p256dh": "AAAA", "auth": "AAAA", "name": "x"})
    assert "keys could not be read" in text(broken)
    with acting(cast["bea"]):
        assert not PushSubscription.objects.exists()


def test_i_take_off_my_own_browser_and_nobody_elses(cast, client_for):
    client_for(cast["bea"]).post(reverse("browser-add"), {**Browser(KNOWN).says(), "name": "My phone"})
    with acting(cast["bea"]):
        row = PushSubscription.objects.get()
    path = reverse("browser-end", args=[row.pk])

    assert client_for(cast["okafor"]).post(path).status_code == 404
    assert client_for(cast["bea"]).post(path).status_code == 302
    with acting(cast["bea"]):
        row.refresh_from_db()
    assert row.ended_at


def test_a_patient_reaches_neither_page(cast, client_for):
    client = client_for(cast["maya"])

    assert client.get(reverse("reached")).status_code == 404
    assert client.get(reverse("caught")).status_code == 404
    assert client.post(reverse("reached-trial")).status_code == 404


def test_in_development_what_left_by_text_and_mail_can_be_read_and_in_production_not(
    people_who_were_texted, client_for, settings
):
    client = client_for(people_who_were_texted)
    shown = text(client.get(reverse("caught")))
    assert "+15550107777" in shown
    assert "bea@harborstreet.example" in shown
    assert shown.count("Open the desk.") == 2

    settings.CATCHER = False
    assert client.get(reverse("caught")).status_code == 404


@pytest.fixture
def people_who_were_texted(cast, settings, tmp_path):
    from openiop.messaging import post, sms

    settings.SMS_URL, settings.MAIL_URL = f"file://{tmp_path}/sms", f"file://{tmp_path}/mail"
    bea = cast["bea"]
    words = {"clinic_id": bea.clinic_id, "subject": "Someone needs you", "body": "Open the desk.", "made_at": NOW}
    sms.leave(Delivery(way="sms", address="+15550107777", **words))
    post.leave(Delivery(way="email", address=bea.login.email, **words))
    return bea
