"""Payers, their dated rules, coverage, and the filters of the page of charges."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openiop.billing.models import STATUSES, Coverage, Payer, Rule
from openiop.lib.inputs import DateInput
from openiop.people.models import Person
from openiop.schedule.models import Kind

KINDS = [(code, label) for code, label in Kind.choices if code != Kind.BREAK]
SERVICE = re.compile(r"^([A-Z0-9]{5})(?:\s+(\d{1,3})\s*-\s*(\d{1,3})?)?$")


class PayerForm(forms.ModelForm):
    class Meta:
        model = Payer
        fields = ["name", "kind"]
        widgets = {"name": forms.TextInput()}


class Days(forms.Form):
    """From a first to a last day, both inside; kept half-open."""

    begins_on = forms.DateField(label=_("First day"), widget=DateInput())
    ends_on = forms.DateField(label=_("Last day"), required=False, widget=DateInput(), help_text=_("Empty: open."))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("begins_on"), cleaned.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day comes before the first."))
        return cleaned

    @property
    def days(self) -> tuple[date, date | None]:
        """The days as a half-open range."""
        last = self.cleaned_data["ends_on"]
        return self.cleaned_data["begins_on"], last + timedelta(days=1) if last else None


def last_day(upper: date | None) -> date | None:
    """The last day inside a half-open range."""
    return upper - timedelta(days=1) if upper else None


class RuleForm(Days, forms.ModelForm):
    amount = forms.DecimalField(
        label=_("Amount in dollars"), required=False, min_value=0, max_digits=8, decimal_places=2
    )

    class Meta:
        model = Rule
        fields = ["payer", "code", "revenue_code", "per_diem_minutes", "below", "virtual", "source"]
        widgets = {"code": forms.TextInput(), "revenue_code": forms.TextInput(), "source": forms.Textarea({"rows": 2})}
        help_texts = {
            "per_diem_minutes": _(
                "Countable minutes; breaks do not count. Empty: this payer does not decide by minutes."
            ),
            "source": _("Contract, manual or law, with its date. It stands beside every charge."),
        }

    field_order = [
        "payer", "begins_on", "ends_on", "code", "revenue_code", "amount", "per_diem_minutes", "below", "virtual",
    ]  # fmt: skip

    def __init__(self, *args: Any, clinic_id: Any, is_used: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = Payer.objects.filter(clinic_id=clinic_id)  # type: ignore[attr-defined]
        for kind, label in KINDS:
            self.fields[f"service_{kind}"] = forms.CharField(
                label=label,
                required=False,
                help_text=_("Code, or codes with their minutes: 90832 16-37, 90834 38-52, 90837 53-"),
            )
        self.order_fields([*self.field_order, *(f"service_{kind}" for kind, _label in KINDS), "source"])
        if self.instance.source:
            self._begin_from(self.instance)
        if is_used:
            # Charges were made by it: what it said stays as it was; it can be ended.
            for name, field in self.fields.items():
                field.disabled = name != "ends_on"

    def _begin_from(self, rule: Rule) -> None:
        self.initial.update(begins_on=rule.in_force.lower, ends_on=last_day(rule.in_force.upper))
        if rule.amount_cents is not None:
            self.initial["amount"] = f"{rule.amount_cents / 100:.2f}"
        for kind, rows in rule.discrete.items():
            self.initial[f"service_{kind}"] = ", ".join(_service_in_words(row) for row in rows)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for kind, _label in KINDS:
            try:
                cleaned[f"service_{kind}"] = services_of(cleaned.get(f"service_{kind}", ""))
            except forms.ValidationError as error:
                self.add_error(f"service_{kind}", error)
        return cleaned

    def save(self, commit: bool = True) -> Rule:
        rule: Rule = super().save(commit=False)
        rule.in_force = self.days
        amount = self.cleaned_data["amount"]
        rule.amount_cents = None if amount is None else int(amount * 100)
        services = {kind: self.cleaned_data[f"service_{kind}"] for kind, _label in KINDS}
        rule.discrete = {kind: rows for kind, rows in services.items() if rows}
        rule.save()
        return rule


def services_of(text: str) -> list[dict[str, Any]]:
    """Return the codes written in a field, with their minutes. Raises ValidationError for what is no code."""
    rows = []
    for part in filter(None, (part.strip().upper() for part in text.split(","))):
        found = SERVICE.match(part)
        if found is None:
            raise forms.ValidationError(
                _("%(part)s is not a code of five signs, alone or with its minutes."), params={"part": part}
            )
        code, least, most = found.groups()
        rows.append({"code": code, "least": int(least) if least else 1, "most": int(most) if most else None})
    if any(_share_minutes(one, other) for n, one in enumerate(rows) for other in rows[n + 1 :]):
        raise forms.ValidationError(_("Two of these codes fit the same minutes."))
    return rows


def _share_minutes(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["least"] <= (other["most"] or other["least"] + 1440) and other["least"] <= (
        one["most"] or one["least"] + 1440
    )


def _service_in_words(row: dict[str, Any]) -> str:
    least, most = row.get("least") or 1, row.get("most")
    return str(row["code"]) if least == 1 and not most else f"{row['code']} {least}-{most or ''}"


class CoverageForm(Days, forms.ModelForm):
    class Meta:
        model = Coverage
        fields = ["patient", "payer", "member_id", "rank"]
        widgets = {"member_id": forms.TextInput(attrs={"autocomplete": "off"})}
        labels = {"patient": _("Patient"), "payer": _("Payer"), "rank": _("Asked as number")}

    field_order = ["patient", "payer", "member_id", "begins_on", "ends_on", "rank"]

    def __init__(self, *args: Any, clinic_id: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        patients = Person.objects.filter(clinic_id=clinic_id).patients().order_by("family_name", "given_name")
        self.fields["patient"].queryset = patients  # type: ignore[attr-defined]
        self.fields["payer"].queryset = Payer.objects.filter(clinic_id=clinic_id)  # type: ignore[attr-defined]

    def save(self, commit: bool = True) -> Coverage:
        coverage: Coverage = super().save(commit=False)
        coverage.during = self.days
        coverage.save()
        return coverage


class ChargeFilter(forms.Form):
    """What the page shows; every field stands in the address. What is not understood is left out."""

    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("all")), *STATUSES])
    payer = forms.ModelChoiceField(
        label=_("Payer"), required=False, queryset=Payer.objects.none(), empty_label=_("all")
    )
    begins_on = forms.DateField(label=_("From"), required=False, widget=DateInput())
    ends_on = forms.DateField(label=_("To"), required=False, widget=DateInput())

    def __init__(self, *args: Any, clinic_id: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].queryset = Payer.objects.filter(clinic_id=clinic_id)  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """Return what was asked for and understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
