"""Boards expire after the clinic's own days: whole, told, in the trail, and never what was filed."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404

from openiop.audit.models import AuditEvent
from openiop.chart.models import FiledPaper
from openiop.demo import world
from openiop.people import access
from openiop.people.access import acting
from openiop.room import jobs
from openiop.room.boards import expiry, keeping
from openiop.room.boards.drawing import Drawing
from openiop.room.boards.models import Board, BoardHold, BoardPolicy, BoardUpdate
from openiop.schedule.models import CareSession
from tests.conftest import browser_of
from tests.room.boards.conftest import open_board, shape, sit, tonight
from tests.safety.conftest import worker  # noqa: F401 (fixture)

AFTER_TEN_DAYS = world.NOW + timedelta(days=11)


@pytest.fixture
def cast(committed, clock):
    return world.cast()


@pytest.fixture
def work(worker):  # noqa: F811
    """The job, as the worker's own role runs it, in transactions that commit."""

    def run(at):
        with worker():
            return jobs.expire_boards(int(at.timestamp()))

    return run


@pytest.fixture
def evening(cast):
    session = tonight(cast["bea"])
    board = open_board(session, by=cast["bea"])
    sit(cast["sam"], session, by=cast["bea"])
    with acting(cast["bea"]):
        keeping.keep(board.pk, Drawing().write([shape("a", type="text", text="A walk")]), by=cast["bea"], at=world.NOW)
    return session, board


def days(cast, number):
    with acting(cast["okafor"]):
        clinic = {"clinic_id": cast["okafor"].clinic_id}
        return BoardPolicy.objects.update_or_create(**clinic, defaults={"keep_days": number})[0]


def standing(cast, board):
    with acting(cast["bea"]):
        return Board.objects.standing().filter(pk=board.pk).exists(), BoardUpdate.objects.filter(board=board).count()


def trail_of(cast, verb):
    with acting(cast["vera"]):
        return [event.detail for event in AuditEvent.objects.filter(verb=verb)]


@pytest.mark.parametrize(
    ("keep_days", "held_until", "ends"),
    [
        pytest.param(None, None, None, id="no clinic has days that it did not set"),
        pytest.param(None, date(2026, 5, 1), None, id="what never expires is not held either"),
        pytest.param(10, None, date(2026, 3, 14), id="the clinic's days after the last evening"),
        pytest.param(10, date(2026, 5, 1), date(2026, 5, 1), id="kept longer"),
        pytest.param(10, date(2026, 3, 6), date(2026, 3, 14), id="a hold never shortens"),
    ],
)
def test_the_last_day(keep_days, held_until, ends):
    found = expiry.last_day(last_open_on=date(2026, 3, 4), keep_days=keep_days, held_until=held_until)

    assert found == ends


def test_without_the_clinics_days_nothing_ever_expires(evening, cast, work):
    assert work(world.NOW + timedelta(days=3000)) == 0
    assert standing(cast, evening[1]) == (True, 1)


def test_a_board_goes_when_its_last_day_is_over_and_the_trail_says_so_without_a_word_of_it(evening, cast, work):
    _session, board = evening
    days(cast, 10)

    assert work(world.NOW + timedelta(days=10)) == 0
    assert standing(cast, board) == (True, 1)
    assert work(AFTER_TEN_DAYS) == 1
    assert standing(cast, board) == (False, 0)
    assert work(AFTER_TEN_DAYS) == 0
    (told,) = trail_of(cast, "board.expire")
    assert told == {"days": 10, "until": "2026-12-04"}
    with acting(cast["bea"]):
        gone = Board.objects.get(pk=board.pk)
        assert (gone.destroyed_at, gone.destroyed_by, gone.size) == (AFTER_TEN_DAYS.replace(microsecond=0), None, 0)


def test_a_board_that_went_on_to_a_later_evening_counts_from_there(evening, cast, work):
    session, board = evening
    days(cast, 10)
    with acting(cast["bea"]):
        later = CareSession.objects.filter(series=session.series, during__startswith__gt=session.ends_at).in_order()
        following = later.filter(during__startswith__gt=session.begins_at + timedelta(days=6)).first()
        Board.lay_out(following, at=following.begins_at)

    assert work(AFTER_TEN_DAYS) == 0
    assert standing(cast, board) == (True, 1)


def test_what_was_filed_stays_in_the_chart(evening, cast, work):
    _session, board = evening
    days(cast, 10)
    assert browser_of(cast["bea"]).post(f"/boards/{board.pk}/filing", {"patients": [cast["sam"].pk]}).status_code == 302

    work(AFTER_TEN_DAYS)

    with acting(cast["bea"]):
        (kept,) = FiledPaper.objects.filter(patient=cast["sam"])
    assert kept.text == "A walk" and bytes(kept.pdf).startswith(b"%PDF")


def test_a_facilitator_keeps_a_board_longer_with_a_reason_and_the_page_says_until_when(evening, cast, work):
    session, board = evening
    days(cast, 10)
    bea, sam = browser_of(cast["bea"]), browser_of(cast["sam"])
    assert "Dec. 4, 2026" in bea.get(f"/sessions/{session.pk}/boards").content.decode()
    assert "Dec. 4, 2026" in sam.get(f"/boards/{board.pk}").content.decode()

    held = bea.post(f"/boards/{board.pk}/hold", {"until": "2027-01-15", "reason": "The values are not done"})

    assert held.status_code == 302
    page = bea.get(f"/sessions/{session.pk}/boards").content.decode()
    assert "Jan. 15, 2027" in page and "The values are not done" in page
    patients = sam.get(f"/boards/{board.pk}").content.decode()
    assert "Jan. 15, 2027" in patients and "The values are not done" not in patients
    assert work(AFTER_TEN_DAYS) == 0
    assert work(world.NOW + timedelta(days=70)) == 1
    assert trail_of(cast, "board.hold") == [{"until": "2027-01-15"}], "the reason may name somebody"
    with acting(cast["bea"]):
        assert not BoardHold.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"until": "2026-12-04", "reason": "x"}, id="no later than it is kept anyway"),
        pytest.param({"until": "2028-06-01", "reason": "x"}, id="further away than a year"),
        pytest.param({"until": "2027-01-15", "reason": " "}, id="no reason"),
        pytest.param({"until": "soon", "reason": "x"}, id="no day"),
    ],
)
def test_a_hold_without_a_reason_or_a_later_day_is_refused(evening, cast, form):
    _session, board = evening
    days(cast, 10)

    assert browser_of(cast["bea"]).post(f"/boards/{board.pk}/hold", form).status_code == 422
    with acting(cast["bea"]):
        assert not BoardHold.objects.exists()


def test_nobody_who_does_not_lead_keeps_a_board_and_nobody_but_a_director_sets_the_days(evening, cast):
    _session, board = evening
    form = {"until": "2027-01-15", "reason": "x"}
    assert browser_of(cast["bea"]).get(f"/boards/{board.pk}/hold").status_code == 404, "there is no end to move"
    days(cast, 10)

    for who in ("sam", "leo", "hal", "rosa", "okafor"):
        assert browser_of(cast[who]).post(f"/boards/{board.pk}/hold", form).status_code in (403, 404), who
    for who in ("sam", "okafor"):
        with pytest.raises((PermissionDenied, Http404)), acting(cast[who]):
            expiry.hold(board.pk, until=date(2027, 1, 15), reason="x", by=cast[who], at=world.NOW)
    with acting(cast["sam"]):
        assert not BoardHold.objects.exists()
    policy = {"carry_over": "on", "may_file": "on", "may_destroy": "on"}
    assert browser_of(cast["bea"]).post("/clinic/boards", {**policy, "keep_days": "1"}).status_code == 403
    assert browser_of(cast["okafor"]).post("/clinic/boards", {**policy, "keep_days": "0"}).status_code == 422
    assert browser_of(cast["okafor"]).post("/clinic/boards", {**policy, "keep_days": "60"}).status_code == 302


def test_the_database_knows_no_days_of_nought(evening, cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        days(cast, 0)


class Killed(BaseException):
    """The worker is gone: nothing of its own code runs any more."""


def test_a_worker_killed_midway_leaves_no_half_destroyed_board_and_the_next_run_goes_on(
    evening, cast, work, monkeypatch
):
    session, group = evening
    days(cast, 10)
    with acting(cast["bea"]):
        other = Board.objects.create(
            clinic_id=session.clinic_id, session=session, place="breakout:1", opened_at=world.NOW
        )
        keeping.append(keeping.held(other.pk), Drawing().write([shape("b")]), by=cast["bea"])
    took, gone = keeping.take_away, []

    def killed_at_the_second(board, **how):
        took(board, **how)
        gone.append(board.pk)
        if len(gone) == 2:
            raise Killed

    monkeypatch.setattr(keeping, "take_away", killed_at_the_second)
    with pytest.raises(Killed):
        work(AFTER_TEN_DAYS)

    states = sorted(standing(cast, board) for board in (group, other))
    assert states == [(False, 0), (True, 1)], "one is gone for good, the other is whole"
    assert len(trail_of(cast, "board.expire")) == 1
    monkeypatch.setattr(keeping, "take_away", took)
    assert work(AFTER_TEN_DAYS) == 1
    assert [standing(cast, board) for board in (group, other)] == [(False, 0), (False, 0)]


def test_what_fails_in_one_clinic_keeps_no_board_of_the_next(evening, cast, work, monkeypatch):
    days(cast, 10)
    expire_old, asked = expiry.expire_old, []

    def first_fails(clinic_id, *, at):
        asked.append(clinic_id)
        if len(asked) == 1:
            raise ValueError("spoilt")
        return expire_old(clinic_id, at=at)

    monkeypatch.setattr(expiry, "expire_old", first_fails)
    monkeypatch.setattr(access, "all_clinics", lambda: [cast["bea"].clinic] * 2)

    assert work(AFTER_TEN_DAYS) == 1
    assert standing(cast, evening[1]) == (False, 0)


def test_one_board_that_cannot_be_destroyed_keeps_no_other(evening, cast, work, monkeypatch):
    session, group = evening
    days(cast, 10)
    with acting(cast["bea"]):
        other = Board.objects.create(
            clinic_id=session.clinic_id, session=session, place="breakout:1", opened_at=world.NOW + timedelta(minutes=1)
        )
    took = keeping.take_away

    def not_this_one(board, **how):
        if board.pk == group.pk:
            raise ValueError("spoilt")
        took(board, **how)

    monkeypatch.setattr(keeping, "take_away", not_this_one)

    assert work(AFTER_TEN_DAYS) == 1
    assert standing(cast, group) == (True, 1)
    assert standing(cast, other) == (False, 0)
