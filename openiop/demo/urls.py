from django.urls import path

from openiop.demo import views

urlpatterns = [
    path("demo", views.people, name="demo-sign-in"),
    path("demo/<uuid:login>", views.sign_in_as, name="demo-sign-in-as"),
]
