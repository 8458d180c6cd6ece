#!/usr/bin/env python3
"""Writes reference.tcl: what PyTorch answers where the Tcl commands have to answer the same.

    python3 make_reference.py > reference.tcl

Made with PyTorch 1.13 built without MKL (Debian's python3-torch); builds with MKL draw other random numbers in a few functions.
"""

import torch

DTYPES = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
NAMES[torch.complex32] = "complex64"  # here there is no complex dtype of two half floats


def text(tensor):
    """The elements in row-major order: integers as they are, others with all their digits."""
    flat = tensor.detach().flatten()
    if tensor.dtype.is_floating_point:
        return " ".join(repr(x).replace("nan", "NaN").replace("inf", "Inf") for x in flat.double().tolist())
    return " ".join(str(int(x)) for x in flat.tolist())


# Random streams: the seed, the Tcl script and the same in Python. Several tensors in a row show what one draw leaves for the next.
def random_cases():
    zeros = torch.zeros
    for n in (1, 5, 15, 16, 17, 20, 32, 40):
        yield 42, f"list [torch::rand {n}]", lambda n=n: [torch.rand(n)]
        yield 42, f"list [torch::randn {n}]", lambda n=n: [torch.randn(n)]
        yield 42, f"list [torch::rand {n} cpu float64]", lambda n=n: [torch.rand(n, dtype=torch.float64)]
        yield 42, f"list [torch::randn {n} cpu float64]", lambda n=n: [torch.randn(n, dtype=torch.float64)]
    yield 42, "list [torch::tensor_rand {2 3}]", lambda: [torch.rand(2, 3)]
    yield 42, "list [torch::tensor_randn {2 3 4}]", lambda: [torch.randn(2, 3, 4)]
    yield 42, "list [torch::rand {}]", lambda: [torch.rand(())]
    yield 42, "list [torch::rand {0 3}] [torch::rand 2]", lambda: [torch.rand(0, 3), torch.rand(2)]
    yield 42, "list [torch::randn 3] [torch::randn 2] [torch::rand 2] [torch::randn 2]", lambda: [
        torch.randn(3), torch.randn(2), torch.rand(2), torch.randn(2)]
    yield 42, "list [torch::randn 1] [torch::randn 17] [torch::randn 1 cpu float64] [torch::randn 1]", lambda: [
        torch.randn(1), torch.randn(17), torch.randn(1, dtype=torch.float64), torch.randn(1)]
    yield 42, "list [torch::randn 1] [torch::randint_like [torch::zeros 2] 10] [torch::randn 1]", lambda: [
        torch.randn(1), torch.randint_like(zeros(2), 10, dtype=torch.int64), torch.randn(1)]
    yield 42, "list [torch::rand_like [torch::zeros {3 7}]] [torch::rand 1]", lambda: [
        torch.rand_like(zeros(3, 7)), torch.rand(1)]
    yield 42, "list [torch::randn_like [torch::zeros {3 7}]] [torch::rand 1]", lambda: [
        torch.randn_like(zeros(3, 7)), torch.rand(1)]
    yield 42, "list [torch::rand_like [torch::zeros 4 int32] float64]", lambda: [
        torch.rand_like(zeros(4, dtype=torch.int32), dtype=torch.float64)]
    yield 42, "list [torch::randn_like [torch::zeros 4 float64] float32]", lambda: [
        torch.randn_like(zeros(4, dtype=torch.float64), dtype=torch.float32)]
    # Complex numbers, by their parts: fewer and more than PyTorch's blocks of 16, and a memory order of its own.
    parts = "list [torch::real $z] [torch::imag $z] [torch::randn 1]"
    for n in (1, 7, 8, 11, 20):
        for name in ("complex64", "complex128"):
            def draw(n=n, name=name):
                z = torch.randn(n, dtype=DTYPES[name])
                return [z.real, z.imag, torch.randn(1)]
            yield 42, f"set z [torch::randn {n} -dtype {name}]; {parts}", draw
    for n in (2, 5):
        def draw_like(n=n):
            z = torch.randn_like(zeros(n, 3, dtype=torch.complex128).t())
            return [z.real, z.imag, torch.randn(1)]
        like = f"torch::randn_like [torch::tensor_permute [torch::zeros {{{n} 3}} complex128] {{1 0}}]"
        yield 42, f"set z [{like}]; {parts}", draw_like
    for low, high in ((0, 2), (0, 10), (0, 1000000), (-7, 7), (-100, -90), (0, 1 << 31), (0, (1 << 32) - 1), (0, 1 << 32),
                      (-(1 << 40), 1 << 40), (0, (1 << 63) - 1)):
        yield 42, f"list [torch::randint_like [torch::zeros 8] {high} {low}] [torch::rand 1]", lambda low=low, high=high: [
            torch.randint(low, high, (8,)), torch.rand(1)]
    for dtype in ("uint8", "int8", "int16", "int32", "float32", "float64"):
        yield 42, f"list [torch::randint_like [torch::zeros {{2 3}}] 100 0 {dtype}]", lambda dtype=dtype: [
            torch.randint(0, 100, (2, 3), dtype=DTYPES[dtype])]
    for seed in (0, 1, 123456789, 2147483647, 2147483648, 4294967295, 4294967296, 4294967338, (1 << 63) - 1):
        yield seed, "list [torch::rand 3] [torch::randn 2]", lambda: [torch.rand(3), torch.randn(2)]


def write_random():
    for seed, script, draw in random_cases():
        torch.manual_seed(seed)
        values = " ".join("{" + text(t) + "}" for t in draw())
        print(f"random {seed} {{{script}}} {{{values}}}")


def write_promotion():
    """For each pair: the dtype of a product of two vectors, of a vector and a 0-d tensor, of a 0-d tensor and a vector."""
    for a in DTYPES:
        for b in DTYPES:
            results = []
            for left, right in (((2,), (2,)), ((2,), ()), ((), (2,))):
                product = torch.ones(left, dtype=DTYPES[a]) * torch.ones(right, dtype=DTYPES[b])
                results.append(NAMES[product.dtype])
            print(f"promotion {a} {b} {{{' '.join(results)}}}")


# Values at which the dtypes differ: rounding, overflow, truncation.
LEFT = [0, 1, 2, 3, 7, 100, 120, 11, 13, 50]
RIGHT = [1, 1, 3, 2, 2, 30, 110, 4, 5, 7]
FRACTIONS = [0.1, 0.25, 1.0009, 1.001, 2.71828, 3.14159, 100.7, 2049.0, 65504.0, 0.0000001]


def operands(dtype):
    if dtype.is_floating_point:
        return torch.tensor(FRACTIONS, dtype=dtype), torch.tensor([float(r) for r in RIGHT], dtype=dtype)
    return torch.tensor(LEFT, dtype=dtype), torch.tensor(RIGHT, dtype=dtype)


BINARY = {
    "tensor_add": lambda a, b: (a + b).to(a.dtype),
    "tensor_mul": lambda a, b: a * b,
    "tensor_div": lambda a, b: (a / b).to(a.dtype),
}
UNARY = {
    "tensor_exp": torch.exp,
    "tensor_sqrt": torch.sqrt,
    "tensor_sigmoid": torch.sigmoid,
    "tensor_tanh": torch.tanh,
    "tensor_log": torch.log,
}


def write_values():
    """Element by element: which command, the dtype of both operands, and the values."""
    print(f"operands {{{' '.join(map(str, LEFT))}}} {{{' '.join(map(str, RIGHT))}}} {{{' '.join(map(str, FRACTIONS))}}}")
    for name, dtype in DTYPES.items():
        if dtype.is_complex:
            continue
        a, b = operands(dtype)
        for command, compute in BINARY.items():
            print(f"values {command} {name} {{{text(compute(a, b))}}}")
        if dtype.is_floating_point:
            for command, compute in UNARY.items():
                wide = a[:7] if command == "tensor_exp" else a
                if dtype in (torch.float16,):
                    # PyTorch has no CPU kernels for half: computed in float32 and rounded, as its GPU kernels do.
                    result = compute(wide.float()).to(dtype)
                else:
                    result = compute(wide)
                print(f"values {command} {name} {{{text(result)}}}")


print("# Written by make_reference.py with PyTorch " + torch.__version__.split("a")[0] + ".")
write_random()
write_promotion()
write_values()
