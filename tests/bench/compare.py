#!/usr/bin/python3
"""Compares the speed of wick with that of PyTorch, where it is installed, call for call in the same run.

    compare.py BUILD ?--threads N? ?--rounds N? ?CASE ...?

BUILD is a build directory with -Dbenchmarks=true. The two take turns, round for round; a line tells the median
microseconds of either and the median of the rounds' ratios, which is above 1 where wick is faster.
"""

import argparse
import os
import statistics
import subprocess
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("build")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=11)
parser.add_argument("cases", nargs="*")
options = parser.parse_intermixed_args()

# OpenBLAS has threads of its own, and reads their number when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
import torch  # noqa: E402


def cases():
    flat, other, square = torch.rand(1000000), torch.rand(1000000), torch.rand(1000, 1000)
    normal, whole = torch.randn(1000000), torch.randint(0, 1000, (1000000,))
    wide, mask, rows = normal.double(), flat > other, torch.randint(0, 1000, (1000,))
    table = {}
    for name in ("exp", "tanh", "log", "sigmoid", "sin", "cos", "tan", "sqrt", "expm1", "log1p", "atan", "relu", "asin", "sinh", "floor",
                 "rsqrt", "square"):
        table[name] = lambda f=getattr(torch, name): f(flat)
    for name in ("exp", "sin", "tanh"):
        table[name + "64"] = lambda f=getattr(torch, name): f(wide)
    table |= {
        "add": lambda: flat + other,
        "add_transposed": lambda: square + square.t(),
        "mul_row": lambda: square * square[0],
        "gt": lambda: flat > other,
        "pow": lambda: flat**other,
        "where": lambda: torch.where(mask, flat, other),
        "to_float64": lambda: flat.double(),
        "to_int32": lambda: flat.int(),
        "sum": lambda: flat.sum(),
        "sum64": lambda: wide.sum(),
        "sum_int64": lambda: whole.sum(),
        "max": lambda: flat.max(),
        "var": lambda: flat.var(),
        "cumsum": lambda: flat.cumsum(0),
        "cumprod": lambda: flat.cumprod(0),
        "sort": lambda: flat.sort(),
        "sort_int64": lambda: whole.sort(),
        "median": lambda: flat.median(),
        "index_select": lambda: square.index_select(0, rows),
        "transpose": lambda: square.t().contiguous(),
        "rand": lambda: torch.rand(1000000),
        "randn": lambda: torch.randn(1000000),
        "randn64": lambda: torch.randn(1000000, dtype=torch.float64),
        "bernoulli": lambda: torch.bernoulli(flat),
        "exponential": lambda: torch.empty(1000000).exponential_(1),
        "randperm": lambda: torch.randperm(100000),
    }
    for d in (0, 1):
        table |= {
            f"sum_{d}": lambda d=d: square.sum(d),
            f"mean_{d}": lambda d=d: square.mean(d),
            f"var_{d}": lambda d=d: square.var(d),
            f"max_{d}": lambda d=d: square.max(d),
            f"cumsum_{d}": lambda d=d: square.cumsum(d),
            f"cummax_{d}": lambda d=d: square.cummax(d),
            f"sort_{d}": lambda d=d: square.sort(d),
            f"median_{d}": lambda d=d: square.median(d),
            f"topk_{d}": lambda d=d: square.topk(10, d),
            f"softmax_{d}": lambda d=d: square.softmax(d),
            f"log_softmax_{d}": lambda d=d: square.log_softmax(d),
        }
    for name in ("gelu", "silu", "elu", "softplus", "mish"):
        table[name] = lambda f=getattr(torch.nn.functional, name): f(normal)
    for n in (64, 512, 1024):
        for dtype in (torch.float32, torch.float64):
            a, b = torch.rand(n, n, dtype=dtype), torch.rand(n, n, dtype=dtype)
            table[f"matmul{n}" + ("_64" if dtype == torch.float64 else "")] = lambda a=a, b=b: a @ b
    leaf = torch.rand(1000, requires_grad=True)

    def expression():
        a = leaf * leaf
        d = torch.tanh(torch.exp(-a) + leaf)
        return torch.autograd.grad(((torch.sigmoid(d * a) - leaf) ** 2).mean(), leaf)

    table["expression"] = expression
    return table


def median_time(call, repeats):
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        kept = call()
        times.append((time.perf_counter() - begin) * 1e6)
        del kept
    return statistics.median(times)


def main():
    torch.set_num_threads(options.threads)
    wick = subprocess.Popen([options.build + "/tests/bench/wick_compare"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(line):
        wick.stdin.write(line + "\n")
        wick.stdin.flush()
        return wick.stdout.readline()

    table = cases()
    known = ask("").split()
    print(f"{'case':16} {'wick':>10} {'PyTorch':>10} {'ratio':>7}   ({options.threads} thread(s), microseconds)")
    for name in options.cases or [n for n in known if n in table]:
        once = max(median_time(table[name], 3), 1)
        repeats = int(min(max(20000 / once, 3), 200))
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(float(ask(f"{name} {options.threads} {repeats}")))
            theirs.append(median_time(table[name], repeats))
        ratio = statistics.median(b / a for a, b in zip(ours, theirs))
        print(f"{name:16} {statistics.median(ours):10.1f} {statistics.median(theirs):10.1f} {ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
