from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "openiop.people"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_removed
        from django.contrib.auth.signals import user_logged_in

        from openiop.people import checks, second_factor  # noqa: F401

        user_logged_in.connect(second_factor.on_sign_in, dispatch_uid="people.second_factor")
        authenticator_removed.connect(second_factor.on_removed, dispatch_uid="people.second_factor")
