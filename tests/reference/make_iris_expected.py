#!/usr/bin/env python3
"""Writes iris_expected.txt, what docs/examples/gather_iris.tcl prints: computed from the table with Python's fractions."""

import os
from fractions import Fraction

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "..", "..", "docs", "examples", "iris.csv")
TITLES = ["sepal length", "sepal width", "petal length", "petal width"]


def line(label, numbers):
    return f"{label:<18}" + "".join(f"{float(x):14.6f}" for x in numbers)


def columns(rows):
    return list(zip(*(row[:-1] for row in rows)))


def means(rows):
    return [sum(column) / len(column) for column in columns(rows)]


with open(TABLE) as table:
    first, *lines = table.read().split()
_, width, *classes = first.split(",")
rows = [[Fraction(x) for x in text.split(",")] for text in lines]

out = [f"{len(rows)} flowers, {width} measurements each, in cm", " " * 18 + "".join(f"{t:>14}" for t in TITLES)]
for number, name in enumerate(classes):
    own = [row for row in rows if row[-1] == number]
    out.append(line(f"{name} ({len(own)})", means(own)))
out.append(line("all, mean", means(rows)))
out.append(line("all, smallest", map(min, columns(rows))))
out.append(line("all, largest", map(max, columns(rows))))
with open(os.path.join(HERE, "iris_expected.txt"), "w") as file:
    file.write("\n".join(out) + "\n")
