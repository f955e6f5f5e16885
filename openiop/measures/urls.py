from django.urls import path

from openiop.measures.views import answers, check_ins, phrases

urlpatterns = [
    path("check-in", answers.check_in, name="check-in"),
    path("measures/<slug:code>", answers.measure, name="measure"),
    path("measures/<slug:code>/<int:version>/<str:day>/answers", answers.answer, name="answer"),
    path("tracks/measures", answers.cadences, name="cadence-list"),
    path("patients/<uuid:pk>/measures", answers.patient_measures, name="patient-measures"),
    path("patients/<uuid:pk>/measures/<uuid:response_pk>", answers.patient_response, name="patient-response"),
    path("check-ins", check_ins.check_ins, name="check-ins"),
    path("check-ins/preview", check_ins.preview, name="check-in-preview"),
    path("phrases", phrases.phrases, name="phrases"),
    path("phrases/own", phrases.own_new, name="phrase-new"),
    path("phrases/own/<uuid:phrase_pk>/end", phrases.own_end, name="phrase-end"),
    path("phrases/off", phrases.off, name="phrase-off"),
    path("phrases/on", phrases.on, name="phrase-on"),
]
