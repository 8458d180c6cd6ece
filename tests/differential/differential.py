#!/usr/bin/python3
"""Compares the library with PyTorch on inputs drawn anew.

    differential.py PROGRAM ?SEED?

PROGRAM is the library's test program. The cases are those of ../reference/make_reference.py with other values, shapes and
memory orders, drawn until there are 20,000 at least. The seed is printed, and is the clock's unless given. Exit code
77: there is no PyTorch here.
"""

import os
import subprocess
import sys
import tempfile
import time

LEAST = 20000


def count_cases(folder):
    return sum(" -> " in line for name in os.listdir(folder) for line in open(os.path.join(folder, name)))


def main():
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed")
        return 77
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
    import make_reference
    import reference_file

    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time()) % 1000000 + 1
    torch.set_num_threads(1)
    cases, failed = 0, False
    while cases < LEAST:
        with tempfile.TemporaryDirectory() as folder:
            reference_file.draw_anew(seed, folder)
            for write in make_reference.DRAWN:
                write()
            drawn = count_cases(folder)
            print(f"seed {seed}: {drawn} cases", flush=True)
            environment = dict(os.environ, WICK_FRESH_CASES=folder)
            failed |= subprocess.run([sys.argv[1], "-tc=fresh cases"], env=environment).returncode != 0
        cases, seed = cases + drawn, seed + 1
    print(f"{cases} cases in all" + (", with mismatches" if failed else ""))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
