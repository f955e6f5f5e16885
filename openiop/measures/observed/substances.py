"""What is tested for, in what, and how sure a result is. Words of this project; no cut-off of any laboratory."""

from django.utils.translation import gettext_lazy as _

PANEL = [
    ("alcohol", _("Alcohol or its markers")),
    ("amphetamine", _("Amphetamine")),
    ("methamphetamine", _("Methamphetamine")),
    ("benzodiazepines", _("Benzodiazepines")),
    ("buprenorphine", _("Buprenorphine")),
    ("cannabis", _("Cannabis")),
    ("cocaine", _("Cocaine")),
    ("fentanyl", _("Fentanyl")),
    ("methadone", _("Methadone")),
    ("opiates", _("Opiates")),
    ("oxycodone", _("Oxycodone")),
    ("other", _("Something else")),
]
BREATH = "breath"
SPECIMENS = [
    ("urine", _("Urine")),
    ("saliva", _("Saliva")),
    (BREATH, _("Breath")),
    ("blood", _("Blood")),
    ("hair", _("Hair")),
]
GIVEN, REFUSED, UNABLE = "given", "refused", "unable"
OUTCOMES = [(GIVEN, _("given")), (REFUSED, _("refused")), (UNABLE, _("could not give one"))]
COLLECTED = [
    ("observed", _("somebody watched it being given")),
    ("unobserved", _("nobody watched it being given")),
    ("unknown", _("not known")),
]
SURENESS = [
    ("screen", _("screen only, not confirmed")),
    ("sent", _("sent to be confirmed")),
    ("confirmed", _("confirmed by a laboratory")),
    ("not_confirmed", _("the laboratory did not confirm it")),
]
