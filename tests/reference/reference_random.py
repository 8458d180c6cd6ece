"""Reference values for the distributions of random.h; the streams of rand, randn and randint are in make_reference.py."""

import torch

from reference_file import FLOATS, File, fresh, start

SEEDS = (0, 42)
HALF = (torch.float16, torch.bfloat16)


def distributions():
    f = File("random distributions")
    start(95)

    def case(operation, seed, arguments, draw, tolerance="exact"):
        torch.manual_seed(seed)
        f.case(operation, [seed, *arguments], draw(), tolerance)

    for seed in SEEDS:
        for dtype in FLOATS:
            # A last place of the C library's functions; half precision rounds it away.
            near = "ulp:1" if dtype in HALF else "near:8"
            for n in (1, 15, 16, 37):
                case("normal", seed, [1.5, 0.25, [n], dtype], lambda: torch.empty(n, dtype=dtype).normal_(1.5, 0.25), near)
                case("uniform", seed, [-1.5, 2.0, [n], dtype], lambda: torch.empty(n, dtype=dtype).uniform_(-1.5, 2.0),
                     "ulp:1" if dtype not in HALF else "exact")
                case("exponential", seed, [2.5, [n], dtype], lambda: torch.empty(n, dtype=dtype).exponential_(2.5), near)
            x = torch.zeros(4, 5, dtype=dtype).t()
            case("rand_like", seed, [x, dtype], lambda: torch.rand_like(x))
            case("randn_like", seed, [x, dtype], lambda: torch.randn_like(x), near)
            case("randint_like", seed, [x, -3, 9, dtype], lambda: torch.randint_like(x, -3, 9))
        for n in (0, 1, 2, 30):
            case("randperm", seed, [n, torch.int64], lambda: torch.randperm(n))
            case("randperm", seed, [n, torch.int32], lambda: torch.randperm(n, dtype=torch.int32))
        for dtype in (torch.float32, torch.float64):
            rates = torch.tensor([[0.0, 0.3, 1.0, 3.0, 9.9], [10.0, 11.5, 40.0, 1000.0, 1e6]], dtype=dtype)
            for x in (rates.repeat(5, 1), rates.t(), torch.zeros(0, dtype=dtype), torch.tensor(2.5, dtype=dtype)):
                case("poisson", seed, [x], lambda: torch.poisson(x))
            shapes = torch.tensor([[0.01, 0.5, 0.99], [1.0, 2.5, 300.0]], dtype=dtype)
            for x in (shapes.repeat(5, 1), shapes.t(), torch.tensor(0.25, dtype=dtype)):
                case("standard_gamma", seed, [x], lambda: torch._standard_gamma(x), "near:16")
        for dtype in (torch.bfloat16, torch.float32, torch.float64):
            p = torch.linspace(0, 1, 40).reshape(8, 5).to(dtype)
            for x in (p, p.t(), p[0, 0], p[:0]):
                case("bernoulli", seed, [x], lambda: torch.bernoulli(x))
        for dtype in (torch.bfloat16, torch.float32, torch.float64, torch.int32):
            for p in (0.0, 0.3, 1.0):
                x = torch.zeros(23, dtype=dtype)
                case("bernoulli_p", seed, [x, p], lambda: torch.bernoulli(x, p))
        for dtype in (torch.float32, torch.float64):
            weights = torch.tensor([[0.1, 5, 0, 2, 0.5, 1e-3, 7], [1, 1, 1, 1, 1, 1, 1], [0, 0, 1, 0, 0, 0, 2]], dtype=dtype)
            for w in (weights, weights[0], weights.t().contiguous().t(), weights[:, 1:]):
                for count in (1, 2, 12):
                    case("multinomial", seed, [w, count, True], lambda: torch.multinomial(w, count, True))
            for w in (weights[:2, [0, 1, 3, 4, 5, 6]], weights[0, [0, 1, 3, 4, 6]]):
                for count in (1, 2, 5):
                    case("multinomial", seed, [w, count, False], lambda: torch.multinomial(w, count, False))
        for dtype in (torch.bfloat16, torch.float32, torch.float64):
            x = fresh(dtype, (6, 4))
            for p in (0.0, 0.3, 0.5, 1.0):
                case("dropout", seed, [x, p], lambda: torch.nn.functional.dropout(x, p), "ulp:1")
                case("dropout", seed, [x.t(), p], lambda: torch.nn.functional.dropout(x.t(), p), "ulp:1")
    one = torch.ones(3)
    for w in (-one, 0 * one, one * float("inf"), one * float("nan"), torch.ones(1, 2, 3), torch.ones(3, dtype=torch.int64), torch.tensor(1.0)):
        f.error("multinomial", [1, w, 2, True])
    f.error("multinomial", [1, one, 4, False])
    f.error("multinomial", [1, one, 0, True])
    for x in (torch.tensor([0.5, 1.5]), torch.tensor([-0.1]), torch.tensor([1], dtype=torch.int64)):
        f.error("bernoulli", [1, x])
    for x in (torch.tensor([-1.0]), torch.tensor([2], dtype=torch.int64)):
        f.error("poisson", [1, x])
    for n, dtype in ((-1, torch.int64), (257, torch.uint8), (3, torch.bool)):
        f.error("randperm", [1, n, dtype])
    f.error("normal", [1, 0.0, -1.0, [3], torch.float32])
    f.error("exponential", [1, 0.0, [3], torch.float32])
    f.error("uniform", [1, 2.0, 1.0, [3], torch.float32])
    for operation in ("normal", "uniform"):
        f.error(operation, [1, 0.0, 1.0, [3], torch.int64])
    f.write("distributions.txt")
