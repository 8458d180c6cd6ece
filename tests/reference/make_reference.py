#!/usr/bin/python3
"""Writes the *.txt files beside this script: what PyTorch computes on small tensors of odd shapes, layouts and values.

A line is either an input or a case:

    $3 = float32:2,3:1,2:0:AACAPwAAAEA...       dtype, shape, strides, offset, the storage's bytes in base 64
    add ~exact $3 $4 1 -> float32:2,3:3,1::...   operation, tolerance, arguments, results

Results are bytes in row-major order; where strides are given the result must have them. "-> error" stands for a case
that PyTorch refuses. Tolerances: exact (equal bits, any NaN equals any NaN), same (equal numbers), ulp:n (units in the
last place), near:n (n times the dtype's epsilon, relative above 1). With "grad:" before the operation the last argument
is the gradient of the first result and the results are the gradients of the floating point tensors.
"""

import itertools

import torch

from reference_file import (COMPLEX, DTYPES, FLOATS, INF, INTEGERS, NAN, File, escaped, few_layouts, fresh, layouts,
                            pair_specials, specials, start)
from reference_activation import activations, padding, softmax
from reference_complex import complex_functions
from reference_further import further
from reference_layers import layers
from reference_linalg import linalg_cases
from reference_manipulation import manipulation
from reference_images import images
from reference_nn import losses, optimizers, schedules, training
from reference_random import distributions
from reference_signal import fourier, signals
from reference_sort import sorting
from reference_sparse import quantization, sparse_tensors
from reference_vision import vision

# --- promotion and casts


def promotion():
    f = File("dtypes of results")
    samples = {dim: [torch.ones((1,) * dim, dtype=d) for d in DTYPES] for dim in (0, 1)}
    for a, b in itertools.product(DTYPES, DTYPES):
        f.case("promote_types", [a, b], torch.empty(0, dtype=torch.promote_types(a, b)))
    for dim_a, dim_b in itertools.product((0, 1), (0, 1)):
        for a, b in itertools.product(samples[dim_a], samples[dim_b]):
            kind = torch.result_type(a, b)
            kind = torch.complex64 if kind == torch.complex32 else kind
            f.case("result_type", [a.dtype, dim_a, b.dtype, dim_b], torch.empty(0, dtype=kind))
    for dim in (0, 1):
        for a in samples[dim]:
            for word, value in (("bool", True), ("int", 1), ("float", 1.0), ("complex", 1j)):
                kind = torch.result_type(a, value)
                kind = torch.complex64 if kind == torch.complex32 else kind
                f.case("number_type", [a.dtype, dim, word], torch.empty(0, dtype=kind))
    f.write("promotion.txt")


def casts():
    f = File("conversions between all dtypes")
    start(11)
    for a in DTYPES:
        if a.is_floating_point:
            # What fits every integer dtype, and what needs rounding.
            whole = torch.tensor([0.0, -0.0, 1.0, 0.5, 1.5, 2.5, 99.99, 127.0, 3.0000001], dtype=torch.float64).to(a)
            signed = torch.tensor([-1.0, -0.5, -1.5, -99.99, -128.0], dtype=torch.float64).to(a)
            values = torch.cat([whole, signed])
        elif a.is_complex:
            values = torch.tensor([0, 1, 1.5 - 2j, 99.75 + 1j, -7.5], dtype=a)
        else:
            values = specials(a)
        for b in DTYPES:
            f.case("to", [values, b], values.to(b))
        permuted = fresh(a, (2, 3, 4)).permute(2, 0, 1)
        for b in DTYPES:
            f.case("to", [permuted, b], permuted.to(b), strides=True)
    # Among floating point and complex dtypes everything counts: overflow, NaN, subnormals, halves to even.
    wide = torch.tensor([0.0, -0.0, INF, -INF, NAN, 65504.0, 65519.99, 65520.0, -7e4, 1e30, 3.4028235e38, 3.4028236e38,
                         1e300, 6.1e-5, 5.96e-8, 2.98e-8, 2.9802322387695312e-08, 3e-8, 1e-40, 1e-46, 5e-324, 1.0009765625,
                         1.00048828125, 1.00146484375, 1.00390625, 1.01171875, 0.1, 1 / 3, 2049.0, 2051.0], dtype=torch.float64)
    for a in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        for b in (*FLOATS, *COMPLEX, torch.bool):
            f.case("to", [wide.to(a), b], wide.to(a).to(b))
    # Out of range: the processor's own conversion, where PyTorch is of one mind with itself.
    far = torch.tensor([300.0, -300.0, 70000.0, -70000.0, 3e9, -3e9, 1e20, -1e20, INF, -INF, NAN], dtype=torch.float64)
    for a in (torch.float64, torch.float32):
        for b in (torch.int64,):
            f.case("to", [far.to(a), b], far.to(a).to(b))
    for a in (torch.float32, torch.float64):
        near = torch.tensor([2.0**31, -(2.0**31), 2.0**40, 2.0**62, -(2.0**63), 2.0**24 + 1], dtype=a)
        f.case("to", [near, torch.int64], near.to(torch.int64))
    f.write("casts.txt")


# --- elementwise

UNARY = {"neg": "exact", "abs": "exact", "sign": "exact", "square": "exact", "relu": "same", "exp": "ulp:2",
         "log": "ulp:2", "sqrt": "exact", "sigmoid": "ulp:3", "tanh": "ulp:3", "reciprocal": "ulp:1"}
BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge"]


def half_tolerance(dtype, tolerance):
    return tolerance if dtype not in (torch.float16, torch.bfloat16) or tolerance == "exact" else "ulp:1"


def elementwise():
    f = File("functions of one and two operands")
    start(21)
    for op, tolerance in UNARY.items():
        function = getattr(torch, op)
        for dtype in DTYPES:
            if dtype.is_complex and op not in ("neg", "square"):
                continue
            x = specials(dtype)
            t = "near:4" if dtype.is_complex else half_tolerance(dtype, tolerance)
            permuted = fresh(dtype, (2, 3, 4)).permute(2, 0, 1)
            if dtype == torch.float16:
                # PyTorch lacks some of these for float16: the same in float32.
                f.case(op, [x], function(x.float()).half(), t)
                f.case(op, [permuted], function(permuted.float()).half(), t, strides=True)
                continue
            try:
                f.case(op, [x], function(x), t)
            except RuntimeError:
                f.error(op, [x])
                continue
            f.case(op, [permuted], function(permuted), t, strides=True)
        for x in layouts(torch.float32):
            f.case(op, [x], function(x), tolerance, strides=True)
    for dtype in DTYPES:
        f.case("conj", [specials(dtype)], torch.conj(specials(dtype)))

    for op in BINARY:
        function = getattr(torch, op)
        for dtype in DTYPES:
            a, b = pair_specials(dtype)[:, None], pair_specials(dtype)[None, :]
            tolerance = "exact" if op not in ("maximum", "minimum") else "same"
            if dtype.is_complex and op in ("mul", "div"):
                tolerance = "near:4"
                b = b[:, 1:]
            try:
                f.case(op, [a, b], function(a, b), tolerance)
            except RuntimeError:
                f.error(op, [a, b])
    for a, b in itertools.product(DTYPES, DTYPES):
        x, y = fresh(a, (2, 3)), fresh(b, (3,))
        f.case("add", [x, y], x + y)
        f.case("eq", [x, y], torch.eq(x, y))
        x, y = fresh(a, (4,)), fresh(b, ())
        if torch.result_type(x, y) != torch.complex32:
            f.case("mul", [x, y], x * y, "near:2")
    broadcast_pairs = [((), ()), ((), (3,)), ((1,), (0,)), ((3, 1), (1, 4)), ((2, 1, 3), (4, 1)), ((2, 0, 3), (1, 1, 1)),
                       ((2, 1, 3, 1, 2), (3, 1, 4, 1)), ((5,), (2, 3, 5)), ((1, 1), (1,)), ((2, 3), (2, 3))]
    for shape_a, shape_b in broadcast_pairs:
        for dtype in (torch.float32, torch.int64, torch.complex128):
            a, b = fresh(dtype, shape_a), fresh(dtype, shape_b)
            f.case("sub", [a, b], a - b, strides=True)
            f.case("sub", [b, a], b - a, strides=True)
    for a in layouts(torch.float64):
        b = fresh(torch.float64, a.shape)
        f.case("mul", [a, b], a * b, strides=True)
        f.case("mul", [b, a], b * a, strides=True)
        f.case("lt", [a, b], a < b, strides=True)
    for shape_a, shape_b in (((2,), (3,)), ((0,), (2,)), ((2, 3), (3, 2))):
        f.error("add", [torch.ones(shape_a), torch.ones(shape_b)])

    for dtype in DTYPES:
        x = fresh(dtype, (2, 3))
        for value in (True, 3, -2, 0.1, 1 - 2j):
            for op, function in (("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div)):
                if torch.result_type(x, value) == torch.complex32:
                    continue
                # PyTorch subtracts nothing of bool; wick refuses two bool operands only.
                if op != "sub" or dtype != torch.bool and value is not True:
                    f.case(op + "_number", [x, value], function(x, value), "near:2")
    for dtype in DTYPES[1:]:
        x, y = fresh(dtype, (2, 3)), fresh(dtype, (3,))
        for alpha in (2, -3) if not dtype.is_floating_point else (2, -3, 0.7):
            f.case("add", [x, y, alpha], torch.add(x, y, alpha=alpha), "near:2")
            f.case("sub", [x, y, alpha], torch.sub(x, y, alpha=alpha), "near:2")
    f.error("add", [torch.ones(2, dtype=torch.int64), torch.ones(2, dtype=torch.int64), 0.5])
    for dtype in DTYPES:
        for shape_c, shape_a, shape_b in (((2, 3), (2, 3), (2, 3)), ((3,), (2, 1), ()), ((2, 1, 1), (0, 3), (1,)),
                                          ((), (), ())):
            c, a, b = fresh(torch.bool, shape_c), fresh(dtype, shape_a), fresh(dtype, shape_b)
            f.case("where", [c, a, b], torch.where(c, a, b))
    c, a, b = fresh(torch.bool, (4, 3)).t(), fresh(torch.float32, (3, 4)), fresh(torch.float32, (9, 8))[1::3, ::2]
    f.case("where", [c, a, b], torch.where(c, a, b))
    f.write("elementwise.txt")


FUNCTIONS = ("sin cos tan asin acos atan sinh cosh asinh acosh atanh exp2 expm1 log2 log10 log1p rsqrt deg2rad rad2deg floor ceil "
             "round trunc frac isnan isinf isfinite logical_not bitwise_not").split()
WHOLE_FUNCTIONS = ("floor", "ceil", "round", "trunc")
PAIRS = ("atan2 pow logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor").split()


def functions():
    f = File("further functions of one and two operands")
    start(25)
    for op in FUNCTIONS:
        function = getattr(torch, op)
        for dtype in DTYPES:
            # PyTorch lacks most of these for float16 on the processor, and wick all of them for complex.
            if dtype.is_complex or dtype == torch.float16:
                continue
            x = specials(dtype)
            if op == "log1p" and dtype == torch.bfloat16:
                x = x[x.abs() < 1e30]  # PyTorch's is infinite far below the largest number
            for x in (x, fresh(dtype, (2, 3, 4)).permute(2, 0, 1)):
                try:
                    f.case(op, [x], function(x), half_tolerance(dtype, "near:4"))
                except RuntimeError:
                    f.error(op, [x])
        for x in few_layouts(torch.float64):
            if op != "bitwise_not":
                f.case(op, [x], function(x), "near:4", strides=True)
    for dtype in (torch.float32, torch.float64, torch.int32, torch.bool):
        x = specials(dtype)
        f.case("exp10", [x], torch.pow(10.0, x), "near:4")
    for op in PAIRS:
        function = getattr(torch, op)
        for dtype in DTYPES:
            if dtype.is_complex or dtype == torch.float16:
                continue
            a, b = pair_specials(dtype)[:, None], pair_specials(dtype)[None, :]
            try:
                f.case(op, [a, b], function(a, b), half_tolerance(dtype, "near:4"))
            except RuntimeError:
                f.error(op, [a, b])
        for a, b in itertools.product((torch.bool, torch.int32, torch.int64, torch.float32, torch.float64), repeat=2):
            x, y = fresh(a, (2, 1, 3)).abs() if a != torch.bool else fresh(a, (2, 1, 3)), fresh(b, (4, 1))
            try:
                f.case(op, [x, y], function(x, y), "near:4")
            except RuntimeError:
                f.error(op, [x, y])
    for dtype in DTYPES[1:6]:
        x, count = specials(dtype)[:, None], torch.arange(8, dtype=dtype)
        f.case("bitwise_left_shift", [x, count], torch.bitwise_left_shift(x, count))
        f.case("bitwise_right_shift", [x, count], torch.bitwise_right_shift(x, count))
    for dtype in (torch.float32, torch.float64, torch.int64, torch.bool):
        a, b = (t.contiguous() for t in torch.broadcast_tensors(pair_specials(dtype)[:, None], pair_specials(dtype)[None, :]))
        for rtol, atol, equal_nan in ((1e-5, 1e-8, 0), (0.5, 0.0, 1), (0.0, 3.0, 0)):
            close = torch.isclose(a, b, rtol=rtol, atol=atol, equal_nan=bool(equal_nan))
            if dtype == torch.int64:  # PyTorch subtracts in floating point, where large neighbours are equal
                pairs = zip(a.flatten().tolist(), b.flatten().tolist())
                close = torch.tensor([abs(x - y) <= atol + rtol * abs(y) for x, y in pairs]).reshape(a.shape)
            f.case("isclose", [a, b, rtol, atol, bool(equal_nan)], close)
    f.write("functions.txt")


def scans():
    f = File("running results along a dimension")
    start(26)
    for dtype in DTYPES:
        if dtype == torch.float16:  # PyTorch has none of these for it on the processor
            continue
        cases = [fresh(dtype, (5,)), fresh(dtype, (2, 3, 2)), fresh(dtype, (3, 5)).t(), fresh(dtype, (2, 0, 3))]
        for x in cases + [fresh(dtype, (9, 20))[1::3]] * (dtype in (torch.float32, torch.bfloat16)):
            for d in (*range(x.dim()), -1):
                for op in ("cumsum", "cumprod", "cummax", "cummin"):
                    try:
                        f.case(op, [x, d], getattr(torch, op)(x, d), half_tolerance(dtype, "near:16"))
                    except RuntimeError:
                        f.error(op, [x, d])
                for n in (1, 2):
                    f.case("diff", [x, n, d], torch.diff(x, n, d), half_tolerance(dtype, "near:16"))
        if dtype != torch.bool and not dtype.is_complex:
            x = fresh(dtype, (3, 5))
            for d, k in ((0, 1), (0, 3), (1, 2), (-1, 5)):
                f.case("kthvalue", [x, k, d, False], torch.kthvalue(x, k, d)[0])
            f.error("kthvalue", [x, 6, 1, False])
    special = torch.tensor([[1.0, NAN, 2.0, -INF], [INF, 0.0, -0.0, 3.0], [2.0, 2.0, 1.0, 2.0]])
    for d in (0, 1):
        for op in ("cumsum", "cumprod", "cummax", "cummin"):
            f.case(op, [special, d], getattr(torch, op)(special, d), "same")
    for op in ("cumsum", "cumprod"):
        f.case(op, [torch.tensor(2.5), 0], getattr(torch, op)(torch.tensor(2.5), 0))
        for values in ([1.5, -2, 3], [0.0, 2, 3], [1, 0.0, 0.0, 2]):
            f.gradient(op, getattr(torch, op), [torch.tensor(values, dtype=torch.float64), 0], "near:8")
    f.write("scans.txt")


# --- creation, views, gather, indexing


def creation():
    f = File("new tensors")
    ranges = [(0, 5, 1), (1, 2, 0.3), (5, 0, -2), (0, 0, 1), (-3, 3, 0.5), (0, 1, 0.1), (2.7, 9.9, 1), (10, 11, 5), (0, 100, 7.7)]
    for dtype in (*INTEGERS, *FLOATS):
        for start, end, step in ranges:
            if not dtype.is_floating_point and int(step) == 0 or dtype == torch.uint8 and start < 0:
                continue
            out = torch.arange(start, end, step, dtype=dtype)
            f.case("arange", [float(start), float(end), float(step), dtype], out,
                   "exact" if not dtype.is_floating_point else "near:1")
    spaces = [(0, 1, 5), (-3, 10, 7), (2, 2, 3), (0, 10, 1), (0, 10, 0), (5, -5, 4), (0.1, 0.7, 11)]
    for dtype in (*INTEGERS, *FLOATS):
        for start, end, steps in spaces:
            if dtype == torch.uint8 and min(start, end) < 0:
                continue
            tolerance = "exact" if not dtype.is_floating_point else "near:1"
            f.case("linspace", [float(start), float(end), steps, dtype], torch.linspace(start, end, steps, dtype=dtype), tolerance)
    for dtype in (torch.float32, torch.float64, torch.int32):
        for start, end, steps, base in ((0, 2, 5, 10.0), (-1, 1, 4, 2.0), (0, 3, 1, 3.0), (1, 1, 0, 3.0)):
            f.case("logspace", [float(start), float(end), steps, base, dtype],
                   torch.logspace(start, end, steps, base, dtype=dtype), "exact" if dtype == torch.int32 else "ulp:4")
    for dtype in DTYPES:
        for n, m in ((0, 0), (1, 1), (3, 3), (2, 5), (5, 2), (0, 4)):
            f.case("eye", [n, m, dtype], torch.eye(n, m, dtype=dtype) if dtype != torch.bfloat16
                   else torch.eye(n, m).bfloat16())
        for value in (True, 3, 2.75, -0.0):
            f.case("full", [[2, 3], value, dtype], torch.full((2, 3), value, dtype=dtype))
    f.write("creation.txt")


def shares(a, b):
    return torch.tensor(a.storage().data_ptr() == b.storage().data_ptr() and a.numel() > 0)


def views():
    f = File("operations on shape")
    start(31)
    sources = layouts(torch.int16) + [fresh(torch.complex64, (4, 6))[::2, 1::2]]
    for x in sources:
        n, rank = x.numel(), x.dim()
        shapes = [[-1], [n], [1, n, 1], [1] * 6 + [n], list(x.shape), list(reversed(x.shape)), [2, -1], [-1, 2], [n // 2, 2],
                  [2, n // 2], [3, -1], [4, 3], [2, 2, 3], [n + 1], [-1, -1], [0, -1], [-2, n], [2, 6], [6, 4]]
        for shape in shapes:
            try:
                out = x.reshape(shape)
            except RuntimeError:
                f.error("reshape", [x, shape])
                continue
            f.case("reshape", [x, shape], out, strides=n > 0)
            f.case("reshape_shares", [x, shape], shares(x, out))
        f.case("clone", [x], x.clone(), strides=True)
        f.case("contiguous", [x], x.contiguous(), strides=True)
        for d in range(-rank - 2, rank + 2):
            for op, arguments in (("unsqueeze", [d]), ("squeeze", [d]), ("select", [d, 0]), ("select", [d, -1]), ("select", [d, 1]),
                                  ("slice", [d, 0, 2, 1]), ("slice", [d, 1, 100, 2]), ("slice", [d, -2, -1, 1]),
                                  ("slice", [d, 3, 1, 1]), ("slice", [d, -100, 100, 3]), ("narrow", [d, 0, 1]),
                                  ("narrow", [d, 1, 1]), ("transpose", [d, 0]), ("transpose", [d, -1]), ("movedim", [d, 0]),
                                  ("movedim", [0, d]), ("movedim", [d, -1])):
                try:
                    if op == "slice":
                        out = torch.ops.aten.slice(x, *arguments)
                    else:
                        out = getattr(torch, op)(x, *arguments)
                except (RuntimeError, IndexError):
                    f.error(op, [x, *arguments])
                    continue
                f.case(op, [x, *arguments], out, strides=out.numel() > 0)
    x = fresh(torch.int16, (2, 3, 4))
    for dims in itertools.permutations((0, 1, 2)):
        f.case("permute", [x, dims], x.permute(dims), strides=True)
    f.case("permute", [x, [-1, 0, -2]], x.permute(-1, 0, -2), strides=True)
    for dims in ([0, 1], [0, 1, 1], [0, 1, 3], [0, 1, 2, 3], []):
        f.error("permute", [x, dims])
    for source, shape in (((), [2, 3]), ((), []), ((1,), [0]), ((1,), [4]), ((3,), [2, 3]), ((3, 1), [3, 4]), ((3, 1), [2, 3, 4]),
                          ((3, 1), [-1, 4]), ((3, 1), [2, -1, -1]), ((2, 1, 3), [5, 2, 4, 3]), ((0,), [2, 0]), ((1, 1), [0, 0])):
        x = fresh(torch.int16, source)
        f.case("expand", [x, shape], x.expand(shape), strides=True)
    for source, shape in (((3,), [4]), ((3,), []), ((3,), [-1, 3]), ((2, 3), [3]), ((3,), [0]), ((0,), [1]), ((2,), [2, 4]),
                          ((1,), [-2])):
        f.error("expand", [fresh(torch.int16, source), shape])
    for dtype in COMPLEX:
        x = fresh(dtype, (3, 4)).t()
        f.case("real", [x], x.real, strides=True)
        f.case("imag", [x], x.imag, strides=True)
    f.write("views.txt")


def gather_operations():
    f = File("several tensors made into one, and repetition")
    start(41)
    for dtypes in ((torch.float32, torch.float32), (torch.int32, torch.uint8, torch.int8), (torch.bool, torch.float16),
                   (torch.bfloat16, torch.float16), (torch.complex64, torch.float64), (torch.int64, torch.float32)):
        for shape in ((), (0,), (3,), (2, 3), (2, 0, 3), (2, 1, 3, 2)):
            given = [fresh(d, shape) for d in dtypes]
            common = given[0].dtype
            for t in given:
                common = torch.promote_types(common, t.dtype)
            for d in {0, -1, len(shape)}:
                f.case("stack", [d, *given], torch.stack([t.to(common) for t in given], d))
            if shape:
                for d in {0, -1, len(shape) // 2}:
                    f.case("cat", [d, *given], torch.cat(given, d))
    for x in layouts(torch.float64):
        f.case("stack", [0, x, x], torch.stack([x, x]))
        f.case("stack", [-1, x, x, x], torch.stack([x, x, x], -1))
        if x.dim():
            f.case("cat", [-1, x, x], torch.cat([x, x], -1))
    joined = [fresh(torch.int32, (2, 3)), fresh(torch.int32, (2, 0)), fresh(torch.int32, (0,)), fresh(torch.int32, (2, 1))]
    f.case("cat", [1, *joined], torch.cat(joined, 1))
    f.case("cat", [0, *[fresh(torch.int32, (0,))] * 2], torch.cat([torch.zeros(0, dtype=torch.int32)] * 2))
    f.case("cat", [-2, *joined[:1], fresh(torch.int32, (0, 3))], joined[0])
    for op, arguments in (("cat", [0, fresh(torch.int32, ())]), ("cat", [0, fresh(torch.int32, (2, 3)), fresh(torch.int32, (3,))]),
                          ("cat", [0, fresh(torch.int32, (2, 3)), fresh(torch.int32, (2, 4))]), ("cat", [2, fresh(torch.int32, (2, 3))]),
                          ("stack", [0, fresh(torch.int32, (2, 3)), fresh(torch.int32, (3, 2))]), ("stack", [3, fresh(torch.int32, (2,))]),
                          ("stack", [0]), ("cat", [0])):
        f.error(op, arguments)
    for x, repeats in ((fresh(torch.int16, (2, 3)), [2, 1]), (fresh(torch.int16, (2, 3)), [2, 1, 3]), (fresh(torch.int16, ()), [3]),
                       (fresh(torch.int16, ()), []), (fresh(torch.int16, (3,)), [0]), (fresh(torch.int16, (0, 2)), [3, 2]),
                       (fresh(torch.int16, (3, 2)).t(), [2, 2]), (fresh(torch.int16, (3, 2)), [1, 1])):
        f.case("repeat", [x, repeats], x.repeat(repeats))
    f.error("repeat", [fresh(torch.int16, (2, 3)), [2]])
    f.error("repeat", [fresh(torch.int16, (2, 3)), [2, -1]])
    f.write("gather.txt")


def indexing():
    f = File("elements picked by position")
    start(51)
    for dtype in DTYPES:
        for x in (fresh(dtype, (4,)), fresh(dtype, (3, 4, 2)).permute(2, 0, 1), fresh(dtype, (9, 8))[1::3, ::2]):
            for d in range(x.dim()):
                index = torch.randint(0, x.size(d), (5,))
                f.case("index_select", [x, d, index], x.index_select(d, index))
                shape = list(x.shape)
                shape[d] = 5
                source = fresh(dtype, shape)
                f.case("index_add", [x, d, index, source], x.index_add(d, index, source), "near:4")
                picks = torch.randint(0, x.size(d), shape)
                f.case("gather", [x, d, picks], x.gather(d, picks))
                f.case("scatter_add", [x, d, picks, source], x.scatter_add(d, picks, source), "near:4")
                f.case("gather", [x, d - x.dim(), picks.int()], x.gather(d, picks))
    x = fresh(torch.float32, (4, 5))
    smaller = torch.randint(0, 4, (2, 3))
    f.case("gather", [x, 0, smaller], x.gather(0, smaller))
    f.case("scatter_add", [x, 0, smaller, fresh(torch.float32, (2, 3)) * 0 + 1], x.scatter_add(0, smaller, torch.ones(2, 3)))
    nothing = torch.zeros(0, dtype=torch.int64)
    f.case("index_select", [x, 1, nothing], x.index_select(1, nothing))
    f.case("index_select", [x, 0, torch.tensor(2)], x.index_select(0, torch.tensor(2)))
    f.case("index_select", [torch.tensor(3.5), 0, torch.tensor([0])], torch.tensor(3.5).index_select(0, torch.tensor([0])))
    f.case("index_select", [torch.zeros(3, 0), 0, torch.tensor([2, 1])], torch.zeros(2, 0))
    f.case("gather", [torch.tensor(3.5), 0, torch.tensor(0)], torch.tensor(3.5).gather(0, torch.tensor(0)))
    f.case("gather", [torch.tensor(3.5), 0, torch.tensor([0, 0])], torch.tensor(3.5).gather(0, torch.tensor([0, 0])))
    f.case("gather", [torch.zeros(3, 0), 0, torch.zeros(2, 0, dtype=torch.int64)], torch.zeros(2, 0))
    for op, arguments in (("index_select", [x, 0, torch.tensor([4])]), ("index_select", [x, 0, torch.tensor([-1])]),
                          ("index_select", [x, 2, torch.tensor([0])]), ("index_select", [x, 0, torch.tensor([[0]])]),
                          ("index_select", [x, 0, torch.tensor([0.0])]), ("gather", [x, 0, torch.tensor([0])]),
                          ("gather", [x, 0, torch.tensor([[5]])]), ("gather", [x, 0, torch.zeros(2, 6, dtype=torch.int64)]),
                          ("index_add", [x, 0, torch.tensor([0, 1]), torch.ones(3, 5)]),
                          ("index_add", [x, 0, torch.tensor([9]), torch.ones(1, 5)])):
        f.error(op, arguments)
    f.write("indexing.txt")


# --- reductions and order


def widened(x):
    """In double, for PyTorch's own rounding is no part of a comparison."""
    return x.to(torch.complex128) if x.is_complex() else x.double() if x.is_floating_point() else x


def dim_choices(x):
    yield from ([d] for d in range(x.dim()))
    yield from ([a, b - x.dim()] for a, b in itertools.combinations(range(x.dim()), 2))


def reduction():
    f = File("sums and other summaries")
    start(61)
    sources = [(d, x) for d in (torch.float32, torch.int32) for x in layouts(d)]
    sources += [(d, x) for d in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64, torch.complex64,
                                 torch.complex128) for x in few_layouts(d)]
    sources += [(torch.int8, specials(torch.int8)), (torch.int64, specials(torch.int64))]
    for dtype, x in sources:
        inexact = dtype.is_floating_point or dtype.is_complex
        tolerance = "exact" if not inexact else "near:16" if dtype not in (torch.float16, torch.bfloat16) else "near:1"
        wide = widened(x)

        def summary(op, arguments, result):
            f.case(op, [x, *arguments], result.to(dtype) if inexact else result, tolerance)

        summary("sum", [], wide.sum())
        for dims in dim_choices(x):
            for keep in (False, True) if len(dims) == 1 else (False,):
                summary("sum_dims", [dims, keep], wide.sum(dims, keepdim=keep))
        if inexact:
            summary("mean", [], wide.mean())
            for dims in dim_choices(x):
                summary("mean_dims", [dims, False], wide.mean(dims))
        if dtype.is_floating_point:
            for unbiased in (True, False):
                summary("var", [unbiased], wide.var(unbiased=unbiased))
                summary("std", [unbiased], wide.std(unbiased=unbiased))
            for i, dims in enumerate(dim_choices(x)):
                summary("var_dims", [dims, i % 2 == 0, True], wide.var(dims, i % 2 == 0, True))
                summary("std_dims", [dims, i % 2 == 1, False], wide.std(dims, i % 2 == 1))
        if not dtype.is_complex:
            for op in ("max", "min"):
                function = getattr(torch, op)
                if x.numel():
                    f.case(op, [x], function(x), "same")
                else:
                    f.error(op, [x])
                for d in range(x.dim()):
                    if x.size(d) == 0:
                        f.error(op + "_dim", [x, d, False])
                    else:
                        f.case(op + "_dim", [x, d, False], list(function(x, d)), "same")
                        f.case(op + "_dim", [x, d - x.dim(), True], list(function(x, d, True)), "same")
    for x in (torch.tensor(2.5), torch.tensor(7)):
        f.case("max_dim", [x, 0, False], list(torch.max(x, 0)))
        f.case("sum_dims", [x, [0], True], x.sum(0, True))
        f.case("sum_dims", [x, [-1], False], x.sum(-1))
    f.error("sum_dims", [torch.ones(2, 3), [0, 0], False])
    f.error("sum_dims", [torch.ones(2, 3), [0, -2], False])
    f.error("sum_dims", [torch.ones(2, 3), [2], False])
    f.error("mean", [torch.ones(2, dtype=torch.int64)])
    f.error("var", [torch.ones(2, dtype=torch.int64), True])
    for a in (torch.bool, torch.uint8, torch.int32, torch.int64, torch.float32, torch.float16):
        x = torch.tensor([[1, 200, 3], [100, 0, 56]]).to(a)
        for b in DTYPES:
            f.case("sum_as", [x, b], x.sum(dtype=b))
            f.case("sum_dims_as", [x, [1], False, b], x.sum([1], dtype=b))
    for values in ([NAN, 1, 2], [1, NAN, 5, NAN], [INF, 1, -INF], [-INF, -INF], [INF, INF, 1], [1, 5, 5, 1], [-0.0, -0.0],
                   [3e38, 3e38, -3e38], [NAN] * 9, [5] * 40 + [NAN] + [1] * 40, [1] * 70 + [9] + [1] * 3 + [9], [-7] * 33):
        x = torch.tensor(values, dtype=torch.float32)
        # PyTorch adds in float32, where partial sums may leave the range.
        for op in ("sum", "mean", "max", "min"):
            f.case(op, [x], getattr(torch, op)(x.double()).float(), "same")
        f.case("max_dim", [x, 0, False], list(x.max(0)), "same")
        f.case("min_dim", [x, 0, False], list(x.min(0)), "same")
        two = x[:, None].expand(len(values), 3)
        f.case("max_dim", [two, 0, False], list(two.max(0)), "same")
        f.case("sum_dims", [two, [0], False], two.double().sum(0).float(), "same")
        f.case("var", [x, True], x.var(), "near:4")
    one = torch.tensor([3.0])
    f.case("var", [one, True], one.var())
    f.case("var", [one, False], one.var(unbiased=False))
    f.case("std", [torch.zeros(0), True], torch.zeros(0).std())
    f.write("reduction.txt")


def order():
    f = File("summaries by rank")
    start(71)
    sources = [(d, x) for d in (torch.float32, torch.int32) for x in layouts(d)]
    sources += [(d, x) for d in (torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64) for x in few_layouts(d)]
    sources += [(d, fresh(d, (4, 5))) for d in (torch.int8, torch.int16)]
    rows = ([1, NAN, 2], [3, 1, 3, 1], [2, 2, 1, 1, 5], [NAN, NAN, 1], [INF, -INF, 0, INF], [-INF, -INF, 2], [4], [0.5, 0.25, 2, 8, 1, 4],
            [7, 7, 7], [NAN] * 3, [1, 2, 3, 4, 5, 6, 7, 8])
    sources += [(torch.float32, torch.tensor(r, dtype=torch.float32)) for r in rows]
    sources += [(torch.float64, torch.tensor(r, dtype=torch.float64)) for r in rows]
    for dtype, x in sources:
        # PyTorch has no median of float16, and its mode errs on expanded tensors.
        wide = x.float() if dtype == torch.float16 else x.contiguous()
        if x.numel() or dtype.is_floating_point:
            f.case("median", [x], wide.median().to(dtype), "same")
        for d in range(max(x.dim(), 1)):
            if x.dim() and x.size(d) == 0:
                f.error("median_dim", [x, d, False])
                f.error("mode_dim", [x, d, False])
                continue
            f.case("median_dim", [x, d, False], wide.median(d).values.to(dtype), "same")
            f.case("median_dim", [x, d - max(x.dim(), 1), True], wide.median(d, True).values.to(dtype), "same")
            if dtype.is_floating_point and x.isnan().any():
                continue  # PyTorch's mode leaves it to chance whether NaNs are counted together.
            out = wide.mode(d)
            f.case("mode_dim", [x, d, False], [out.values.to(dtype), out.indices], "same")
            out = wide.mode(d, True)
            f.case("mode_dim", [x, d, True], [out.values.to(dtype), out.indices], "same")
        if dtype in (torch.float32, torch.float64) and x.numel():
            infinite = x.isinf().any()
            for q in (0.0, 0.25, 0.5, 1 / 3, 0.9, 1.0):
                if infinite and x.quantile(q).isnan():
                    continue  # Between equal infinities wick gives the infinity, PyTorch NaN.
                f.case("quantile", [x, q], x.quantile(q), "near:2")
                for d in range(x.dim()):
                    f.case("quantile_dim", [x, q, d, False], x.quantile(q, d), "near:2")
            if x.dim() and not infinite:
                f.case("quantile_dim", [x, 0.3, -1, True], x.quantile(0.3, -1, True), "near:2")
    f.error("quantile", [torch.ones(3), 1.5])
    f.error("quantile", [torch.ones(3), -0.1])
    f.error("quantile", [torch.ones(3), NAN])
    f.error("quantile", [torch.ones(3, dtype=torch.int64), 0.5])
    f.error("quantile", [torch.ones(0), 0.5])
    f.error("median_dim", [torch.ones(3), 1, False])
    f.write("order.txt")


def linalg():
    f = File("matrix products")
    start(81)
    shapes = [((3,), (3,)), ((0,), (0,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((0, 3), (3, 2)),
              ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
              ((4, 1, 2, 3), (5, 3, 2)), ((3,), (2, 3, 4)), ((2, 4, 3), (3,)), ((0, 2, 3), (0, 3, 1)), ((2, 2, 0), (0, 3)),
              ((7, 19), (19, 17)), ((2, 1, 1, 2, 3), (1, 3, 3, 2))]
    for a_shape, b_shape in shapes:
        for dtype in (torch.float32, torch.float64, torch.int32, torch.int64, torch.complex64, torch.complex128):
            a, b = fresh(dtype, a_shape), fresh(dtype, b_shape)
            x, y = widened(a), widened(b)
            # PyTorch's complex dot product gives 0.
            out = (x * y).sum() if dtype.is_complex and a.dim() == b.dim() == 1 else x @ y
            f.case("matmul", [a, b], out.to(dtype), "near:64" if dtype.is_floating_point or dtype.is_complex else "exact")
    for dtype in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
        a, b = specials(dtype)[:6].reshape(2, 3), fresh(dtype, (3, 4))
        f.case("matmul", [a, b], a @ b)
    for dtype in (torch.float16, torch.bfloat16):
        a, b = fresh(dtype, (3, 5)), fresh(dtype, (5, 4))
        f.case("matmul", [a, b], (a.float() @ b.float()).to(dtype), "ulp:1")
    for dtype in (torch.float32, torch.complex64):
        operands_a = [fresh(dtype, (3, 4)).t(), fresh(dtype, (9, 8))[1::2, 2:5], fresh(dtype, (3,)).expand(4, 3),
                      fresh(dtype, (4, 1)).expand(4, 3), fresh(dtype, (8, 6))[::2, ::2], fresh(dtype, (3, 2, 4)).permute(1, 2, 0),
                      fresh(dtype, (4, 3)).expand(2, 4, 3), fresh(dtype, (3, 4, 2)).permute(2, 1, 0)]
        operands_b = [fresh(dtype, (5, 3)).t(), fresh(dtype, (9, 12))[1::3, 1::3], fresh(dtype, (3,))[:, None].expand(3, 4),
                      fresh(dtype, (2, 5, 3)).transpose(1, 2), fresh(dtype, (3, 1)), fresh(dtype, (9,))[::3]]
        for a, b in itertools.product(operands_a, operands_b):
            f.case("matmul", [a, b], (widened(a) @ widened(b)).to(dtype), "near:64")
    f.case("bmm", [torch.ones(2, 3, 4), torch.ones(2, 4, 1)], torch.full((2, 3, 1), 4.0))
    for a_shape, b_shape in (((), (2,)), ((2,), ()), ((2,), (3,)), ((2, 3), (2, 3)), ((2, 3), (4,)), ((2, 2, 3), (3, 3, 2))):
        f.error("matmul", [torch.ones(a_shape), torch.ones(b_shape)])
    f.error("matmul", [torch.ones(2), torch.ones(2).double()])
    f.error("bmm", [torch.ones(2, 3, 4), torch.ones(1, 4, 1)])
    f.error("bmm", [torch.ones(3, 4), torch.ones(4, 1)])
    f.write("linalg.txt")


# --- random numbers, text, gradients


def random():
    f = File("random streams")
    for seed in (0, 42, 2**40 + 5):
        for dtype in FLOATS:
            for n in (1, 15, 16, 17, 100):
                for op in ("rand", "randn"):
                    torch.manual_seed(seed)
                    # Sine and logarithm of other libraries differ in the last place.
                    tolerance = "exact" if op == "rand" else "same" if dtype in (torch.float16, torch.bfloat16) else "near:4"
                    f.case(op, [seed, [n], dtype], getattr(torch, op)(n, dtype=dtype), tolerance)
        for dtype in (*INTEGERS, torch.float16, torch.bfloat16, torch.float32, torch.float64):
            torch.manual_seed(seed)
            f.case("randint", [seed, 3, 17, [20], dtype], torch.randint(3, 17, (20,), dtype=dtype))
        for low, high in ((0, 2**32), (0, 2**32 - 1), (-(2**40), 2**40 + 7), (-(2**63), 2**63 - 1), (-5, 2**35), (0, 1)):
            torch.manual_seed(seed)
            f.case("randint", [seed, low, high, [20], torch.int64], torch.randint(low, high, (20,)))
        torch.manual_seed(seed)
        draws = [torch.randn(3), torch.rand(2), torch.randn(4), torch.randint(0, 9, (5,)), torch.randn(1, dtype=torch.float64),
                 torch.randn(4, 5), torch.rand(0), torch.randn(()), torch.randn(2, 1, 3, dtype=torch.float64)]
        f.case("mixed", [seed], draws, "near:4")
    for low, high, dtype in ((5, 5, torch.int64), (5, 4, torch.int64), (0, 300, torch.uint8), (-1, 5, torch.uint8), (0, 40000, torch.int16)):
        f.error("randint", [1, low, high, [2], dtype])
    f.write("random.txt")


def texts():
    f = File("the text of tensors")
    start(91)
    t = torch.tensor
    samples = [t(1.0), t(1.5), t(3), t(True), t(NAN), t(-INF), t(0.0), t(-0.0), t(1e9), t(1e-5), t(123456.789), t(1 + 2j), t(0j),
               t([]), t([1.0]), t([1.0, 2.0]), t([1.5, -2.25]), t([1, 2, 3]), t([1, -2, 300]), t([True, False]), t([NAN, 1.0]),
               t([NAN, 1.5]), t([INF, 1.0]), t([-INF, 1.25]), t([NAN, NAN]), t([0.0, -0.0]), t([0.0, 1.5]), t([-0.0, 1.5]), t([1e9, 1.0]),
               t([1e-5, 1.0]), t([1e-5]), t([1e8, 1e5]), t([2e8]), t([1000.0, 1.0]), t([1001.0, 1.0]), t([1000.5, 1.0]), t([1001.5, 1.0]),
               t([99999.0, 100.0]), t([3.14159265, 2.71828, -1.41421]), t([0.0001, 0.1]), t([0.00009, 0.05]), t([1e-45]), t([3.4e38]),
               t([1e10, NAN, -INF]), t([0.1, 100.0, NAN, INF, -INF]), t([[1.0, 2.0], [3.0, 4.0]]), t([[1, 2, 3], [4, 5, 6]]),
               t([[[1.0, 2.0]], [[3.0, 4.0]]]), t([[1.0, NAN], [INF, 0.5]]), torch.zeros(0, 3), torch.zeros(2, 0), torch.zeros(0, dtype=torch.int64),
               torch.zeros(0, dtype=torch.bool), torch.zeros(2, 0, 3, dtype=torch.float64), torch.zeros(0, dtype=torch.float16),
               torch.zeros(2, 3, 2, 2), torch.ones(1, 1, 1, 1, 1), torch.arange(12).reshape(3, 4), torch.arange(24).reshape(2, 3, 4),
               torch.arange(16).reshape(2, 2, 2, 2), torch.arange(30), torch.arange(100), torch.arange(40).float(), torch.arange(25) * 0.5,
               torch.arange(0, 1, 0.05), torch.randn(3, 20), torch.randn(2, 15), torch.rand(30), torch.randn(4, 3, 11),
               torch.arange(1000), torch.arange(1001), torch.arange(1200).reshape(30, 40), torch.arange(1001).float() * 1.5,
               torch.zeros(1).expand(2000), torch.zeros(1).expand(7, 200), torch.zeros(1).expand(6, 200), torch.zeros(1).expand(2, 3, 400),
               torch.zeros(1).expand(8, 8, 8, 8), torch.ones(1, dtype=torch.int64).expand(4, 500), torch.zeros(1).expand(1001, 1),
               torch.zeros(1).expand(1, 1001), torch.zeros(1).expand(2, 1, 2, 300), torch.tensor([[5], [-100]]).expand(2, 600),
               t([2**62, -(2**63)]), t([2**63 - 1, 2**63 - 2]), t([255, 0], dtype=torch.uint8), t([-128, 127], dtype=torch.int8),
               t([-32768], dtype=torch.int16), t([2**31 - 1], dtype=torch.int32), t([1.1, 2.2], dtype=torch.float64),
               t([1.1, 2.2], dtype=torch.float16), t([1.1, 2.2], dtype=torch.bfloat16), t([65504.0, 1.0], dtype=torch.float16), t(2.5, dtype=torch.float64),
               t([1 + 2j, 3.5 - 4j]), t([1 + 2j, -3 - 4j]), t([1 + 2j, 3 - 0.5j]), t([1 + 2j], dtype=torch.complex128), t([1e10 + 1j, 1 - 1e-10j]),
               t([complex(NAN, 1), complex(1, -INF)]), t([[1 + 1j, 2 - 2j], [0, -1j]]), torch.complex(torch.randn(3, 12), torch.randn(3, 12)),
               torch.zeros(1, dtype=torch.complex64).expand(3, 500), t([], dtype=torch.complex64), t([complex(-0.0, -0.0)]), t([100 + 1e-3j, 0.5j]),
               t([True]).expand(3, 3), t([True, False]).expand(600, 2), torch.arange(6.0).reshape(2, 3).t(), torch.arange(20)[::3],
               t(1.0, requires_grad=True), t([1.5, 2.0], requires_grad=True), t([1.0], dtype=torch.float64, requires_grad=True),
               torch.zeros(0, requires_grad=True), t([1 + 1j], requires_grad=True), t([-1.0, -10.0]), t([-1.5, 10.5]), t([1e5, 1e-1]),
               t([12345678.0]), t([123456784.0]), t([0.5, 1e8]), t([-1e-4, 1e-4]), t([99.99999]), t([0.99999]), t([9.99996, 1.0]), t([1e15, 1e14]),
               t([1e-300], dtype=torch.float64), t([1e300, 1e299], dtype=torch.float64), t([[0.0, 0.0], [0.0, NAN]]), t([[1e-3, 1e3], [5, 7]])]
    for x in samples:
        f.case("print", [x, x.requires_grad], [escaped(repr(x))])
    f.write("print.txt")


def gradients():
    f = File("gradients, at values where they take thought")
    start(101)
    for op in UNARY:
        for dtype in (torch.float32, torch.float64):
            x = specials(dtype)
            x = x[(x.abs() <= 100) | ~x.isfinite()]
            # Near zero numbers overflow on the way, in another order than here.
            x = x[(x == 0) | (x.abs() > 1e-4) | x.isnan()]
            f.gradient(op, getattr(torch, op), [x], "near:8")
        x = fresh(torch.float32, (2, 3, 4)).permute(2, 0, 1).abs()
        f.gradient(op, getattr(torch, op), [x], "near:8")
    ties = torch.tensor([1.0, 2, 2, NAN, INF, -INF, 0, -0.0, 3, NAN])
    others = torch.tensor([2.0, 1, 2, 1, INF, INF, -0.0, 0, NAN, NAN])
    for op in ("maximum", "minimum", "add", "sub", "mul"):
        f.gradient(op, getattr(torch, op), [ties, others])
    for op in ("add", "sub", "mul", "div", "maximum", "minimum"):
        for shape_a, shape_b in (((), (3,)), ((3, 1), (1, 4)), ((2, 1, 3), (4, 1)), ((2, 0, 3), (1,)), ((2, 3), (2, 3))):
            for dtypes in ((torch.float64, torch.float64), (torch.float32, torch.float64), (torch.float16, torch.float32)):
                if torch.float16 in dtypes and op == "div":
                    continue
                a, b = fresh(dtypes[0], shape_a), fresh(dtypes[1], shape_b)
                f.gradient(op, getattr(torch, op), [a, b], "near:64")
    for op in ("add", "sub", "mul", "div"):
        a, b = fresh(torch.complex128, (2, 3)), fresh(torch.complex128, (3,))
        f.gradient(op, getattr(torch, op), [a, b], "near:32")
        f.gradient(op, getattr(torch, op), [fresh(torch.float64, (2, 3)), b], "near:32")
        f.gradient(op, getattr(torch, op), [a, fresh(torch.float64, (3,))], "near:32")
    for op in ("neg", "square", "conj", "real", "imag", "sum", "mean"):
        f.gradient(op, getattr(torch, op), [fresh(torch.complex128, (3, 2))], "near:32")
    x = fresh(torch.float64, (3, 4))
    f.gradient("add_number", torch.add, [x, 2.5], "near:16")
    f.gradient("mul_number", torch.mul, [x, 2.5], "near:16")
    f.gradient("div_number", torch.div, [x, 2.5], "near:16")
    condition = fresh(torch.bool, (2, 3, 1))
    f.gradient("where", torch.where, [condition, fresh(torch.float64, (3, 4)), fresh(torch.float64, ())], "near:64")

    rows = ([1, 5, 5, 2], [NAN, 1, NAN], [3], [-INF, -INF], [0.0, -0.0], [4, 4, 4])
    for values in rows:
        x = torch.tensor(values, dtype=torch.float64)
        for op in ("max", "min", "sum", "mean"):
            f.gradient(op, getattr(torch, op), [x], "near:2")
        if not x.isnan().any() and len(values) > 1 and not x.isinf().any():
            f.gradient("var", lambda x, u: x.var(unbiased=u), [x, True], "near:4")
            f.gradient("std", lambda x, u: x.std(unbiased=u), [x, True], "near:4")
    x = torch.tensor([[1.0, 3, 3], [NAN, 2, NAN], [0, 0, 0]], dtype=torch.float64)
    for d in (0, 1):
        f.gradient("max_dim", lambda x, d, k: torch.max(x, d, k), [x, d, False])
        f.gradient("min_dim", lambda x, d, k: torch.min(x, d, k), [x, d, True])
    distinct = torch.tensor([[4.0, 1, 3, 2], [8, 5, 7, 6], [10, 12, 11, 9]], dtype=torch.float64)
    for d in (0, 1):
        f.gradient("median_dim", lambda x, d, k: torch.median(x, d, k), [distinct, d, False])
        for q in (0.0, 0.3, 0.5, 0.8, 1.0):
            f.gradient("quantile_dim", lambda x, q, d, k: torch.quantile(x, q, d, k), [distinct, q, d, False], "near:4")
    f.gradient("mode_dim", lambda x, d, k: torch.mode(x, d, k), [torch.tensor([[1.0, 2, 2], [3, 3, 4]]), 1, False])
    f.gradient("median", torch.median, [distinct])
    f.gradient("quantile", torch.quantile, [distinct, 0.4], "near:4")
    for a_shape, b_shape in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
                             ((4, 1, 2, 3), (5, 3, 2)), ((2, 0), (0, 3))):
        for dtype in (torch.float64, torch.complex128):
            f.gradient("matmul", torch.matmul, [fresh(dtype, a_shape), fresh(dtype, b_shape)], "near:64")
    f.write("gradients.txt")


# What writes a file each. The committed texts and dtypes are complete: nothing in them can be drawn anew; other matrices may be
# worse conditioned than the tolerances of linalg_cases allow.
DRAWN = (casts, elementwise, functions, scans, creation, views, gather_operations, indexing, reduction, order, sorting, linalg, random,
         distributions, manipulation, activations, softmax, padding, complex_functions,
         further, gradients, losses, optimizers, fourier)
# signals and vision need torchaudio, SciPy and torchvision as well.
COMPLETE = (promotion, texts, linalg_cases, schedules, training, layers, images, sparse_tensors, quantization, signals, vision)

if __name__ == "__main__":
    torch.set_num_threads(1)
    for write in COMPLETE + DRAWN:
        write()
