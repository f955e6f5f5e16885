"""What a browser says about itself when it asks to be notified."""

import base64
import binascii
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.messaging import push
from openiop.messaging.models import PushSubscription

UNKNOWN = _("This browser uses a push service that the clinic does not allow.")


class BrowserForm(forms.ModelForm):
    name = forms.CharField(label=_("What is this device called?"), max_length=60)
    endpoint = forms.CharField(widget=forms.HiddenInput, max_length=1000)
    p256dh = forms.CharField(widget=forms.HiddenInput, max_length=200)
    auth = forms.CharField(widget=forms.HiddenInput, max_length=100)

    class Meta:
        model = PushSubscription
        fields = ["name", "endpoint", "p256dh", "auth"]

    def clean_endpoint(self) -> str:
        endpoint = str(self.cleaned_data["endpoint"])
        if not push.is_allowed(endpoint):
            raise forms.ValidationError(UNKNOWN)
        return endpoint

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if "p256dh" in found and "auth" in found and not _are_keys(found["p256dh"], found["auth"]):
            raise forms.ValidationError(_("This browser’s keys could not be read. Please try again."))
        return found


def _are_keys(p256dh: str, auth: str) -> bool:
    """A point on the curve and sixteen bytes: anything else would fail at the moment it is needed."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(p256dh))
        return len(_bytes(auth)) == 16
    except (ValueError, binascii.Error):
        return False


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
