from django.urls import path

from openiop.programs import views

urlpatterns = [
    path("programs", views.program_list, name="program-list"),
    path("programs/new", views.program_new, name="program-new"),
    path("programs/<uuid:pk>", views.program_edit, name="program-edit"),
    path("tracks/new", views.track_new, name="track-new"),
    path("tracks/<uuid:pk>", views.track_edit, name="track-edit"),
    path("enrolments", views.enrolment_list, name="enrolment-list"),
    path("enrolments/new", views.enrolment_new, name="enrolment-new"),
    path("patients/<uuid:pk>/enrolments/new", views.enrolment_new, name="enrolment-new"),
]
