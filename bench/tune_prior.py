"""Write what the prior of the tune rests on: public curves, pooled, and the weights learned from them.

python -m bench.tune_prior CURVES.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench.curve_truth import truths
from lambda_tailor import tuning
from lambda_tailor.tuning import prior

FOLDER = Path(tuning.__file__).parent


def main() -> None:
    """Write both files of package data."""
    rows = [
        {
            "group": truth.group,
            "log_mb": [round(x, 4) for x in truth.log_mb.tolist()],
            "log_ms": [round(y, 4) for y in truth.log_ms.tolist()],
        }
        for truth in truths(Path(sys.argv[1]))
    ]
    lines = ",\n".join(json.dumps(row) for row in rows)
    (FOLDER / "curves.json").write_text(f'{{"curves": [\n{lines}\n]}}\n')
    prior.curves.cache_clear()
    weights = [[round(w, 2) for w in row] for row in prior._learned(None).tolist()]
    (FOLDER / "weights.json").write_text(json.dumps({"log_weights": weights}) + "\n")


if __name__ == "__main__":
    main()
