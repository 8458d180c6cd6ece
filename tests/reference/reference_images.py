"""Reference values for convolutions and pooling, with the gradients of their operands, and for layers drawn after a seed."""

import torch
import torch.nn.functional as F

from reference_file import INF, NAN, File, fresh, start

HALVES = (torch.float16, torch.bfloat16)


def with_gradients(f, operation, function, tensors, rest, tolerance, also=()):
    """The result, and the gradients of the tensors where its own are -2, -1, 0, 1, 2, -2, ... Half precision: in float32, rounded."""
    dtype = tensors[0].dtype
    wide = [t.float() if dtype in HALVES else t for t in tensors]
    given = [t.detach().clone(memory_format=torch.preserve_format).requires_grad_() for t in wide]
    out = function(*given, *rest)
    weights = (torch.arange(out.numel()) % 5 - 2).reshape(out.shape).to(out.dtype)
    gradients = torch.autograd.grad(out, given, weights)
    f.case(operation, [*tensors, *rest], [out.to(dtype), *(g.to(dtype) for g in gradients), *also], tolerance)


# Of the dimensions, which are one to three: sizes of the image, kernel, stride, padding, dilation, groups, channels of a group.
CONVOLUTIONS = {
    1: [([9], [3], [1], [0], [1], 1, 2, 3), ([20], [4], [3], [2], [2], 2, 3, 1), ([5], [1], [1], [0], [1], 1, 7, 8), ([3], [3], [1], [2], [1], 3, 1, 1),
        ([40], [7], [2], [3], [1], 1, 1, 17), ([4], [2], [5], [0], [3], 1, 2, 2)],
    2: [([5, 7], [3, 3], [1, 1], [1, 1], [1, 1], 1, 2, 3), ([8, 6], [3, 2], [2, 3], [1, 0], [1, 2], 2, 2, 3), ([7, 7], [1, 1], [1, 1], [0, 0], [1, 1], 1, 5, 9),
        ([6, 9], [2, 5], [1, 2], [0, 2], [2, 1], 1, 3, 1), ([9, 4], [3, 3], [1, 1], [1, 1], [1, 1], 4, 1, 1), ([1, 12], [1, 4], [1, 4], [0, 0], [1, 1], 1, 2, 2)],
    3: [([3, 4, 5], [2, 3, 2], [1, 1, 1], [1, 1, 0], [1, 1, 1], 1, 2, 3), ([5, 4, 6], [2, 2, 3], [2, 1, 3], [0, 1, 2], [2, 1, 1], 2, 1, 2),
        ([2, 3, 2], [1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 1, 1], 1, 3, 4)],
}


def convolutions(f):
    for dims, choices in CONVOLUTIONS.items():
        convolve, transpose = getattr(F, f"conv{dims}d"), getattr(F, f"conv_transpose{dims}d")

        def forward(x, w, b, s, p, d, g, convolve=convolve):
            return convolve(x, w, b, s, p, d, g)

        def backward(x, w, b, s, p, o, g, d, transpose=transpose):
            return transpose(x, w, b, s, p, o, g, d)

        for size, kernel, stride, padding, dilation, groups, c, k in choices:
            for dtype in (torch.float32, torch.float64, *HALVES):
                tolerance = "near:2" if dtype in HALVES else "near:512"
                rest = [stride, padding, dilation, groups]
                x, w, b = fresh(dtype, (2, c * groups, *size)), fresh(dtype, (k * groups, c, *kernel)), fresh(dtype, (k * groups,))
                with_gradients(f, f"conv{dims}d", forward, [x, w, b], rest, tolerance)
                further = [max(s, d) - 1 for s, d in zip(stride, dilation)]
                y, v = fresh(dtype, (2, k * groups, *size)), fresh(dtype, (k * groups, c, *kernel))
                turned = [stride, padding, further, groups, dilation]
                try:
                    with_gradients(f, f"conv_transpose{dims}d", backward, [y, v, fresh(dtype, (c * groups,))], turned, tolerance)
                except RuntimeError:
                    f.error(f"conv_transpose{dims}d", [y, v, fresh(dtype, (c * groups,)), *turned])
                if dtype in HALVES:
                    continue
                # Of one image, of none, in other orders of memory.
                with_gradients(f, f"conv{dims}d", forward, [x[1], w, b], rest, tolerance)
                with_gradients(f, f"conv{dims}d", forward, [x[:0], w, b], rest, tolerance)
                with_gradients(f, f"conv{dims}d", forward, [x.transpose(1, -1).contiguous().transpose(1, -1), w.transpose(0, -1).contiguous().transpose(0, -1), b],
                               rest, tolerance)
                if dtype == torch.float64 and dims < 3:
                    z = torch.complex(x, fresh(dtype, x.shape)), torch.complex(w, fresh(dtype, w.shape)), torch.complex(b, fresh(dtype, b.shape))
                    f.case(f"conv{dims}d_values", [*z, *rest], forward(*z, *rest), tolerance)
            whole = fresh(torch.int64, (2, c * groups, *size)), fresh(torch.int64, (k * groups, c, *kernel)), fresh(torch.int64, (k * groups,))
            f.case(f"conv{dims}d_values", [*whole, stride, padding, dilation, groups], forward(*whole, stride, padding, dilation, groups))
    # What is not a number, or infinite, reaches what reads it.
    x, w = fresh(torch.float64, (1, 2, 6, 5)), fresh(torch.float64, (3, 2, 3, 3))
    x[0, 1, 2, 4], x[0, 0, 5, 0] = NAN, INF
    f.case("conv2d_values", [x, w, torch.zeros(3, dtype=torch.float64), [1, 1], [0, 0], [1, 1], 1],
           F.conv2d(x, w, None), "near:512")


def with_positions(function):
    return lambda *arguments: function(*arguments)[0]


MAXIMA = {
    1: [([9], [2], [2], [0], [1], False), ([10], [3], [2], [1], [2], True), ([7], [7], [1], [3], [1], False), ([11], [2], [3], [0], [1], True)],
    2: [([6, 8], [2, 2], [2, 2], [0, 0], [1, 1], False), ([7, 9], [3, 3], [1, 1], [1, 1], [1, 1], False), ([9, 7], [2, 3], [3, 2], [1, 1], [2, 1], True),
        ([5, 5], [3, 2], [2, 3], [0, 1], [1, 2], True)],
    3: [([4, 5, 6], [2, 2, 2], [2, 2, 2], [0, 0, 0], [1, 1, 1], False), ([5, 4, 7], [3, 2, 3], [1, 2, 2], [1, 0, 1], [1, 1, 2], True)],
}


def pooling(f):
    for dims, choices in MAXIMA.items():
        largest, mean = getattr(F, f"max_pool{dims}d"), getattr(F, f"avg_pool{dims}d")
        lp = getattr(F, f"lp_pool{dims}d", None)
        for size, kernel, stride, padding, dilation, ceil in choices:
            for dtype in (torch.float32, torch.float64):
                close = "near:8" if dtype == torch.float64 else "near:4"
                x = fresh(dtype, (1, 2, *size))
                tied = torch.randint(0, 3, x.shape).to(dtype)
                hurt = x.clone()
                hurt[torch.rand(x.shape) < 0.1] = NAN
                for t in (x, x[0], tied, x.transpose(1, -1).contiguous().transpose(1, -1)):
                    rest = [kernel, stride, padding, dilation, ceil]
                    _, at = largest(t, *rest, return_indices=True)
                    with_gradients(f, f"max_pool{dims}d", lambda t, *rest: largest(t, *rest), [t], rest, close, [at])
                rest = [kernel, stride, padding, dilation, ceil]
                f.case(f"max_pool{dims}d_values", [hurt, *rest], largest(hurt, *rest))
                for include in (True, False):
                    for t in (x, x[0]):
                        with_gradients(f, f"avg_pool{dims}d", lambda t, k, s, p, c, i: mean(t, k, s, p, c, i), [t],
                                       [kernel, stride, padding, ceil, include], close)
                if dims > 1:
                    with_gradients(f, f"avg_pool{dims}d", lambda t, k, s, p, c, i, d: mean(t, k, s, p, c, i, d), [x],
                                   [kernel, stride, padding, ceil, True, 3], close)
                if dims < 3:
                    with_gradients(f, f"lp_pool{dims}d", lambda t, p, k, s, c: lp(t, p, k[0] if dims == 1 else k, s[0] if dims == 1 else s, c), [x.abs() + 0.5],
                                   [3.0, kernel, stride, ceil], "near:64")
    for dims, sizes in {1: ([7], [12]), 2: ([6, 7], [4, 8]), 3: ([4, 6, 5], [3, 3, 7])}.items():
        mean, largest = getattr(F, f"adaptive_avg_pool{dims}d"), getattr(F, f"adaptive_max_pool{dims}d")
        for size in sizes:
            for out in ([1] * dims, [2] * dims, [3] * dims, [9] * dims):
                for dtype in (torch.float32, torch.float64):
                    x = fresh(dtype, (1, 2, *size))
                    for t in (x, x[0]):
                        with_gradients(f, f"adaptive_avg_pool{dims}d", lambda t, o: mean(t, o), [t], [out], "near:16")
                        _, at = largest(t, out, return_indices=True)
                        with_gradients(f, f"adaptive_max_pool{dims}d", lambda t, o: largest(t, o), [t], [out], "near:16", [at])
    for dims, sizes, kernel, out in ((2, (9, 11), [2, 3], [5, 4]), (2, (6, 6), [2, 2], [5, 1]), (3, (8, 7, 9), [2, 1, 3], [4, 5, 3])):
        pool = getattr(F, f"fractional_max_pool{dims}d")
        for dtype in (torch.float32, torch.float64):
            x = fresh(dtype, (2, 2, *sizes))
            torch.manual_seed(11)
            values, at = pool(x, kernel, out, return_indices=True)
            f.case(f"fractional_max_pool{dims}d", [x, kernel, out, 11], [values, at])


def layers(f):
    """Weights and biases after manual_seed, and where the generator stands afterwards."""
    for dims in (1, 2, 3):
        for name in (f"Conv{dims}d", f"ConvTranspose{dims}d"):
            for dtype in (torch.float32, torch.float64):
                for c, k, kernel, groups in ((3, 5, [3, 2, 1], 1), (4, 6, [2, 3, 3], 2)):
                    torch.manual_seed(7)
                    layer = getattr(torch.nn, name)(c, k, kernel[:dims], groups=groups, dtype=dtype)
                    f.case(name, [7, c, k, kernel[:dims], groups, dtype], [layer.weight, layer.bias, torch.rand(2)])


def images():
    start(61)
    f = File("convolutions")
    convolutions(f)
    f.write("convolution.txt")
    start(62)
    f = File("pooling")
    pooling(f)
    f.write("pooling.txt")
    f = File("layers of convolutions, drawn after manual_seed")
    layers(f)
    f.write("convolution_layers.txt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    images()
