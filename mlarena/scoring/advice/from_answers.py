"""Advice from what a model answers: all alike, out of range, too sure, to one side."""

from __future__ import annotations

import numpy as np

from mlarena.scoring.advice.rules import Advice, names, number, rule
from mlarena.scoring.facts import Facts


@rule(10)
def one_answer(facts: Facts) -> Advice | None:
    if not facts.alike or facts.task_type == "clustering":
        return None
    answer = np.asarray(facts.answers)[0]
    if np.ndim(answer):
        shown = "the same probabilities"
    else:
        shown = number(float(answer)) if facts.task_type == "regression" else f"`{answer}`"
    dummy = facts.uses("Dummy")
    return Advice(
        "It gives every row the same answer",
        f"`{dummy}` looks at no column: put a model that does in its place. LinearRegression() and "
        "LogisticRegression() are good first ones."
        if dummy
        else "So it has found nothing in the columns. Regularise it less, let it grow deeper, and look "
        "whether the columns reach it as they should.",
        f"All {facts.findings['rows']:,} answers are {shown}.",
    )


@rule(12)
def never_answered(facts: Facts) -> Advice | None:
    missing = facts.findings.get("never_answered") or []
    if not missing or facts.alike:
        return None
    name = missing[0]
    share = facts.download.shares.get(name)
    return Advice(
        f"It never answers {names(missing)}",
        "Every row of that class is lost. Give it more weight (class_weight='balanced'), or choose a "
        "model that is less careful.",
        f"`{name}` is {share:.0%} of the download, and none of the answers."
        if share
        else f"`{name}` is none of the answers.",
    )


@rule(14)
def no_better_than_guessing(facts: Facts) -> Advice | None:
    shares = facts.download.shares
    if facts.metric.name == "r2" and facts.score <= 0.02:
        guess, by = 0.0, "Answering the mean for every row gets 0"
    elif facts.metric.name == "accuracy" and shares and facts.score <= max(shares.values()) + 0.01:
        guess, by = max(shares.values()), "Answering the commonest class for every row gets about"
        by = f"{by} {guess:.2f}"
    else:
        return None
    if facts.alike:
        return None
    return Advice(
        "A guess would do as well",
        "Something between the columns and the answer is broken. Are rows shuffled, is the target the "
        "right column, is it scaled and never scaled back?",
        f"{by}; your model gets {facts.metric.show(facts.score)}.",
    )


@rule(20)
def out_of_range(facts: Facts) -> Advice | None:
    low, high = facts.download.low, facts.download.high
    if low is None or high is None or facts.task_type != "regression":
        return None
    answers, span = np.asarray(facts.answers, dtype=float), high - low
    beyond = float(np.mean((answers < low - 0.1 * span) | (answers > high + 0.1 * span)))
    if beyond < 0.02:
        return None
    return Advice(
        "Some answers lie where no target ever was",
        "A line runs on for ever. Limit the answers (np.clip), predict the logarithm of the target, or "
        "look for rows whose columns are unlike those you trained on.",
        f"About {max(beyond, 0.01):.0%} of the answers are outside {number(low)} to {number(high)}, "
        "the range of the download, by more than a tenth of it.",
    )


@rule(40)
def rare_class(facts: Facts) -> Advice | None:
    shares = facts.download.shares
    told = {row["label"]: row["recall"] for row in facts.findings.get("classes", [])}
    known = {name: told.get(name) for name in shares if told.get(name) is not None}
    if len(known) < 2:
        return None
    rare, common = min(known, key=shares.__getitem__), max(known, key=shares.__getitem__)
    low, high = known[rare], known[common]
    if low is None or high is None or low == 0 or high - low < 0.2:
        return None
    if shares[rare] > 0.6 * shares[common]:
        return None
    return Advice(
        f"`{rare}` is often overlooked",
        "It is the rarer class, so overlooking it costs the model little. Try class_weight='balanced', "
        "or move the probability from which it says so.",
        f"It finds {low:.0%} of `{rare}` ({shares[rare]:.0%} of the download), and {high:.0%} of "
        f"`{common}`.",
    )


@rule(42)
def keeps_to_the_middle(facts: Facts) -> Advice | None:
    slope = facts.findings.get("slope")
    if slope is None or slope < 1.2 or facts.alike:
        return None
    return Advice(
        "It keeps to the middle",
        "It is too careful: it knows which rows are high and which are low, and does not say so loudly "
        "enough. Regularise it less, ask fewer neighbours, let leaves be smaller.",
        f"Where two of its answers are 100 apart, the truth is about {slope * 100:.0f} apart.",
    )


@rule(43)
def exaggerates(facts: Facts) -> Advice | None:
    slope = facts.findings.get("slope")
    if slope is None or slope > 0.85 or facts.alike or (slope <= 0 and facts.score <= 0):
        return None
    return Advice(
        "It exaggerates",
        "Its high answers are too high and its low ones too low: it takes chance for pattern. Average "
        "more (a forest in place of a tree, more neighbours), or regularise it.",
        f"Where two of its answers are 100 apart, the truth is only about {slope * 100:.0f} apart.",
    )


@rule(44)
def off_to_one_side(facts: Facts) -> Advice | None:
    bias, error = facts.findings.get("bias"), facts.findings.get("mae")
    if not bias or not error or abs(bias) < 0.5 * error:
        return None
    return Advice(
        f"It answers too {'high' if bias > 0 else 'low'} on the whole",
        "A steady error is the easiest to mend. Is the target scaled, or made a logarithm, and not "
        "brought back? TransformedTargetRegressor does both.",
        f"On average its answers are off by {number(bias)}; its mean absolute error is "
        f"{number(error)}.",
    )


@rule(46)
def not_as_sure_as_right(facts: Facts) -> Advice | None:
    reliability = facts.findings.get("reliability")
    if not reliability or facts.alike:
        return None
    # Being too modest costs nothing where only the labels count.
    counts = facts.metric.needs == "probabilities"
    if (abs(reliability["gap"]) if counts else reliability["gap"]) < (0.05 if counts else 0.1):
        return None
    groups = reliability["groups"]
    worst = max(groups, key=lambda group: abs(group["sure"] - group["right"]))
    over = reliability["gap"] > 0
    return Advice(
        f"It is {'surer' if over else 'less sure'} than it is right",
        "Its probabilities need calibrating: wrap it in CalibratedClassifierCV."
        + (" Regularising it more helps too." if over else ""),
        f"Where it is {worst['sure']:.0%} sure, it is right in about {worst['right']:.0%}.",
    )


@rule(48)
def clusters_too_few_or_many(facts: Facts) -> Advice | None:
    agreement = facts.findings.get("agreement")
    if not agreement or facts.passed:
        return None
    pure, whole = agreement["homogeneity"], agreement["completeness"]
    count = facts.findings["clusters"]
    if abs(pure - whole) < 0.15:
        return None
    found = f"{count:,} cluster{'' if count == 1 else 's'}; homogeneity {pure:.2f}, completeness {whole:.2f}."
    if pure > whole:
        return Advice(
            "It splits what belongs together",
            "Its clusters are pure, but one kind lies in several. Ask for fewer.",
            found,
        )
    return Advice(
        "It throws kinds together",
        "What belongs together stays together, but clusters hold several kinds. Ask for more.",
        found,
    )
