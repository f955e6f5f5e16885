from django.urls import path, re_path

from openiop.room import called_views, consumers, guest_views, helper_views, joint_views, views
from openiop.room.boards.urls import urlpatterns as boards
from openiop.room.boards.urls import websocket_urlpatterns as board_sockets
from openiop.room.cards import views as card_views
from openiop.room.household import views as household_views
from openiop.room.notes import views as note_views

urlpatterns = [
    path("door/ping", views.ping, name="door-ping"),
    path("sessions/<uuid:pk>/door", views.door, name="door"),
    path("sessions/<uuid:pk>/door/place", views.place, name="door-form"),
    re_path(
        r"^sessions/(?P<pk>[0-9a-f-]{36})/door/(?P<way>[123])$",
        views.not_now,
        name="door-not-now",
    ),
    path("sessions/<uuid:pk>/door/<uuid:seat_pk>", views.door_help, name="door-help"),
    path("sessions/<uuid:pk>/people/<uuid:seat_pk>", views.person_in_room, name="room-person"),
    path("sessions/<uuid:pk>/room", views.room, name="room"),
    path("sessions/<uuid:pk>/room/leaving", views.leaving, name="room-leaving"),
    path("sessions/<uuid:pk>/room/leavings", views.leavings, name="room-leavings"),
    path("sessions/<uuid:pk>/room/place", views.sit_with, name="room-place"),
    path("sessions/<uuid:pk>/supporters", guest_views.supporters, name="session-supporters"),
    path("sessions/<uuid:pk>/supporters/<uuid:consent_pk>/link", guest_views.link, name="supporter-link"),
    path(
        "sessions/<uuid:pk>/supporters/<uuid:consent_pk>/revocation",
        guest_views.revocation,
        name="supporter-link-revocation",
    ),
    path("sessions/<uuid:pk>/helpers", helper_views.bookings, name="session-helpers"),
    path(
        "sessions/<uuid:pk>/helpers/<uuid:booking_pk>/cancellation",
        helper_views.cancellation,
        name="session-helper-cancellation",
    ),
    path("sessions/<uuid:pk>/aside/<uuid:ask_pk>", called_views.private_place, name="private-place"),
    path("helping", helper_views.mine, name="helping"),
    path("sessions/<uuid:pk>/joint", joint_views.partners, name="session-joint"),
    path("sessions/<uuid:pk>/one-device", joint_views.one_device, name="session-one-device"),
    path("skills", card_views.skills, name="skills"),
    path("skills/<slug:card>/release", card_views.release, name="skill-release"),
    path("sessions/<uuid:pk>/room/note", note_views.note, name="room-note"),
    path("my-room-notes", note_views.mine, name="my-room-notes"),
    path("staff-room-notes", note_views.of_staff, name="staff-room-notes"),
    path("room-notes/<uuid:note_pk>/deletion", note_views.deletion, name="room-note-deletion"),
    path("my-household-plan", household_views.mine, name="my-household-plan"),
    path("patients/<uuid:pk>/household-plan", household_views.of_patient, name="household-plan"),
    path("room/keys", views.keys, name="room-keys"),
    path("site-room", views.site_room, name="site-room"),
    *boards,
]

websocket_urlpatterns = [
    path("ws/room/<uuid:pk>", consumers.RoomConsumer.as_asgi()),
    *board_sockets,
]
