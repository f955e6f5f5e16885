from django.urls import path, re_path

from openiop.room.boards import consumers, views

urlpatterns = [
    path("sessions/<uuid:pk>/board", views.of_session, name="session-board"),
    path("sessions/<uuid:pk>/boards", views.of_session_all, name="session-boards"),
    path("boards/<uuid:pk>", views.board, name="board"),
    path("boards/<uuid:pk>/images", views.images, name="board-images"),
    path("boards/<uuid:pk>/images/<uuid:image_pk>", views.image, name="board-image"),
    re_path(
        r"^boards/(?P<pk>[0-9a-f-]{36})/(?P<do>read-only|open-to-all|clear|undo-clear|bring-back)$",
        views.do,
        name="board-do",
    ),
    path("boards/<uuid:pk>/paper", views.as_paper, name="board-paper"),
    path("boards/<uuid:pk>/filing", views.filing, name="board-filing"),
    path("boards/<uuid:pk>/hold", views.hold, name="board-hold"),
    path("boards/<uuid:pk>/destruction", views.destruction, name="board-destruction"),
    path("clinic/boards", views.policy, name="board-policy"),
]

websocket_urlpatterns = [
    path("ws/boards/<uuid:pk>", consumers.BoardConsumer.as_asgi()),
]
