"""A case as it went: in order, with who and how long after, for clinicians alone."""

from datetime import timedelta

import pytest
from django.urls import reverse

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import ladder
from openiop.safety.models import HARMED, Case, Flag, acknowledge, assess, close, log_contact, raise_flag, write_plan
from openiop.safety.report import timeline

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW


def after(minutes):
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def case(cast):
    """Not safe at 0; taken at 1, tried at 4, reached at 14 (four minutes late), assessed, planned, closed at 40."""
    maya, marcus = cast["maya"], cast["marcus"]
    with acting(maya):
        raise_flag(maya, key="a", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)
        found = Case.objects.open().get(patient=maya)
    with acting(marcus):
        acknowledge(found, by=marcus, at=after(1))
        log_contact(found, how="phone", reached=False, note="", by=marcus, at=after(4))
        log_contact(found, how="phone", reached=True, note="She is at home.", by=marcus, at=after(14))
        assess(maya, level=2, plan="Her brother stays.", by=marcus, at=after(20))
        write_plan(maya, parts={"by_myself": "Walk"}, by=marcus, at=after(30))
        close(found, disposition="safe_with_plan", note="Safe tonight.", by=marcus, at=after(40))
    return found


def text(response):
    return " ".join(response.content.decode().split())


def test_everything_that_was_done_stands_in_order_with_its_minute_and_who(cast, case):
    with acting(cast["marcus"]):
        events = timeline(Case.objects.get(pk=case.pk), reader=cast["marcus"])

    found = [(event.minutes, event.what, event.who) for event in events]
    assert found == [
        (0, "Evidence: Safe?", ""),
        (0, "Paged", "Marcus Reyes"),
        (1, "Taken", "Marcus Reyes"),
        (4, "Tried, not reached", "Marcus Reyes"),
        (10, "Due: somebody has reached the person", ""),
        (14, "Reached", "Marcus Reyes"),
        (20, "Risk assessed", "Marcus Reyes"),
        (30, "Safety plan written", "Marcus Reyes"),
        (40, "Closed", "Marcus Reyes"),
    ]
    assert events[5].detail == "by telephone · She is at home."


def test_a_clock_that_was_kept_is_no_line_and_one_that_ran_out_is(cast):
    with acting(cast["theo"]):
        raise_flag(cast["theo"], key="b", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)
    with acting(cast["marcus"]):
        case = Case.objects.open().get(patient=cast["theo"])
        clocks = [event.what for event in timeline(case, reader=cast["marcus"]) if event.is_clock]
        assert clocks == ["Due: somebody takes it", "Due: somebody has reached the person"]

        acknowledge(case, by=cast["marcus"], at=after(1))
        log_contact(case, how="phone", reached=True, note="", by=cast["marcus"], at=after(2))
        assert not [event for event in timeline(Case.objects.get(pk=case.pk), reader=cast["marcus"]) if event.is_clock]


def test_who_looked_stands_in_it_once_from_the_trail(cast, client_for):
    with acting(cast["theo"]):
        raise_flag(cast["theo"], key="b", evidence=ladder.Evidence("safe_now", "no"), label="Safe?", value="No", at=NOW)
        case = Case.objects.open().get(patient=cast["theo"])
    client = client_for(cast["bea"])
    for _again in range(2):
        client.get(reverse("case", args=[case.pk]))

    with acting(cast["marcus"]):
        seen = [event.who for event in timeline(case, reader=cast["marcus"]) if event.what == "Seen"]
    assert seen == ["Bea Lindqvist"]


def test_what_was_said_in_private_is_not_printed(cast, client_for):
    with acting(cast["maya"]):
        flag = raise_flag(
            cast["maya"], key="h", evidence=ladder.Evidence("safe_now", "no"), label="Hurt?", value="by him", at=NOW
        )
        Flag.objects.bulk_create([private(flag)])

    shown = text(client_for(cast["marcus"]).get(reverse("case-report", args=[flag.case_id])))

    assert "a private matter" in shown
    assert "secret words" not in shown


def private(flag):
    return Flag(
        clinic_id=flag.clinic_id,
        case=flag.case,
        patient=flag.patient,
        key="p",
        tier=2,
        label="x",
        value="secret words",
        kind=HARMED,
        raised_at=NOW,
    )


def test_it_is_read_and_printed_by_clinicians_and_nobody_else(cast, client_for, case):
    client = client_for(cast["bea"])
    assert "She is at home." in text(client.get(reverse("case-report", args=[case.pk])))
    paper = client.get(reverse("case-paper", args=[case.pk]))
    assert paper.content.startswith(b"%PDF")
    assert paper["Cache-Control"] == "no-store"

    for key in ("hal", "rosa", "vera", "lin", "maya", "theo"):
        for name in ("case-report", "case-paper"):
            assert client_for(cast[key]).get(reverse(name, args=[case.pk])).status_code == 404, (key, name)
