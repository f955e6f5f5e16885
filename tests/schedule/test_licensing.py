from datetime import UTC, date, datetime, timedelta

import pytest

from openiop.schedule.licensing import (
    COVERED,
    NOBODY_LICENSED_THERE,
    PLACE_UNKNOWN,
    STATES,
    Licence,
    UnknownState,
    covering,
    decide,
    may_treat,
)

AT = datetime(2026, 3, 16, 22, 0, tzinfo=UTC)
NEW_YORK = Licence("NY", datetime(2020, 1, 1, tzinfo=UTC))
NEW_JERSEY = Licence("NJ", datetime(2020, 1, 1, tzinfo=UTC), authority="PSYPACT")


def test_a_person_in_the_state_of_the_licence_may_be_treated():
    assert may_treat([NEW_YORK], state="NY", at=AT)


def test_a_person_across_the_border_may_not():
    assert not may_treat([NEW_YORK], state="NJ", at=AT)


def test_a_compact_counts_as_a_licence_in_its_state():
    assert may_treat([NEW_YORK, NEW_JERSEY], state="NJ", at=AT)


@pytest.mark.parametrize("state", [None, ""])
def test_where_nobody_knows_the_place_there_is_contact_only(state):
    assert not may_treat([NEW_YORK], state=state, at=AT)
    assert decide({"Bea": [NEW_YORK]}, state=state, at=AT) == (False, (), PLACE_UNKNOWN)


def test_a_licence_holds_to_the_last_evening_of_its_last_day():
    licence = Licence.from_days("NY", first_on=date(2026, 1, 1), last_on=date(2026, 3, 16), zone="America/New_York")
    last_evening = datetime(2026, 3, 17, 3, 59, tzinfo=UTC)

    assert may_treat([licence], state="NY", at=last_evening)
    assert not may_treat([licence], state="NY", at=last_evening + timedelta(minutes=1))
    assert not may_treat([licence], state="NY", at=datetime(2026, 1, 1, 4, 59, tzinfo=UTC))


def test_a_licence_without_a_known_end_goes_on():
    licence = Licence.from_days("NY", first_on=date(2026, 1, 1), last_on=None, zone="America/New_York")

    assert may_treat([licence], state="NY", at=AT + timedelta(days=3650))


def test_those_who_may_treat_are_named():
    clinicians = {"Bea": [NEW_YORK], "Marcus": [NEW_YORK, NEW_JERSEY], "Lin": []}

    assert covering(clinicians, state="NY", at=AT) == ("Bea", "Marcus")
    assert decide(clinicians, state="NJ", at=AT) == (True, ("Marcus",), COVERED)
    assert decide(clinicians, state="CT", at=AT) == (False, (), NOBODY_LICENSED_THERE)


@pytest.mark.parametrize("state", ["XX", "ny", "New York"])
def test_a_state_that_does_not_exist_is_refused_rather_than_unlicensed(state):
    with pytest.raises(UnknownState):
        may_treat([NEW_YORK], state=state, at=AT)


def test_a_licence_of_a_state_that_does_not_exist_is_refused():
    with pytest.raises(UnknownState):
        may_treat([NEW_YORK._replace(state="New York")], state="NY", at=AT)


def test_the_list_has_fifty_states_the_district_and_five_territories():
    assert len(STATES) == 56
