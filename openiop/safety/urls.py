from django.urls import path

from openiop.safety import consumers, views

urlpatterns = [
    path("rail", views.show_rail, name="rail"),
    path("alarm", views.alarm, name="alarm"),
    path("what-happens-next", views.what_happens, name="what-happens"),
    path("cases", views.cases, name="cases"),
    path("cases/<uuid:pk>", views.case, name="case"),
    path("cases/<uuid:pk>/acknowledgement", views.case_acknowledgement, name="case-acknowledgement"),
    path("cases/<uuid:pk>/contacts", views.case_contacts, name="case-contacts"),
    path("cases/<uuid:pk>/closure", views.case_closure, name="case-closure"),
    path("patients/<uuid:pk>/concern", views.flag_new, name="flag-new"),
    path("on-call", views.on_call, name="on-call"),
    path("on-call/<uuid:pk>/end", views.on_call_end, name="on-call-end"),
]

websocket_urlpatterns = [
    path("ws/desk", consumers.Desk.as_asgi()),
    path("ws/alarm", consumers.Alarm.as_asgi()),
    path("ws/me", consumers.Me.as_asgi()),
]
