from django.urls import path

from openiop.measures.views import assessment, check_ins, entry, library, observed, patient, phrases, staff, trends

urlpatterns = [
    path("check-in", patient.check_in, name="check-in"),
    path("measures/<slug:code>", patient.measure, name="measure"),
    path("measures/<slug:code>/<int:version>/<str:day>/answers", patient.answer, name="answer"),
    path("instruments", library.library, name="instrument-list"),
    path("instruments/<slug:code>", library.instrument, name="instrument"),
    path("instruments/<slug:code>/words", library.words, name="instrument-words"),
    path("instruments/<slug:code>/reading", library.reading_rule, name="instrument-reading"),
    path("tracks/measures", staff.cadences, name="cadence-list"),
    path("patients/<uuid:pk>/measures", staff.patient_measures, name="patient-measures"),
    path("caseload", trends.caseload, name="caseload"),
    path("me/measures", trends.my_measures, name="my-measures"),
    path("patients/<uuid:pk>/measures/trend/<slug:code>", trends.trend, name="measure-trend"),
    path("patients/<uuid:pk>/assessments", assessment.assessments, name="assessments"),
    path("patients/<uuid:pk>/measures/ask", entry.ask, name="measure-ask"),
    path("patients/<uuid:pk>/measures/asked/<uuid:asked_pk>/withdraw", entry.withdraw, name="measure-withdraw"),
    path("patients/<uuid:pk>/measures/enter/<slug:code>", entry.enter, name="measure-enter"),
    path("tracks/measures/<uuid:cadence_pk>/drop", staff.drop_cadence, name="cadence-drop"),
    path("patients/<uuid:pk>/measures/<uuid:response_pk>", staff.patient_response, name="patient-response"),
    path("phrases", phrases.phrases, name="phrases"),
    path("phrases/own", phrases.own_new, name="phrase-new"),
    path("phrases/own/<uuid:phrase_pk>/end", phrases.own_end, name="phrase-end"),
    path("phrases/off", phrases.off, name="phrase-off"),
    path("phrases/on", phrases.on, name="phrase-on"),
    path("patients/<uuid:pk>/observed", observed.all_of, name="observed-list"),
    path("patients/<uuid:pk>/observed/<slug:sort>/new", observed.write, name="observed-new"),
    path("patients/<uuid:pk>/observed/<slug:sort>/<uuid:written_pk>", observed.one, name="observed"),
    path(
        "patients/<uuid:pk>/observed/<slug:sort>/<uuid:written_pk>/correct", observed.correct, name="observed-correct"
    ),
    path("observation-rules", observed.rules, name="observation-rules"),
    path("observation-rules/<uuid:rule_pk>/end", observed.end_rule, name="observation-rule-end"),
    path("check-ins", check_ins.check_ins, name="check-ins"),
    path("check-ins/preview", check_ins.preview, name="check-in-preview"),
]
