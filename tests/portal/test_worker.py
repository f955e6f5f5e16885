"""The worker's loops: what one says itself is no news to it, and everything else is."""

import threading

from openiop.portal.management.commands import worker


def loops():
    made = [worker.Loop(name, lambda at: 0, 60, threading.Event()) for name in ("rota", "mail")]
    for number, loop in enumerate(made, start=1):
        loop.speaks_as = number
    return made


def looks(heard):
    rota, mail = loops()
    worker._tell([rota, mail], **({} if heard is None else {"said_by": heard}))
    return rota.something_happened.is_set(), mail.something_happened.is_set()


def test_a_loop_does_not_look_again_because_of_its_own_word():
    assert looks({1}) == (False, True)


def test_every_loop_looks_when_somebody_else_speaks_too():
    assert looks({1, 2}) == (True, True)
    assert looks({7}) == (True, True)


def test_every_loop_looks_once_the_ear_hears_again():
    assert looks(None) == (True, True)
