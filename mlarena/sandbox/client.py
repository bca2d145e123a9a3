"""`Sandbox`: the one door to the jail for the trusted side."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from mlarena.sandbox import conclusions, fitting
from mlarena.sandbox.child import LAYERS
from mlarena.sandbox.conversation import Conversation
from mlarena.sandbox.conversation import Ended as ConversationEnded
from mlarena.sandbox.evaluation import Evaluation, NotHandedOver, Raw, read_only
from mlarena.sandbox.following import Follower
from mlarena.sandbox.limits import Limits
from mlarena.sandbox.outcome import Outcome
from mlarena.sandbox.probing import Layers, elsewhere, probe, refusal
from mlarena.sandbox.supervisor import Supervisor, ZygoteGone
from mlarena.sandbox.table import Table

FORMATS = ("joblib", "pkl", "skops", "onnx")
METHODS = ("predict", "predict_proba", "cluster")
BOOT_SECONDS = 30.0
PROBE_SECONDS = 10.0
ATTEMPTS = 3
FOLD_BYTES = 32 << 20

Artifact = bytes | str | os.PathLike[str] | int


class Refused(RuntimeError):
    """Untrusted work is not run here; the message says why and what to do."""


class Sandbox:
    """The jail of one worker: a zygote per kind, started by start(), ended by close().

    Those of `on_demand` start when they are first asked for: an engine nobody uses costs nothing.
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
        on_demand: Iterable[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.training_limits = training_limits
        self.allow_degraded = allow_degraded
        self._in_force = frozenset(layers)
        self._supervisors = {kind: self._supervisor(kind) for kind in kinds}
        self._on_demand = frozenset(on_demand) - set(self._supervisors)
        self._starting = threading.Lock()
        self._process = os.getpid()
        self._closed = False

    def _supervisor(self, kind: str) -> Supervisor:
        untested = self._in_force != frozenset(LAYERS)
        return Supervisor(kind, self._in_force, self.allow_degraded or untested)

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
        with self._starting:
            self._closed = True
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
        if not self._supervisors:
            return probe()
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
        probabilities: bool = False,
    ) -> Outcome:
        """Let a learner's model answer for `sample` and then for the hidden `features`.

        artifact: bytes, a path, or a readable descriptor (which stays the caller's). `rows` is
        the number of answers expected: that of `features` when not given. `probabilities` asks a
        classifier for those behind its labels too, where that takes next to no time: the outcome
        never hangs on them. Raises Refused when untrusted work is refused here, ValueError for an
        unknown format or method.
        """
        if format not in FORMATS or method not in METHODS:
            raise ValueError(f"format {format!r} or method {method!r} is unknown")
        limits = limits or self.limits
        expected = features.rows if rows is None else rows
        request = {"format": format, "method": method, "probabilities": probabilities}
        with ExitStack() as opened:
            inputs = [_input(artifact, opened), _input(sample.encoded, opened)]
            raw = self._evaluate("model", request, inputs, limits, features.encoded)
        return conclusions.of_predictions(raw, limits, expected, method, sample.rows)

    def fit(
        self,
        source: str,
        training: Table,
        target: str | None,
        limits: Limits | None = None,
        follower: Follower | None = None,
    ) -> Outcome:
        """Run a learner's Python `source` and its `train(X, y)` on the rows of `training`.

        `target` names the column that becomes y (None: y is None); the others are X. The fitted
        model is in `outcome.artifact`, a pickle for predict() that is to be opened nowhere else;
        `limits` (`training_limits` when not given) bounds its size by `result_bytes`. All that is
        printed is in `outcome.output`, and `follower` hears it at once. Raises Refused as predict
        does.
        """
        limits = limits or self.training_limits
        request = {"train": True, "target": target, "largest": limits.result_bytes}
        with ExitStack() as opened:
            inputs = [_input(source.encode(), opened), _input(training.encoded, opened)]
            raw = self._evaluate("model", request, inputs, limits, None, follower)
        return fitting.of_training(raw, limits)

    def cross_validate(
        self,
        source: str,
        training: Table,
        target: str | None,
        folds: Sequence[int],
        told: Callable[[fitting.Fold], None],
        method: str = "predict",
        limits: Limits | None = None,
        follower: Follower | None = None,
    ) -> Outcome:
        """As fit(), once for each fold, on the rows of the others: no model leaves the jail.

        `folds` gives each row of `training` the number of its fold, 0 to at most 255. `told` gets
        the checked predictions for each fold's rows as soon as they are there, in the order of
        the folds; those told before an end out of time are as good as the others.
        """
        limits = limits or self.training_limits
        count = max(folds) + 1
        rows = [sum(1 for number in folds if number == fold) for fold in range(count)]
        request = {
            **{"train": True, "target": target, "largest": limits.result_bytes},
            **{"folds": count, "method": method},
        }
        given = fitting.Folds(rows, method == "predict_proba", told)
        bounded = replace(limits, result_bytes=min(limits.result_bytes, FOLD_BYTES))
        with ExitStack() as opened:
            sent = (source.encode(), training.encoded, bytes(folds))
            inputs = [_input(content, opened) for content in sent]
            raw = self._evaluate("model", request, inputs, bounded, None, follower, given.take)
        return fitting.of_folds(raw, limits, given)

    def run_code(
        self,
        source: str,
        cases: list[list[Any]] | None = None,
        limits: Limits | None = None,
        function: str = "solve",
    ) -> Outcome:
        """Run Python `source`: its `function(*case)` for each case, or for its global `RESULT`.

        The answers are in `outcome.value`. All cases of one call share a process and can see each other.
        Raises Refused as predict does.
        """
        import json

        limits = limits or self.limits
        with ExitStack() as opened:
            inputs = [
                _input(source.encode(), opened),
                _input(json.dumps(cases).encode(), opened),
            ]
            raw = self._evaluate("code", {"function": function}, inputs, limits, None)
        return conclusions.of_code(raw, limits)

    def converse(
        self, kind: str, request: dict[str, Any], inputs: list[int], limits: Limits
    ) -> Conversation:
        """Hand `request` with `inputs` (descriptors, the caller's) to a child that answers in pieces.

        Raises Refused as predict does, and ConversationEnded when no child could be had.
        """
        self._check()
        supervisor = self._of(kind)
        for _ in range(ATTEMPTS):
            if not supervisor.wait_until_ready(BOOT_SECONDS):
                break
            try:
                handle = supervisor.next_child()
            except ZygoteGone:
                continue
            try:
                return Conversation(handle, limits, request, inputs)
            except BaseException as error:
                handle.close()
                if not isinstance(error, NotHandedOver):
                    raise
        raise ConversationEnded("zygote_died")

    def _of(self, kind: str) -> Supervisor:
        """The supervisor of `kind`, started now if it is one that starts on demand."""
        with self._starting:
            if kind not in self._supervisors and kind in self._on_demand and not self._closed:
                supervisor = self._supervisor(kind)
                supervisor.start()
                self._supervisors = {**self._supervisors, kind: supervisor}
        return self._supervisors[kind]

    def _check(self) -> None:
        """Raises Refused where untrusted work is not run."""
        if os.getpid() != self._process:
            raise RuntimeError("a Sandbox does not survive a fork: start one in each process")
        reason = self.refuses
        if reason:
            raise Refused(reason)

    def _evaluate(
        self,
        kind: str,
        request: dict[str, Any],
        inputs: list[int],
        limits: Limits,
        hidden: bytes | None,
        follower: Follower | None = None,
        part: Callable[[bytes], None] | None = None,
    ) -> Raw:
        if os.getpid() != self._process:
            raise RuntimeError("a Sandbox does not survive a fork: start one in each process")
        reason = self.refuses
        if reason:
            raise Refused(reason)
        supervisor = self._supervisors[kind]
        follower = follower or Follower()
        for _ in range(ATTEMPTS):  # again only when nobody has seen the request
            if not supervisor.wait_until_ready(BOOT_SECONDS):
                break
            try:
                handle = supervisor.next_child()
            except ZygoteGone:
                continue
            try:
                return Evaluation(handle, limits, hidden, follower.told, part, follower.stop).run(
                    request, inputs
                )
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
