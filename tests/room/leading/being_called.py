"""What a test of calling a clinician says and reads: they come, connect, and what each person is shown."""

from datetime import timedelta
from uuid import uuid4

from openiop.demo import world
from openiop.people.access import acting
from openiop.room import messages, state
from openiop.room.leading import calling
from openiop.room.leading.models import AsideAsk
from openiop.room.models import Seat
from openiop.safety import ladder
from openiop.safety.models import raise_flag
from tests.room.leading.test_asides import ask
from tests.room.leading.test_floor import mine, room_of
from tests.room.test_admission import tonight

NOW = world.NOW
LATE = NOW + timedelta(minutes=2)


def come(cast, question, *, by="okafor", at=NOW):
    with acting(cast[by]):
        return calling.come(tonight(cast[by]), question.pk, by=cast[by], at=at)


def connect(cast, who="okafor", *, at=NOW):
    """Their tab, with sound and picture, wherever the room lets it be."""
    with acting(cast[who]):
        line = uuid4()
        messages.sit_down(
            None, cast[who], at, connection=uuid4(), line=line, session_id=tonight(cast[who]).pk, locked=False
        )
        seat = mine(cast[who])
        messages.keep_media(seat, cast[who], at, line=line, place=seat.place, kept={"feed": "f", "published": True})
        return mine(cast[who])


def with_sam(cast, group, *, by="bea"):
    """Ada was asked, said that she comes, and is there with Sam."""
    question = ask(cast, group["sam"], whom="okafor", by=by)
    come(cast, question)
    connect(cast)
    return question


def again(cast, question):
    with acting(cast["bea"]):
        return AsideAsk.objects.get(pk=question.pk)


def seat_of(cast, who):
    with acting(cast["bea"]):
        return Seat.objects.get(session=tonight(cast["bea"]), person=cast[who])


def words(cast, who="bea", *, at=NOW):
    return [(row.whom_name, row.word) for row in room_of(cast[who], at=at).lead.asides]


def company(cast, who="sam", *, at=NOW):
    with acting(cast[who]):
        found = state.room_for(mine(cast[who]), at=at).company
        return found and (found.word, found.by, found.name)


def still_here(cast, *who, at):
    with acting(cast["bea"]):
        Seat.objects.filter(person__in=[cast[key] for key in who]).update(online=True, seen_at=at)


def desk(client_for, person):
    return client_for(person).get("/rail", headers={"HX-Request": "true"}).content.decode()


def flagged(cast, who, evidence, value, **more):
    with acting(cast["okafor"]):
        raise_flag(
            cast[who],
            key=f"watch {who}",
            evidence=ladder.Evidence(evidence, value),
            label="Asked for",
            value="by the test",
            at=NOW,
            **more,
        )
