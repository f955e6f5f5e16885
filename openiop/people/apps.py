from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "openiop.people"

    def ready(self) -> None:
        from openiop.people import checks  # noqa: F401
