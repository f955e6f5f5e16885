from django.urls import path

from openiop.measures import views

urlpatterns = [
    path("check-in", views.check_in, name="check-in"),
    path("measures/<slug:code>", views.measure, name="measure"),
    path("measures/<slug:code>/<int:version>/<str:day>/answers", views.answer, name="answer"),
    path("tracks/measures", views.cadences, name="cadence-list"),
    path("patients/<uuid:pk>/measures", views.patient_measures, name="patient-measures"),
    path("patients/<uuid:pk>/measures/<uuid:response_pk>", views.patient_response, name="patient-response"),
]
