"""The arrows of the map, for foreign keys: a string in a ForeignKey is an import that import-linter cannot see."""

import configparser

from django.apps import apps


def ranks() -> dict[str, int]:
    """Each app's height in .importlinter: 0 is the top."""
    config = configparser.ConfigParser()
    config.read(".importlinter")
    layers = config["importlinter:contract:shape"]["layers"].split("\n")
    rows = [row.split("|") for row in layers if row.strip() and not row.strip().startswith("#")]
    return {app.strip(" ()"): height for height, row in enumerate(rows) for app in row}


def keys_between_apps():
    rank = ranks()
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.is_relation
        and field.concrete
        and field.related_model
        and {model._meta.app_label, field.related_model._meta.app_label} <= rank.keys()
        and model._meta.app_label != field.related_model._meta.app_label
    ]


def test_foreign_keys_point_downwards_too():
    rank = ranks()
    upward = [
        f"{field} -> {field.related_model._meta.label}"
        for model, field in keys_between_apps()
        if rank[model._meta.app_label] >= rank[field.related_model._meta.app_label]
    ]

    assert len(keys_between_apps()) > 20
    assert upward == []
