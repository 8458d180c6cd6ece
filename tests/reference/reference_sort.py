"""Reference values for sort.h."""

import torch

from reference_file import INF, NAN, File, few_layouts, fresh, layouts, start


def sorting():
    f = File("sorting")
    start(73)
    sources = layouts(torch.float32)
    sources += [x for d in (torch.uint8, torch.int32, torch.int64, torch.bfloat16, torch.float64) for x in few_layouts(d)]
    sources += [fresh(d, (4, 5)) for d in (torch.int8, torch.int16, torch.float16, torch.bool)]
    rows = ([1, NAN, 2], [3, 1, 3, 1], [2, 2, 1, 1, 5], [NAN, NAN, 1], [INF, -INF, 0, INF], [4], [0.0, -0.0, 1e-45, -1e-45, -0.0, 0.0],
            [NAN] * 3)
    sources += [torch.tensor(r, dtype=d) for r in rows for d in (torch.float32, torch.float64)]
    sources += [torch.tensor([2**63 - 1, -(2**63), 0, -1, 2**62]), torch.tensor([255, 0, 128, 127], dtype=torch.uint8)]
    # Long enough for digits to be counted; few values make ties.
    sources += [torch.randint(-3, 4, (2, 300)), torch.randint(0, 256, (300,), dtype=torch.uint8), torch.randn(300),
                torch.randn(300, dtype=torch.float64), torch.randint(-(2**62), 2**62, (300,))]
    for x in sources:
        for d in range(-1, max(x.dim(), 1) - 1):
            for descending in (False, True):
                values, indices = torch.sort(x, stable=True, dim=d, descending=descending)
                f.case("sort", [x, d, descending], [values, indices])
                n = x.size(d) if x.dim() else 1
                if x.dtype not in (torch.float16, torch.bool):
                    for k in sorted({1, n // 2}) if 1 < n < 200 and x.dim() else [n]:
                        f.case("topk_values", [x, k, d, descending], torch.topk(x, k, d, descending).values, "same")
    f.error("sort", [torch.ones(3), 1, False])
    f.error("sort", [torch.ones(3, dtype=torch.complex64), 0, False])
    f.error("topk_values", [torch.ones(3), 4, 0, False])
    f.error("topk_values", [torch.ones(3), -1, 0, False])
    for x in (torch.tensor([3.0, 1, 2, 1], dtype=torch.float64), fresh(torch.float64, (3, 4)), fresh(torch.float64, (2, 3)).t()):
        for descending in (False, True):
            f.gradient("sort", lambda x, d, descending: torch.sort(x, stable=True, dim=d, descending=descending), [x, -1, descending])
        f.gradient("topk_values", torch.topk, [x + torch.arange(x.numel()).reshape(x.shape) * 1e-3, 2, 0, True])
    f.write("sort.txt")
