from django.urls import path

from openiop.portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("today", views.today, name="today"),
    path("week", views.week, name="week"),
    path("me", views.me, name="me"),
    path("help", views.help_now, name="help"),
    path("desk", views.desk, name="desk"),
    path("patients/<uuid:pk>", views.patient, name="patient"),
    path("operations", views.operations, name="operations"),
    path("styleguide", views.styleguide, name="styleguide"),
]
