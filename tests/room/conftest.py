"""What tests of a patient's supporter share: the meeting to which they come."""

import pytest

from tests.room.family import family_meeting


@pytest.fixture
def meeting(cast, clock):
    return family_meeting(cast)
