"""Read every instrument's file; say what is wrong with each, and which file nobody listed."""

import sys

from openiop.measures import norms
from openiop.measures.instruments import FOLDER, BadInstrument, all_instruments, load, shipped


def main() -> int:
    """Print one sentence a fault; give the exit status."""
    faults = [f"{path.name}: not in SHA256SUMS" for path in FOLDER.glob("*.json") if path.name not in shipped()]
    for name in shipped():
        try:
            load(name.removesuffix(".json"))
        except (BadInstrument, OSError, ValueError) as fault:
            faults.append(str(fault))
    for path in sorted(norms.FOLDER.glob("*.json")):
        try:
            norms.norms_of(path.stem)
        except (norms.BadNorms, ValueError) as fault:
            faults.append(str(fault))
    if not faults:
        codes = {each.code for each in all_instruments().values()}
        for each in all_instruments().values():
            faults += [
                f"{each.key}.json: leads to {step.instrument}, which is not there"
                for step in each.leads_to
                if step.instrument not in codes
            ]
    print("\n".join(faults) or f"{len(shipped())} instruments are whole.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
