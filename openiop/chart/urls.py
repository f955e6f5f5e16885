from django.urls import path

from openiop.chart.views import medications, record

urlpatterns = [
    path("patients/<uuid:pk>/plan", record.plan, name="plan"),
    path("patients/<uuid:pk>/plan/new", record.plan_new, name="plan-new"),
    path("sessions/<uuid:pk>/note", record.note, name="note"),
    path("sessions/<uuid:pk>/note/parts", record.note_part, name="note-part"),
    path("sessions/<uuid:pk>/note/signature", record.note_sign, name="note-sign"),
    path("note-parts/<uuid:pk>/addenda", record.addendum_new, name="addendum-new"),
    path("patients/<uuid:pk>/papers", record.papers, name="patient-papers"),
    path("filed-papers/<uuid:pk>", record.filed_paper, name="filed-paper"),
    path("patients/<uuid:pk>/medications", medications.of_patient, name="medications"),
    path("patients/<uuid:pk>/medications/new", medications.new, name="medication-new"),
    path("patients/<uuid:pk>/medications/<uuid:medication_pk>/dose", medications.new_dose, name="medication-dose"),
    path("patients/<uuid:pk>/medications/<uuid:medication_pk>/stop", medications.stop, name="medication-stop"),
    path("patients/<uuid:pk>/medication-changes/<uuid:change_pk>", medications.correct, name="medication-correct"),
    path("me/medications", medications.mine, name="my-medications"),
]
