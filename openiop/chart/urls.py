from django.urls import path

from openiop.chart import views

urlpatterns = [
    path("patients/<uuid:pk>/plan", views.plan, name="plan"),
    path("patients/<uuid:pk>/plan/new", views.plan_new, name="plan-new"),
    path("sessions/<uuid:pk>/note", views.note, name="note"),
    path("sessions/<uuid:pk>/note/parts", views.note_part, name="note-part"),
    path("sessions/<uuid:pk>/note/signature", views.note_sign, name="note-sign"),
    path("note-parts/<uuid:pk>/addenda", views.addendum_new, name="addendum-new"),
    path("patients/<uuid:pk>/papers", views.papers, name="patient-papers"),
    path("filed-papers/<uuid:pk>", views.filed_paper, name="filed-paper"),
]
