"""Cases of linear algebra; see make_reference.py. What is unique only up to signs is written as products that are."""

import torch

from reference_file import COMPLEX, DTYPES, INF, NAN, File, fresh

LA = torch.linalg
MATRICES = [torch.float32, torch.float64, *COMPLEX]
DOUBLES = [torch.float64, torch.complex128]


def h(x):
    return x.transpose(-2, -1).conj().resolve_conj()


def svd_parts(x):
    u, s, vh = LA.svd(x, full_matrices=False)
    return [u @ vh, s, (u * s.square().unsqueeze(-2)) @ h(u), (h(vh) * s.unsqueeze(-2)) @ vh]


def eigh_parts(x):
    w, v = LA.eigh(x + h(x))
    first = v[..., :1]
    return [(v * w.exp().unsqueeze(-2)) @ h(v), w, first @ h(first)]


def definite(x):
    return x @ h(x) + torch.eye(x.shape[-1], dtype=x.dtype)


def regular(dtype, shape):
    return fresh(dtype, shape) + 3 * torch.eye(shape[-1], dtype=dtype)


def attempt(f, op, arguments, function, tolerance="exact"):
    try:
        result = function()
    except (RuntimeError, IndexError):
        f.error(op, arguments)
        return
    f.case(op, arguments, list(result) if isinstance(result, tuple) else result, tolerance)


def small(f):
    """Products, diagonals and triangles."""
    for dtype in DTYPES:
        if dtype == torch.float16:
            continue
        near = "near:4" if dtype.is_floating_point or dtype.is_complex else "exact"
        for a_shape, b_shape, dim in (((3,), (3,), None), ((2, 3), (2, 3), None), ((3, 3), (3, 3), None), ((3, 3), (3, 3), -1),
                                      ((2, 3), (1, 3), 1), ((3, 2, 3), (3, 1, 3), None), ((3, 0), (3, 0), None), ((2,), (2,), None),
                                      ((2, 3), (2, 3), 0), ((2, 3), (3,), None)):
            a, b = fresh(dtype, a_shape), fresh(dtype, b_shape)
            attempt(f, "cross", [a, b, dim], lambda: torch.cross(a, b) if dim is None else torch.cross(a, b, dim), near)
        for n, m in ((3, 3), (0, 0), (1, 1), (2, 3)):
            a, b = fresh(dtype, (n,)), fresh(dtype, (m,))
            # The complex torch.dot of some builds gives 0.
            attempt(f, "dot", [a, b], lambda: (a * b).sum() if dtype.is_complex and n == m else torch.dot(a, b), near)
            f.case("outer", [a, b], torch.outer(a, b), near)
        for x in (fresh(dtype, (2, 3)), fresh(dtype, (4, 3)).t(), fresh(dtype, (0, 3)), fresh(dtype, (1, 1))):
            if dtype != torch.bfloat16:
                attempt(f, "trace", [x], lambda: torch.trace(x), near)
            for k in (-5, -1, 0, 1, 2):
                f.case("tril", [x, k], torch.tril(x, k))
                f.case("triu", [x, k], torch.triu(x, k))
                if -x.shape[0] <= k <= x.shape[1]:
                    f.case("diag", [x, k], torch.diagonal(x, k).clone())
        for k in (-1, 0, 2):
            v = fresh(dtype, (3,))
            f.case("diag", [v, k], torch.diag_embed(v, k))
            w = fresh(dtype, (2, 2))
            f.case("diagflat", [w, k], torch.diag_embed(w.flatten(), k))
            f.case("diag_embed", [w, k], torch.diag_embed(w, k))
    x = fresh(torch.float32, (2, 3, 4))
    for k, d1, d2 in ((0, 0, 1), (1, 2, 0), (-1, 1, 2), (0, -1, -2), (3, 1, 2), (-2, 2, 1)):
        f.case("diagonal", [x, k, d1, d2], torch.diagonal(x, k, d1, d2))
    for y in (x, x.permute(2, 0, 1), fresh(torch.float32, (3, 1)).expand(2, 3, 3)):
        f.case("tril", [y, 0], torch.tril(y))
        f.case("triu", [y, 1], torch.triu(y, 1))
    special = torch.tensor([[NAN, INF], [-INF, -0.0]])
    f.case("tril", [special, -1], torch.tril(special, -1))
    for op in ("tril", "triu"):
        f.error(op, [torch.ones(3), 0])


def factors(f):
    for dtype in MATRICES:
        near = "near:64"
        for shape in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1), (0, 3), (2, 0, 0)):
            x = fresh(dtype, shape)
            f.case("svdvals", [x], LA.svdvals(x), near)
            q, r = LA.qr(x)
            f.case("qr_q", [x], q, near)
            f.case("qr_r", [x], r, near)
            if 0 not in shape:
                for i, part in enumerate(svd_parts(x)):
                    f.case("svd_reconstructed", [x, i], part, "near:256")
        for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 0), (5, 5)):
            x = fresh(dtype, shape)
            if shape[-1]:
                for i, part in enumerate(eigh_parts(x * 0.3)):
                    f.case("eigh_reconstructed", [x * 0.3, i], part, "near:256")
            for upper in (False, True):
                f.case("cholesky", [definite(x), upper], LA.cholesky(definite(x), upper=upper), near)
            f.case("lu_factor", [x], list(LA.lu_factor(x)), near)
            f.case("det", [x], LA.det(x), near)
            sign, log = LA.slogdet(x)
            f.case("slogdet", [x], [log, sign], near)
            a = regular(dtype, shape)
            f.case("inv", [a], LA.inv(a), near)
            f.case("matrix_exp", [x], LA.matrix_exp(x), "near:1024")
            for n in (-2, -1, 0, 1, 2, 5):
                f.case("matrix_power", [a, n], LA.matrix_power(a, n), near)
    for x in (torch.zeros(2, 2), torch.diag(torch.tensor([30.0, -40.0])), torch.tensor([[0.0, 1e-3], [-1e-3, 0.0]]),
              torch.tensor([[-80.0, 1.0], [0.0, -90.0]], dtype=torch.float64),
              torch.stack([torch.zeros(2, 2), fresh(torch.float32, (2, 2)) * 10])):
        f.case("matrix_exp", [x], LA.matrix_exp(x), "near:256")
    integers = fresh(torch.int64, (2, 3, 3))
    for n in (0, 1, 3):
        f.case("matrix_power", [integers, n], LA.matrix_power(integers, n))
    f.error("matrix_power", [integers, -1])
    for singular in (torch.tensor([[1.0, 2], [2, 4]]), torch.zeros(2, 2)):
        f.error("inv", [singular])
        f.error("cholesky", [-singular, False])
        f.case("det", [singular], LA.det(singular))
        sign, log = LA.slogdet(singular)
        f.case("slogdet", [singular], [log, sign])


def systems(f):
    for dtype in MATRICES:
        near = "near:128"
        for a_shape, b_shape in (((3, 3), (3, 2)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)), ((1, 1), (1, 1)), ((0, 0), (0, 2))):
            a, b = regular(dtype, a_shape), fresh(dtype, b_shape)
            f.case("solve", [a, b], LA.solve(a, b), near)
            factor = LA.cholesky(definite(a))
            for upper in (False, True):
                other = h(factor).contiguous() if upper else factor
                f.case("cholesky_solve", [b, other, upper], torch.cholesky_solve(b, other, upper), "near:4096")
                for unit in (False, True):
                    f.case("solve_triangular", [a, b, upper, True, unit],
                           LA.solve_triangular(a, b, upper=upper, unitriangular=unit), "near:512")
                    c = b.transpose(-2, -1).contiguous()
                    f.case("solve_triangular", [a, c, upper, False, unit],
                           LA.solve_triangular(a, c, upper=upper, left=False, unitriangular=unit), "near:512")
            if a_shape[-1]:
                lu, pivots = LA.lu_factor(fresh(dtype, b_shape[:-2] + a_shape[-2:]) + a)
                if lu.shape[:-2] == b_shape[:-2]:
                    f.case("lu_solve", [lu, pivots, b], torch.lu_solve(b, lu, pivots), near)
        a, b = regular(dtype, (2, 3, 3)), fresh(dtype, (2, 3))
        f.case("solve", [a, b], LA.solve(a, b), near)
        for shape in ((4, 2), (2, 4), (3, 3), (2, 4, 3)):
            x = fresh(dtype, shape)
            f.case("pinv", [x], LA.pinv(x), "near:256")
            f.case("pinverse", [x, 0.7], torch.pinverse(x, 0.7), "near:256")
            b = fresh(dtype, shape[:-1] + (2,))
            f.case("lstsq", [x, b], LA.lstsq(x, b, driver="gelsd").solution, "near:256")
        rank_one = fresh(dtype, (3, 1)) @ fresh(dtype, (1, 4))
        f.case("pinv", [rank_one], LA.pinv(rank_one), "near:256")
        for x in (fresh(dtype, (3, 4)), rank_one, torch.zeros(2, 2, dtype=dtype), torch.zeros(0, 3, dtype=dtype), fresh(dtype, (2, 3, 3))):
            f.case("matrix_rank", [x, None, False], LA.matrix_rank(x))
            f.case("matrix_rank", [x, 1.5, False], LA.matrix_rank(x, tol=1.5))
            if x.shape[-1] == x.shape[-2]:
                f.case("matrix_rank", [x, 1.5, True], LA.matrix_rank(x, tol=1.5, hermitian=True))
    f.error("solve", [torch.zeros(2, 2), torch.ones(2, 1)])
    zero = torch.zeros(2, 2)
    f.case("solve_triangular", [zero, torch.ones(2, 1), True, True, False], LA.solve_triangular(zero, torch.ones(2, 1), upper=True))


def norms(f):
    orders = ["fro", "nuc", 1.0, -1.0, 2.0, -2.0, INF, -INF]
    for dtype in MATRICES:
        for ord in orders:
            for x, dims in ((fresh(dtype, (3, 4)), (-2, -1)), (fresh(dtype, (2, 3, 2)), (0, 2)), (fresh(dtype, (2, 3, 2)), (-1, 1)),
                            (fresh(dtype, (0, 3)), (-2, -1)), (fresh(dtype, (3, 0)), (-2, -1))):
                for keepdim in (False, True):
                    attempt(f, "matrix_norm", [x, ord, dims, keepdim],
                            lambda: LA.matrix_norm(x, ord, dims, keepdim), "near:64")
            for x in (regular(dtype, (3, 3)), regular(dtype, (2, 2, 2)), torch.zeros(0, 0, dtype=dtype)):
                f.case("cond", [x, ord], LA.cond(x, ord), "near:256")
        wide = fresh(dtype, (3, 2))
        for p in (2.0, -2.0):
            f.case("cond", [wide, p], LA.cond(wide, p), "near:256")
        f.error("cond", [wide, 1.0])
    singular = torch.tensor([[1.0, 2], [2, 4]])
    for p in ("fro", 1.0, -1.0, INF, -INF):
        f.case("cond", [singular, p], LA.cond(singular, p))
    for dtype in (*MATRICES, torch.bfloat16):
        near = "near:64" if dtype != torch.bfloat16 else "near:2"
        for ord in (0.0, 0.5, 1.0, 2.0, 3.0, 3.5, -1.0, -2.0, INF, -INF):
            for x, dims in ((fresh(dtype, (7,)), None), (fresh(dtype, (2, 3, 2)), (0, 2)), (fresh(dtype, (2, 3)), (-1,)),
                            (fresh(dtype, ()), None), (fresh(dtype, (0,)), None), (fresh(dtype, (2, 0)), (0,)), (fresh(dtype, (2, 0)), (1,)),
                            (torch.tensor([0.0, -2, 0], dtype=dtype), None)):
                for keepdim in (False, True):
                    attempt(f, "vector_norm", [x, ord, dims, keepdim],
                            lambda: LA.vector_norm(x, ord, dims, keepdim), near)
    special = torch.tensor([[1.0, NAN], [INF, -2.0], [3.0, -0.0]])
    for ord in (0.0, 1.0, 2.0, 3.0, INF, -INF):
        f.case("vector_norm", [special, ord, (1,), False], LA.vector_norm(special, ord, (1,)), "near:4")
    for op, rest in (("vector_norm", [2.0, None, False]), ("matrix_norm", ["fro", (0, 1), False])):
        f.error(op, [torch.ones(2, 2, dtype=torch.int64), *rest])


def gradients(f):
    """A symmetric input counts as one number in two places: PyTorch's convention is checked as it stands."""
    for dtype in DOUBLES:
        near = "near:4096"
        x, wide, tall = fresh(dtype, (3, 3)), fresh(dtype, (2, 3)), fresh(dtype, (3, 2))
        for y in (x, wide, tall):
            f.gradient("svdvals", LA.svdvals, [y], near)
            for i in range(4):
                f.gradient("svd_reconstructed", lambda y, i: svd_parts(y)[i], [y, i], near)
            f.gradient("qr_q", lambda y: LA.qr(y)[0], [y], near)
            f.gradient("qr_r", lambda y: LA.qr(y)[1], [y], near)
            f.gradient("pinv", LA.pinv, [y], near)
        for i in range(3):
            f.gradient("eigh_reconstructed", lambda y, i: eigh_parts(y)[i], [x, i], near)
        # Of complex matrices LAPACK compares |re| + |im| to choose pivots, and PyTorch's gradient of the Cholesky factor has a part
        # that no Hermitian matrix can use.
        if dtype == torch.float64:
            f.gradient("cholesky", lambda y, u: LA.cholesky(y, upper=u), [definite(x), False], near)
            f.gradient("lu_factor", lambda y: LA.lu_factor(y)[0], [x], near)
        a, b = regular(dtype, (2, 3, 3)), fresh(dtype, (3, 2))
        for op, function in (("inv", LA.inv), ("det", LA.det), ("matrix_exp", LA.matrix_exp)):
            f.gradient(op, function, [x], near)
        f.gradient("slogdet", lambda y: LA.slogdet(y)[1], [x], near)
        f.gradient("matrix_power", LA.matrix_power, [a, 3], near)
        f.gradient("matrix_power", LA.matrix_power, [a, -2], near)
        f.gradient("solve", LA.solve, [a, b], near)
        for upper in (False, True):
            # What is not read has no slope.
            f.gradient("cholesky_solve", lambda b, l, u: torch.cholesky_solve(b, torch.triu(l) if u else torch.tril(l), u), [b, torch.triu(a[0]) if upper else torch.tril(a[0]), upper], near)
            for left in (False, True):
                f.gradient("solve_triangular",
                           lambda a, b, u, l, n: LA.solve_triangular(a, b, upper=u, left=l, unitriangular=n),
                           [a, b if left else b.t().contiguous(), upper, left, upper], near)
        f.gradient("lstsq", lambda a, b: LA.lstsq(a, b).solution, [tall, fresh(dtype, (3, 2))], near)
        lu, pivots = LA.lu_factor(x)
        f.gradient("lu_solve", lambda lu, p, b: torch.lu_solve(b, lu, p), [lu, pivots, b], near)
        for ord in ("fro", "nuc", 1.0, -1.0, 2.0, -2.0, INF, -INF):
            f.gradient("matrix_norm", LA.matrix_norm, [tall, ord, (-2, -1), False], near)
            if ord in (2.0, -2.0):  # the others are not differentiable there
                f.gradient("cond", LA.cond, [a, ord], near)
        # At corners: zeros, and elements of equal size.
        corner = torch.tensor([[0, 0, 0], [2, -2, 1], [0, 1, -3]], dtype=dtype)
        for ord in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, INF, -INF):
            if ord >= 1 or ord <= 0:
                f.gradient("vector_norm", LA.vector_norm, [corner, ord, (1,), False], near)
            f.gradient("vector_norm", LA.vector_norm, [fresh(dtype, (2, 3)), ord, (0, 1), True], near)
        f.gradient("trace", torch.trace, [tall])
        f.gradient("cross", torch.cross, [x, fresh(dtype, (3, 3)), 1], "near:4")
    equal = torch.tensor([[1.0, -1], [1, 1]], dtype=torch.float64)
    for ord in (1.0, INF, -1.0, -INF):
        f.gradient("matrix_norm", LA.matrix_norm, [equal, ord, (-2, -1), False], "near:4")


def linalg_cases():
    torch.manual_seed(71)
    for write, name, title in ((small, "triangles", "small products, diagonals and triangles"), (factors, "decompositions", "decompositions"),
                               (systems, "systems", "systems of equations"), (norms, "norms", "norms"),
                               (gradients, "linalg_gradients", "gradients of linear algebra")):
        f = File(title)
        write(f)
        f.write(name + ".txt")
