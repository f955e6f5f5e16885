from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "openiop.messaging"

    def ready(self) -> None:
        from openiop.messaging import checks  # noqa: F401
