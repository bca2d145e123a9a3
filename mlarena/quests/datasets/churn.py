"""Churn: who leaves a made-up telephone company, generated from the secret.

Part of the reason to leave adds up column by column, which a logistic regression finds (accuracy
about 0.87). Part lies in combinations (a new customer on a monthly contract who pays much; an old
one whose usage falls), which only trees or crossed features find (above 0.91). The quests'
thresholds are 0.85 and 0.90; a draw in which this does not hold is drawn again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlarena.core.seeding import generator
from mlarena.quests.datasets.dataset import Parts

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TARGET = "churned"
TRAIN_ROWS, HIDDEN_ROWS, SAMPLE_ROWS = 2_000, 1_000, 50

STAY_SHARE = (0.64, 0.77)  # what always answering "no" gets
LOGISTIC_ACCURACY = (0.862, 0.888)
BEST_ACCURACY = 0.945
_DRAWS = 200


def make(secret: bytes) -> Parts:
    """Draw the three tables; RuntimeError if no draw keeps the promise."""
    for draw in range(_DRAWS):
        company = Company(generator(secret, "churn", draw, "company"))
        train, left, _ = company.sign_up(generator(secret, "churn", draw, "train"), TRAIN_ROWS)
        hidden, truth, fair = company.sign_up(
            generator(secret, "churn", draw, "hidden"), HIDDEN_ROWS
        )
        if not _keeps_promise(train, left, hidden, truth, fair):
            continue
        sample, _, _ = company.sign_up(generator(secret, "churn", draw, "sample"), SAMPLE_ROWS)
        return Parts(train.assign(**{TARGET: left}), hidden, truth, sample)
    raise RuntimeError(f"no churn data in {_DRAWS} draws keeps the quests' thresholds true")


class Company:
    """The customers of one installation: the coefficients, drawn once from the secret."""

    def __init__(self, random: np.random.Generator) -> None:
        vary = random.uniform
        self.base = vary(-3.2, -2.8)
        self.contract = {"monthly": vary(1.8, 2.2), "yearly": 0.0, "two years": vary(-2.2, -1.8)}
        self.internet = {"none": vary(-0.8, -0.5), "dsl": 0.0, "fibre": vary(0.7, 1.0)}
        self.payment = {"invoice": vary(0.6, 0.9), "card": 0.0, "direct debit": vary(-0.7, -0.4)}
        self.per_call = vary(0.75, 0.95)
        self.per_euro = vary(0.030, 0.040)
        self.per_tenure_month = vary(-0.030, -0.022)
        self.shock = vary(5.5, 6.5)  # weight of the combinations below
        self.high_bill = vary(68, 74)
        self.noise = vary(0.22, 0.32)

    def sign_up(
        self, random: np.random.Generator, rows: int
    ) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
        """`rows` customers: features, who left ("yes"/"no"), and who would without chance."""
        import numpy as np
        import pandas as pd

        pick = random.choice
        contract = pick(["monthly", "yearly", "two years"], rows, p=[0.5, 0.3, 0.2])
        internet = pick(["none", "dsl", "fibre"], rows, p=[0.15, 0.4, 0.45])
        payment = pick(["invoice", "card", "direct debit"], rows, p=[0.35, 0.25, 0.4])
        tenure = np.clip(random.gamma(1.5, 20, rows), 0, 96).astype(int)
        plan = np.select([internet == "none", internet == "dsl"], [25.0, 48.0], 72.0)
        bill = np.clip(plan + random.normal(8, 11, rows), 12, 140).round(2)
        data = np.where(internet == "none", 0.0, random.gamma(2.5, 22, rows)).round(1)
        trend = np.clip(random.normal(0, 18, rows), -80, 80).round(1)
        calls = random.poisson(1.1, rows)
        age = np.clip(random.normal(46, 15, rows), 18, 92).astype(int)
        features = pd.DataFrame(
            {
                "age": age,
                "tenure_months": tenure,
                "contract": contract,
                "internet": internet,
                "payment": payment,
                "monthly_bill": bill,
                "data_gb": data,
                "usage_trend_percent": trend,
                "support_calls": calls,
            }
        )
        added_up = (
            self.base
            + np.vectorize(self.contract.get)(contract)
            + np.vectorize(self.internet.get)(internet)
            + np.vectorize(self.payment.get)(payment)
            + self.per_call * (calls - 1.1)
            + self.per_euro * (bill - 60)
            + self.per_tenure_month * (tenure - 30)
        )
        # Each is a rectangle in two or three columns, at odds with what the columns say alone.
        bargain = (contract == "monthly") & (bill < 38)
        regulars = (tenure > 48) & (contract == "monthly")
        drifting = (tenure > 24) & (trend < -18) & (contract != "monthly")
        overcharged = (bill > self.high_bill) & (contract == "yearly") & (tenure <= 24)
        combined = np.select(
            [drifting, overcharged, regulars, bargain], [1.0, 1.0, -1.0, -1.0], 0.0
        )
        leaning = added_up + self.shock * combined
        fair = np.where(leaning > 0, "yes", "no")
        truth = np.where(leaning + random.logistic(0, self.noise, rows) > 0, "yes", "no")
        return features, truth, fair


def _keeps_promise(
    train: pd.DataFrame,
    left: np.ndarray,
    hidden: pd.DataFrame,
    truth: np.ndarray,
    fair: np.ndarray,
) -> bool:
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    stay = np.mean(truth == "no")
    if not STAY_SHARE[0] <= stay <= STAY_SHARE[1] or np.mean(fair == truth) < BEST_ACCURACY:
        return False
    plain = make_pipeline(StandardScaler(), LogisticRegression())
    plain.fit(pd.get_dummies(train), left)
    low, high = LOGISTIC_ACCURACY
    return bool(low <= np.mean(plain.predict(pd.get_dummies(hidden)) == truth) <= high)
