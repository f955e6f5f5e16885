"""Letting the readers of a restricted flag know that something waits, in words that say nothing of it."""

from openiop.demo import world
from openiop.messaging.models import Delivery
from openiop.people.access import acting
from openiop.people.models import Person
from openiop.safety import jobs
from openiop.safety.models import RestrictedFlag, implicate, raise_restricted

NOW = world.NOW


def raised(by, kind, **more):
    with acting(by):
        patient = world.cast()["maya"]
        return raise_restricted(kind=kind, words="He said so.", by=by, at=NOW, patient=patient, **more)


def test_the_worker_lets_its_readers_know_once_and_says_nothing_of_it(committed, worker):
    cast = world.cast()
    raised(cast["maya"], "grievance", about=[cast["okafor"]])
    raised(cast["marcus"], "child_abuse")
    with worker():
        assert [jobs.tell_readers(NOW), jobs.tell_readers(NOW)] == [2, 0]

    with acting(cast["vera"]):
        sent = list(Delivery.objects.order_by("made_at").values_list("to__given_name", "subject", "body", "because"))
    assert sorted(who for who, *_words in sent) == ["Ada", "Vera", "Vera"]
    for _who, *words in sent:
        assert not {"maya", "abuse", "flag", "restricted", "grievance"} & set(" ".join(words).lower().split())


def test_where_nobody_could_be_written_to_it_waits_for_whoever_may_read_it_one_day(committed, worker):
    cast = world.cast()
    flag = raised(cast["maya"], "grievance", about=[cast["okafor"], cast["vera"]])
    for key in ("bea", "marcus"):
        with acting(cast[key]):
            implicate(flag, person=cast[key], by=cast[key], at=NOW)
    with worker():
        assert jobs.tell_readers(NOW) == 0
    with acting(cast["maya"]):
        assert RestrictedFlag.objects.get().let_know_at is None

    with acting(cast["okafor"]):
        Person.objects.filter(pk=cast["lin"].pk).update(roles=["intake", "privacy"])
    with worker():
        assert jobs.tell_readers(NOW) == 1
