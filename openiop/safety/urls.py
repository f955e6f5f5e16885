from django.urls import path

from openiop.safety import consumers
from openiop.safety.views import alerts, crisis, due, joint, ladders, place, plan, report, rota, unreached

urlpatterns = [
    path("rail", crisis.show_rail, name="rail"),
    path("alerts", alerts.alerts, name="alerts"),
    path("alerts/new", alerts.alert_new, name="alert-new"),
    path("alerts/<uuid:pk>/taken", alerts.alert_taken, name="alert-taken"),
    path("alerts/<uuid:pk>/over", alerts.alert_over, name="alert-over"),
    path("alarm", crisis.alarm, name="alarm"),
    path("what-happens-next", crisis.what_happens, name="what-happens"),
    path("cases", crisis.cases, name="cases"),
    path("cases/<uuid:pk>", crisis.case, name="case"),
    path("cases/<uuid:pk>/acknowledgement", crisis.case_acknowledgement, name="case-acknowledgement"),
    path("cases/<uuid:pk>/contacts", crisis.case_contacts, name="case-contacts"),
    path("cases/<uuid:pk>/closure", crisis.case_closure, name="case-closure"),
    path("cases/<uuid:pk>/decision", unreached.decision, name="case-decision"),
    path("patients/<uuid:pk>/do-not-contact", unreached.do_not_contact, name="do-not-contact"),
    path("do-not-contact/<uuid:pk>/lifted", unreached.mark_lifted, name="mark-lifted"),
    path("cases/<uuid:pk>/report", report.report, name="case-report"),
    path("cases/<uuid:pk>/report/paper", report.on_paper, name="case-paper"),
    path("patients/<uuid:pk>/concern", crisis.flag_new, name="flag-new"),
    path("patients/<uuid:pk>/where-now", place.where_now, name="where-now"),
    path("patients/<uuid:pk>/emergency-disclosures", place.disclosure_new, name="disclosure-new"),
    path("emergency-disclosures", place.disclosures, name="disclosures"),
    path("local-help", place.local_help, name="local-help"),
    path("local-help/<uuid:pk>", place.local_help_edit, name="local-help-edit"),
    path("safety/due", due.due, name="safety-due"),
    path("me/safety-plan", plan.mine, name="my-plan"),
    path("me/safety-plan/copy", plan.copy, name="my-plan-copy"),
    path("me/safety-plan/new", plan.mine_new, name="my-plan-new"),
    path("patients/<uuid:pk>/safety-plan", plan.show, name="safety-plan"),
    path("patients/<uuid:pk>/safety-plan/new", plan.new, name="safety-plan-new"),
    path("patients/<uuid:pk>/means-talk", plan.means_talk, name="means-talk"),
    path("safety-plans/<uuid:pk>/signature", plan.signature, name="safety-plan-signature"),
    path("safety-plans/<uuid:pk>/review", plan.review, name="safety-plan-review"),
    path("safety-plans/<uuid:pk>/paper", plan.on_paper, name="safety-plan-paper"),
    path("patients/<uuid:pk>/joint-screen", joint.joint_screen, name="joint-screen"),
    path("ladders", ladders.listing, name="ladders"),
    path("ladders/<int:tier>/<slug:place>/<slug:when>", ladders.one, name="ladder"),
    path("on-call", rota.on_call, name="on-call"),
    path("on-call/closed-days", rota.closed_day_add, name="closed-day-add"),
    path("on-call/<uuid:pk>/offer", rota.shift_offer, name="shift-offer"),
    path("on-call/<uuid:pk>/offer/<slug:answer>", rota.shift_answer, name="shift-answer"),
    path("on-call/<uuid:pk>/end", rota.on_call_end, name="on-call-end"),
]

websocket_urlpatterns = [
    path("ws/desk", consumers.Desk.as_asgi()),
    path("ws/alarm", consumers.Alarm.as_asgi()),
    path("ws/me", consumers.Me.as_asgi()),
]
