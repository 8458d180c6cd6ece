"""The cases of compare.py: (name, operation of the tests, arguments, the same with PyTorch).

An argument "@KIND:SEED:SHAPE:DTYPE ?VIEW ...?" is a tensor, which both sides draw from the same stream; "[1,2]" is a list,
anything else a word. The function gets tensors, lists and words as numbers, booleans or dtypes.
"""

import torch
import torch.nn.functional as F

M = "1000000"
FLAT = "@rand:1:1000000:float32"


def tensor(kind="randn", shape="1000000", dtype="float32", view="", seed=1):
    return f"@{kind}:{seed}:{shape}:{dtype} {view}".strip()


FORWARD, BACKWARD = [], []


def case(name, operation, *arguments, f, backward=False, forward=True):
    if forward:
        FORWARD.append((name, operation, arguments, f))
    if backward:
        BACKWARD.append((name + ", backward", operation, arguments, f))


def unary():
    real = "abs neg sign square relu exp log sqrt sigmoid tanh reciprocal sin cos tan asin acos atan sinh cosh asinh acosh atanh exp2 expm1 log2 log10 log1p rsqrt erf floor ceil round trunc frac deg2rad isnan isfinite".split()
    no_gradient = {"sign", "floor", "ceil", "round", "trunc", "isnan", "isfinite"}
    for name in real:
        f = getattr(torch, name)
        kind = "rand" if name in ("log", "sqrt", "asin", "acos", "log2", "log10", "rsqrt", "atanh") else "randn"
        case(name, name, tensor(kind), f=f, backward=name not in no_gradient)
        if name in ("exp", "log", "sqrt", "sigmoid", "tanh", "sin", "atan", "erf", "log2", "sinh", "abs", "square"):
            case(name + " float64", name, tensor(kind, dtype="float64"), f=f)
            case(name + " of 1000", name, tensor(kind, "1000"), f=f)
        if name in ("exp", "tanh", "abs", "relu", "sigmoid", "sqrt"):
            case(name + " bfloat16", name, tensor(kind, dtype="bfloat16"), f=f)
    case("exp of a transposed matrix", "exp", tensor("randn", "1000,1000", view="t"), f=torch.exp)
    case("exp of every other column", "exp", tensor("randn", "1000,1000", view="every_other"), f=torch.exp)
    case("abs int64", "abs", tensor("1000", dtype="int64"), f=torch.abs)
    case("neg int32", "neg", tensor("1000", dtype="int32"), f=torch.neg)


def binary():
    a, b = tensor("rand"), tensor("rand", seed=2)
    for name in "add sub mul div maximum minimum atan2 pow".split():
        f = getattr(torch, name)
        case(name, name, a, b, f=f, backward=True)
        case(name + " of 1000", name, tensor("rand", "1000"), tensor("rand", "1000", seed=2), f=f)
        case(name + " float64", name, tensor("rand", dtype="float64"), tensor("rand", dtype="float64", seed=2), f=f)
        if name not in ("pow", "atan2"):
            case(name + " a row", name, tensor("rand", "1000,1000"), tensor("rand", "1000", seed=2), f=f, backward=True)
            case(name + " a column", name, tensor("rand", "1000,1000"), tensor("rand", "1000,1", seed=2), f=f, backward=name in ("add", "mul"))
            case(name + " bfloat16", name, tensor("rand", dtype="bfloat16"), tensor("rand", dtype="bfloat16", seed=2), f=f)
        if name in ("add", "mul", "maximum"):
            case(name + " int64", name, tensor("1000", dtype="int64"), tensor("1000", dtype="int64", seed=2), f=f)
            case(name + " transposed", name, tensor("rand", "1000,1000"), tensor("rand", "1000,1000", "float32", "t", 2), f=f)
    for name in "eq lt ge".split():
        case(name, name, a, b, f=getattr(torch, name))
        case(name + " int64", name, tensor("1000", dtype="int64"), tensor("1000", dtype="int64", seed=2), f=getattr(torch, name))
    for name, f in (("add", torch.add), ("mul", torch.mul), ("div", torch.div), ("sub", torch.sub)):
        case(name + " a number", name + "_number", a, "3.5", f=f, backward=name == "mul")
    for e in ("2.0", "0.5", "3.0", "-1.0", "2.5"):
        case("pow " + e, "pow_number", a, e, f=torch.pow, backward=e in ("2.0", "3.0", "2.5"))
    for name in "logical_and logical_xor".split():
        case(name, name, tensor("rand", view="mask"), tensor("rand", view="mask", seed=2), f=getattr(torch, name))
    for name in "bitwise_and bitwise_or bitwise_left_shift".split():
        case(name, name, tensor("30", dtype="int32"), tensor("30", dtype="int32", seed=2), f=getattr(torch, name))
    case("where", "where", tensor("rand", view="mask"), a, b, f=torch.where, backward=True)
    case("where 0-d", "where", tensor("rand", view="mask"), a, tensor("rand", ""), f=torch.where)
    for to in "float64 int32 int64 bfloat16 float16 bool uint8".split():
        case("to " + to, "to", tensor("randn"), to, f=lambda x, d: x.to(d), backward=to in ("float64", "bfloat16"))
    case("float16 to float32", "to", tensor("randn", dtype="float16"), "float32", f=lambda x, d: x.to(d))
    case("isclose", "isclose", a, b, "1e-5", "1e-8", "False", f=lambda x, y, r, t, n: torch.isclose(x, y, r, t, n))


def reductions():
    shapes = {"1M": M, "1000 x 1000": "1000,1000", "125000 x 8": "125000,8", "8 x 125000": "8,125000", "333333 x 3": "333333,3", "50000 x 20": "50000,20", "100 x 100 x 100": "100,100,100"}
    for dtype in ("float32", "float64", "int64", "bfloat16"):
        kind = "1000" if dtype == "int64" else "randn"
        case("sum " + dtype, "sum", tensor(kind, dtype=dtype), f=torch.sum, backward=dtype == "float32")
        case("max " + dtype, "max", tensor(kind, dtype=dtype), f=torch.max, backward=dtype == "float32")
    case("sum uint8", "sum", tensor("200", dtype="uint8"), f=torch.sum)
    case("sum bool", "sum", tensor("rand", view="mask"), f=torch.sum)
    case("sum of 1000", "sum", tensor("randn", "1000"), f=torch.sum)
    case("mean", "mean", tensor(), f=torch.mean, backward=True)
    case("var", "var", tensor(), "True", f=lambda x, u: torch.var(x, unbiased=u), backward=True)
    case("std", "std", tensor(), "True", f=lambda x, u: torch.std(x, unbiased=u), backward=True)
    case("norm", "norm", tensor(), "2", f=lambda x, p: torch.norm(x, p), backward=True)
    case("norm 1", "norm", tensor(), "1", f=lambda x, p: torch.norm(x, p))
    case("norm 3", "norm", tensor(), "3", f=lambda x, p: torch.norm(x, p))
    for label, shape in list(shapes.items())[1:]:
        x = tensor("randn", shape)
        for d in range(shape.count(",") + 1):
            where = f" over {d} of {label}"
            case("sum" + where, "sum_dims", x, f"[{d}]", "False", f=lambda x, d, k: x.sum(d, k), backward=label in ("1000 x 1000", "125000 x 8"))
            case("mean" + where, "mean_dims", x, f"[{d}]", "False", f=lambda x, d, k: x.mean(d, k))
            case("var" + where, "var_dims", x, f"[{d}]", "True", "False", f=lambda x, d, u, k: x.var(d, u, k), backward=label in ("1000 x 1000", "125000 x 8"))
            case("max" + where, "max_dim", x, str(d), "False", f=lambda x, d, k: x.max(d, k), backward=label == "125000 x 8")
            case("softmax" + where, "softmax", x, str(d), f=lambda x, d: x.softmax(d), backward=True)
            case("log_softmax" + where, "log_softmax", x, str(d), f=lambda x, d: x.log_softmax(d), backward=label in ("1000 x 1000", "125000 x 8"))
            case("norm" + where, "norm_dims", x, "2", f"[{d}]", "False", f=lambda x, p, d, k: torch.norm(x, p, d, k))
    for d in (0, 1):
        x = tensor("randn", "1000,1000")
        for name in "cumsum cumprod".split():
            case(f"{name} along {d}", name, x, str(d), f=getattr(torch, name), backward=True)
        case(f"cummax along {d}", "cummax", x, str(d), f=torch.cummax)
        case(f"sort along {d}", "sort", x, str(d), f=lambda x, d: x.sort(d), backward=d == 1)
        case(f"topk along {d}", "topk", x, "10", str(d), f=lambda x, k, d: x.topk(k, d), backward=d == 1)
        case(f"median along {d}", "median_dim", x, str(d), f=lambda x, d: x.median(d), backward=d == 1)
        case(f"kthvalue along {d}", "kthvalue", x, "100", str(d), "False", f=lambda x, k, d, keep: x.kthvalue(k, d, keep))
    for label, x in (("1M", tensor()), ("float64", tensor(dtype="float64")), ("int64", tensor("1000000", dtype="int64"))):
        case("sort " + label, "sort", x, "-1", f=lambda x, d: x.sort(d))
    case("sort along 1 of 125000 x 8", "sort", tensor("randn", "125000,8"), "1", f=lambda x, d: x.sort(d))
    case("argsort", "argsort", tensor(), "-1", f=lambda x, d: x.argsort(d))
    case("cumsum 1M", "cumsum", tensor(), "0", f=torch.cumsum, backward=True)
    case("cumsum int64", "cumsum", tensor("1000", dtype="int64"), "0", f=torch.cumsum)
    case("median", "median", tensor(), f=torch.median)
    case("quantile", "quantile", tensor(), "0.3", f=torch.quantile)
    case("unique of 100 values", "unique", tensor("100", dtype="int64"), f=torch.unique)
    case("unique of 1M values", "unique", tensor("1000000000", dtype="int64"), f=torch.unique)
    case("unique float32", "unique", tensor(), f=torch.unique)
    case("nonzero", "nonzero", tensor("2", dtype="int64"), f=torch.nonzero)
    case("diff", "diff", tensor(), "1", "0", f=lambda x, n, d: torch.diff(x, n, d), backward=True)


def places():
    square = tensor("randn", "1000,1000")
    for n in ("1000,1000", "1024,1024", "2000,2000", "512,512", "100000,8", "8,100000"):
        case(f"copy of a transposed {n}", "contiguous", tensor("randn", n, view="t"), f=lambda x: x.contiguous())
    case("copy of a transposed 1000,1000 float64", "contiguous", tensor("randn", "1000,1000", "float64", "t"), f=lambda x: x.contiguous())
    case("copy of a transposed 1000,1000 uint8", "contiguous", tensor("200", "1000,1000", "uint8", "t"), f=lambda x: x.contiguous())
    case("copy", "clone", tensor(), f=lambda x: x.clone())
    for order in ("[2,0,1]", "[1,0,2]", "[0,2,1]", "[2,1,0]"):
        case("copy of 100,100,100 permuted " + order, "contiguous", tensor("randn", "100,100,100", view=order), f=lambda x: x.contiguous())
    case("copy of every other column", "contiguous", tensor("randn", "1000,1000", view="every_other"), f=lambda x: x.contiguous())
    for d in (0, 1):
        case(f"cat along {d}", "cat", str(d), square, tensor("randn", "1000,1000", seed=2), f=lambda d, *x: torch.cat(x, d), backward=True)
        case(f"stack along {d}", "stack", str(d), square, tensor("randn", "1000,1000", seed=2), f=lambda d, *x: torch.stack(x, d), backward=d == 0)
        case(f"flip along {d}", "flip", square, f"[{d}]", f=lambda x, d: x.flip(d), backward=True)
        case(f"roll along {d}", "roll", square, "[100]", f"[{d}]", f=lambda x, s, d: x.roll(s, d))
        case(f"index_select along {d}", "index_select", square, str(d), tensor("1000", "1000", "int64", seed=3), f=torch.index_select, backward=True)
        case(f"gather along {d}", "gather", square, str(d), tensor("1000", "1000,1000", "int64", seed=3), f=torch.gather, backward=True)
        case(f"scatter_add along {d}", "scatter_add", square, str(d), tensor("1000", "1000,1000", "int64", seed=3), tensor("randn", "1000,1000", seed=4), f=torch.scatter_add)
        case(f"index_add along {d}", "index_add", square, str(d), tensor("1000", "1000", "int64", seed=3), tensor("randn", "1000,1000", seed=4), f=torch.index_add)
    case("index_select of a permuted matrix", "index_select", tensor("randn", "1000,1000", view="t"), "0", tensor("1000", "1000", "int64", seed=3), f=torch.index_select)
    case("index_select of rows of 8", "index_select", tensor("randn", "100000,8"), "0", tensor("100000", "100000", "int64", seed=3), f=torch.index_select, backward=True)
    case("index by a tensor", "index", square, "i", tensor("1000", "1000", "int64", seed=3), f=lambda x, p, i: x[i], backward=True)
    case("index by a mask", "index", square, "m", tensor("rand", "1000,1000", view="mask"), f=lambda x, p, m: x[m], backward=True)
    case("take_along_dim", "take_along_dim", square, tensor("1000", "1000,1000", "int64", seed=3), "1", f=torch.take_along_dim)
    case("repeat", "repeat", tensor("randn", "100,100"), "[10,10]", f=lambda x, n: x.repeat(n), backward=True)
    case("pad constant", "pad", square, "[3,3,3,3]", "constant", "0.0", f=lambda x, p, m, v: F.pad(x, p, m, v), backward=True)
    case("pad reflect", "pad", tensor("randn", "1,1000,1000"), "[3,3,3,3]", "reflect", "0.0", f=lambda x, p, m, v: F.pad(x, p, m), backward=True)
    case("pad replicate", "pad", tensor("randn", "1,1000,1000"), "[3,3,3,3]", "replicate", "0.0", f=lambda x, p, m, v: F.pad(x, p, m), backward=True)
    case("tril", "tril", square, "0", f=torch.tril, backward=True)
    case("diagonal", "diagonal", square, "0", "0", "1", f=torch.diagonal, backward=True)
    case("rot90", "rot90", square, "1", "[0,1]", f=torch.rot90)
    case("meshgrid", "cartesian_prod", tensor("randn", "1000"), tensor("randn", "1000", seed=2), f=torch.cartesian_prod)


def creation():
    case("full", "full", "[1000000]", "1.5", "float32", f=lambda s, v, d: torch.full(s, v, dtype=d))
    case("arange float32", "arange", "0", "1000000", "1", "float32", f=lambda a, b, s, d: torch.arange(a, b, s, dtype=d))
    case("arange int64", "arange", "0", "1000000", "1", "int64", f=lambda a, b, s, d: torch.arange(a, b, s, dtype=d))
    case("linspace", "linspace", "0", "1", M, "float32", f=lambda a, b, n, d: torch.linspace(a, b, n, dtype=d))
    case("logspace", "logspace", "0", "1", M, "10", "float32", f=lambda a, b, n, base, d: torch.logspace(a, b, n, base, dtype=d))
    case("eye", "eye", "1000", "1000", "float32", f=lambda n, m, d: torch.eye(n, m, dtype=d))
    seeded = lambda f: lambda s, *a: (torch.manual_seed(s), f(*a))[1]  # noqa: E731
    for dtype in ("float32", "float64"):
        case("rand " + dtype, "rand", "5", "[1000000]", dtype, f=seeded(lambda s, d: torch.rand(s, dtype=d)))
        case("randn " + dtype, "randn", "5", "[1000000]", dtype, f=seeded(lambda s, d: torch.randn(s, dtype=d)))
    case("randint", "randint", "5", "0", "1000", "[1000000]", "int64", f=seeded(lambda a, b, s, d: torch.randint(a, b, s, dtype=d)))
    case("randperm", "randperm", "5", "1000000", "int64", f=seeded(lambda n, d: torch.randperm(n, dtype=d)))
    case("uniform", "uniform", "5", "-1", "1", "[1000000]", "float32", f=seeded(lambda a, b, s, d: torch.empty(s, dtype=d).uniform_(a, b)))
    case("normal", "normal", "5", "0", "1", "[1000000]", "float32", f=seeded(lambda a, b, s, d: torch.empty(s, dtype=d).normal_(a, b)))
    case("exponential", "exponential", "5", "1", "[1000000]", "float32", f=seeded(lambda a, s, d: torch.empty(s, dtype=d).exponential_(a)))
    case("bernoulli", "bernoulli", "5", FLAT, f=seeded(torch.bernoulli))
    case("bernoulli p", "bernoulli_p", "5", FLAT, "0.3", f=seeded(lambda x, p: torch.empty_like(x).bernoulli_(p)))
    case("dropout", "dropout", "5", FLAT, "0.3", f=seeded(lambda x, p: F.dropout(x, p)))
    case("multinomial", "multinomial", "5", tensor("rand", "1000"), "10000", "True", f=seeded(lambda x, n, r: torch.multinomial(x, n, r)))
    case("poisson", "poisson", "5", tensor("rand", "100000"), f=seeded(torch.poisson))


def activations():
    x = tensor()
    f = {
        "gelu": ((), F.gelu), "gelu_tanh": ((), lambda x: F.gelu(x, approximate="tanh")), "elu": (("1.0", "1.0", "1.0"), lambda x, a, s, i: F.elu(x, a)),
        "selu": ((), F.selu), "celu": (("1.0",), F.celu), "leaky_relu": (("0.01",), F.leaky_relu), "relu6": ((), F.relu6),
        "hardtanh": (("-1.0", "1.0"), F.hardtanh), "threshold": (("0.5", "3.0"), F.threshold), "hardshrink": (("0.5",), F.hardshrink),
        "softshrink": (("0.5",), F.softshrink), "hardsigmoid": ((), F.hardsigmoid), "hardswish": ((), F.hardswish), "silu": ((), F.silu),
        "mish": ((), F.mish), "softplus": (("1.0", "20.0"), F.softplus), "log_sigmoid": ((), F.logsigmoid), "softsign": ((), F.softsign),
        "tanhshrink": ((), F.tanhshrink),
    }
    for name, (extra, function) in f.items():
        case(name, name, x, *extra, f=function, backward=True)
        if name in ("gelu", "silu", "leaky_relu", "softplus"):
            case(name + " bfloat16", name, tensor(dtype="bfloat16"), *extra, f=function)
            case(name + " of 1000", name, tensor(shape="1000"), *extra, f=function)
    case("prelu", "prelu", tensor(shape="1000,1000"), tensor("rand", "1000", seed=2), f=F.prelu, backward=True)
    case("glu", "glu", tensor(shape="1000,1000"), "1", f=F.glu, backward=True)


def products():
    for dtype in ("float32", "float64"):
        for n in (8, 64, 128, 512, 1024):
            case(f"matmul {n} {dtype}", "matmul", tensor("randn", f"{n},{n}", dtype), tensor("randn", f"{n},{n}", dtype, seed=2), f=torch.matmul, backward=n in (64, 512))
        case(f"dot {dtype}", "dot", tensor(dtype=dtype), tensor(dtype=dtype, seed=2), f=torch.dot, backward=dtype == "float32")
    case("matmul 128 int64", "matmul", tensor("100", "128,128", "int64"), tensor("100", "128,128", "int64", seed=2), f=torch.matmul)
    case("matmul 128 int32", "matmul", tensor("100", "128,128", "int32"), tensor("100", "128,128", "int32", seed=2), f=torch.matmul)
    case("matmul 128 bfloat16", "matmul", tensor("randn", "128,128", "bfloat16"), tensor("randn", "128,128", "bfloat16", seed=2), f=torch.matmul)
    for label, a, b in (("100000x20 by 20", "100000,20", "20"), ("20 by 20x100000", "20", "20,100000"), ("100000x20 by 20x3", "100000,20", "20,3"), ("1000x1000 by 1000", "1000,1000", "1000"),
                        ("1000 by 1000x1000", "1000", "1000,1000"), ("64x784 by 784x128", "64,784", "784,128"), ("100000x3 by 3x3", "100000,3", "3,3"), ("3x100000 by 100000x3", "3,100000", "100000,3")):
        case("matmul " + label, "matmul", tensor("randn", a), tensor("randn", b, seed=2), f=torch.matmul, backward=True)
    case("matmul with a transposed 512", "matmul", tensor("randn", "512,512"), tensor("randn", "512,512", view="t", seed=2), f=torch.matmul)
    for label, a, b in (("1000 of 3x3", "1000,3,3", "1000,3,3"), ("100 of 32x32", "100,32,32", "100,32,32"), ("16 of 128x64", "16,128,64", "16,64,128")):
        case("bmm " + label, "bmm", tensor("randn", a), tensor("randn", b, seed=2), f=torch.bmm, backward=True)
    case("outer", "outer", tensor("randn", "1000"), tensor("randn", "1000", seed=2), f=torch.outer, backward=True)
    case("einsum bij,bjk->bik", "einsum", "bij,bjk->bik", tensor("randn", "16,64,64"), tensor("randn", "16,64,64", seed=2), f=lambda e, *x: torch.einsum(e, *x))
    case("kron", "kron", tensor("randn", "30,30"), tensor("randn", "30,30", seed=2), f=torch.kron)


def decompositions():
    for n in (3, 50, 200, 500):
        a, b = tensor("randn", f"{n},{n}", "float64"), tensor("randn", f"{n},{n}", "float64", seed=2)
        spd = tensor("randn", f"{n},{n}", "float64", "spd")
        case(f"cholesky {n}", "cholesky", spd, f=torch.linalg.cholesky, backward=n == 200)
        case(f"qr {n}", "qr", a, f=lambda x: torch.linalg.qr(x)[0])
        case(f"lu_factor {n}", "lu_factor", a, f=lambda x: torch.linalg.lu_factor(x))
        case(f"solve {n}", "solve", a, b, f=torch.linalg.solve, backward=n == 200)
        case(f"solve_triangular {n}", "solve_triangular", spd, b, f=lambda x, y: torch.linalg.solve_triangular(x, y, upper=True))
        case(f"inv {n}", "inv", a, f=torch.linalg.inv, backward=n == 200)
        case(f"det {n}", "det", a, f=torch.linalg.det)
        case(f"eigh {n}", "eigh", a, f=lambda x: torch.linalg.eigh(x @ x.t())[1])
        case(f"eigvalsh {n}", "eigvalsh", spd, f=torch.linalg.eigvalsh)
        case(f"svd {n}", "svd", a, f=lambda x: torch.linalg.svd(x, full_matrices=False)[0])
        case(f"svdvals {n}", "svdvals", a, f=torch.linalg.svdvals)
        case(f"pinv {n}", "pinv", a, f=torch.linalg.pinv)
        case(f"matrix_exp {n}", "matrix_exp", tensor("rand", f"{n},{n}", "float64"), f=torch.linalg.matrix_exp)
    for dtype in ("float32", "float64"):
        case(f"lstsq 1000 x 50 {dtype}", "lstsq", tensor("randn", "1000,50", dtype), tensor("randn", "1000,1", dtype, seed=2), f=lambda a, b: torch.linalg.lstsq(a, b)[0])
        case(f"svd 1000 x 50 {dtype}", "svd", tensor("randn", "1000,50", dtype), f=lambda x: torch.linalg.svd(x, full_matrices=False)[0])
        case(f"qr 1000 x 50 {dtype}", "qr", tensor("randn", "1000,50", dtype), f=lambda x: torch.linalg.qr(x)[0])
    case("inv of 1000 3 x 3", "inv", tensor("randn", "1000,3,3"), f=torch.linalg.inv)
    case("det of 1000 3 x 3", "det", tensor("randn", "1000,3,3"), f=torch.linalg.det)
    case("solve 200 float32", "solve", tensor("randn", "200,200"), tensor("randn", "200,200", seed=2), f=torch.linalg.solve)
    case("eigh 200 float32", "eigh", tensor("randn", "200,200"), f=lambda x: torch.linalg.eigh(x @ x.t())[1])
    case("svd 200 float32", "svd", tensor("randn", "200,200"), f=lambda x: torch.linalg.svd(x, full_matrices=False)[0])


def further():
    a, b, c = tensor("rand"), tensor("rand", seed=2), tensor("rand", seed=3)
    square = tensor("randn", "1000,1000")
    for name in "floor_divide remainder fmod hypot logaddexp".split():
        f = getattr(torch, name)
        case(name, name, a, b, f=f, backward=name != "floor_divide")
        case(name + " float64", name, tensor("randn", dtype="float64"), tensor("rand", dtype="float64", seed=2), f=f)
        case(name + " of 1000", name, tensor("rand", "1000"), tensor("rand", "1000", seed=2), f=f)
        if name in ("floor_divide", "remainder", "fmod"):
            case(name + " int64", name, tensor("1000", dtype="int64"), tensor("1000", dtype="int64", view="+1", seed=2), f=f)
    case("lerp", "lerp", a, b, c, f=torch.lerp, backward=True)
    case("lerp by a number", "lerp_number", a, b, "0.3", f=torch.lerp, backward=True)
    case("addcmul", "addcmul", a, b, c, "2.5", f=lambda x, y, z, v: torch.addcmul(x, y, z, value=v), backward=True)
    case("addcdiv", "addcdiv", a, b, c, "2.5", f=lambda x, y, z, v: torch.addcdiv(x, y, z, value=v), backward=True)
    case("addcmul of 1000", "addcmul", tensor("rand", "1000"), tensor("rand", "1000"), tensor("rand", "1000"), "2.5", f=lambda x, y, z, v: torch.addcmul(x, y, z, value=v))
    case("nan_to_num", "nan_to_num", tensor(), "0.0", f=torch.nan_to_num, backward=True)
    for name in "any all".split():
        case(name, name, tensor("rand", view="mask"), "[]", "False", f=lambda x, d, k, f=getattr(torch, name): f(x))
        case(name + " of zeros", name, "@1:1:1000000:bool", "[]", "False", f=lambda x, d, k, f=getattr(torch, name): f(x))
        case(name + " of zeros float32", name, "@1:1:1000000:float32", "[]", "False", f=lambda x, d, k, f=getattr(torch, name): f(x))
    for d in (0, 1):
        case(f"any along {d}", "any", square, f"[{d}]", "False", f=lambda x, d, k: torch.any(x, d[0], k))
        case(f"prod along {d}", "prod", square, f"[{d}]", "False", f=lambda x, d, k: torch.prod(x, d[0], k), backward=True)
        case(f"amax along {d}", "amax", square, f"[{d}]", "False", f=torch.amax, backward=True)
        case(f"logsumexp along {d}", "logsumexp", square, f"[{d}]", "False", f=torch.logsumexp, backward=True)
        case(f"nansum along {d}", "nansum", square, f"[{d}]", "False", f=torch.nansum, backward=True)
        case(f"count_nonzero along {d}", "count_nonzero", square, f"[{d}]", f=torch.count_nonzero)
        case(f"trapezoid along {d}", "trapezoid", square, "0.5", str(d), f=lambda x, h, d: torch.trapezoid(x, dx=h, dim=d))
        case(f"cumulative_trapezoid along {d}", "cumulative_trapezoid", square, "0.5", str(d), f=lambda x, h, d: torch.cumulative_trapezoid(x, dx=h, dim=d))
        case(f"repeat_interleave along {d}", "repeat_interleave", square, "3", str(d), f=torch.repeat_interleave)
    case("prod", "prod", tensor(), "[]", "False", f=lambda x, d, k: torch.prod(x), backward=True)
    case("prod int64", "prod", tensor("1000", dtype="int64"), "[]", "False", f=lambda x, d, k: torch.prod(x))
    case("nansum", "nansum", tensor(), "[]", "False", f=lambda x, d, k: torch.nansum(x), backward=True)
    case("nanmean", "nanmean", tensor(), "[]", "False", f=lambda x, d, k: torch.nanmean(x), backward=True)
    case("count_nonzero", "count_nonzero", tensor(), "[]", f=lambda x, d: torch.count_nonzero(x))
    case("split", "split", square, "10", "0", f=torch.split)
    case("unbind", "unbind", square, "0", f=torch.unbind)
    case("tile", "tile", tensor("randn", "100,100"), "[10,10]", f=torch.tile, backward=True)
    case("take", "take", tensor(), tensor("1000000", dtype="int64", seed=3), f=torch.take)
    case("addmm 128", "addmm", tensor("randn", "128"), tensor("randn", "128,128", seed=2), tensor("randn", "128,128", seed=3), "1", "1", f=lambda x, a, b, beta, alpha: torch.addmm(x, a, b, beta=beta, alpha=alpha), backward=True)
    case("searchsorted", "searchsorted", tensor("1000000", "1000", "int64", "sorted"), tensor("1000000", dtype="int64", seed=2), "False", "False", f=lambda s, v, i, r: torch.searchsorted(s, v, out_int32=i, right=r))
    for n, k, m in ((1000, 1000, 3), (1000, 1000, 32), (1000, 1000, 128), (100000, 10, 20), (20, 20, 20)):
        case(f"cdist {n} x {k} of {m}", "cdist", tensor("randn", f"{n},{m}"), tensor("randn", f"{k},{m}", seed=2), "2.0", f=torch.cdist, backward=n == 1000)
    case("cdist 1 of 32", "cdist", tensor("randn", "500,32"), tensor("randn", "500,32", seed=2), "1.0", f=torch.cdist)


class Stepped:
    """A step of an optimizer over copies of a tensor, which are their own gradients."""

    def __init__(self, kind, **options):
        self.kind, self.options, self.of = kind, options, None

    def __call__(self, x, count):
        if self.of is not x:
            self.of = x
            parameters = [x.detach().clone().requires_grad_() for _ in range(count)]
            for p in parameters:
                p.grad = x.detach().clone()
            self.optimizer = self.kind(parameters, **self.options)
        self.optimizer.step()


# Images, weights, stride, padding, dilation, groups.
CONVOLUTIONS = (
    ("64x56 3x3 to 64", "1,64,56,56", "64,64,3,3", 1, 1, 1, 1), ("3x224 7x7 s2 to 64", "1,3,224,224", "64,3,7,7", 2, 3, 1, 1),
    ("256x56 1x1 to 64", "1,256,56,56", "64,256,1,1", 1, 0, 1, 1), ("512x7 3x3 to 512", "1,512,7,7", "512,512,3,3", 1, 1, 1, 1),
    ("32 of 3x32 3x3 to 16", "32,3,32,32", "16,3,3,3", 1, 1, 1, 1), ("32 of 16x32 3x3 to 32", "32,16,32,32", "32,16,3,3", 1, 1, 1, 1),
    ("64 of 1x28 5x5 to 8", "64,1,28,28", "8,1,5,5", 1, 0, 1, 1), ("64 of 8x12 5x5 to 16", "64,8,12,12", "16,8,5,5", 1, 0, 1, 1),
    ("64 of 1x8 3x3 to 16", "64,1,8,8", "16,1,3,3", 1, 1, 1, 1), ("1x8 3x3 to 4", "1,1,8,8", "4,1,3,3", 1, 1, 1, 1),
    ("depthwise 128x56 3x3", "1,128,56,56", "128,1,3,3", 1, 1, 1, 128), ("128x28 3x3 in 32 groups", "1,128,28,28", "128,4,3,3", 1, 1, 1, 32),
    ("64x28 3x3 dilated", "1,64,28,28", "64,64,3,3", 1, 2, 2, 1), ("16 of 64x1000 5 to 64", "16,64,1000", "64,64,5", 1, 2, 1, 1),
    ("8 of 1x16000 80 s4 to 32", "8,1,16000", "32,1,80", 4, 38, 1, 1), ("16x16x32x32 3x3x3 to 32", "1,16,16,32,32", "32,16,3,3,3", 1, 1, 1, 1))


def convolutions():
    for label, image, weight, stride, padding, dilation, groups in CONVOLUTIONS:
        dims = image.count(",") - 1
        function = getattr(F, f"conv{dims}d")
        case(f"conv{dims}d {label}", f"conv{dims}d", tensor("randn", image), tensor("randn", weight, seed=2), str(stride), str(padding), str(dilation), str(groups),
             f=lambda x, w, s, p, d, g, function=function: function(x, w, None, s, p, d, g), backward=True)
    batch = tensor("randn", "32,64,32,32")
    for kernel, stride, padding in ((2, 2, 0), (3, 1, 1)):
        case(f"max_pool2d {kernel} s{stride}", "max_pool2d", batch, str(kernel), str(stride), str(padding), f=F.max_pool2d, backward=True)
    case("avg_pool2d 2", "avg_pool2d", batch, "2", "2", "0", f=F.avg_pool2d, backward=True)
    case("max_pool1d 2", "max_pool1d", tensor("randn", "32,64,1024"), "2", "2", "0", f=F.max_pool1d, backward=True)


def training():
    for label, shape in (("1M", "1000000"), ("640", "64,10")):
        x, p, q = tensor("randn", shape), tensor("rand", shape), tensor("rand", shape, seed=2)
        for name, function, first in (("mse_loss", F.mse_loss, x), ("smooth_l1_loss", F.smooth_l1_loss, x),
                                      ("bce", F.binary_cross_entropy, p), ("bce_logits", F.binary_cross_entropy_with_logits, x),
                                      ("kl_div", F.kl_div, x)):
            case(f"{name} {label}", name, first, q, f=lambda a, b, function=function: function(a, b.detach()), backward=True)
    for n, c in ((64, 10), (256, 1000)):
        case(f"cross_entropy {n}x{c}", "cross_entropy", tensor("randn", f"{n},{c}"), tensor(str(c), str(n), "int64", seed=2),
             f=F.cross_entropy, backward=True)
    for label, shape, count in (("4 of 1M", "1000000", 4), ("30 of 18000", "18000", 30), ("30 of 100", "100", 30)):
        case(f"adam {label}", "adam_step", tensor("randn", shape), str(count), f=Stepped(torch.optim.Adam))
        case(f"sgd with momentum {label}", "sgd_step", tensor("randn", shape), str(count), f=Stepped(torch.optim.SGD, lr=0.01, momentum=0.9))


class Kept:
    """A function of a sparse tensor that is made and coalesced in the first call alone."""

    def __init__(self, function):
        self.function, self.of = function, None

    def __call__(self, i, v, size, *rest):
        if self.of is not i:
            self.of, self.x = i, torch.sparse_coo_tensor(i, v, size).coalesce()
        return self.function(self.x, *rest)


def sparse():
    for n, entries in ((10000, 100000), (4096, 168000)):
        i, v, size = tensor(str(n), f"2,{entries}", "int64"), tensor("randn", str(entries), seed=2), f"[{n},{n}]"
        label = f"{n} x {n}, {entries} entries"
        case(f"sparse coalesce {label}", "sparse_coalesce", i, v, size, f=lambda i, v, s: torch.sparse_coo_tensor(i, v, s).coalesce())
        for width in (64, 1):
            dense = tensor("randn", f"{n},{width}", seed=3)
            case(f"sparse mm {label}, by {width} columns", "sparse_kept_mm", i, v, size, dense, f=Kept(torch.sparse.mm))
        case(f"sparse mm {label}, made anew", "sparse_mm", i, v, size, tensor("randn", f"{n},64", seed=3),
             f=lambda i, v, s, d: torch.sparse.mm(torch.sparse_coo_tensor(i, v, s), d), backward=True)
        case(f"sparse softmax {label}", "sparse_kept_softmax", i, v, size, "1", f=Kept(torch.sparse.softmax))
        case(f"sparse mm {label}, by itself", "sparse_kept_square", i, v, size, f=Kept(lambda x: torch.sparse.mm(x, x)))
    x = tensor("randn")
    case("quantize", "quantize", x, "0.1", "3", f=lambda x, s, z: torch.quantize_per_tensor(x, s, z, torch.quint8))
    case("quantize and dequantize", "quantize_and_back", x, "0.1", "3",
         f=lambda x, s, z: torch.quantize_per_tensor(x, s, z, torch.quint8).dequantize())
    case("fake_quantize", "fake_quantize", x, "0.1", "3", f=lambda x, s, z: torch.fake_quantize_per_tensor_affine(x, s, z, -128, 127), backward=True)


def transforms():
    for n in (64, 1000, 1009, 1024, 4096, 10007, 44100, 65536, 65537, 1000000, 1048576):
        case(f"fft {n}", "fft", tensor("randn", str(n), "complex64"), f=torch.fft.fft, backward=n == 1024)
    square = tensor("randn", "1024,1024", "complex64")
    case("fft of rows 1024x1024", "fft", square, f=torch.fft.fft)
    case("fft of columns 1024x1024", "fft_columns", square, f=lambda x: torch.fft.fft(x, dim=0))
    case("fft2 1024x1024", "fft2", square, f=torch.fft.fft2, backward=True)
    case("rfft of rows 1024x1024", "rfft", tensor("randn", "1024,1024"), f=torch.fft.rfft, backward=True)
    case("irfft of rows 1024x513", "irfft", tensor("randn", "1024,513", "complex64"), f=torch.fft.irfft)
    window = torch.hann_window(512)
    case("stft 1M", "stft_512", tensor("randn"), f=lambda x: torch.stft(x, 512, 128, 512, window, return_complex=True))
    case("istft 1M", "istft_512", tensor("randn", "257,7813", "complex64"), f=lambda x: torch.istft(x, 512, 128, 512, torch.ones(512)))
    case("hann_window 1024", "hann_1024", tensor("randn", "1"), f=lambda x: torch.hann_window(1024))


def images():
    for label, size in (("down to 224", (224, 224)), ("by half", (540, 960)), ("by two", (2160, 3840))):
        x = tensor("rand", "1,3,1080,1920")
        for mode in ("bilinear", "bicubic", "area", "nearest"):
            corners = None if mode in ("area", "nearest") else False
            case(f"{mode} 1080p {label}", "resize", x, str(list(size)).replace(" ", ""), mode, "False",
                 f=lambda x, s, m, a, c=corners: F.interpolate(x, s, mode=m, align_corners=c), backward=mode == "bilinear")
        case(f"antialias 1080p {label}", "resize", x, str(list(size)).replace(" ", ""), "bilinear", "True",
             f=lambda x, s, m, a: F.interpolate(x, s, mode=m, align_corners=False, antialias=True))
    maps, grid = tensor("randn", "8,64,56,56"), tensor("rand", "8,56,56,2", seed=2)
    case("grid_sample 8x64x56x56", "grid_sample_zeros", maps, grid, f=lambda x, g: F.grid_sample(x, g, align_corners=False), backward=True)
    case("pixel_shuffle 8x64x56x56", "pixel_shuffle_2", maps, f=lambda x: F.pixel_shuffle(x, 2))
    try:
        import torchvision.ops as O
    except ImportError:
        return
    many = tensor("rand", "2000,4")
    case("box_iou 2000 x 2000", "box_iou_of", many, tensor("rand", "2000,4", seed=2), f=lambda a, b: O.box_iou(a, b))
    case("nms 10000", "nms_of", tensor("rand", "10000,4"), tensor("rand", "10000", seed=2),
         f=lambda b, s: O.nms(torch.cat([b[:, :2], b[:, :2] + 0.1 * b[:, 2:]], 1), s, 0.5))
    case("roi_align 1000 boxes", "roi_align_of", tensor("randn", "1,256,50,50"), tensor("rand", "1000,4", seed=2),
         f=lambda x, b: O.roi_align(x, [torch.cat([b[:, :2], b[:, :2] + b[:, 2:]], 1) * 25], (7, 7), 1.0, 2))


class Encoder:
    """A layer in training, made once."""

    layer = None

    def __call__(self, x):
        if Encoder.layer is None:
            Encoder.layer = torch.nn.TransformerEncoderLayer(256, 8, 1024)
        return Encoder.layer(x)


def attention(q, k, v):
    return (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1) @ v


def layers():
    image = tensor("randn", "32,64,32,32")
    weight, bias = tensor("rand", "64"), tensor("rand", "64", seed=2)
    case("batch_norm in training 32x64x32x32", "batch_norm", image, weight, bias, f=lambda x, w, b: F.batch_norm(x, None, None, w, b, True), backward=True)
    case("batch_norm in evaluation 32x64x32x32", "batch_norm_eval", image, weight, bias,
         f=lambda x, w, b: F.batch_norm(x, w.detach(), b.detach(), w, b), backward=True)
    case("batch_norm in training 2048x512", "batch_norm", tensor("randn", "2048,512"), tensor("rand", "512"), tensor("rand", "512", seed=2),
         f=lambda x, w, b: F.batch_norm(x, None, None, w, b, True), backward=True)
    case("group_norm 32x64x32x32", "group_norm", image, "8", weight, bias, f=F.group_norm, backward=True)
    case("layer_norm 4096x64", "layer_norm", tensor("randn", "4096,64"), weight, bias, f=lambda x, w, b: F.layer_norm(x, (64,), w, b), backward=True)
    case("layer_norm 512x1024", "layer_norm", tensor("randn", "512,1024"), tensor("rand", "1024"), tensor("rand", "1024", seed=2),
         f=lambda x, w, b: F.layer_norm(x, (1024,), w, b), backward=True)
    case("embedding 4096 of 10000x128", "embedding", tensor("10000", "4096", "int64"), tensor("randn", "10000,128"), f=F.embedding, backward=True)
    nets = (("lstm", 4, lambda x, h, w: torch.lstm(x, (h, h), w, True, 1, 0.0, False, False, False)[0]),
            ("gru", 3, lambda x, h, w: torch.gru(x, h, w, True, 1, 0.0, False, False, False)[0]),
            ("rnn_tanh", 1, lambda x, h, w: torch.rnn_tanh(x, h, w, True, 1, 0.0, False, False, False)[0]))
    for name, gates, run in nets:
        for label, time, batch, width, hidden in (("128 to 128, 32 steps of 32", 32, 32, 128, 128), ("16 to 32, 64 steps of 1", 64, 1, 16, 32)):
            case(f"{name} {label}", name, tensor("randn", f"{time},{batch},{width}"), tensor("rand", f"{gates * hidden},{width}"),
                 tensor("rand", f"{gates * hidden},{hidden}", seed=2), tensor("rand", f"{gates * hidden}", seed=3), tensor("rand", f"{gates * hidden}", seed=4),
                 f=lambda x, *w, run=run, hidden=hidden: run(x, torch.zeros(1, x.shape[1], hidden), list(w)), backward=True)
    q, k, v = (tensor("randn", "8,8,256,32", seed=i) for i in (1, 2, 3))
    case("attention of 8 times 8 heads, 256 by 256 of 32", "attention", q, k, v, f=attention, backward=True)
    case("encoder layer 256/8/1024, 64 steps of 8", "encoder_layer", tensor("randn", "64,8,256"), f=Encoder(), backward=True)


for part in (training, unary, binary, reductions, places, creation, activations, products, decompositions, further, sparse, transforms, images, convolutions, layers):
    part()
