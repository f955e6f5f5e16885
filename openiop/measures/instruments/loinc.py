"""The check digit of LOINC codes, so that a mistyped code is found before anybody stores it."""

import re


def loinc_is_valid(code: str) -> bool:
    """Return whether a LOINC code, or the code of a LOINC answer (LA...), carries the right check digit.

    From the right, double every odd-position digit, add all digits up; the check digit fills up to the next ten.
    The letters of an answer's code count by their place in ASCII from "0" on, L as 28 and A as 17; found by trial on
    the published codes of PHQ-9 and C-SSRS, which it all fits.
    """
    parts = re.fullmatch(r"((?:LA)?[0-9]+)-([0-9])", code, re.ASCII)
    if parts is None:
        return False
    values = [ord(sign) - ord("0") for sign in reversed(parts[1])]
    weighed = [value * 2 - value // 5 * 9 if place % 2 == 0 else value for place, value in enumerate(values)]
    return (10 - sum(weighed) % 10) % 10 == int(parts[2])
