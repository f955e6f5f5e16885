"""The agenda and the card in the protocol's words, as one viewer may know them."""

from __future__ import annotations

from openiop.room import protocol
from openiop.room.cards import showing
from openiop.room.cards.library import all_cards
from openiop.room.cards.models import KeptCard
from openiop.room.models import Seat, SeatState, in_treatment
from openiop.schedule.models import Block, CareSession


def card_for(seat: Seat) -> protocol.CardNow | None:
    """Return the card that is shown, in the reader's language; none for whoever waits or is outside the group."""
    if seat.state != SeatState.ADMITTED or not in_treatment(seat.place):
        return None
    shown = showing.shown_in(seat.session)
    card = all_cards().get(shown.code) if shown else None
    if shown is None or card is None:
        return None
    words = card.read_in(seat.person.language if seat.person else "en")
    kept = seat.role == "patient" and KeptCard.objects.filter(patient=seat.person_id, code=card.code).exists()
    return protocol.CardNow(
        id=shown.pk,
        card=card.code,
        title=words.title,
        why=words.why,
        steps=list(words.steps),
        care=words.care,
        source=card.source,
        kept=kept,
    )


def agenda_for(session: CareSession, here: Block | None) -> list[protocol.AgendaBlock]:
    """The session's blocks for those who lead, with the one the group is at marked."""
    return [
        protocol.AgendaBlock(
            block=block.pk,
            title=block.title,
            begins_at=block.begins_at,
            ends_at=block.ends_at,
            now=here is not None and here.pk == block.pk,
        )
        for block in session.blocks.all()
    ]
