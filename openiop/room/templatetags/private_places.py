"""Questions to a clinician who does not lead, on the rail: it is on every page of theirs, and keeps still."""

from django import template
from django.utils import timezone

from openiop.people.models import Person
from openiop.room.leading import calling

register = template.Library()


@register.simple_tag
def private_places(person: Person) -> list[calling.Card]:
    return calling.cards_for(person, at=timezone.now()) if person.is_clinician else []
