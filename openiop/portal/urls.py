from django.urls import path

from openiop.portal.views import desk, grievances, operations, quality, red, tell, timeline, today

urlpatterns = [
    path("", desk.home, name="home"),
    path("today", today.today, name="today"),
    path("week", today.week, name="week"),
    path("me", today.me, name="me"),
    path("me/grievances", grievances.mine, name="my-grievances"),
    path("tell", tell.tell, name="tell"),
    path("help", today.help_now, name="help"),
    path("desk", desk.desk, name="desk"),
    path("patients/<uuid:pk>", desk.patient, name="patient"),
    path("patients/<uuid:pk>/timeline", timeline.show, name="timeline"),
    path("operations", operations.operations, name="operations"),
    path("red-list", red.red, name="red-list"),
    path("quality", quality.quality, name="quality"),
    path("quality/table", quality.table, name="quality-table"),
    path("clinic", operations.clinic_settings, name="clinic-settings"),
    path("styleguide", desk.styleguide, name="styleguide"),
]
