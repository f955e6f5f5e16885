"""The rooms of a site, and what was typed in vain at its kiosk."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from openiop.people.models import Device, Row, Site


class Room(Row):
    """A room at a site. Not the live room: that is `room`.

    `device` is the camera and microphone that stand in it; the database refuses one of another site. It may join the
    sessions held in this room and no others.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="rooms", verbose_name=_("Site"))
    name = models.TextField(_("Name"))
    seats = models.PositiveSmallIntegerField(_("Seats"))
    device = models.OneToOneField(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.name}, {self.site.name}"


class KioskTry(Row):
    """Somebody typed at a kiosk what fitted nobody. Counted for each device, so that guessing gets slower and slower.

    Holds nothing of what was typed.
    """

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["device", "at"], name="kiosk_tries")]
