from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "openiop.billing"

    def ready(self) -> None:
        from openiop.lib import refusals

        refusals.register(
            {
                "one_rule_at_a_time": (
                    "begins_on",
                    _("This payer already has a rule for some of those days. End that one first."),
                ),
                "rule_names_its_source": ("source", _("Say where the rule is written.")),
                "one_payer_of_a_name": ("name", _("There is a payer of this name already.")),
                "one_coverage_per_rank": (
                    "begins_on",
                    _("This person already has coverage of that rank for some of those days. End that one first."),
                ),
            }
        )
