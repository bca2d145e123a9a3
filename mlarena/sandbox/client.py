"""`Sandbox`: the one door to the jail for the trusted side."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from mlarena.sandbox import conclusions, fitting
from mlarena.sandbox.child import LAYERS
from mlarena.sandbox.evaluation import Evaluation, NotHandedOver, Raw, read_only
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.outcome import Outcome
from mlarena.sandbox.probing import Layers, elsewhere, refusal
from mlarena.sandbox.supervisor import Supervisor, ZygoteGone
from mlarena.sandbox.table import Table

FORMATS = ("joblib", "pkl", "skops", "onnx")
METHODS = ("predict", "predict_proba", "cluster")
BOOT_SECONDS = 30.0
PROBE_SECONDS = 10.0
ATTEMPTS = 3

Artifact = bytes | str | os.PathLike[str] | int


class Refused(RuntimeError):
    """Untrusted work is not run here; the message says why and what to do."""


class Sandbox:
    """The jail of one worker: a zygote per kind, started by start(), ended by close().

    Several threads may use it at once. It must not be carried over a fork: make one after it.
    `layers` is for tests, which take one away to see what it stops.
    """

    def __init__(
        self,
        allow_degraded: bool = False,
        limits: Limits | None = None,
        kinds: Iterable[str] = ("model",),
        layers: Iterable[str] = LAYERS,
        training_limits: Limits = fitting.LIMITS,
    ) -> None:
        self.limits = limits or Limits()
        self.training_limits = training_limits
        self.allow_degraded = allow_degraded
        in_force = frozenset(layers)
        self._supervisors = {
            kind: Supervisor(kind, in_force, allow_degraded or in_force != frozenset(LAYERS))
            for kind in kinds
        }
        self._process = os.getpid()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the zygotes; returns at once. `ready` tells when they are warm."""
        if elsewhere():
            return  # not even without layers: processes are handed over in Linux's own ways
        for supervisor in self._supervisors.values():
            supervisor.start()

    def close(self) -> None:
        """End every zygote and every evaluation in it; returns when they are gone."""
        for supervisor in self._supervisors.values():
            supervisor.close()

    @property
    def ready(self) -> bool:
        return all(one.ready for one in self._supervisors.values())

    def wait(self, seconds: float = BOOT_SECONDS) -> bool:
        """Wait until `ready`, at most `seconds`; returns whether it is."""
        end = time.monotonic() + seconds
        return all(
            one.wait_until_ready(max(0.0, end - time.monotonic()))
            for one in self._supervisors.values()
        )

    @property
    def layers(self) -> Layers:
        """Name of each layer: True when in force, or why not. Waits for the probe."""
        nothing = elsewhere()
        if nothing:
            return nothing
        for one in self._supervisors.values():
            found = one.wait_for_layers(PROBE_SECONDS)
            if found is not None:
                return dict(found)
        return {"seccomp": "the zygote did not answer"}

    @property
    def refuses(self) -> str | None:
        """Why untrusted work is refused, or None."""
        if elsewhere():
            return "Uploaded models and code run on Linux only; use a container or a Linux machine."
        return None if self.allow_degraded else refusal(self.layers)

    def predict(
        self,
        artifact: Artifact,
        format: str,
        features: Table,
        sample: Table,
        method: str = "predict",
        rows: int | None = None,
        limits: Limits | None = None,
    ) -> Outcome:
        """Let a learner's model answer for `sample` and then for the hidden `features`.

        artifact: bytes, a path, or a readable descriptor (which stays the caller's). `rows` is
        the number of answers expected: that of `features` when not given. Raises Refused when
        untrusted work is refused here, ValueError for an unknown format or method.
        """
        if format not in FORMATS or method not in METHODS:
            raise ValueError(f"format {format!r} or method {method!r} is unknown")
        limits = limits or self.limits
        expected = features.rows if rows is None else rows
        request = {"format": format, "method": method}
        with ExitStack() as opened:
            inputs = [_input(artifact, opened), _input(sample.encoded, opened)]
            raw = self._evaluate("model", request, inputs, limits, features.encoded)
        return conclusions.of_predictions(raw, limits, expected, method)

    def fit(
        self, source: str, training: Table, target: str | None, limits: Limits | None = None
    ) -> Outcome:
        """Run a learner's Python `source` and its `train(X, y)` on the rows of `training`.

        `target` names the column that becomes y (None: y is None); the others are X. The fitted
        model is in `outcome.artifact`, a pickle for predict() that is to be opened nowhere else;
        `limits` (`training_limits` when not given) bounds its size by `result_bytes`. All that is
        printed is in `outcome.output`. Raises Refused as predict does.
        """
        limits = limits or self.training_limits
        request = {"train": True, "target": target, "largest": limits.result_bytes}
        with ExitStack() as opened:
            inputs = [_input(source.encode(), opened), _input(training.encoded, opened)]
            raw = self._evaluate("model", request, inputs, limits, None)
        return fitting.of_training(raw, limits)

    def run_code(
        self, source: str, cases: list[list[Any]] | None = None, limits: Limits | None = None
    ) -> Outcome:
        """Run Python `source`: its `solve(*case)` for each case, or for its global `RESULT`.

        The answers are in `outcome.value`. Raises Refused as predict does.
        """
        import json

        limits = limits or self.limits
        with ExitStack() as opened:
            inputs = [
                _input(source.encode(), opened),
                _input(json.dumps(cases).encode(), opened),
            ]
            raw = self._evaluate("code", {}, inputs, limits, None)
        return conclusions.of_code(raw, limits)

    def _evaluate(
        self,
        kind: str,
        request: dict[str, Any],
        inputs: list[int],
        limits: Limits,
        hidden: bytes | None,
    ) -> Raw:
        if os.getpid() != self._process:
            raise RuntimeError("a Sandbox does not survive a fork: start one in each process")
        reason = self.refuses
        if reason:
            raise Refused(reason)
        supervisor = self._supervisors[kind]
        for _ in range(ATTEMPTS):  # again only when nobody has seen the request
            if not supervisor.wait_until_ready(BOOT_SECONDS):
                break
            try:
                handle = supervisor.next_child()
            except ZygoteGone:
                continue
            try:
                return Evaluation(handle, limits, hidden).run(request, inputs)
            except NotHandedOver:
                continue
            finally:
                handle.close()
        return Raw(status="zygote_died")


def _input(source: Artifact, opened: ExitStack) -> int:
    """A read-only descriptor with the bytes of `source`."""
    if isinstance(source, int):
        return source
    if isinstance(source, bytes):
        descriptor = read_only(source)
    else:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    opened.callback(os.close, descriptor)
    return descriptor
