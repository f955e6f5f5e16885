from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChartConfig(AppConfig):
    name = "openiop.chart"

    def ready(self) -> None:
        from openiop.chart import medicating
        from openiop.lib import refusals
        from openiop.measures import trend

        trend.tell_also(medicating.events)

        refusals.register(
            {
                "signed_is_frozen": _("This is signed and stays as it was signed. Write an addendum instead."),
                "one_draft_of_a_plan": _("Somebody else is writing this plan just now. Load the page and go on there."),
                "one_plan_per_version": _(
                    "Somebody else is writing this plan just now. Load the page and go on there."
                ),
                "rxnorm_code_is_a_number": ("rxnorm", _("An RxNorm code has digits only, eight at most.")),
            }
        )
