"""Pictures for a board: looked at, made small, and made anew, so that nothing but the picture is kept of a file."""

from __future__ import annotations

import io
import warnings
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps

from openiop.people.access import Actor
from openiop.people.models import Person
from openiop.room.boards import keeping, rights
from openiop.room.boards.models import BoardImage

LARGEST_FILE = 8 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1600
MOST_PICTURES = 40
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


class NotAPicture(Exception):
    """What was sent cannot be a picture on a board; `reason`: "too_large", "not_a_picture" or "too_many"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def keep(board_id: Any, sent: UploadedFile, *, by: Actor, at: datetime) -> BoardImage:
    """Keep a picture for this board and return it. Raises Http404, keeping.Refused or NotAPicture."""
    board = keeping.held(board_id)
    if rights.level(board, by, at=at) == "viewer":
        raise keeping.Refused("read_only")
    if (sent.size or 0) > LARGEST_FILE:
        raise NotAPicture("too_large")
    if board.images.count() >= MOST_PICTURES:
        raise NotAPicture("too_many")
    kind, data = made_anew(sent.read())
    author = by if isinstance(by, Person) else None
    return BoardImage.objects.create(clinic_id=board.clinic_id, board=board, by=author, at=at, kind=kind, data=data)


def made_anew(data: bytes) -> tuple[str, bytes]:
    """Return type and bytes of the picture, drawn again from its dots: no place, no camera, no text comes along.

    Raises NotAPicture.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as found:
                if found.width * found.height > MOST_PIXELS:
                    raise NotAPicture("too_large")
                picture: Image.Image = ImageOps.exif_transpose(found)
                picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                clear = picture.has_transparency_data
                picture = picture.convert("RGBA" if clear else "RGB")
    except NotAPicture:
        raise
    except Exception:
        # Pillow raises a dozen kinds for broken files, and their words may quote them.
        raise NotAPicture("not_a_picture") from None
    out = io.BytesIO()
    if clear:
        picture.save(out, "PNG", optimize=True)
        return "image/png", out.getvalue()
    picture.save(out, "JPEG", quality=85)
    return "image/jpeg", out.getvalue()
