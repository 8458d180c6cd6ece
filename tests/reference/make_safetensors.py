#!/usr/bin/python3
"""Exchanges safetensors files with wick.

    make_safetensors.py -check WICK_TESTS   writes a file for wick's tests to read, and reads what they write

With the safetensors package where it is installed, else with the few lines below. Needs NumPy; without it the
test is skipped.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    sys.exit(77)
try:
    import safetensors.numpy
except ImportError:
    safetensors = None

CODES = dict(bool="BOOL", uint8="U8", int8="I8", int16="I16", int32="I32", int64="I64", float16="F16", float32="F32",
             float64="F64", complex64="C64", bfloat16="BF16")
BFLOAT16 = "bfloat16"  # NumPy has none: its upper halves of float32 as uint16


def values(dtype):
    x = np.arange(6).reshape(2, 3) - 2
    if dtype == "complex64":
        return (x * 0.5 + 1j * x).astype(dtype)
    if dtype == BFLOAT16:
        return ((x * 0.5).astype("float32").view("uint32") >> 16).astype("uint16")
    if dtype.startswith("float"):
        return (x * 0.5).astype(dtype)
    return x > 0 if dtype == "bool" else np.abs(x).astype(dtype) if dtype == "uint8" else x.astype(dtype)


def tensors():
    named = {dtype: (CODES[dtype], values(dtype)) for dtype in CODES}
    named["scalar"] = ("F32", np.array(2.5, "float32"))
    named["empty"] = ("F32", np.zeros((0, 3), "float32"))
    named["gr\u00f6\u00dfe \u5927 \"quoted\"\n"] = ("F32", np.ones(2, "float32"))
    return named


def write(file, named, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, (code, x) in named.items():
        header[name] = {"dtype": code, "shape": list(x.shape), "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def read(file):
    with open(file, "rb") as source:
        content = source.read()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    assert (8 + length) % 8 == 0
    metadata, named = header.pop("__metadata__", {}), {}
    types = {code: "uint16" if dtype == BFLOAT16 else dtype for dtype, code in CODES.items()}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert begin % np.dtype(types[entry["dtype"]]).alignment == 0
        named[name] = (entry["dtype"], np.frombuffer(data[begin:end], types[entry["dtype"]]).reshape(entry["shape"]))
    return named, metadata


def same(got, wanted):
    return got.dtype == wanted.dtype and got.shape == wanted.shape and np.array_equal(got, wanted)


def check(program):
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        named = tensors()
        write(os.path.join(folder, "python.safetensors"), named, {"made by": "Python"})
        environment = dict(os.environ, WICK_SAFETENSORS_FOLDER=folder)
        subprocess.run([program, "-tc=safetensors: exchange with Python"], env=environment, check=True)
        written = os.path.join(folder, "wick.safetensors")
        got, metadata = read(written)
        if metadata != {"format": "pt", "made by": "wick"}:
            failed.append(f"metadata {metadata}")
        for name, (code, x) in named.items():
            if got[name][0] != code or not same(got[name][1], x):
                failed.append(f"{name}: {got[name]} where {(code, x)} is due")
        if safetensors:
            with safetensors.safe_open(written, "numpy") as opened:
                if opened.metadata() != metadata or set(opened.keys()) != set(named):
                    failed.append("the safetensors package reads other names")
                for name, (code, x) in named.items():
                    if code not in ("BF16", "C64") and not same(opened.get_tensor(name), x):
                        failed.append(f"{name}, by the safetensors package")
            ours = {name: x for name, (code, x) in named.items() if code not in ("BF16", "C64")}
            safetensors.numpy.save_file(ours, os.path.join(folder, "again.safetensors"))
            by_package, _ = read(os.path.join(folder, "again.safetensors"))
            for name, x in ours.items():
                if not same(by_package[name][1], x):
                    failed.append(f"{name}, written by the safetensors package")
    print("\n".join(failed) or "wick and Python read each other's safetensors")
    return bool(failed)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] != "-check":
        sys.exit(__doc__)
    sys.exit(check(sys.argv[2]))
