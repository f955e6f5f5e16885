"""The account of what was told outside the clinic: whole for who may read it, and silent on what few may read."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from openiop.audit.models import AuditEvent
from openiop.demo import world
from openiop.people.access import acting
from openiop.safety.disclosed import account
from openiop.safety.models import decide, note_disclosure, note_report, raise_restricted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW


def told_in_an_emergency(cast, patient="maya"):
    with acting(cast["marcus" if patient == "maya" else "okafor"]):
        by = cast["marcus" if patient == "maya" else "okafor"]
        said = {
            "recipient": "Paramedic Ortiz",
            "organisation": "Ashford Ambulance",
            "nature": "Fell",
            "what": "Her name",
        }
        return note_disclosure(cast[patient], told_at=NOW, **said, by=by, at=NOW)


def reported(cast, *, identifying=True, about=()):
    with acting(cast["marcus"]):
        flag = raise_restricted(
            kind="adult_abuse",
            words="Her partner hit her.",
            by=cast["marcus"],
            at=NOW,
            patient=cast["maya"],
            about=[cast[key] for key in about],
        )
        decide(flag, report=True, why="I believe her.", by=cast["marcus"], at=NOW)
        made = {"agency": "Adult protective services", "recipient": "Worker 12", "written": False, "number": "A-17"}
        return note_report(flag, **made, told_at=NOW, identifying=identifying, by=cast["marcus"], at=NOW)


def opened(browser, **asked):
    reply = browser.get(f"{reverse('disclosures')}?{urlencode(asked)}")
    return reply, " ".join(reply.content.decode().split())


def test_a_report_on_a_restricted_sheet_stands_in_the_account_beside_what_was_told_in_an_emergency(cast, client_for):
    told_in_an_emergency(cast)
    reported(cast)

    for key in ("vera", "okafor"):
        _reply, shown = opened(client_for(cast[key]))

        for word in (
            "Paramedic Ortiz",
            "Adult protective services",
            "Worker 12",
            "A-17",
            "Maya Rivera",
            "Marcus Reyes",
        ):
            assert word in shown
        assert "hit her" not in shown, "what was seen stays on the sheet"


def test_a_report_that_identifies_nobody_discloses_nothing(cast):
    reported(cast, identifying=False)

    with acting(cast["vera"]):
        assert account(cast["vera"]) == []


def test_whoever_is_implicated_reads_nothing_of_it_here_either(cast, client_for):
    told_in_an_emergency(cast)
    reported(cast, about=["okafor"])

    _reply, shown = opened(client_for(cast["okafor"]))
    _reply, to_vera = opened(client_for(cast["vera"]))

    assert "Paramedic Ortiz" in shown and "protective" not in shown and "A-17" not in shown
    assert "Adult protective services" in to_vera


@pytest.mark.parametrize("key", ["bea", "marcus", "lin", "hal", "rosa", "maya", "leo"])
def test_nobody_else_opens_it(cast, client_for, key):
    reported(cast)

    assert opened(client_for(cast[key]))[0].status_code in (403, 404)


def test_a_print_leaves_out_what_is_restricted_until_the_privacy_officer_decides_otherwise(cast, client_for):
    told_in_an_emergency(cast)
    reported(cast)
    row = '<tr class="no-print"><th scope="row">Maya Rivera'

    _reply, shown = opened(client_for(cast["vera"]))
    assert row in shown and "left out of this print, whether there is anything or not" in shown
    _reply, chosen = opened(client_for(cast["vera"]), print="restricted")
    assert row not in chosen and "left out of this print" not in chosen and "A-17" in chosen

    with acting(cast["vera"]):
        lines = AuditEvent.objects.filter(verb="disclosure.list").order_by("link")
        assert [line.detail["restricted_in_print"] for line in lines] == [False, True]


def test_a_director_does_not_decide_what_a_print_names(cast, client_for):
    reported(cast)

    reply, _shown = opened(client_for(cast["okafor"]), print="restricted")

    assert reply.status_code == 403
    assert "Let this print name them" not in opened(client_for(cast["okafor"]))[1]


def test_one_patients_account_names_nobody_else_and_the_trail_does_not_tell_of_a_restricted_matter(cast, client_for):
    told_in_an_emergency(cast)
    told_in_an_emergency(cast, "leo")
    reported(cast)
    browser = client_for(cast["vera"])

    of_leo, of_maya = (opened(browser, patient=cast[key].pk)[1] for key in ("leo", "maya"))
    row = '<th scope="row">'
    assert of_leo.count(row) == of_leo.count(f"{row}Leo Castellan") == 1 and "A-17" not in of_leo
    assert of_maya.count(row) == of_maya.count(f"{row}Maya Rivera") == 2 and "A-17" in of_maya

    with acting(cast["vera"]):
        named = set(AuditEvent.objects.filter(verb="disclosure.list").values_list("patient_id", flat=True))
        assert named == {None, cast["leo"].pk}


def test_an_address_that_names_no_patient_leads_nowhere(cast, client_for):
    for wrong in (cast["marcus"].pk, "somebody"):
        assert opened(client_for(cast["vera"]), patient=wrong)[0].status_code == 404


def test_whoever_may_not_read_a_report_sees_the_account_of_somebody_about_whom_nothing_was_noted(cast, client_for):
    reported(cast, about=["okafor"])

    of_maya, of_theo = (opened(client_for(cast["okafor"]), patient=cast[key].pk) for key in ("maya", "theo"))

    assert of_maya[0].status_code == of_theo[0].status_code == 200
    assert "Nothing noted" in of_maya[1] and "Nothing noted" in of_theo[1]


def test_a_print_with_all_of_it_left_out_is_that_of_a_patient_about_whom_nothing_was_noted(cast, client_for):
    reported(cast)
    browser = client_for(cast["vera"])

    of_maya, of_theo = (opened(browser, patient=cast[key].pk)[1] for key in ("maya", "theo"))
    assert '<p class="print-only">Nothing noted</p>' in of_maya and 'class="table-wrap no-print"' in of_maya
    assert "Nothing noted" in of_theo
    assert '<p class="print-only">' not in opened(browser, patient=cast["maya"].pk, print="restricted")[1].replace(
        '<p class="print-only">Printed', ""
    )


def test_where_nothing_was_noted_the_page_says_where_it_would_be(cast, client_for):
    reply, shown = opened(client_for(cast["vera"]))

    assert reply.status_code == 200 and "Nothing noted" in shown and "a report on its restricted sheet" in shown
