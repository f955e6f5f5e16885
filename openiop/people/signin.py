"""How allauth works here: nobody registers themselves; staff are invited, patients are enrolled."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from openiop.people import access


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MFAAdapter(DefaultMFAAdapter):
    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": self.request.get_host().partition(":")[0], "name": "OpenIOP"}

    def _get_site_name(self) -> str:
        return "OpenIOP"

    def get_user_display(self, user: Any) -> str:
        person = access.person_of(user.pk)
        return person.called if person else ""
