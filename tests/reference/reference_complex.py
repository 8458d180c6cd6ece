"""Reference values for functions of complex numbers."""

import torch

from reference_file import COMPLEX, INF, NAN, File, few_layouts, fresh, start

FUNCTIONS = ("exp", "log", "log2", "log10", "sqrt", "rsqrt", "sigmoid", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
             "tanh", "asinh", "acosh", "atanh", "square", "reciprocal", "abs", "sgn")


def complex_functions():
    f = File("functions of complex numbers")
    start(131)
    for dtype in COMPLEX:
        tolerance = "near:64"
        axes = torch.tensor([2.0, -2, 0.5, -0.5, 1.5j, -1.5j, 0.25j, -0.25j], dtype=dtype)
        for op in FUNCTIONS:
            function = getattr(torch, op)
            for x in [*few_layouts(dtype), axes]:
                if op in ("log", "log2", "log10", "reciprocal", "rsqrt"):
                    x = x + torch.tensor(3 + 0.5j, dtype=dtype)
                if op != "atan" or x is not axes:  # on the cuts PyTorch's has another sign than C's
                    f.case(op, [x], function(x), tolerance)
        special = torch.tensor([complex(a, b) for a in (0.0, 1, -INF, INF, NAN) for b in (0.0, -2, INF, NAN)], dtype=dtype)
        for op in ("isnan", "isinf", "isfinite", "abs"):
            if op == "abs":
                special = special[~special.isnan()]  # PyTorch's of an infinity and a NaN is NaN, IEEE 754 has infinity
            f.case(op, [special], getattr(torch, op)(special), "same")
        for a, b in ((fresh(dtype, (2, 1, 3)), fresh(dtype, (4, 1))), (fresh(dtype, ()), fresh(dtype, (3,)))):
            f.case("pow", [a, b], torch.pow(a, b), "near:256")
            for rtol, equal_nan in ((1e-5, False), (0.5, True)):
                a, b = (t.contiguous() for t in torch.broadcast_tensors(a, b))
                f.case("isclose", [a, b, rtol, 0.1, equal_nan], torch.isclose(a, b, rtol=rtol, atol=0.1, equal_nan=equal_nan))
        x = fresh(dtype, (3, 4))
        for unbiased in (False, True):
            f.case("var", [x, unbiased], x.var(unbiased=unbiased), tolerance)
            f.case("std", [x, unbiased], x.std(unbiased=unbiased), tolerance)
            f.case("var_dims", [x, [1], unbiased, True], x.var([1], unbiased, True), tolerance)
    for op in FUNCTIONS:
        x = fresh(torch.complex128, (2, 3)) + (3 + 0.5j if op in ("log", "log2", "log10", "reciprocal", "rsqrt") else 0)
        f.gradient(op, getattr(torch, op), [x], "near:512")
    f.gradient("abs", torch.abs, [torch.tensor([0j, 3 - 4j], dtype=torch.complex128)], "near:4")
    f.gradient("pow", torch.pow, [fresh(torch.complex128, (2, 3)), fresh(torch.complex128, (3,))], "near:4096")
    f.gradient("var", lambda x, u: x.var(unbiased=u), [fresh(torch.complex128, (4,)), True], "near:64")
    for op in ("exp2", "expm1", "log1p", "floor", "erf", "sign", "relu"):
        f.error(op, [torch.ones(2, dtype=torch.complex64)])
    f.write("complex.txt")
