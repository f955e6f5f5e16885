from django.urls import path

from openiop.billing import views

urlpatterns = [
    path("charges", views.charges, name="charges"),
    path("charges.csv", views.charge_export, name="charge-export"),
    path("charges/<uuid:pk>/<str:on>", views.charge_day, name="charge-day"),
    path("payers", views.payer_list, name="payer-list"),
    path("payers/new", views.payer_new, name="payer-new"),
    path("payer-rules/new", views.rule_new, name="rule-new"),
    path("payer-rules/<uuid:pk>", views.rule_edit, name="rule-edit"),
    path("coverage", views.coverage_list, name="coverage-list"),
    path("coverage/new", views.coverage_new, name="coverage-new"),
    path("patients/<uuid:pk>/coverage/new", views.coverage_new, name="coverage-new"),
]
