"""count.py LOG...: prints how many tests passed, failed and were skipped in Meson's logs (testlog*.json).

A test that says how many it is made of (doctest, tcltest, TAP, or a closing "N passed, N failed") counts as that many.
"""

import json
import re
import sys

DOCTEST = re.compile(r"^\[doctest\] test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped", re.M)
TCLTEST = re.compile(r"^(\S+):\s+Total\s+\d+\s+Passed\s+(\d+)\s+Skipped\s+(\d+)\s+Failed\s+(\d+)", re.M)
TAP = re.compile(r"^(ok|not ok)\b[^#\n]*(# SKIP)?", re.M)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)


def parts(output):
    """(passed, failed, skipped) as the output tells them, or None."""
    if found := DOCTEST.findall(output):
        return tuple(sum(int(row[i]) for row in found) for i in range(3))
    if found := TCLTEST.findall(output):
        # A file that runs all others adds up what they said.
        found = [row for row in found if row[0] == "all.tcl"] or found
        return tuple(sum(int(row[i]) for row in found) for i in (1, 3, 2))
    if re.search(r"^1\.\.\d+", output, re.M):
        found = TAP.findall(output)
        skipped = sum(1 for row in found if row[1])
        failed = sum(1 for row in found if row[0] == "not ok")
        return len(found) - failed - skipped, failed, skipped
    if found := PLAIN.findall(output):
        return tuple(int(number or 0) for number in found[-1])
    return None


total = [0, 0, 0]
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            result = test["result"]
            good = result in ("OK", "EXPECTEDFAIL")
            counts = parts(test.get("stdout", "") or "")
            if result == "SKIP":
                counts = (0, 0, 1)
            elif counts is None:
                counts = (1, 0, 0) if good else (0, 1, 0)
            elif not good and counts[1] == 0:
                counts = (counts[0], 1, counts[2])
            total = [a + b for a, b in zip(total, counts)]
print(*total)
