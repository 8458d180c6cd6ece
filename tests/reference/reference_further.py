"""Cases of make_reference.py: divisions, summaries, parts, places and distances."""

import torch

from reference_file import (COMPLEX, DTYPES, FLOATS, INF, INTEGERS, NAN, File, few_layouts, fresh, layouts, pair_specials,
                            size, specials, start)

REAL = (torch.float32, torch.float64)


def possible(function, a, b):
    """Where PyTorch's division of vectors gives up, as for quotients above 2^100, 1 and 3 in place of a and b."""
    a, b = (t.clone() for t in torch.broadcast_tensors(a, b))
    wrong = function(a, b).isnan() & a.isfinite() & b.isfinite() & (b != 0)
    return torch.where(wrong, torch.ones_like(a), a), torch.where(wrong, torch.full_like(b, 3), b)


def rounded_once(function):
    """Of half precision: PyTorch's floor_divide rounds each step to it, and is off by one at times."""
    def call(a, b):
        if a.dtype == b.dtype and a.dtype in (torch.float16, torch.bfloat16):
            return function(a.float(), b.float()).to(a.dtype)
        return function(a, b)
    return call


def divisions(f):
    for op in ("floor_divide", "remainder", "fmod"):
        function = rounded_once(getattr(torch, op))
        for dtype in (*INTEGERS, *REAL, torch.bfloat16):
            b = pair_specials(dtype)
            a = b.unsqueeze(1)
            if not dtype.is_floating_point:
                b = torch.where(b == 0, torch.ones_like(b), b)
                least = torch.iinfo(dtype).min
                if least < 0:  # its quotient by -1 does not exist: PyTorch's is undefined
                    a = torch.where(a == least, torch.zeros_like(a), a)
            a, b = possible(function, a, b)
            f.case(op, [a, b], function(a, b))
            for x in few_layouts(dtype):
                y = fresh(dtype, x.shape)
                y = torch.where(y == 0, torch.ones_like(y), y)
                f.case(op, [x, y], function(x, y))
        for a_dtype, b_dtype in ((torch.int32, torch.float32), (torch.float32, torch.float64), (torch.uint8, torch.int16)):
            a, b = fresh(a_dtype, (3, 1)), fresh(b_dtype, (4,)) * 2 + 1
            b = torch.where(b == 0, torch.ones_like(b), b)
            f.case(op, [a, b], function(a, b))
        # Quotients of all sizes.
        for dtype in REAL:
            a = fresh(dtype, (40,)) * torch.pow(10.0, torch.arange(-20, 20)).to(dtype)
            a, b = possible(function, a, fresh(dtype, (40,)))
            f.case(op, [a, b], function(a, b))
        f.error(op, [torch.tensor([1, 2]), torch.tensor([1, 0])])
        f.error(op, [torch.tensor([True]), torch.tensor([True])])
        f.error(op, [torch.tensor([1j]), torch.tensor([1j])])
    x, y = fresh(torch.float64, (2, 3)), fresh(torch.float64, (3,)) + 5
    for op in ("remainder", "fmod"):
        f.gradient(op, getattr(torch, op), [x, y], "near:8")


def combinations(f):
    for dtype in REAL:
        for op, tolerance in (("hypot", "ulp:2"), ("logaddexp", "near:4")):
            function = getattr(torch, op)
            b = pair_specials(dtype)
            a = b.unsqueeze(1)
            f.case(op, [a, b], function(a, b), tolerance)
            for x in layouts(dtype):
                y = fresh(dtype, x.shape)
                f.case(op, [x, y], function(x, y), tolerance)
    for op in ("hypot", "logaddexp"):
        f.gradient(op, getattr(torch, op), [fresh(torch.float64, (3, 1)), fresh(torch.float64, (4,))], "near:16")
    for dtype in (*REAL, torch.complex64, torch.complex128):
        for x in few_layouts(dtype):
            y, w = fresh(dtype, x.shape), fresh(dtype, x.shape)
            f.case("lerp", [x, y, w], torch.lerp(x, y, w), "near:8")
            for number in (0.25, 1.0, -3.0):
                f.case("lerp_number", [x, y, number], torch.lerp(x, y, number), "near:8")
        x, y, w = fresh(dtype, (3, 1)), fresh(dtype, (4,)), fresh(dtype, (2, 1, 1))
        f.case("lerp", [x, y, w], torch.lerp(x, y, w), "near:8")
    for dtype in (*INTEGERS, *REAL, torch.bfloat16, *COMPLEX):
        for x in few_layouts(dtype):
            y, z = fresh(dtype, x.shape), fresh(dtype, x.shape)
            for value in (1, -3):
                f.case("addcmul", [x, y, z, value], torch.addcmul(x, y, z, value=value),
                       "ulp:2" if dtype == torch.bfloat16 else "near:16")
            if dtype.is_floating_point or dtype.is_complex:
                z = z + (z.abs() < 0.5) * 2
                f.case("addcdiv", [x, y, z, 0.5], torch.addcdiv(x, y, z, value=0.5),
                       "ulp:2" if dtype == torch.bfloat16 else "near:16")
    for dtypes in ((torch.int32, torch.float32, torch.uint8), (torch.int8, torch.int16, torch.float64), (torch.float32, torch.int64, torch.int64)):
        for shapes in (((2, 3), (3,), (2, 1)), ((), (3,), ()), ((), (), (2,))):
            a, b, c = (fresh(d, s) for d, s in zip(dtypes, shapes))
            f.case("addcmul", [a, b, c, 2], torch.addcmul(a, b, c, value=2), "near:16")
    wanted = [fresh(torch.float64, (2, 3)), fresh(torch.float64, (3,)), fresh(torch.float64, (2, 1)) + 4]
    f.gradient("lerp", torch.lerp, wanted, "near:16")
    f.gradient("addcmul", lambda a, b, c, v: torch.addcmul(a, b, c, value=v), [*wanted, 2.5], "near:16")
    f.gradient("addcdiv", lambda a, b, c, v: torch.addcdiv(a, b, c, value=v), [*wanted, 2.5], "near:16")
    for dtype in (*INTEGERS, *REAL, torch.bfloat16, torch.float16):
        x = specials(dtype)
        f.case("nan_to_num", [x, 0.0], torch.nan_to_num(x))
        if dtype.is_floating_point:
            f.case("nan_to_num", [x, 1.5, 9.0, -7.0], torch.nan_to_num(x, 1.5, 9.0, -7.0))
    f.gradient("nan_to_num", torch.nan_to_num, [torch.tensor([1.0, NAN, INF, -INF, -2]), 0.0])


def summaries(f):
    zeros = lambda x: torch.where(fresh(torch.bool, x.shape), x, torch.zeros_like(x))
    some = lambda dtype: layouts(dtype) if dtype == torch.float32 else few_layouts(dtype)
    dims_of = lambda x: [[], *([d] for d in range(-x.dim(), x.dim())), *([[0, -1]] if x.dim() > 1 else [])]
    for dtype in DTYPES:
        for x in some(dtype):
            x = zeros(x)
            # PyTorch has several dims for some of these only.
            for dims in dims_of(x):
                f.case("count_nonzero", [x, dims], torch.count_nonzero(x, dims) if dims else torch.count_nonzero(x))
                if len(dims) > 1 or dtype.is_complex:
                    continue
                for op in ("any", "all"):
                    function = getattr(torch, op)
                    f.case(op, [x, dims, False], function(x, dims[0]) if dims else function(x))
    for dtype in (torch.bool, *INTEGERS, *REAL, *COMPLEX):
        for x in some(dtype):
            for dims in dims_of(x)[:-1] if x.dim() > 1 else dims_of(x):
                f.case("prod", [x, dims, False], torch.prod(x, dims[0]) if dims else torch.prod(x), "near:16")
    for dtype in (*INTEGERS, *REAL, torch.bfloat16):
        for x in some(dtype):
            for dims in dims_of(x):
                for op in ("amax", "amin"):
                    function = getattr(torch, op)
                    try:
                        f.case(op, [x, dims, True], function(x, dims, True))
                    except (RuntimeError, IndexError):
                        f.error(op, [x, dims, True])
    for dtype in REAL:
        for x in some(dtype):
            holes = torch.where(fresh(torch.bool, x.shape), x, torch.full_like(x, NAN))
            for dims in dims_of(x):
                f.case("nansum", [holes, dims, False], torch.nansum(holes, dims), "near:16")
                f.case("nanmean", [holes, dims, False], torch.nanmean(holes, dims), "near:16")
                if dims:
                    f.case("logsumexp", [x, dims, True], torch.logsumexp(x, dims, True), "near:16")
        for values in ([INF, 1], [-INF, -INF], [NAN, 1], [1e4, 1e4 - 1], [-1e4, -1e4]):
            x = torch.tensor(values, dtype=dtype)
            f.case("logsumexp", [x, [0], False], torch.logsumexp(x, 0), "near:16")
    x = fresh(torch.float64, (2, 3, 2))
    for dims in ([0], [1, 2], [-1]):
        f.gradient("logsumexp", lambda x, d, k: torch.logsumexp(x, d, k), [x, dims, False], "near:32")
        f.gradient("amax", lambda x, d, k: torch.amax(x, d, k), [torch.round(x), dims, False], "near:8")
        f.gradient("nansum", lambda x, d, k: torch.nansum(x, d, k), [x, dims, False], "near:8")
    for rows in ([2, 3, 4], [2, 0, 4], [0, 3, 0], [5.0]):
        f.gradient("prod", lambda x, d, k: torch.prod(x), [torch.tensor(rows, dtype=torch.float64), [], False], "near:8")
    for d in (0, 1):
        f.gradient("prod", lambda x, d, k: torch.prod(x, d[0], k), [torch.tensor([[1.0, 0, 3], [4, 5, 6]]).double(), [d], False], "near:8")


def parts(f):
    for x in (fresh(torch.float32, (5,)), fresh(torch.int64, (2, 7, 3)).transpose(0, 1), fresh(torch.float64, (0, 3)), fresh(torch.bool, (4, 4))[::2]):
        for dim in range(-x.dim(), x.dim()):
            n = x.size(dim)
            for length in (1, 2, 3, n, n + 5):
                if length > 0:
                    f.case("split", [x, length, dim], list(torch.split(x, length, dim)), strides=True)
                    f.case("chunk", [x, length, dim], list(torch.chunk(x, length, dim)), strides=True)
            f.case("split_sizes", [x, [n // 2, 0, n - n // 2], dim], list(torch.split(x, [n // 2, 0, n - n // 2], dim)), strides=True)
            f.error("split_sizes", [x, [n, 1], dim])
            f.error("split", [x, -1, dim])
            f.error("chunk", [x, 0, dim])
            if n > 0:
                f.case("unbind", [x, dim], list(torch.unbind(x, dim)), strides=True)
            for repeats in (0, 1, 3):
                f.case("repeat_interleave", [x, repeats, dim], torch.repeat_interleave(x, repeats, dim))
            counts = torch.randint(0, 4, (n,))
            f.case("repeat_interleave_each", [x, counts, dim], torch.repeat_interleave(x, counts, dim))
        for repeats in ([2], [2, 3], [1, 2, 0, 2], [1, 1, 1, 1]):
            f.case("tile", [x, repeats], torch.tile(x, repeats))
        if x.numel() > 0:
            index = torch.randint(-x.numel(), x.numel(), (size(3), 2))
            f.case("take", [x, index], torch.take(x, index))
            f.error("take", [x, torch.tensor([x.numel()])])
    for rows in (0, 3, 6):
        for columns in (1, 4):
            for offset in (-9, -2, -1, 0, 1, 3, 9):
                f.case("tril_indices", [rows, columns, offset, torch.int64], torch.tril_indices(rows, columns, offset))
                f.case("triu_indices", [rows, columns, offset, torch.int32], torch.triu_indices(rows, columns, offset, dtype=torch.int32))
    for dtype in (torch.uint8, torch.int64, *REAL, torch.complex128):
        for n in (0, 1, 4):
            x = fresh(dtype, (n,))
            for columns in (0, 1, 3, 6):
                for increasing in (False, True):
                    f.case("vander", [x, columns, increasing], torch.vander(x, columns, increasing), "near:16")
    for dtype in (torch.int32, *REAL, torch.complex64):
        for y in few_layouts(dtype):
            for dim in range(-y.dim(), y.dim()):
                f.case("trapezoid", [y, 0.5, dim], torch.trapezoid(y, dx=0.5, dim=dim), "near:16")
                f.case("cumulative_trapezoid", [y, 0.5, dim], torch.cumulative_trapezoid(y, dx=0.5, dim=dim), "near:16")
                if y.size(dim) > 1:
                    for x in (fresh(torch.float32, (y.size(dim),)), fresh(torch.float32, y.shape)):
                        f.case("trapezoid_at", [y, x, dim], torch.trapezoid(y, x, dim=dim), "near:32")
                        f.case("cumulative_trapezoid_at", [y, x, dim], torch.cumulative_trapezoid(y, x, dim=dim), "near:32")
    for dtype in (torch.int64, *REAL, torch.complex128):
        for shape in ((2, 4), (4,), (1, 4), ()):
            x, a, b = fresh(dtype, shape), fresh(dtype, (2, 3)), fresh(dtype, (3, 4))
            for beta, alpha in ((1, 1), (2, -3), (0, 2)):
                f.case("addmm", [x, a, b, beta, alpha], torch.addmm(x, a, b, beta=beta, alpha=alpha), "near:32")
    f.gradient("addmm", lambda x, a, b, beta, alpha: torch.addmm(x, a, b, beta=beta, alpha=alpha),
               [fresh(torch.float64, (4,)), fresh(torch.float64, (2, 3)), fresh(torch.float64, (3, 4)), 2, 3], "near:32")


def places(f):
    for dtype in (*INTEGERS, *REAL, torch.bfloat16):
        line = fresh(dtype, (size(9),)).sort().values
        rows = fresh(dtype, (3, size(6))).sort().values
        for right in (False, True):
            for values in (fresh(dtype, (2, 5)), fresh(dtype, ()), fresh(dtype, (0,)), specials(dtype)):
                for narrow in (False, True):
                    f.case("searchsorted", [line, values, narrow, right], torch.searchsorted(line, values, out_int32=narrow, right=right))
                f.case("bucketize", [values, line, right], torch.bucketize(values, line, right=right))
            values = fresh(dtype, (3, 4))
            f.case("searchsorted", [rows, values, False, right], torch.searchsorted(rows, values, right=right))
        mixed = fresh(dtype, (7,))
        sorter = mixed.argsort()
        values = fresh(dtype, (4,))
        f.case("searchsorted_by", [mixed, values, sorter], torch.searchsorted(mixed, values, sorter=sorter))
    f.error("searchsorted", [fresh(torch.float32, (2, 3)), fresh(torch.float32, (3, 3)), False, False])


def distances(f):
    for dtype in REAL:
        for n, k, m in ((1, 1, 1), (5, 3, 4), (9, 37, 3), (2, 0, 3), (4, 5, 0), (5, 9, 300)):
            a, b = fresh(dtype, (n, m)), fresh(dtype, (k, m))
            for p in (0.0, 0.5, 1.0, 2.0, 3.0, INF):
                if k > 0:
                    wanted = torch.cdist(a, b, p, compute_mode="donot_use_mm_for_euclid_dist")
                    f.case("cdist", [a, b, p], wanted, "near:64" if p == 0.5 else "near:32")
        a, b = fresh(dtype, (2, 1, 4, 3)).transpose(-1, -2), fresh(dtype, (5, 2, 4))
        f.case("cdist", [a, b, 2.0], torch.cdist(a, b), "near:16")
    f.error("cdist", [fresh(torch.float32, (2, 3)), fresh(torch.float32, (2, 4)), 2.0])
    f.error("cdist", [fresh(torch.float32, (2, 3)), fresh(torch.float32, (2, 3)), -1.0])
    for p in (1.0, 2.0, 3.0):
        f.gradient("cdist", torch.cdist, [fresh(torch.float64, (4, 3)), fresh(torch.float64, (5, 3)), p], "near:32")


def further():
    f = File("divisions, summaries, parts, places and distances")
    start(171)
    divisions(f)
    combinations(f)
    summaries(f)
    parts(f)
    places(f)
    distances(f)
    f.write("further.txt")
