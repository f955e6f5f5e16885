"""Money is whole cents."""


def dollars(cents: int) -> str:
    """Return cents as dollars: 25913 → "$259.13"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
