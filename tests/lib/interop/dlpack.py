#!/usr/bin/python3
"""dlpack.py BRIDGE: NumPy and PyTorch take wick's tensors and give theirs, through DLPack.

Without NumPy the test is skipped, without PyTorch its part of it.
"""

import ctypes
import sys

try:
    import numpy as np
except ImportError:
    sys.exit(77)
try:
    import torch
    from torch.utils import dlpack
except ImportError:
    torch = None

python = ctypes.pythonapi
python.PyCapsule_New.restype = ctypes.py_object
python.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
python.PyCapsule_GetPointer.restype = ctypes.c_void_p
python.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
python.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]
bridge = ctypes.CDLL(sys.argv[1])
bridge.bridge_give.restype = ctypes.c_void_p
bridge.bridge_give.argtypes = [ctypes.c_char_p]
bridge.bridge_take.restype = ctypes.c_double
bridge.bridge_take.argtypes = [ctypes.c_void_p]

NEW, USED = b"dltensor", b"used_dltensor"  # capsules keep no copy of their names


class Given:
    def __init__(self, dtype):
        self.pointer = bridge.bridge_give(dtype.encode())

    def __dlpack__(self, stream=None):
        return python.PyCapsule_New(self.pointer, NEW, None)

    def __dlpack_device__(self):
        return 1, 0


def wanted(dtype):
    x = np.arange(24.0).reshape(2, 3, 4) - 5
    return (np.abs(x) if dtype == "uint8" else x).astype(dtype).transpose(2, 0, 1)


def take(capsule):
    total = bridge.bridge_take(python.PyCapsule_GetPointer(capsule, NEW))
    python.PyCapsule_SetName(capsule, USED)
    return total


def weighted(x):
    return float((np.real(x).astype("float64") * np.arange(1, x.size + 1).reshape(x.shape)).sum())


failed = 0


def expect(what, holds):
    global failed
    if not holds:
        print("differs:", what)
        failed += 1


DTYPES = "uint8 int8 int16 int32 int64 float16 float32 float64 complex64 complex128".split()
for dtype in DTYPES:
    x = np.from_dlpack(Given(dtype))
    expect(f"NumPy takes {dtype}", x.dtype == dtype and not x.flags.c_contiguous)
    expect(f"NumPy's elements of {dtype}", np.array_equal(x, wanted(dtype)))
    own = wanted(dtype).copy()[::2, :, ::-1]
    total = weighted(own)
    expect(f"wick takes NumPy's {dtype}", take(own.__dlpack__()) == total)
    expect(f"wick writes NumPy's {dtype}", bool((own == 2).all()))
    if torch:
        t = dlpack.from_dlpack(Given(dtype).__dlpack__())
        expect(f"PyTorch takes {dtype}", np.array_equal(t.numpy(), wanted(dtype)) and t.numpy().dtype == dtype)
        own = torch.from_numpy(wanted(dtype).copy())[1:, :, 1]
        total = weighted(own.numpy())
        expect(f"wick takes PyTorch's {dtype}", take(dlpack.to_dlpack(own)) == total)
        expect(f"wick writes PyTorch's {dtype}", bool((own == 2).all()))
if torch:
    t = dlpack.from_dlpack(Given("bfloat16").__dlpack__())
    expect("PyTorch takes bfloat16", t.dtype == torch.bfloat16 and bool((t.float().numpy() == wanted("float32")).all()))
    expect("wick takes PyTorch's bfloat16", take(dlpack.to_dlpack(t[0])) == weighted(wanted("float32")[0]))
print("mismatches" if failed else "wick, NumPy" + (" and PyTorch" if torch else "") + " take each other's tensors")
sys.exit(failed > 0)
