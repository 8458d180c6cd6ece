#!/usr/bin/python3
"""Compares the speed of wick with that of PyTorch, where it is installed, call for call in the same run.

    compare.py BUILD ?--threads N? ?--rounds N? ?--backward? ?--write FILE? ?--list? ?CASE ...?

BUILD is a build directory with tests. CASE is a part of a case's name. The two take turns, round for round; a line tells
the microseconds of a call of either, the median of the rounds, and wick's time over PyTorch's. With one thread the time is
the processor's, which other work on the machine disturbs less. --write makes a page of all cases.
"""

import argparse
import math
import os
import platform
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("build")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--backward", action="store_true", help="backward passes alone")
parser.add_argument("--forward", action="store_true", help="forward passes alone")
parser.add_argument("--write", help="the page to write")
parser.add_argument("--list", action="store_true", help="names the cases")
parser.add_argument("cases", nargs="*")
options = parser.parse_intermixed_args()

# OpenBLAS has threads of its own, and reads their number when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = str(options.threads)
import torch  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases  # noqa: E402

DTYPES = {d: getattr(torch, d) for d in "bool uint8 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex64 complex128".split()}
clock = time.thread_time if options.threads == 1 else time.perf_counter


def drawn(text):
    """The tensor that an argument describes; the wick side is in tests/lib/benchmark.cpp."""
    described, *views = text[1:].split(" ")
    kind, seed, shape, dtype = described.split(":")
    sizes = [int(n) for n in shape.split(",")] if shape else []
    torch.manual_seed(int(seed))
    x = torch.rand(sizes) if kind == "rand" else torch.randn(sizes) if kind == "randn" else torch.randint(0, int(kind), sizes)
    x = x.to(DTYPES[dtype])
    for view in views:
        if view == "t":
            x = x.transpose(-2, -1)
        elif view == "spd":
            x = x @ x.t() + torch.eye(len(x), dtype=x.dtype) * len(x)
        elif view == "mask":
            x = x > 0.5
        elif view == "+1":
            x = x + 1
        elif view == "sorted":
            x = x.sort().values
        elif view == "every_other":
            x = x[..., ::2]
        elif view[0] == "[":
            x = x.permute(value(view))
    return x


def value(text):
    if text[0] == "@":
        return drawn(text)
    if text[0] == "[":
        return [int(n) for n in text[1:-1].split(",") if n]
    if text in DTYPES:
        return DTYPES[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"True": True, "False": False}.get(text, text)


def torch_call(arguments, f, backward):
    values = [value(a) for a in arguments]
    if not backward:
        return lambda: f(*values)
    leaves = [v.requires_grad_() for v in values if isinstance(v, torch.Tensor) and v.is_floating_point()]
    out = f(*values)
    out = out if isinstance(out, torch.Tensor) else out[0]
    torch.manual_seed(99)
    gradient = torch.randn(out.shape).to(out.dtype)
    return lambda: torch.autograd.grad(out, leaves, gradient, retain_graph=True, allow_unused=True)


def median_time(call, repeats):
    times = []
    for _ in range(repeats):
        begin = clock()
        kept = call()
        times.append((clock() - begin) * 1e6)
        del kept
    return statistics.median(times)


class Wick:
    """The test program, which runs cases by name."""

    def __init__(self):
        program = os.path.join(options.build, "tests/lib/wick_tests")
        environment = dict(os.environ, WICK_BENCHMARK="1")
        self.process = subprocess.Popen([program, "-tc=benchmark", "-nv"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def time(self, repeats):
        self.tell(f"? {options.threads} {repeats}")
        for answer in self.process.stdout:
            if answer.startswith("= "):
                return float(answer[2:])
        raise RuntimeError("the program ended")


def compare(case, backward):
    name, operation, arguments, f = case
    try:
        call = torch_call(arguments, f, backward)
        once = max(median_time(call, 3), 1)
    except RuntimeError as error:
        print(f"{name}: PyTorch: {str(error).splitlines()[0]}", file=sys.stderr)
        return None
    wick = Wick()
    try:
        wick.tell("\t".join(["backward" if backward else "forward", operation, *arguments]))
        repeats = int(min(max(20000 / once, 3), 300))
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(wick.time(repeats))
            theirs.append(median_time(call, repeats))
    except (RuntimeError, BrokenPipeError):
        print(f"{name}: wick could not run it", file=sys.stderr)
        return None
    finally:
        wick.process.kill()
        wick.process.wait()
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    result = (name, statistics.median(ours), statistics.median(theirs), ratio)
    print(f"{name:44} {result[1]:10.1f} {result[2]:10.1f} {ratio:7.2f}", flush=True)
    return result


def geometric_mean(results):
    return math.exp(statistics.mean(math.log(r[3]) for r in results))


def summary(title, results):
    slower = sum(r[3] > 1.1 for r in results)
    return f"{title}: {len(results)} cases, geometric mean {geometric_mean(results):.2f}, {slower} above 1.1"


def processor():
    with open("/proc/cpuinfo") as info:
        fields = dict(line.split(":", 1) for line in info if ":" in line)
    fields = {key.strip(): text.strip() for key, text in fields.items()}
    levels = [level for level in ("avx2", "avx512f") if level in fields.get("flags", "").split()]
    return f"{fields.get('model name', platform.processor())} (family {fields.get('cpu family')}, model {fields.get('model')}; {', '.join(levels)})"


def write_page(path, parts):
    with open(path, "w") as page:
        page.write("# Performance\n\n")
        page.write("Written by `tests/bench/compare.py`; every case that was measured is here, also the bad ones. The two libraries take turns in one run. Times are\n")
        page.write("microseconds of a call, the median; the ratio is the median over the rounds of wick's time over PyTorch's, not the quotient of the two columns: below 1 wick is the faster one.\n\n")
        page.write(f"- Machine: {processor()}, {os.cpu_count()} processors, {platform.system()}.\n")
        page.write(f"- PyTorch {torch.__version__}, from Python; wick from C++; {options.threads} thread{'s' * (options.threads > 1)}.\n")
        for title, results in parts:
            page.write(f"- {summary(title, results)}.\n")
        for title, results in parts:
            page.write(f"\n## {title}\n\n| case | wick | PyTorch | ratio |\n| --- | ---: | ---: | ---: |\n")
            for name, ours, theirs, ratio in results:
                shown = f"**{ratio:.2f}**" if ratio > 1.1 else f"{ratio:.2f}"
                page.write(f"| {name} | {ours:.1f} | {theirs:.1f} | {shown} |\n")


def main():
    torch.set_num_threads(options.threads)
    both = options.forward == options.backward
    parts = [("Forward", cases.FORWARD, False)] * (both or options.forward) + [("Backward", cases.BACKWARD, True)] * (both or options.backward)
    measured = []
    for title, table, backward in parts:
        chosen = [c for c in table if not options.cases or any(part in c[0] for part in options.cases)]
        if options.list:
            print("\n".join(c[0] for c in chosen))
            continue
        results = [r for r in (compare(c, backward) for c in chosen) if r]
        if results:
            measured.append((title, results))
    for title, results in measured:
        print(summary(title, results))
    if options.write:
        write_page(options.write, measured)


if __name__ == "__main__":
    main()
