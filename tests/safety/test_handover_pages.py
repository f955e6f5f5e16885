"""The list of a hand-over: on the rail of every desk, whole on its own page, and for nobody but clinicians."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from openiop.demo import world
from openiop.people.access import acting
from openiop.safety import ladder
from openiop.safety.models import (
    HARMED,
    Case,
    HandOverEnd,
    RestrictedFlag,
    acknowledge,
    hand_over_mine,
    raise_flag,
    raise_restricted,
    say_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOW = world.NOW


def text(response):
    return " ".join(response.content.decode().split())


def flag(patient, *, key="k", kind="", label="Safe?"):
    with acting(patient):
        evidence = ladder.Evidence("safe_now", "no")
        raise_flag(patient, key=key, evidence=evidence, label=label, value="No", at=timezone.now(), kind=kind)
        return Case.objects.open().get(patient=patient)


@pytest.fixture
def row(cast):
    """Marcus goes, and has Maya's case. Ada, on call, has not taken over yet."""
    case = flag(cast["maya"])
    with acting(cast["marcus"]):
        acknowledge(case, by=cast["marcus"], at=NOW)
        return hand_over_mine(by=cast["marcus"], to=None, key="s", at=NOW)


def taken_by_marcus(cast, key):
    case = flag(cast[key], label="Right now?")
    with acting(cast["marcus"]):
        acknowledge(case, by=cast["marcus"], at=timezone.now())


def rail(client):
    return text(client.get(reverse("rail"), headers={"HX-Request": "true"}))


def shown_of(page):
    return page.partition('name="shown" value="')[2].partition('"')[0]


def test_it_stands_on_every_clinicians_desk_and_says_who_is_responsible(cast, client_for, row):
    assert "You stay responsible until it is taken over." in rail(client_for(cast["marcus"]))
    seen = rail(client_for(cast["okafor"]))

    assert "Marcus Reyes stays responsible until it is taken over." in seen
    assert "Marcus Reyes → Ada Okafor" in seen
    assert "I take over" in seen and "I take over" not in rail(client_for(cast["marcus"]))
    assert "Marcus" not in rail(client_for(cast["hal"]))


def test_one_tap_on_the_rail_takes_the_whole_list_over(cast, client_for, row):
    ada = client_for(cast["okafor"])
    shown = shown_of(rail(ada))

    after = text(ada.post(reverse("hand-over-taken", args=[row.pk]), {"shown": shown}, headers={"HX-Request": "true"}))

    assert "I take over" not in after
    assert "Ada took it" in after
    with acting(cast["okafor"]):
        assert HandOverEnd.objects.get().by == cast["okafor"]


def test_what_opened_since_the_page_was_shown_is_told_and_nothing_is_taken_yet(cast, client_for, row):
    ada = client_for(cast["okafor"])
    shown = shown_of(rail(ada))
    taken_by_marcus(cast, "sam")

    for headers in ({"HX-Request": "true"}, {}):
        reply = ada.post(reverse("hand-over-taken", args=[row.pk]), {"shown": shown}, headers=headers)
        assert "Something came onto the list" in text(reply)
        assert "Sam Kessler" in text(reply)
    with acting(cast["okafor"]):
        assert not HandOverEnd.objects.exists()
    page = text(ada.get(reverse("hand-over", args=[row.pk])))
    assert ada.post(reverse("hand-over-taken", args=[row.pk]), {"shown": shown_of(page)}).status_code == 302
    with acting(cast["okafor"]):
        assert HandOverEnd.objects.get().cases.count() == 2


def test_the_list_says_of_each_case_how_grave_who_has_it_what_was_tried_and_what_is_next(cast, client_for, row, clock):
    clock.move_to(NOW + timedelta(minutes=12))
    taken_by_marcus(cast, "sam")

    page = text(client_for(cast["okafor"]).get(reverse("hand-over", args=[row.pk])))

    assert "tier 4 · not assessed yet" in page
    assert "Marcus Reyes has it" in page
    assert "Nobody has tried to reach them yet" in page
    assert "Contact is overdue" in page
    assert page.index("Maya Rivera") < page.index("Sam Kessler")  # what is late comes first


def test_a_line_for_the_one_who_comes_is_kept_and_somebody_is_named(cast, client_for, row):
    marcus, case = client_for(cast["marcus"]), None
    with acting(cast["marcus"]):
        case = Case.objects.get()
    marcus.post(reverse("hand-over-words", args=[row.pk]), {"case": case.pk, "words": "Her sister is with her."})
    marcus.post(reverse("hand-over-words", args=[row.pk]), {"case": "no case", "words": "x"})
    marcus.post(reverse("hand-over-named", args=[row.pk]), {"to": cast["bea"].pk})
    refused = marcus.post(reverse("hand-over-named", args=[row.pk]), {"to": cast["hal"].pk})

    page = text(client_for(cast["bea"]).get(reverse("hand-over", args=[row.pk])))
    assert "“Her sister is with her.”" in page
    assert "Marcus Reyes → Bea Lindqvist" in page
    assert refused.status_code == 422


def test_of_a_restricted_flag_and_of_a_private_matter_nobody_sees_a_word_who_may_not(cast, client_for, row):
    case = flag(cast["leo"], kind=HARMED, label="Harmed by somebody")
    with acting(cast["marcus"]):
        acknowledge(case, by=cast["marcus"], at=NOW)
        say_of(row, case, words="Her brother did it.", by=cast["marcus"], at=NOW)
    with acting(cast["okafor"]):
        raise_restricted(
            kind="child_abuse",
            words="Nobody reads this.",
            patient=cast["maya"],
            state="NY",
            by=cast["okafor"],
            at=NOW,
        )
        assert RestrictedFlag.objects.count() == 1

    bea = text(client_for(cast["bea"]).get(reverse("hand-over", args=[row.pk])))
    ada = text(client_for(cast["okafor"]).get(reverse("hand-over", args=[row.pk])))

    assert "Restricted" not in bea.partition("<main")[2].partition("</main>")[0]
    assert "A private matter" in bea and "Her brother did it" not in bea
    assert "Her brother did it" in ada
    assert "Harmed by somebody" not in bea and "Nobody reads this" not in bea
    assert "Restricted, for you alone" in ada
    assert "Nobody reads this" not in ada


@pytest.mark.parametrize("who", ["hal", "vera", "rosa", "lin", "maya"])
def test_nobody_but_clinicians_opens_or_takes_it(cast, client_for, row, who):
    client = client_for(cast[who])

    for name in ("hand-over", "hand-over-taken", "hand-over-stayed", "hand-over-named", "hand-over-words"):
        method = client.get if name == "hand-over" else client.post
        assert method(reverse(name, args=[row.pk])).status_code in (403, 404)
    assert client.get(reverse("hand-overs")).status_code in (403, 404)
    with acting(cast["okafor"]):
        assert not HandOverEnd.objects.exists()


def test_handing_over_what_one_has_before_the_end_and_what_was_handed_over_stays_to_be_read(cast, client_for, row):
    marcus = client_for(cast["marcus"])
    page = text(marcus.get(reverse("hand-overs")))
    assert "Hand over what I have" in page and "Maya Rivera" in page
    reply = marcus.post(reverse("hand-over-new"), {"key": "once", "to": cast["bea"].pk})
    assert reply.headers["Location"] == reverse("hand-over", args=[row.pk])  # it waits already, and Bea is asked
    ada = client_for(cast["okafor"])
    assert "Note that I have nothing" in text(ada.get(reverse("hand-overs")))

    ada.post(reverse("hand-over-taken", args=[row.pk]), {"shown": shown_of(text(ada.get(f"/hand-overs/{row.pk}")))})

    assert "Taken over" in text(ada.get(reverse("hand-over", args=[row.pk])))
    assert ada.post(reverse("hand-over-taken", args=[row.pk]), {"shown": "x"}).status_code == 302
