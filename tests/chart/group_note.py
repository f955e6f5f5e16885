"""Writing the group's note in a test: by its verbs, and as a page that somebody has open."""

import re
from datetime import timedelta
from uuid import uuid4

from django.urls import reverse

from openiop.chart import evening, signing, writing
from openiop.chart.models import GroupNote, NotePart, Participation, Progress, Risk
from openiop.schedule.models import RosterEntry

GROUP = {"topic": "Opposite action", "intervention": "DBT skills in pairs", "present": "6", "place": "Room 2"}
WORDS = {
    "risk": Risk.NONE.value,
    "participation": Participation.ACTIVE.value,
    "affect": "Calm, full range",
    "progress": Progress.SOME.value,
    "next_step": "Practise before sleep",
}


def entry_of(session, patient):
    return str(RosterEntry.objects.get(session=session, patient=patient).pk)


def parts_of(session):
    return NotePart.objects.filter(note__session=session)


def part_of(session, patient):
    return parts_of(session).get(patient=patient)


def goals_of(patient):
    return [goal.text for goal in writing.goals_by_patient([patient.pk])[patient.pk]]


def texts(session, patient, **words):
    goal = writing.goals_by_patient([patient.pk])[patient.pk][0]
    blank = dict.fromkeys(writing.PART_FIELDS, "")
    own = {"response": f"{patient.called} named one thing that helped", "goal": str(goal.pk)}
    return blank | WORDS | own | words


def write(session, parts, *, by, at, sheet=None, group=GROUP):
    """Save parts as a page that had found them empty would."""
    blank = writing.digest(dict.fromkeys(writing.PART_FIELDS, ""))
    sent = {key: writing.Sent(words, blank, blank) for key, words in parts.items()}
    if group is not None:
        empty = writing.digest(dict.fromkeys(writing.GROUP_FIELDS, ""))
        sent[writing.GROUP] = writing.Sent(dict.fromkeys(writing.GROUP_FIELDS, "") | group, empty, empty)
    return writing.save(session, sheet=sheet or uuid4(), sent=sent, by=by, at=at)


def lacks_of(session, patient, *, by, at):
    note = GroupNote.objects.filter(session=session).first()
    _group, found = signing.check(session, note, evening.of(session, person=by, at=at), by=by)
    return [lack.code for one in found if one.expected.patient == patient for lack in one.lacks]


def signed_part(session, cast, key="maya"):
    bea, at = cast["bea"], session.ends_at + timedelta(minutes=2)
    write(session, {entry_of(session, cast[key]): texts(session, cast[key])}, by=bea, at=at)
    signing.sign(session, by=bea, at=at)
    return part_of(session, cast[key])


class Page:
    """The note as one person has it open: its fields as the browser holds them."""

    def __init__(self, client, session):
        self.client, self.session = client, session
        self.load()

    def load(self):
        self.html = self.client.get(reverse("note", args=[self.session.pk])).content.decode()
        form = self.html[self.html.index("data-autosave") :]
        self.fields = dict(re.findall(r'<input[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"', form))
        self.fields |= dict(re.findall(r'<textarea[^>]*?name="([^"]+)"[^>]*>([^<]*)</textarea>', form))
        for name, body in re.findall(r'<select[^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
            chosen = re.search(r'<option value="([^"]*)" selected', body)
            self.fields[name] = chosen.group(1) if chosen else ""
        for name in re.findall(r'<input type="text"[^>]*?name="([^"]+)"', form):
            self.fields.setdefault(name, "")

    def type(self, key, **words):
        self.fields |= {f"{key}-{name}": value for name, value in words.items()}

    def post(self, view, **more):
        return self.client.post(reverse(view, args=[self.session.pk]), self.fields | more)

    def autosave(self):
        reply = self.client.post(
            reverse("note-part", args=[self.session.pk]),
            self.fields,
            headers={"HX-Request": "true", "X-Autosave": "true"},
        )
        assert reply.status_code == 200
        return reply

    def checks(self):
        url = reverse("note", args=[self.session.pk])
        return self.client.get(url, headers={"HX-Request": "true"}).content.decode()

    def sign(self):
        return self.post("note-sign")
