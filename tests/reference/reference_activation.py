"""Reference values for activation.h and padding.h."""

import torch
import torch.nn.functional as F

from reference_file import DTYPES, INF, NAN, File, few_layouts, fresh, layouts, specials, start


def softshrink(x, lambd):
    """NaN stays NaN, as in later versions; PyTorch 1.13 makes it 0."""
    return torch.where(x.isnan(), x, F.softshrink(x, lambd))


# Name here and in the table of operations: the function, and arguments besides the input.
ACTIVATIONS = {
    "gelu": (lambda x: F.gelu(x), [()]),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), [()]),
    "elu": (lambda x, a, s, i: torch.ops.aten.elu(x, a, s, i), [(1.0, 1.0, 1.0), (0.3, 2.0, 0.5)]),
    "selu": (F.selu, [()]),
    "celu": (F.celu, [(1.0,), (0.4,)]),
    "leaky_relu": (F.leaky_relu, [(0.01,), (0.25,)]),
    "rrelu": (lambda x, low, high: F.rrelu(x, low, high), [(0.125, 0.5)]),
    "relu6": (F.relu6, [()]),
    "hardtanh": (F.hardtanh, [(-1.0, 1.0), (0.0, 2.5), (2.0, -2.0)]),
    "threshold": (F.threshold, [(0.5, -3.0), (0.1, 7.0)]),
    "hardshrink": (F.hardshrink, [(0.5,), (0.1,)]),
    "softshrink": (softshrink, [(0.5,), (0.0,)]),
    "hardsigmoid": (F.hardsigmoid, [()]),
    "hardswish": (F.hardswish, [()]),
    "silu": (F.silu, [()]),
    "mish": (F.mish, [()]),
    "softplus": (F.softplus, [(1.0, 20.0), (2.0, 3.0)]),
    "log_sigmoid": (F.logsigmoid, [()]),
    "softsign": (F.softsign, [()]),
    "tanhshrink": (F.tanhshrink, [()]),
}
INTEGERS_TOO = ("relu6", "hardtanh", "threshold", "softsign", "tanhshrink")


def in_float(function, x, *rest):
    """PyTorch lacks many of these in half precision: the same in float32, rounded, and bounds as the dtype has them."""
    rest = [torch.tensor(r, dtype=x.dtype).item() if isinstance(r, float) else r for r in rest]
    return function(x.float(), *rest).to(x.dtype)


def activations():
    f = File("activation functions")
    start(121)
    for op, (function, choices) in ACTIVATIONS.items():
        for rest in choices:
            for dtype in DTYPES if rest == choices[0] else (torch.bfloat16, torch.float32):
                permuted = fresh(dtype, (2, 3, 4)).permute(2, 0, 1)
                for x in (specials(dtype), permuted) if dtype.is_floating_point else (permuted,):
                    if dtype in (torch.float16, torch.bfloat16):
                        f.case(op, [x, *rest], in_float(function, x, *rest), "near:1")
                    elif dtype.is_complex:
                        f.error(op, [x, *rest])
                    else:
                        try:
                            f.case(op, [x, *rest], function(x, *rest), "near:8")
                        except RuntimeError:
                            f.error(op, [x, *rest])
        for x in few_layouts(torch.float32):
            f.case(op, [x, *choices[-1]], function(x, *choices[-1]), "near:8")
    # Whole numbers are cut like bounds, which must fit.
    for low, high in ((-2.0, 3.0), (-1.9, 2.9), (0.0, 300.0)):
        for dtype in (torch.uint8, torch.int8, torch.int32, torch.int64):
            for op, function in (("hardtanh", F.hardtanh), ("threshold", F.threshold)):
                x = specials(dtype)
                try:
                    f.case(op, [x, low, high], function(x, low, high))
                except RuntimeError:
                    f.error(op, [x, low, high])
    f.error("softshrink", [torch.ones(2), -1.0])
    f.error("celu", [torch.ones(2), 0.0])
    f.error("rrelu", [torch.ones(2), 0.5, 0.25])
    for op, (function, choices) in ACTIVATIONS.items():
        for rest in choices:
            # These two have constants of float32 in PyTorch.
            for dtype in (torch.float32,) if op in ("celu", "hardsigmoid") else (torch.float32, torch.float64):
                x = torch.tensor([0.0, -0.0, 0.7, -0.7, 2.9, -2.9, 3.5, -3.5, 25.0, -25.0, NAN, 0.5, -0.5, 6.0, -12.0], dtype=dtype)
                # What it makes of NaN there depends on where the element lies.
                f.gradient(op, function, [x[~x.isnan()] if op == "hardswish" else x, *rest], "near:16")
            f.gradient(op, function, [fresh(torch.float32, (2, 3, 4)).permute(2, 0, 1), *rest], "near:16")
    prelu(f)
    glu(f)
    f.write("activation.txt")


def prelu(f):
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        for shape, weights in (((), 1), ((4,), 1), ((0,), 1), ((2, 3), 3), ((2, 3), 1), ((2, 3, 2, 2), 3), ((2, 0, 3), 0)):
            x, w = fresh(dtype, shape), fresh(dtype, (weights,))
            if weights == 0:
                continue
            f.case("prelu", [x, w], F.prelu(x, w), "near:2")
            if dtype == torch.float64:
                f.gradient("prelu", F.prelu, [x, w], "near:32")
        x = fresh(dtype, (3, 2, 4)).permute(2, 0, 1)
        w = fresh(dtype, (3,))
        f.case("prelu", [x, w], F.prelu(x, w), "near:2")
    f.case("prelu", [torch.tensor([[NAN, -INF, INF, -0.0]]), torch.tensor([0.5])],
           F.prelu(torch.tensor([[NAN, -INF, INF, -0.0]]), torch.tensor([0.5])))
    f.error("prelu", [torch.ones(2, 3), torch.ones(2)])
    f.error("prelu", [torch.ones(3), torch.ones(3)])
    f.error("prelu", [torch.ones(2, 3), torch.ones(3, 1)])
    f.error("prelu", [torch.ones(2, 3), torch.ones(3).double()])
    f.error("prelu", [torch.ones(2, dtype=torch.int64), torch.ones(1, dtype=torch.int64)])


def glu(f):
    for dtype in (torch.float32, torch.float64):
        for shape, d in (((4,), 0), ((2, 6), -1), ((6, 2), 0), ((2, 4, 3), 1), ((0, 4), 1), ((3, 0), 1)):
            x = fresh(dtype, shape)
            f.case("glu", [x, d], F.glu(x, d), "near:8")
            f.gradient("glu", F.glu, [x, d], "near:16")
        x = fresh(dtype, (3, 4)).t()
        f.case("glu", [x, 0], F.glu(x, 0), "near:8")
    for x, d in ((torch.ones(()), 0), (torch.ones(3), 0), (torch.ones(4), 1), (torch.ones(4, dtype=torch.int64), 0)):
        f.error("glu", [x, d])


def softmax():
    f = File("softmax and its kin")
    start(122)
    functions = {"softmax": F.softmax, "log_softmax": F.log_softmax, "softmin": F.softmin}
    sources = layouts(torch.float32) + few_layouts(torch.bfloat16)[1:4]
    rows = ([1, NAN, 2], [INF, 1, 2], [-INF, -INF], [-INF, 0, -INF], [INF, INF, 0], [1000, 1001, -1000], [88, 89, 200], [0.0, -0.0])
    sources += [torch.tensor(r, dtype=d) for r in rows for d in (torch.float32, torch.float64)]
    # More than a register, a strip of columns or a stretch of a row holds.
    sources += [fresh(torch.float32, s) for s in ((2, 70), (67, 2), (1, 600))] + [fresh(torch.float64, (3, 65)), fresh(torch.float16, (3, 4))]
    for op, function in functions.items():
        for x in sources:
            for d in range(-1, max(x.dim(), 1) - 1):
                wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
                t = "ulp:1" if wide is not x else "near:16"
                f.case(op, [x, d], function(wide, d).to(x.dtype), t)
        for x in (fresh(torch.float32, (3, 5)), fresh(torch.float64, (2, 3, 4)).permute(2, 0, 1), torch.tensor([1.0, -INF, 2]),
                  fresh(torch.float64, (20, 3)), torch.tensor([NAN, 1.0])):
            for d in range(x.dim()):
                f.gradient(op, function, [x, d], "near:64")
        f.error(op, [torch.ones(2, dtype=torch.int64), 0])
        f.error(op, [torch.ones(2, dtype=torch.complex64), 0])
        f.error(op, [torch.ones(2, 3), 2])
        f.error(op, [torch.ones(()), 1])
        for dtype in (torch.float32, torch.float64):
            x = fresh(torch.int64, (2, 3))
            f.case(op + "_as", [x, 1, dtype], function(x, 1, dtype=dtype), "near:16")
    f.write("softmax.txt")


def padding():
    f = File("padding")
    start(123)
    pads = [(1, 2), (0, 1), (0, 0), (2, 2, 1, 0), (0, 1, 2, 0), (1, 0, 0, 2, 1, 1), (-1, 2), (1, -1, -1, 0)]
    for dtype in DTYPES:
        for shape in ((3,), (2, 3), (2, 3, 4), (2, 1, 3, 4)):
            x = fresh(dtype, shape)
            for p in pads:
                if len(p) <= 2 * x.dim() and (dtype == torch.float32 or len(shape) == 2):
                    f.case("pad", [x, p, "constant", 2.0], F.pad(x, p, "constant", 2.0))
    for x in few_layouts(torch.int16):
        f.case("pad", [x, (), "constant", 1.0], x)
        for p in ((1, 0), (0, 2, 1, 1)):
            if len(p) <= 2 * x.dim():
                f.case("pad", [x, p, "constant", 1.0], F.pad(x, p, "constant", 1.0))
    f.case("pad", [torch.ones(2, 3), (-3, 0), "constant", 0.0], F.pad(torch.ones(2, 3), (-3, 0)))
    modes = ("reflect", "replicate", "circular")
    for mode in modes:
        for shape, choices in (((2, 3, 4), ((1, 2), (3, 3), (0, 1), (0, 3))),
                               ((1, 2, 3, 4), ((1, 2, 2, 1), (0, 0, 1, 0), (3, 0, 0, 2))),
                               ((1, 2, 3, 2, 3), ((1, 2, 1, 1, 2, 0), (0, 1, 0, 0, 0, 2)))):
            for dtype in (torch.float32,) if len(shape) > 3 else (torch.float32, torch.float64):
                x = fresh(dtype, shape)
                turned = fresh(dtype, shape[::-1]).permute(*reversed(range(len(shape))))
                for p in choices:
                    f.case("pad", [x, p, mode, 0.0], F.pad(x, p, mode))
                    f.case("pad", [turned, p, mode, 0.0], F.pad(turned, p, mode))
                    f.gradient("pad", lambda x, p, mode, value: F.pad(x, p, mode), [x, p, mode, 0.0], "near:16")
        f.error("pad", [torch.ones(1, 2, 0), (1, 1), mode, 0.0])
        f.error("pad", [torch.ones(1, 2, 3), (-2, -2), mode, 0.0])
    x = fresh(torch.float32, (1, 2, 4))
    for mode, p in (("reflect", (-1, 2)), ("replicate", (-1, 2)), ("replicate", (9, 3)), ("circular", (-1, 2)), ("circular", (2, -2)),
                    ("circular", (4, 4))):
        f.case("pad", [x, p, mode, 0.0], F.pad(x, p, mode))
    f.error("pad", [x, (4, 0), "reflect", 0.0])
    f.error("pad", [x, (5, 0), "circular", 0.0])
    f.error("pad", [x, (1,), "constant", 0.0])
    f.error("pad", [torch.ones(3), (1, 1, 1, 1), "constant", 0.0])
    f.error("pad", [torch.ones(3), (-2, -2), "constant", 0.0])
    f.error("pad", [torch.ones(3), (1, 1), "edge", 0.0])
    for p in ((1, 2), (-1, 1, 2, -1)):
        f.gradient("pad", F.pad, [fresh(torch.float64, (2, 3, 4)), p, "constant", 1.5])
    f.write("padding.txt")
