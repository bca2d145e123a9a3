"""Where the marks of drawings go, and what they do with odd numbers."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlarena.core import charts
from mlarena.core.charts.scales import Scale, finite, round_scale, round_step

pytestmark = pytest.mark.pure

# What reports and users' data hold: also nothing, no number, and the largest there are.
ODD = st.one_of(
    st.none(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0, -0.0, 1e308, -1e308, 5e-324, 10**400, "x"]),
)


def inside(*places: float) -> None:
    assert all(math.isfinite(place) and 0 <= place <= 100 for place in places), places


# scales


def test_a_scale_puts_its_ends_at_the_edges_and_all_equal_in_the_middle() -> None:
    scale = Scale(10, 30)
    assert [scale.at(value) for value in (10, 15, 30, 99)] == [0, 25, 100, 100]
    assert scale.up(15) == 75
    assert Scale(5, 5).at(5) == 50


def test_steps_are_round() -> None:
    steps = [round_step(rough) for rough in (0.11, 0.9, 3, 6, 240)]
    assert steps == pytest.approx([0.2, 1, 5, 10, 250])


def test_an_axis_is_widened_to_round_numbers() -> None:
    scale, marks = round_scale(Scale(0.13, 0.87))
    assert marks == [0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert (scale.low, scale.high) == (0, 1)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1e308))
def test_an_axis_holds_its_values_with_few_marks(low: float, width: float) -> None:
    high = low + width
    if not math.isfinite(high):
        return
    scale, marks = round_scale(Scale(low, high))
    assert 1 <= len(marks) <= 18
    assert marks == sorted(marks)
    slack = (high - low) * 1e-9 + abs(low) * 1e-9
    assert scale.low <= low + slack
    assert scale.high >= high - slack


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (0.123456, "0.123"),
        (12.5, "12.5"),
        (999, "999"),
        (1250, "1,250"),
        (12_500, "12.5k"),
        (999_999, "1M"),
        (3_000_000, "3M"),
        (-2_400_000_000, "-2.4G"),
        (1e300, "1e+300"),
        (1e-7, "1.0e-07"),
        (None, "–"),
        (math.nan, "–"),
        ("x", "–"),
    ],
)
def test_numbers_are_short(value: object, text: str) -> None:
    assert charts.compact(value) == text
    assert len(text) <= 7


@given(ODD)
def test_no_number_is_long(value: object) -> None:
    assert len(charts.compact(value)) <= 9  # type: ignore[arg-type]


# sparkline and lines


def test_a_sparkline_goes_from_the_oldest_to_the_newest_and_up_is_more() -> None:
    drawn = charts.sparkline([1, 3, 2])
    assert drawn.path == "M0 100L50 0L100 50"
    assert drawn.area.endswith("L100 100L0 100Z")
    assert drawn.last == (100, 50)
    assert (drawn.low, drawn.high, drawn.first_value, drawn.last_value) == (1, 3, 1, 2)


def test_a_gap_lifts_the_pen() -> None:
    drawn = charts.sparkline([1, None, 3, 2])
    assert drawn.path.count("M") == 2
    assert drawn.area == ""


def test_nothing_and_one_value() -> None:
    assert charts.sparkline([]).last is None
    assert charts.sparkline([None, math.nan]).last is None
    assert charts.sparkline([7]).last == (50, 50)


@given(st.lists(ODD, max_size=30))
def test_any_values_make_a_drawing_inside_its_box(values: list[object]) -> None:
    drawn = charts.sparkline(values)
    inside(*(float(number) for number in re.findall(r"[\d.]+(?:e-?\d+)?", drawn.path)))
    assert (drawn.last is None) == all(finite(value) is None for value in values)


def test_lines_share_their_axes_and_their_table() -> None:
    drawn = charts.lines(
        [("a", [(0, 1.0), (10, 3.0)]), ("b", [(0, 2.0), (5, None)])], x_name="week"
    )
    assert [line.path for line in drawn.lines] == ["M0 100L100 0", "M0 50"]
    assert [line.tone for line in drawn.lines] == [1, 2]
    assert drawn.columns == [("week", ""), ("a", "number"), ("b", "number")]
    assert drawn.rows == [["0", "1", "2"], ["5", "–", "–"], ["10", "3", "–"]]
    assert [tick.label for tick in drawn.y_ticks] == ["1", "1.5", "2", "2.5", "3"]


def test_the_seventh_line_is_told_from_the_first() -> None:
    drawn = charts.lines([(f"line {n}", [(0, n), (1, n)]) for n in range(7)])
    first, seventh = drawn.lines[0], drawn.lines[6]
    assert (first.tone, first.dashed) == (1, False)
    assert (seventh.tone, seventh.dashed) == (1, True)


def test_times_stand_on_an_axis_with_dates_below() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    drawn = charts.lines([("rating", [(start + timedelta(days=n), 1200 + n) for n in range(31)])])
    assert [tick.label for tick in drawn.x_ticks] == ["1 Nov", "11 Nov", "21 Nov", "1 Dec"]
    assert drawn.rows[0] == ["1 Nov 2026", "1,200"]
    years = charts.lines([("r", [(date(2024, 1, 1), 1), (date(2026, 1, 1), 2)])])
    assert years.x_ticks[0].label == "1 Jan 2024"


def test_the_diagonal_is_where_both_axes_say_the_same() -> None:
    drawn = charts.lines([("a", [(0.2, 0.4)])], x_range=(0, 1), y_range=(0, 1), diagonal=True)
    assert drawn.diagonal == (0, 100, 100, 0)
    assert charts.scatter([(0, 10), (10, 0)], diagonal=True).diagonal == (0, 100, 100, 0)


def test_a_long_table_is_thinned_and_says_so() -> None:
    drawn = charts.lines([("a", [(n, n) for n in range(1000)])])
    assert len(drawn.rows) == 100
    assert drawn.left_out == 900
    assert (drawn.rows[0][0], drawn.rows[-1][0]) == ("0", "999")
    assert drawn.lines[0].dots == []


def test_a_dot_s_area_is_its_weight() -> None:
    drawn = charts.scatter([(0, 0, 100), (1, 1, 25), (2, 2, 0), (3, None, 5)], largest=8)
    assert [dot.radius for dot in drawn.dots] == [8, 4]
    assert charts.scatter([]).dots == []


@given(st.lists(st.tuples(ODD, ODD, ODD), max_size=20), st.booleans())
def test_any_points_are_drawn_inside(points: list[tuple[object, ...]], diagonal: bool) -> None:
    drawn = charts.scatter(points, diagonal=diagonal)  # type: ignore[arg-type]
    inside(*(dot.x for dot in drawn.dots), *(dot.y for dot in drawn.dots))
    inside(*(tick.at for tick in (*drawn.x_ticks, *drawn.y_ticks)))


# amounts


def test_bars_start_at_zero_and_share_their_scale() -> None:
    drawn = charts.bars([("a", 10), ("b", 5), ("none", None)], mark=7.5)
    assert [(bar.x, bar.width, bar.text) for bar in drawn.bars] == [
        (0, 100, "10"),
        (0, 50, "5"),
        (0, 0, "–"),
    ]
    assert (drawn.mark, drawn.mark_text) == (75, "7.5")


def test_bars_go_both_ways_from_zero() -> None:
    below, above = charts.bars([("low", -10), ("high", 30)]).bars
    assert (below.x, below.width) == (0, 25)
    assert (above.x, above.width) == (25, 75)


def test_bars_of_nothing_have_no_width() -> None:
    assert [bar.width for bar in charts.bars([("a", 0), ("b", 0)]).bars] == [0, 0]
    assert charts.bars([]).bars == []
    assert charts.bars([("a", 0.5)], most=1).bars[0].width == 50


@given(st.lists(st.tuples(st.text(max_size=3), ODD), max_size=20), ODD)
def test_any_bars_are_drawn_inside(items: list[tuple[str, object]], mark: object) -> None:
    drawn = charts.bars(items, mark=mark)  # type: ignore[arg-type]
    for bar in drawn.bars:
        inside(bar.x, bar.width)
        assert bar.x + bar.width <= 100.02


def test_a_histogram_stands_on_its_edges() -> None:
    drawn = charts.histogram(
        [0, 1, 2, 4], [2, 4, 4], marks=[("me", 3, "me"), ("none", None, "best")]
    )
    assert [(bin.x, bin.width, bin.height) for bin in drawn.bins] == [
        (0, 25, 50),
        (25, 25, 100),
        (50, 50, 50),  # twice as wide and as many rows: half as high
    ]
    assert [(mark.at, mark.kind) for mark in drawn.marks] == [(75, "me")]
    assert drawn.table == [("0 to 1", "2"), ("1 to 2", "4"), ("2 to 4", "4")]
    assert drawn.total == 10


def test_a_histogram_of_nothing_and_of_one_value() -> None:
    assert charts.histogram([], []).bins == []
    assert charts.histogram([0, 1], [0]).bins[0].height == 0
    (only,) = charts.histogram([5, 5], [12]).bins
    assert (only.x, only.width, only.height) == (42, 16, 100)


@given(st.lists(ODD, max_size=12), st.lists(ODD, max_size=12), ODD)
def test_any_histogram_is_drawn_inside(edges: list, counts: list, mark: object) -> None:
    cuts = sorted(value for edge in edges if (value := finite(edge)) is not None)
    drawn = charts.histogram(cuts, [abs(finite(c) or 0) for c in counts], [("m", mark, "me")])
    for bin in drawn.bins:
        inside(bin.x, bin.y, bin.width, bin.height)


def test_parts_make_a_whole() -> None:
    home, draw, away = charts.stacked([("home", 0.5), ("draw", 0.25), ("away", 0.25)])
    assert [(part.x, part.width) for part in (home, draw, away)] == [(0, 50), (50, 25), (75, 25)]
    assert [part.width for part in charts.stacked([("a", 0), ("b", None), ("c", -1)])] == [0, 0, 0]


@given(st.lists(st.tuples(st.text(max_size=3), ODD), max_size=8))
def test_any_parts_fill_the_whole_or_nothing(parts: list[tuple[str, object]]) -> None:
    drawn = charts.stacked(parts)
    width = sum(part.width for part in drawn)
    assert width == 0 or width == pytest.approx(100, abs=0.05)


# grids


def test_a_confusion_matrix_is_shaded_by_its_rows() -> None:
    drawn = charts.heatmap(["a", "b"], [[90, 10], [1, 0]])
    steps = [[cell.step for cell in row] for row in drawn.rows]
    assert steps == [[7, 1], [8, 0]]
    assert [cell.right for cell in drawn.rows[0]] == [True, False]
    assert [(m.truth, m.answer, m.count) for m in drawn.mistakes] == [("a", "b", 10), ("b", "a", 1)]
    assert drawn.table[0] == ("a", "b", "10", "10%")
    assert drawn.fits_table


def test_one_in_a_thousand_is_seen() -> None:
    drawn = charts.heatmap(["a", "b"], [[999, 1], [0, 0]])
    assert drawn.rows[0][1].step == 1
    assert [cell.step for cell in drawn.rows[1]] == [0, 0]


def test_fifty_classes_are_drawn_and_their_largest_mistakes_listed() -> None:
    names = [f"class {n}" for n in range(50)]
    drawn = charts.heatmap(
        names, [[(row * column) % 7 for column in range(50)] for row in range(50)]
    )
    assert not drawn.fits_table
    assert len(drawn.mistakes) == 50
    assert drawn.more_mistakes > 1000
    assert drawn.mistakes[0].count == 6
    last = drawn.rows[-1][-1]
    assert last.x + drawn.cell_width == pytest.approx(100, abs=0.5)


def test_other_answers_than_labels_and_none_at_all() -> None:
    drawn = charts.heatmap(["a"], [[1, 2]], ["a", "never seen"])
    assert [cell.right for cell in drawn.rows[0]] == [True, False]
    assert charts.heatmap([], []).rows == []


def test_a_year_is_columns_of_weeks_from_monday() -> None:
    first = date(2026, 1, 1)  # a Thursday
    days = [
        {"day": first + timedelta(days=n), "submissions": 2 if n == 4 else 0, "frozen": n == 5}
        for n in range(365)
    ]
    drawn = charts.calendar(days)
    assert (drawn.days[0].column, drawn.days[0].row) == (0, 3)
    assert (drawn.days[4].column, drawn.days[4].row) == (1, 0)
    assert (drawn.days[4].step, drawn.days[5].frozen) == (2, True)
    assert drawn.weeks == 53
    assert [month.name for month in drawn.months][:2] == ["Jan", "Feb"]
    assert (drawn.active, drawn.count) == (1, 2)
    assert charts.calendar([]).weeks == 0


def test_the_same_month_of_two_years_is_two_months() -> None:
    days = [{"day": date(2025, 11, 21) + timedelta(days=n), "submissions": 1} for n in range(366)]
    assert [month.name for month in charts.calendar(days).months].count("Nov") == 2


# the score strip


def test_right_is_better_whatever_the_direction() -> None:
    higher = charts.score_strip(0.9, threshold=0.8, best=0.95)
    assert higher.threshold < higher.value < higher.best
    lower = charts.score_strip(20, threshold=30, best=10, direction="lower")
    assert lower.threshold < lower.value < lower.best


def test_it_says_whom_one_beats() -> None:
    field = [0.1, 0.2, 0.3, 0.9]
    assert charts.score_strip(0.5, field=field).better_than == 75
    assert charts.score_strip(0.5, field=field, direction="lower").better_than == 25
    assert charts.score_strip(0.5).better_than is None
    assert charts.score_strip(None, field=field).better_than is None
    assert charts.score_strip(0.5, field=field).median_score == pytest.approx(0.25)


def test_an_outlier_does_not_squeeze_the_field() -> None:
    field = [0.5 + n / 200 for n in range(100)]
    drawn = charts.score_strip(0.75, threshold=0.8, field=[*field, -1e9])
    assert 20 < drawn.value < 80
    assert sum(bin.count for bin in drawn.field) == 101


@given(ODD, ODD, ODD, st.lists(ODD, max_size=60), st.sampled_from(["higher", "lower"]))
def test_any_strip_is_drawn_inside(
    value: object, threshold: object, best: object, field: list, direction: str
) -> None:
    drawn = charts.score_strip(value, threshold, best, field, direction)
    places = (drawn.value, drawn.threshold, drawn.best, drawn.median)
    inside(*(place for place in places if place is not None))
    for bin in drawn.field:
        inside(bin.x, bin.width, bin.y, bin.height)
    assert sum(bin.count for bin in drawn.field) == drawn.others


# relations


def described(name: str, *columns: str, keys: tuple[tuple[str, str, str], ...] = ()) -> dict:
    """A table as a challenge describes it; the first column is its key."""
    return {
        "name": name,
        "kind": "table",
        "columns": [{"name": one, "primary_key": one == columns[0]} for one in columns],
        "foreign_keys": [
            {"columns": [column], "table": table, "references": [target] if target else []}
            for column, table, target in keys
        ],
    }


SHOP = [
    described("author", "id", "name"),
    described("book", "id", "title", "author_id", keys=(("author_id", "author", "id"),)),
    described("line", "no", "book_id", "line_no", keys=(("book_id", "Book", ""), ("line_no", "line", "no"))),
    described("alone", "id"),
]  # fmt: skip


def test_tables_hang_together_by_their_keys() -> None:
    drawn = charts.relations(SHOP)
    assert drawn
    assert [box.name for box in drawn.boxes] == ["author", "book", "line", "alone"]
    assert [(line.name, line.mark) for line in drawn.boxes[1].lines] == [
        ("id", "PK"),
        ("title", ""),
        ("author_id", "FK"),
    ]
    assert [link.words for link in drawn.links] == [
        "book.author_id refers to author.id",
        "line.book_id refers to book.id",  # named in another case, and without its column
        "line.line_no refers to line.no",
    ]


@pytest.mark.parametrize("many", [2, 7, 12, 30])
def test_boxes_stand_apart_and_no_line_crosses_one(many: int) -> None:
    tables = [
        described(f"t{n}", "id", *(f"c{k}" for k in range(n)), f"t{n // 2}_id",
                  keys=((f"t{n // 2}_id", f"t{n // 2}", "id"), ("id", "t0", "id")))
        for n in range(many)
    ]  # fmt: skip
    drawn = charts.relations(tables)
    assert drawn
    assert len(drawn.boxes) + drawn.more == many
    boxes = [(box.x, box.y, box.x + drawn.box, box.y + box.height) for box in drawn.boxes]
    for x1, y1, x2, y2 in boxes:
        assert 0 <= x1 < x2 <= drawn.width
        assert 0 <= y1 < y2 <= drawn.height
        assert sum(x1 < r and l < x2 and y1 < b and t < y2 for l, t, r, b in boxes) == 1  # noqa: E741
    for link in drawn.links:
        x, y, lane, down, end = map(float, re.findall(r"-?[\d.]+", link.path))
        assert 0 <= lane <= drawn.width
        # It runs up and down outside every box, and sideways only between its box and its lane.
        assert all(not (left < lane < right) for left, _, right, _ in boxes)
        assert {x, end} <= {edge for left, _, right, _ in boxes for edge in (left, right)}
        assert 0 <= min(y, down) <= max(y, down) <= drawn.height


@pytest.mark.parametrize(
    "tables",
    [
        [],
        [described("alone", "id", "name")],
        [described("alone", "id", keys=(("id", "elsewhere", "id"),))],
        [described("seen", "id") | {"kind": "view"}, described("alone", "id")],
    ],
)
def test_a_table_that_refers_to_nothing_needs_no_picture(tables: list) -> None:
    assert charts.relations(tables) is None


def test_long_names_and_wide_tables_are_cut_but_never_keys() -> None:
    columns = [f"a_rather_long_name_{n}" for n in range(40)]
    wide = described("w" * 60, "id", *columns, keys=((columns[-1], "o", "id"),))
    drawn = charts.relations([described("o", "id"), wide])
    assert drawn
    box = drawn.boxes[1]
    assert (len(box.lines), box.more) == (12, 29)
    assert box.lines[-1].whole == columns[-1]
    assert all(len(line.name) <= 15 for line in box.lines)
    assert box.whole == "w" * 60
