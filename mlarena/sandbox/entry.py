"""Run as `python -I entry.py SETTINGS` (or `--probe`): the first lines of a zygote's life.

Libraries read the thread-count variables once, when they are imported, and onnxruntime starts a
telemetry thread: so these are set here, before anything else is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def main(argument: str) -> None:
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    os.environ.update(ORT_DISABLE_TELEMETRY="1", JOBLIB_MULTIPROCESSING="0")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    if argument == "--probe":
        from mlarena.sandbox.probing import layers_here

        sys.stdout.write(json.dumps(layers_here()))
    else:
        from mlarena.sandbox.zygote import begin

        begin(json.loads(argument))


if __name__ == "__main__":
    main(sys.argv[1])
