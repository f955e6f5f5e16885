"""American Spanish says the hours as its neighbours do: twelve of them, twice."""

TIME_FORMAT = "P"
DATETIME_FORMAT = r"j \d\e F \d\e Y \a \l\a\s P"
SHORT_DATETIME_FORMAT = "d/m/Y P"
