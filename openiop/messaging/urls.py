from django.urls import path

from openiop.messaging import views

urlpatterns = [
    path("reached", views.reached, name="reached"),
    path("reached/browsers", views.browser_add, name="browser-add"),
    path("reached/browsers/<uuid:browser>/end", views.browser_end, name="browser-end"),
    path("reached/trial", views.trial, name="reached-trial"),
    path("caught", views.caught, name="caught"),
]
