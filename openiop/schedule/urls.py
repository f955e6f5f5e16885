from django.urls import path

from openiop.schedule.views import arrivals, calls, hours, sessions, setup

urlpatterns = [
    # setting up
    path("sites", setup.site_list, name="site-list"),
    path("sites/new", setup.site_new, name="site-new"),
    path("sites/<uuid:pk>", setup.site_edit, name="site-edit"),
    path("rooms/new", setup.room_new, name="site-room-new"),
    path("rooms/<uuid:pk>", setup.room_edit, name="site-room-edit"),
    path("series", setup.series_list, name="series-list"),
    path("series/new", setup.series_new, name="series-new"),
    path("series/<uuid:pk>", setup.series_edit, name="series-edit"),
    path("series/<uuid:pk>/sessions", setup.series_unfold, name="series-unfold"),
    path("series/<uuid:pk>/members", setup.series_member_new, name="series-member-new"),
    path("members/<uuid:pk>/end", setup.series_member_end, name="series-member-end"),
    path("series/<uuid:pk>/days", setup.series_day, name="series-day"),
    path("days/<uuid:pk>/back", setup.series_day_back, name="series-day-back"),
    path("not-together", setup.not_together, name="not-together"),
    path("not-together/<uuid:pk>/end", setup.not_together_end, name="not-together-end"),
    path("enrolments/<uuid:pk>/end", setup.enrolment_end, name="enrolment-end"),
    # sessions
    path("sessions", sessions.session_list, name="session-list"),
    path("sessions/new", sessions.session_new, name="session-new"),
    path("sessions/<uuid:pk>", sessions.session, name="session"),
    path("sessions/<uuid:pk>/closure", sessions.session_close, name="session-close"),
    path("sessions/<uuid:pk>/cancel", sessions.session_cancel, name="session-cancel"),
    path("sessions/<uuid:pk>/move", sessions.session_move, name="session-move"),
    path("sessions/<uuid:pk>/codes", sessions.session_codes, name="session-codes"),
    path("sessions/<uuid:pk>/roster", sessions.roster_add, name="roster-add"),
    path("roster/<uuid:pk>", sessions.roster_entry, name="roster-entry"),
    path("roster/<uuid:pk>/cancel", sessions.roster_cancel, name="roster-cancel"),
    path("roster/<uuid:pk>/corrections", sessions.correction_new, name="correction-new"),
    path("roster/<uuid:pk>/arrival", sessions.arrival, name="arrival"),
    path("roster/<uuid:pk>/departure", sessions.departure, name="departure"),
    path("roster/<uuid:pk>/arrival/undo", sessions.arrival_undo, name="arrival-undo"),
    path("roster/<uuid:pk>/calls", calls.outreach_call, name="outreach-call"),
    path("outreach", calls.outreach, name="outreach"),
    # the lobby
    path("front-desk", arrivals.front_desk, name="front-desk"),
    path("kiosk", arrivals.kiosk, name="kiosk"),
    path("kiosk/arrival", arrivals.kiosk_arrival, name="kiosk-arrival"),
    # hours
    path("hours", hours.ledger, name="ledger"),
    path("hours/<uuid:pk>", hours.ledger_person, name="ledger-person"),
]
