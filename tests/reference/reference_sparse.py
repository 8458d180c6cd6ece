"""Reference values for sparse/ and quantized/."""

import torch

from reference_file import COMPLEX, INF, INTEGERS, NAN, File, fresh, start

# Sizes, sparse dimensions and entries; many of them are at one place.
SHAPES = [((3, 4), 2, 7), ((5,), 1, 9), ((2, 3, 4), 3, 20), ((3, 2), 1, 5), ((2, 3, 2, 2), 2, 11), ((4, 5), 2, 0), ((0, 3), 2, 0),
          ((3, 0), 1, 4), ((1, 1), 2, 3), ((40, 30), 2, 400)]
FLOATS = (torch.float32, torch.float64)


def drawn(shape, sparse_dim, entries, dtype):
    indices = torch.stack([torch.randint(0, max(n, 1), (entries,)) for n in shape[:sparse_dim]])
    return indices, fresh(dtype, (entries, *shape[sparse_dim:]))


def coo(i, v, size):
    return torch.sparse_coo_tensor(i, v, size)


def dense(x):
    return x.to_dense() if x.layout != torch.strided else x


def to_dense(i, v, size):
    return dense(coo(i, v, size))


def mm(i, v, size, d):
    return torch.sparse.mm(coo(i, v, size), d)


def mm_sparse(i, v, size, j, w, other):
    return torch.sparse.mm(coo(i, v, size), coo(j, w, other)).to_dense()


def softmax(i, v, size, dim):
    return torch.sparse.softmax(coo(i, v, size), dim).to_dense()


def log_softmax(i, v, size, dim):
    return torch.sparse.log_softmax(coo(i, v, size), dim).to_dense()


def total(i, v, size, dims):
    x = coo(i, v, size)
    return dense(torch.sparse.sum(x, dims) if dims else torch.sparse.sum(x))


def add(i, v, size, j, w, other, alpha):
    return dense(torch.add(coo(i, v, size), coo(j, w, other), alpha=alpha))


def add_dense(x, i, v, size, alpha):
    return torch.add(x, coo(i, v, size), alpha=alpha)


def transpose(i, v, size, a, b):
    return dense(coo(i, v, size).transpose(a, b))


def sparse_tensors():
    f = File("sparse tensors")
    start(91)
    for dtype in (*FLOATS, torch.float16, torch.bfloat16, *INTEGERS, *COMPLEX):
        tolerance = "near:8"
        for shape, k, n in SHAPES if dtype == torch.float32 else SHAPES[:-1]:
            i, v = drawn(shape, k, n, dtype)
            size = list(shape)
            if dtype in (torch.float16, torch.bfloat16):
                # In float32, rounded once.
                f.case("sparse_to_dense", [i, v, size], to_dense(i, v.float(), size).to(dtype), "near:1")
                continue
            f.case("sparse_to_dense", [i, v, size], to_dense(i, v, size), tolerance)
            c = coo(i, v, size).coalesce()
            f.case("sparse_coalesce", [i, v, size], [c.indices(), c.values()], tolerance)
            if k == 2 and len(shape) == 2:
                for word, x in (("csr", c.to_sparse_csr()), ("csc", c.to_sparse_csc())):
                    parts = [x.crow_indices(), x.col_indices()] if word == "csr" else [x.ccol_indices(), x.row_indices()]
                    f.case("sparse_compressed", [i, v, size, word], [*parts, x.values()], tolerance)
            for d in range(-1, k):
                if k > 1:
                    f.case("sparse_transpose", [i, v, size, 0, d % k], transpose(i, v, size, 0, d % k), tolerance)
                dims = [] if d < 0 else [d]
                f.case("sparse_sum", [i, v, size, dims], total(i, v, size, dims).to(torch.int64 if dtype in INTEGERS and d < 0 else dtype),
                       "near:64")
            j, w = drawn(shape, k, n // 2, dtype)
            alpha = 2 if dtype in INTEGERS else 2.5
            f.case("sparse_add", [i, v, size, j, w, size, alpha], add(i, v, size, j, w, size, alpha), tolerance)
            x = fresh(dtype, shape)
            f.case("sparse_add_dense", [x, i, v, size, alpha], add_dense(x, i, v, size, alpha), "near:64")
            f.case("sparse_mask", [x, i, v, size], dense(x.sparse_mask(c)), "same")
    for dtype in (*FLOATS, *COMPLEX):
        for n, k, m, entries in ((3, 4, 2, 7), (4, 5, 3, 0), (0, 3, 2, 0), (3, 0, 2, 0), (20, 30, 64, 200), (20, 30, 9, 200),
                                 (1, 7, 1, 30), (2, 5, 131, 9), (6, 3, 33, 12), (2, 3000, 5, 5000)):
            if entries > 100 and dtype != torch.float32:
                continue
            i, v = drawn((n, k), 2, entries, dtype)
            d = fresh(dtype, (k, m))
            f.case("sparse_mm", [i, v, [n, k], d], to_dense(i, v, [n, k]) @ d, "near:256")
            j, w = drawn((k, m), 2, entries, dtype)
            f.case("sparse_mm_sparse", [i, v, [n, k], j, w, [k, m]], to_dense(i, v, [n, k]) @ to_dense(j, w, [k, m]), "near:256")
    for dtype in INTEGERS:
        i, v = drawn((3, 4), 2, 9, dtype)
        j, w = drawn((4, 5), 2, 9, dtype)
        product = to_dense(i, v, [3, 4]) @ to_dense(j, w, [4, 5])
        f.case("sparse_mm", [i, v, [3, 4], to_dense(j, w, [4, 5])], product)
        f.case("sparse_mm_sparse", [i, v, [3, 4], j, w, [4, 5]], product)
    for dtype in FLOATS:
        for shape, k, n in SHAPES:
            # PyTorch's softmax does not take empty dimensions.
            if 0 in shape:
                continue
            i, v = drawn(shape, k, n, dtype)
            for d in range(len(shape)):
                f.case("sparse_softmax", [i, v, list(shape), d], softmax(i, v, shape, d), "near:16")
                f.case("sparse_log_softmax", [i, v, list(shape), d], log_softmax(i, v, shape, d), "near:16")
        large = torch.tensor([1e30 if dtype == torch.float64 else 1e4, -1e4, 1e4, 3.0], dtype=dtype)
        f.case("sparse_softmax", [torch.tensor([[0, 1, 2, 0]]), large, [4], 0], softmax(torch.tensor([[0, 1, 2, 0]]), large, (4,), 0), "near:16")
    gradients(f)
    f.write("sparse.txt")


def gradients(f):
    for dtype in (torch.float64, torch.complex128):
        for shape, k, n in SHAPES[:5]:
            i, v = drawn(shape, k, n, dtype)
            size = list(shape)
            f.gradient("sparse_to_dense", to_dense, [i, v, size], "near:16")
            j, w = drawn(shape, k, n, dtype)
            f.gradient("sparse_add", add, [i, v, size, j, w, size, 2.5], "near:16")
            if dtype == torch.float64:
                f.gradient("sparse_sum", total, [i, v, size, []], "near:16")
                for d in range(k):
                    f.gradient("sparse_softmax", softmax, [i, v, size, d], "near:64")
                    f.gradient("sparse_log_softmax", log_softmax, [i, v, size, d], "near:64")
    for n, k, m, entries in ((3, 4, 2, 7), (5, 3, 9, 11)):
        i, v = drawn((n, k), 2, entries, torch.float64)
        f.gradient("sparse_mm", mm, [i, v, [n, k], fresh(torch.float64, (k, m))], "near:64")
        j, w = drawn((k, m), 2, entries, torch.float64)
        f.gradient("sparse_mm_sparse", mm_sparse, [i, v, [n, k], j, w, [k, m]], "near:64")


# --- Quantization

QUANTIZED = {"quint8": (torch.quint8, 0, 255), "qint8": (torch.qint8, -128, 127), "qint32": (torch.qint32, -2**31, 2**31 - 1)}


def elements(shape, spread):
    """Values that halves, ends and zeros of both signs are among."""
    x = torch.randn(shape, dtype=torch.float64) * spread
    flat = x.reshape(-1)
    special = torch.tensor([0.0, -0.0, 0.25, 0.75, -0.25, 1.25, 5e3, -5e3], dtype=torch.float64)[:flat.numel()]
    flat[:special.numel()] = special
    return x.float()


def quantization():
    f = File("quantization")
    start(97)
    for word, (dtype, low, high) in QUANTIZED.items():
        for scale, zero in ((0.1, 3), (0.5, 0), (0.07, 100), (1.0 / 3, low if low > -1000 else -77), (0.25, high if high < 1000 else 1000)):
            for shape in ((), (0,), (7,), (3, 4), (2, 0, 3), (600,), (2, 3, 5)):
                if shape == (600,) and scale != 0.1:
                    continue
                for x in (elements(shape, 9), elements((*shape, 2), 9)[..., 1]):
                    q = torch.quantize_per_tensor(x, scale, zero, dtype)
                    f.case("quantize_per_tensor", [x, scale, zero, word], [q.int_repr(), q.dequantize()], "same")
        for shape, axis in (((3, 4), 0), ((3, 4), 1), ((2, 3, 5), 1), ((2, 3, 5), 2), ((2, 0, 3), 0), ((4, 300), 0), ((300, 4), 1)):
            x = elements(shape, 6)
            n = shape[axis]
            scales = torch.rand(n, dtype=torch.float64) + 0.05
            zeros = torch.randint(0, 100, (n,))
            for s, z in ((scales, zeros), (scales.float(), zeros.int())):
                q = torch.quantize_per_channel(x, s, z, axis, dtype)
                # PyTorch's own numbers are differences of rounded products.
                along = [n if d == axis else 1 for d in range(len(shape))]
                numbers = (q.int_repr().double() - z.reshape(along)).float() * s.float().reshape(along)
                assert torch.allclose(numbers, q.dequantize(), rtol=1e-5, atol=1e-5)
                f.case("quantize_per_channel", [x, s, z, axis, word], [q.int_repr(), numbers], "same")
        if word == "qint32":
            continue
        for sa, sb in (((5,), (5,)), ((3, 1), (4,)), ((), (3,)), ((700,), (700,)), ((2, 0), (2, 1))):
            a = torch.quantize_per_tensor(elements(sa, 5), 0.1, 10, dtype)
            b = torch.quantize_per_tensor(elements(sb, 5), 0.05, 60, dtype)
            given = [a.int_repr(), 0.1, 10, b.int_repr(), 0.05, 60, 0.3, 20]
            f.case("quantized_add", given, requantized(a.dequantize() + b.dequantize(), 0.3, 20, dtype), "same")
            f.case("quantized_mul", given, requantized(a.dequantize() * b.dequantize(), 0.3, 20, dtype), "same")
            # From 32 elements on PyTorch subtracts rounded products, and halves may go to the other level.
            if sa == sb == (5,):
                f.case("quantized_add", given, torch.ops.quantized.add(a, b, 0.3, 20).int_repr(), "same")
                f.case("quantized_mul", given, torch.ops.quantized.mul(a, b, 0.3, 20).int_repr(), "same")
    fake(f)
    f.write("quantized.txt")


def requantized(x, scale, zero, dtype):
    return torch.quantize_per_tensor(x, scale, zero, dtype).int_repr()


def fake(f):
    for dtype in FLOATS:
        for shape in ((), (0,), (7,), (3, 4), (600,)):
            for scale, zero, low, high in ((0.1, 10, -128, 127), (0.5, 1, -2, 3), (0.02, 128, 0, 255), (1.0 / 3, 0, -128, 127)):
                x = elements(shape, 9).to(dtype)
                f.case("fake_quantize_per_tensor", [x, scale, zero, low, high],
                       torch.fake_quantize_per_tensor_affine(x, scale, zero, low, high), "same")
                if x.numel():
                    f.gradient("fake_quantize_per_tensor", torch.fake_quantize_per_tensor_affine, [x, scale, zero, low, high])
        for shape, axis in (((3, 4), 0), ((3, 4), 1), ((2, 3, 5), 1), ((300, 4), 1)):
            x = elements(shape, 6).to(dtype)
            n = shape[axis]
            scales = torch.rand(n) + 0.05
            for zeros in (torch.randint(-100, 100, (n,), dtype=torch.int32), torch.rand(n) * 20 - 10):
                f.case("fake_quantize_per_channel", [x, scales, zeros, axis, -128, 127],
                       torch.fake_quantize_per_channel_affine(x, scales, zeros, axis, -128, 127), "same")
    nan = torch.tensor([NAN, INF, -INF, 1e30, -1e30, 1.0])
    # The nearest level, and the zero point for NaN; PyTorch's conversion to integers gives the lowest for all.
    f.case("fake_quantize_per_tensor", [nan, 0.5, 1, -2, 3], torch.tensor([0.0, 1.0, -1.5, 1.0, -1.5, 1.0]), "same")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for write in (sparse_tensors, quantization):
        write()
