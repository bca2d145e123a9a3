"""The house model: what it knows before a kick-off, what it is worth, what it refuses."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mlarena.forecasts.commands import forecasts
from mlarena.forecasts.house import model as house
from mlarena.forecasts.house.features import Features, build
from mlarena.forecasts.house.goals import outcome_shares
from mlarena.forecasts.house.matches import BadTable, from_frame
from mlarena.forecasts.house.walk import significance, walk_forward
from mlarena.forecasts.simulation import season_matches

pytestmark = pytest.mark.pure
FIRST, LAST = 300, 304


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Two leagues, seven seasons: enough to learn from, quick to look at."""
    rows = []
    for league in ("one", "two"):
        for season in range(FIRST, LAST + 1):
            for match in season_matches(league, season):
                seen = match.result
                counts = zip(
                    ("goals", "shots", "sot", "corners"),
                    (seen.goals, seen.shots, seen.on_target, seen.corners),
                    strict=True,
                )
                row = {"date": match.kickoff, "league": league, "season": season}
                row |= {"home": match.home, "away": match.away}
                for name, (home, away) in counts:
                    row |= {f"home_{name}": home, f"away_{name}": away}
                rows.append(row)
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def file(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("matches") / "matches.csv.gz"
    table.to_csv(path, index=False)
    return path


def test_nothing_of_a_day_or_after_it_is_known_before_its_kick_offs(table: pd.DataFrame) -> None:
    day = table["date"].sort_values().iloc[len(table) // 2].floor("D")
    changed = table.copy()
    later = changed["date"] >= day
    for column in [name for name in changed if name.startswith(("home_", "away_"))]:
        # Other results, some of them lost, the days after moved by a month.
        changed.loc[later, column] = changed.loc[later, column].to_numpy(float)[::-1] + 2
    changed.loc[changed["date"] >= day + pd.Timedelta(days=3), "home_goals"] = np.nan
    changed.loc[changed["date"] >= day + pd.Timedelta(days=1), "date"] += pd.Timedelta(days=31)

    def known(frame: pd.DataFrame) -> np.ndarray:
        matches = from_frame(frame)
        found = build(matches)
        until = matches.day <= (day - pd.Timestamp(0, tz="UTC")).days
        return np.hstack([found.matrix[until], found.expected[until].reshape(until.sum(), -1)])

    before, after = known(table), known(changed)
    assert before.shape[0] == (table["date"] < day + pd.Timedelta(days=1)).sum()
    np.testing.assert_array_equal(before, after)
    # The same change a day earlier is seen: the test can fail.
    yesterday = table.copy()
    yesterday.loc[yesterday["date"].dt.floor("D") == day - pd.Timedelta(days=1), "home_goals"] += 3
    assert (known(yesterday) != before).any()


def test_what_bookmakers_say_is_no_feature(table: pd.DataFrame) -> None:
    """Closing odds know what is known at kick-off and more than we do; a file may have them."""
    margin = table["home_goals"] - table["away_goals"]
    told = table.assign(B365H=margin, PSCA=-margin, home_odds=margin, away_odds=-margin)
    np.testing.assert_array_equal(build(from_frame(told)).matrix, build(from_frame(table)).matrix)


def test_walk_forward_prints_one_object_and_beats_what_knows_less(file: Path) -> None:
    found = CliRunner().invoke(
        forecasts,
        [
            "walk-forward",
            "--from",
            str(file),
            "--test-seasons",
            "303,304",
            "--leagues",
            "one",
            "--json",
        ],
    )
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    assert {"n", "rps", "log_loss", "brier", "accuracy", "ece", "baselines"} <= set(said)
    assert said["n"] == 2 * 182
    assert said["baselines"]["uniform"] > said["baselines"]["base_rates"] > said["rps"]
    assert said["rps"] < said["baselines"]["elo"] + 0.001
    assert said["ece"] < 0.05 and said["accuracy"] > 0.45
    # What comes after a season changes nothing of it: forecast alone, it is the same.
    cut = pd.read_csv(file).query("season < 304 and league == 'one'")
    alone = walk_forward(from_frame(cut), [303])
    assert alone["rps"] == pytest.approx(said["seasons"]["303"]["house"], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"home_goals": "many"}, None),  # not a number: not played
        ({"home_goals": -1}, "whole numbers"),
        ({"away_goals": 1.5}, "whole numbers"),
        ({"date": "the 25th hour"}, "`date`"),
        ({"home": "A", "away": "A"}, "against itself"),
    ],
)
def test_a_bad_row_is_named(change: dict[str, object], words: str | None) -> None:
    good = {"date": "2024-08-01", "league": "E", "season": 2024, "home": "A", "away": "B"}
    good |= {"home_goals": 1, "away_goals": 0}
    rows = pd.DataFrame([good, good | {"date": "2024-08-09"} | change], dtype=object)
    if words is None:
        assert from_frame(rows).played.tolist() == [True, False]
        return
    with pytest.raises(BadTable, match=words) as raised:
        from_frame(rows)
    assert "Row 3" in str(raised.value)


def test_a_file_that_says_too_little_is_refused_in_words(file: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    pd.read_csv(file).query("season < 302").to_csv(few, index=False)
    html = tmp_path / "page.csv"
    html.write_text("<html>Not found</html>")
    asked = ["--test-seasons", "301", "--json", "--from"]
    for path, words in ((few, "too few"), (html, "lacks the columns"), (file, "No league XX")):
        more = ["--leagues", "XX"] if path == file else []
        found = CliRunner().invoke(forecasts, ["walk-forward", *asked, str(path), *more])
        assert found.exit_code == 1 and words in found.output


def test_a_model_comes_back_from_its_artifact_and_no_other_does(table: pd.DataFrame) -> None:
    matches = from_frame(table)
    features = build(matches)
    model = house.fit(matches, features)
    text = model.to_json()
    said = model.predict(features)
    np.testing.assert_allclose(said.sum(axis=1), 1)
    again = house.HouseModel.from_json(text).predict(features)
    np.testing.assert_allclose(again, said, rtol=1e-12)
    for broken in (
        text[: len(text) // 2],
        "[]",
        json.dumps(json.loads(text) | {"version": house.VERSION + 1}),
        json.dumps(json.loads(text) | {"logit": {"weights": [[1.0]], "bias": [1, 2, 3]}}),
    ):
        with pytest.raises(house.BadArtifact):
            house.HouseModel.from_json(broken)
    # Half of what it says is linear in the features, so what moved it can be told exactly.
    usual = features.matrix.mean(axis=0)
    moved = model.moved_by(features.of(np.array([500])), usual)[0]
    scores = np.log(model.logit.predict(np.stack([features.matrix[500], usual])))
    change = np.diff(scores[:, 0] - scores[:, 2])[0]
    assert sum(moved.values()) == pytest.approx(-change)


def test_draws_from_goals_are_those_of_dixon_and_coles() -> None:
    means, rho = np.array([[1.6, 0.9], [0.4, 2.2]]), -0.1
    for (home, away), said in zip(means, outcome_shares(means, rho), strict=True):
        cells = np.zeros(3)
        for x in range(13):
            for y in range(13):
                tau = {
                    (0, 0): 1 - home * away * rho,
                    (0, 1): 1 + home * rho,
                    (1, 0): 1 + away * rho,
                    (1, 1): 1 - rho,
                }.get((x, y), 1.0)
                share = np.exp(-home - away) * home**x * away**y
                share /= np.prod(np.arange(1, x + 1)) * np.prod(np.arange(1, y + 1))
                cells[0 if x > y else 1 if x == y else 2] += tau * share
        np.testing.assert_allclose(said, cells, atol=1e-6)


def test_a_simulated_season_is_the_same_for_the_same_seed_only() -> None:
    one, again, other = (
        [asdict(match) for match in season_matches(seed, 322)] for seed in ("a", "a", "b")
    )
    assert one == again and [m["result"] for m in one] != [m["result"] for m in other]
    pairs = {(match["home"], match["away"]) for match in one}
    assert len(pairs) == len(one) == 14 * 13
    for number in range(1, 27):
        playing = [m[side] for m in one if m["round"] == number for side in ("home", "away")]
        assert len(set(playing)) == 14
    assert len({m["kickoff"].date() for m in one}) == 26 and one[0]["kickoff"].month == 11


def test_features_are_those_of_a_match_asked_alone(table: pd.DataFrame) -> None:
    """A fixture without a result gets the features it had when its result was there."""
    matches = from_frame(table)
    ahead = table.copy()
    last = ahead["date"].idxmax()
    ahead[["home_goals", "away_goals"]] = ahead[["home_goals", "away_goals"]].astype(float)
    ahead.loc[last, [name for name in ahead if name.startswith(("home_", "away_"))]] = np.nan
    blind = from_frame(ahead)
    row = np.flatnonzero(~blind.played)
    assert len(row) == 1

    def one(found: Features) -> np.ndarray:
        return found.matrix[row]

    np.testing.assert_array_equal(one(build(blind)), one(build(matches)))


def expected(rows: list[tuple[str, str, str, int, int]]) -> np.ndarray:
    """What both sides of the last of these matches (date, home, away, goals) should score, in usual goals."""
    columns = ["date", "home", "away", "home_goals", "away_goals"]
    frame = pd.DataFrame(rows, columns=columns).assign(league="one", season=2022)
    found: np.ndarray = build(from_frame(frame)).expected[-1, :, 0]
    return found


def test_who_beat_a_team_is_the_better_for_what_that_team_does_later() -> None:
    first, last = ("2022-09-01", "A", "B", 1, 0), ("2022-09-20", "A", "D", 0, 0)
    strong, weak = (
        expected([first, ("2022-09-10", "B", "C", *goals), last]) for goals in ((6, 0), (0, 6))
    )
    assert strong[0] > weak[0] and strong[1] < weak[1]
    # It is only that of the team it met: what two others do says nothing of A against D.
    alone = [expected([first, ("2022-09-10", "E", "C", *g), last]) for g in ((1, 0), (0, 1))]
    apart = abs(alone[0] - alone[1]).max()
    assert apart < abs(strong - weak).min() / 2


def test_before_empty_stands_it_is_worth_less_to_be_at_home() -> None:
    crowd, nobody, again = (
        expected([(day, "A", "B", 0, 0)]) for day in ("2020-03-07", "2020-03-08", "2021-07-01")
    )
    np.testing.assert_array_equal(crowd, again)
    assert nobody[0] < crowd[0] and nobody[1] > crowd[1]


def test_what_is_better_is_told_with_how_sure_that_is() -> None:
    chance = np.random.default_rng(5)
    days = np.repeat(np.arange(300), 10)
    better = significance(chance.normal(0.003, 0.04, 3000), days)
    assert better["interval"][0] > 0 and better["p"] < 0.01 and better["diebold_mariano"] > 2
    same = significance(chance.normal(0, 0.04, 3000), days)
    assert same["interval"][0] < 0 < same["interval"][1] and same["p"] > 0.05
    # Ten matches of a day that all go the same way are one piece of news, and the interval knows.
    alike = significance(np.repeat(chance.normal(0, 0.04, 300), 10), days)
    assert np.ptp(alike["interval"]) > 2 * np.ptp(same["interval"])
