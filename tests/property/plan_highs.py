#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""plan_highs.py PROGRAM - random problems of mid size, as one integer program by HiGHS.

What HiGHS finds must lie between our bound and our value, and what it proves no plan is
below must not pass our value. It shares nothing with lib/plan but the problem.
"""
import subprocess
import sys

try:
    import numpy
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import lil_matrix
except ImportError as missing:
    print(f"{missing} (Debian: python3-scipy)")
    sys.exit(77)


def problems(text):
    problem = None
    for line in text.splitlines():
        word, *rest = line.split()
        if word == "problem":
            problem = {"value": int(rest[0]), "bound": int(rest[1]), "layouts": [], "work": []}
        elif word == "layout":
            supply = {}
            for part in rest[1:]:
                item, count = part.split("*")
                supply[item] = int(count)
            problem["layouts"].append((int(rest[0]), supply))
        elif word == "work":
            options = [part.rsplit(":", 1) for part in rest[3:]]
            problem["work"] += [(int(rest[1]), int(rest[2]), options)] * int(rest[0])
        else:
            yield problem


def solve(problem):
    """The least cost, and what HiGHS proves that it cannot be below."""
    n_layouts = len(problem["layouts"])
    items = sorted({item for _, supply in problem["layouts"] for item in supply})
    row_of = {item: row for row, item in enumerate(items)}
    n_columns = n_layouts + sum(len(options) for _, _, options in problem["work"])
    rows = lil_matrix((len(items) + 2 * len(problem["work"]), n_columns))
    low = numpy.zeros(rows.shape[0])
    cost = numpy.zeros(n_columns)
    for column, (price, supply) in enumerate(problem["layouts"]):
        cost[column] = price
        for item, count in supply.items():
            rows[row_of[item], column] = count
    column = n_layouts
    for i, (need, instances, options) in enumerate(problem["work"]):
        low[len(items) + 2 * i] = need
        low[len(items) + 2 * i + 1] = instances
        for item, rate in options:
            rows[row_of[item], column] = -1
            rows[len(items) + 2 * i, column] = int(rate)
            rows[len(items) + 2 * i + 1, column] = 1
            column += 1
    scale = cost.max()
    answer = milp(cost / scale, constraints=LinearConstraint(rows.tocsc(), low, numpy.inf),
                  integrality=numpy.ones(n_columns), bounds=Bounds(0, numpy.inf),
                  options={"time_limit": 60})
    found = None if answer.x is None else round(answer.fun * scale)
    return found, answer.mip_dual_bound * scale if answer.mip_dual_bound is not None else 0


def main():
    text = subprocess.run([sys.argv[1], "7", "8"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    n_same = n_all = 0
    for number, problem in enumerate(problems(text)):
        found, proven = solve(problem)
        value, bound = problem["value"], problem["bound"]
        n_all += 1
        n_same += found == value
        assert found is None or found >= bound, f"problem {number}: {found} is below our bound {bound}"
        assert proven <= value * (1 + 1e-6), f"problem {number}: {value} is below HiGHS's bound {proven}"
        print(f"problem {number}: ours {value}, bound {bound}; HiGHS {found}, bound {proven:.6g}")
    print(f"{n_all} problems, {n_same} times the same value")
    assert n_all == 8 and n_same >= 3


main()
