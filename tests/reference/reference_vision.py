"""Reference values for vision/: torch.nn.functional and torchvision.ops."""

import torch
import torch.nn.functional as F

from reference_file import DTYPES, File, fresh, size, start
from reference_signal import both, given

# PyTorch computes coordinates in the dtype of the map.
NEAR = {torch.float32: "near:256", torch.float64: "near:256"}


def interpolate(x, sizes, factors, mode, align_corners, antialias):
    smooth = mode in ("linear", "bilinear", "trilinear", "bicubic")
    return F.interpolate(x, given(sizes), given(factors), mode, align_corners if smooth else None, antialias=antialias)


def resizing(f):
    smooth = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}
    for dtype in (torch.float32, torch.float64):
        for dims, shape, choices in (
                (1, (2, 2, size(7)), (([5], "none"), ([13], "none"), ([1], "none"), ("none", [1.7]), ("none", [0.6]), ("none", [1.0]))),
                (2, (2, 1, 5, size(6)), (([3, 9], "none"), ([8, 4], "none"), ([5, 6], "none"), ([1, 1], "none"), ("none", [2.0, 0.5]),
                                         ("none", [1.3, 1.0]), ("none", [0.45, 2.6]))),
                (3, (1, 2, 3, 4, 3), (([2, 5, 4], "none"), ("none", [1.5, 0.7, 2.0])))):
            x = fresh(dtype, shape)
            for sizes, factors in choices:
                for mode in ("nearest", "nearest-exact", "area", *smooth[dims]):
                    for corners in (False, True) if mode in smooth[dims] else (False,):
                        both(f, "interpolate", interpolate, [x, sizes, factors, mode, corners, False], NEAR[dtype])
                if dims == 2:
                    for mode in ("bilinear", "bicubic"):
                        # Where a factor leaves a size as it is, PyTorch copies in some of its paths.
                        both(f, "interpolate", interpolate, [x, sizes, factors, mode, False, True], NEAR[dtype])
            strided = x.transpose(0, 1).transpose(-1, 2) if dims == 2 else x
            both(f, "interpolate", interpolate, [strided, choices[0][0], "none", smooth[dims][0], False, False], NEAR[dtype])
        # The place that a copy comes from, where products are rounded.
        for n, m in ((165, 267), (29, 41), (100, 3), (7, 49), (61, 183)):
            x = torch.arange(n, dtype=dtype).reshape(1, 1, n)
            for mode in ("nearest", "nearest-exact"):
                if dtype == torch.float32 or mode == "nearest":
                    two = x.expand(1, 2, n).contiguous()  # one channel counts as channels-last
                    f.case("interpolate", [two, [m], "none", mode, False, False], interpolate(two, [m], "none", mode, False, False))
    f.case("interpolate", [fresh(torch.float32, (0, 1, 2, 2)), [3, 3], "none", "bilinear", False, False], torch.zeros(0, 1, 3, 3))
    for sizes, factors, mode in (([0, 2], "none", "nearest"), ("none", [0.1, 1.0], "nearest"), ([3], "none", "bilinear"),
                                 ([3, 3], "none", "linear"), ("none", "none", "nearest"), ([3, 3], "none", "lanczos")):
        f.error("interpolate", [fresh(torch.float32, (1, 1, 2, 2)), sizes, factors, mode, False, False])


def sampling(f):
    for dtype in (torch.float32, torch.float64):
        for shape, grid_shape in (((2, 3, 4, size(5)), (2, 3, 4, 2)), ((1, 1, 1, 6), (1, 2, 5, 2)), ((2, 2, 3, 4, 3), (2, 2, 3, 2, 3))):
            x = fresh(dtype, shape)
            # Off the places where nearest, floor and mirrors jump.
            grid = ((torch.rand(grid_shape, dtype=torch.float64) * 3.2 - 1.6)).to(dtype)
            for mode in ("bilinear", "nearest", *(("bicubic",) if len(shape) == 4 else ())):
                for padding in ("zeros", "border", "reflection"):
                    for corners in (False, True):
                        both(f, "grid_sample", F.grid_sample, [x, grid, mode, padding, corners], "near:1024")
        half = torch.tensor([-0.5, 0.0, 0.5]).to(dtype).reshape(1, 1, 3, 1) * torch.tensor([1.0, 0.0]).to(dtype)
        x = torch.arange(1, 5).to(dtype).reshape(1, 1, 1, 4)
        f.case("grid_sample", [x, half, "nearest", "zeros", False], F.grid_sample(x, half, "nearest", align_corners=False))
        for sizes in ([2, 3, 4, size(5)], [2, 1, 1, 3], [2, 1, 2, 3, 4]):
            theta = fresh(dtype, (2, len(sizes) - 2, len(sizes) - 1))
            for corners in (False, True):
                both(f, "affine_grid", lambda t, s, c: F.affine_grid(t, s, c), [theta, sizes, corners], "near:16")
    x, grid = fresh(torch.float32, (1, 1, 2, 2)), torch.zeros(2, 1, 1, 2)
    f.error("grid_sample", [x, grid, "bilinear", "zeros", False])
    f.error("grid_sample", [x, grid[:1].double(), "bilinear", "zeros", False])
    f.error("grid_sample", [x[:, :, :0], grid[:1], "bilinear", "zeros", False])


def shuffles(f):
    for dtype in DTYPES:
        x = fresh(dtype, (2, 8, 3, size(2)))
        f.case("pixel_shuffle", [x, 2], F.pixel_shuffle(x, 2))
        y = fresh(dtype, (3, 4, 6)).transpose(0, 1)
        f.case("pixel_unshuffle", [y.reshape(1, 4, 3, 6), 1], F.pixel_unshuffle(y.reshape(1, 4, 3, 6), 1))
        z = fresh(dtype, (2, 1, 4, 6))
        f.case("pixel_unshuffle", [z, 2], F.pixel_unshuffle(z, 2))
    for dtype in (torch.float32, torch.int64):
        x = fresh(dtype, (2, 6, size(3), 2))
        f.case("channel_shuffle", [x, 3], torch.channel_shuffle(x, 3))
    x = fresh(torch.float64, (9, 2, 3))
    both(f, "pixel_shuffle", F.pixel_shuffle, [x, 3], "exact")
    for op, n in (("pixel_shuffle", 2), ("pixel_unshuffle", 2), ("pixel_shuffle", 0), ("channel_shuffle", 4)):
        f.error(op, [x.float(), n])


def boxes(f):
    import torchvision.ops as O

    def some(n, dtype, extent=10):
        corner = torch.rand(n, 2, dtype=torch.float64) * extent
        return torch.cat([corner, corner + torch.rand(n, 2, dtype=torch.float64) * extent / 2], 1).to(dtype)

    for dtype in (torch.float32, torch.float64):
        for n, m in ((1, 1), (3, 5), (0, 2), (size(40), 17)):
            a, b = some(n, dtype), some(m, dtype)
            f.case("box_iou", [a, b], O.box_iou(a, b), "exact")
        a, b = some(4, dtype), some(3, dtype) + 0.125
        f.gradient("box_iou", O.box_iou, [a, b], "near:64")
        for n, threshold in ((0, 0.5), (1, 0.5), (60, 0.3), (300, 0.5), (300, 0.05), (700, 0.7)):
            b, s = some(n, dtype), torch.rand(n).to(dtype)
            if n > 1:
                s[n // 2] = s[0]
            order = torch.sort(s, stable=True, descending=True)[1]
            # Equal scores by position.
            f.case("nms", [b, s, threshold], order[O.nms(b[order], torch.arange(n, 0, -1).to(dtype), threshold)])
        x = fresh(dtype, (2, 3, 7, size(9)))
        rows = torch.tensor([[0, 0.5, 0.5, 3.2, 4.1], [1, 2.2, 1.1, 8.9, 6.7], [1, -3.0, -2.0, 2.0, 12.0], [0, 4.0, 4.0, 4.2, 4.1],
                             [1, 20.0, 20.0, 30.0, 30.0], [0, -9.0, 0.0, -4.0, 3.0]], dtype=dtype)
        for output, scale in (([2, 2], 1.0), ([3, 1], 0.5), ([1, 4], 1.5)):
            for ratio in (-1, 1, 2, 3):
                for aligned in (False, True):
                    def align(t, r, o, s, n, a):
                        return O.roi_align(t, r, o, s, n, a)
                    case = [x, rows, output, scale, ratio, aligned]
                    f.case("roi_align", case, align(*case), "near:64")
                    g = fresh(dtype, (6, 3, *output))
                    leaf = x.clone().requires_grad_()
                    grad, = torch.autograd.grad(align(leaf, *case[1:]), leaf, g)
                    f.case("roi_align_gradient", [*case, g], grad, "near:64")
            case = [x, rows, output, scale]
            f.case("roi_pool", case, O.roi_pool(*case), "exact")
            g = fresh(dtype, (6, 3, *output))
            leaf = x.clone().requires_grad_()
            grad, = torch.autograd.grad(O.roi_pool(leaf, *case[1:]), leaf, g)
            f.case("roi_pool_gradient", [*case, g], grad, "near:16")
        plain = rows[:, 1:].clone()
        zeroed = torch.cat([torch.zeros(6, 1, dtype=dtype), plain], 1)
        f.case("roi_align", [x, plain, [2, 2], 1.0, 2, False], O.roi_align(x, zeroed, [2, 2], 1.0, 2), "near:64")
    for op in ("roi_align", "roi_pool"):
        rest = [[2, 2], 1.0, 1, False] if op == "roi_align" else [[2, 2], 1.0]
        for index in (2.0, -1.0, float("nan"), 1e30):
            bad = torch.tensor([[index, 0.0, 0.0, 1.0, 1.0]])
            f.error(op, [fresh(torch.float32, (2, 1, 3, 3)), bad, *rest])
        f.error(op, [fresh(torch.float32, (2, 1, 3, 3)), torch.zeros(1, 5), [0, 2], *rest[1:]])
        f.error(op, [fresh(torch.float32, (2, 1, 3, 3)), torch.zeros(1, 3), *rest])


def vision():
    f = File("images")
    start(303)
    resizing(f)
    sampling(f)
    shuffles(f)
    boxes(f)
    f.write("vision.txt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    vision()
