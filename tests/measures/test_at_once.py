"""Answers that arrive at the same moment: none is kept twice, none is missed."""

import threading
from uuid import uuid4

from django.db import connections

from openiop.demo import world
from openiop.measures import answering
from openiop.measures.models import Answer, Response
from openiop.people.access import acting
from openiop.safety.models import Flag

DAY = world.NOW.astimezone(world.ZONE).date()


def together(*functions):
    faults = []

    def one(function):
        try:
            function()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


def say(person, item, value, key=None):
    with acting(person):
        answering.answer(
            person,
            instrument=answering.newest("phq9"),
            for_day=DAY,
            item=item,
            value=value,
            key=key or uuid4(),
            answered_at=world.NOW,
            at=world.NOW,
        )


def test_one_answer_sent_by_two_tabs_at_once_is_kept_once_and_told_once(committed):
    maya, key = world.cast()["maya"], uuid4()

    together(*[lambda: say(maya, "phq9_9", 1, key)] * 4)

    with acting(maya):
        assert Answer.objects.filter(key=key).count() == 1
        assert Flag.objects.filter(key=f"answer-{key}").count() == 1


def test_the_last_answers_arriving_together_still_make_a_total(committed):
    maya = world.cast()["maya"]

    together(*[lambda n=n: say(maya, f"phq9_{n}", 1) for n in range(1, 10)])

    with acting(maya):
        assert Response.objects.get(instrument="phq9", for_day=DAY).total == 9
