#!/usr/bin/python3
"""Writes the arrays of tests/lib/io: files of NumPy's for wick to read. Needs NumPy.

    make_npy.py            writes npy/ beside this script
    make_npy.py -check DIR compares the files that wick has written into DIR with what they must hold
"""

import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = "bool uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128".split()


def values(dtype, shape=(2, 3)):
    count = int(np.prod(shape, dtype=int))
    x = np.arange(count) - 2
    if dtype.startswith("complex"):
        return (x * 0.5 + 1j * x).astype(dtype).reshape(shape)
    if dtype.startswith("float"):
        return (x * 0.5).astype(dtype).reshape(shape)
    return (x % 2 if dtype == "bool" else np.abs(x) if dtype == "uint8" else x).astype(dtype).reshape(shape)


def write():
    os.makedirs(os.path.join(HERE, "npy"), exist_ok=True)
    os.chdir(os.path.join(HERE, "npy"))
    for dtype in DTYPES:
        np.save(dtype + ".npy", values(dtype))
    np.save("fortran.npy", np.asfortranarray(values("float32", (2, 3, 4))))
    np.save("big_endian.npy", values("float64").astype(">f8"))
    np.save("big_endian_complex.npy", values("complex64").astype(">c8"))
    np.save("scalar.npy", np.float32(2.5))
    np.save("empty.npy", np.zeros((0, 3), "float32"))
    np.save("row.npy", values("int32", (5,)))
    np.save("uint16.npy", np.zeros(3, "uint16"))
    np.save("structure.npy", np.zeros(3, [("a", "f4"), ("b", "i4")]))
    with open("version3.npy", "wb") as file:
        np.lib.format.write_array(file, values("float32"), version=(3, 0))
    arrays = {"weight": values("float32"), "bias": values("float64", (3,)), "step": np.int64(7)}
    np.savez("stored.npz", **arrays)
    np.savez_compressed("compressed.npz", **arrays)


def check(folder):
    failed = 0

    def same(name, got, wanted):
        nonlocal failed
        if got.dtype != wanted.dtype or got.shape != wanted.shape or not np.array_equal(got, wanted):
            print(f"{name}: {got.dtype} {got.shape} {got} where {wanted.dtype} {wanted.shape} {wanted} is due")
            failed += 1

    for dtype in DTYPES:
        same(dtype, np.load(os.path.join(folder, dtype + ".npy")), values(dtype))
    fortran = np.load(os.path.join(folder, "fortran.npy"))
    same("fortran", fortran, values("float32", (2, 3, 4)))
    failed += not fortran.flags.f_contiguous
    same("scalar", np.load(os.path.join(folder, "scalar.npy")), np.array(2.5, "float32"))
    same("empty", np.load(os.path.join(folder, "empty.npy")), np.zeros((0, 3), "float32"))
    for name in ("stored.npz", "compressed.npz"):
        archive = np.load(os.path.join(folder, name))
        failed += archive.files != ["weight", "bias", "step", "gr\u00f6\u00dfe \u5927"]
        same(name + " weight", archive["weight"], values("float32"))
        same(name + " bias", archive["bias"], values("float64", (3,)))
        same(name + " step", archive["step"], np.array(7, "int64"))
        same(name + " name", archive["gr\u00f6\u00dfe \u5927"], np.ones(2, "float32"))
    print("mismatches" if failed else "NumPy reads what wick writes")
    return int(failed > 0)


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "-check":
        sys.exit(check(sys.argv[2]))
    write()
