#!/usr/bin/env python3
"""Writes formulas.tcl: formulas of torch::expr with what PyTorch gives for them.

    python3 make_formulas.py > formulas.tcl

Each line is `formula {formula} dtype shape {elements}`, or `change name {formula} dtype shape {elements}` where the elements are those
that the variable has after the assignment. Made with PyTorch 1.13.
"""

import math
import torch

torch.set_printoptions(precision=17)


def ramp(shape, start, step, dtype):
    """Values that repeat nothing and have both signs: start, start + step, ... folded into -2.5 .. 2.5."""
    n = math.prod(shape)
    values = [((start + step * i + 2.5) % 5) - 2.5 for i in range(n)]
    return torch.tensor(values, dtype=dtype).reshape(shape)


VARIABLES = {
    "a": ramp((3, 4), 0.25, 1.375, torch.float32),
    "b": ramp((3, 4), -1.5, 0.8125, torch.float32),
    "v": ramp((4,), 0.5, 1.1875, torch.float32),
    "w": ramp((4, 2), -0.75, 0.9375, torch.float32),
    "d": ramp((3, 4), 1.25, 1.0625, torch.float64),
    "p": ramp((3, 4), 0.5, 1.4375, torch.float32).abs() + 0.5,
    "s": torch.tensor(1.5),
    "n": torch.tensor([[7, -3, 2, 5], [-8, 4, 1, 9], [3, 6, -2, 10]]),
    "q": torch.tensor([[2, 3, -1, 1], [3, 5, 2, 4], [1, 2, 7, 3]]),
    "m": torch.tensor([[True, False, True, False], [False, False, True, True], [True, True, False, False]]),
    "i": torch.tensor([2, 0]),
    "t": ramp((2, 3, 4), 2.0, 0.6875, torch.float32),
}
NUMBERS = {"k": 3, "h": 0.5}
NAMES = {torch.float32: "Float32", torch.float64: "Float64", torch.int64: "Int64", torch.bool: "Bool"}


def pairs():
    """Formulas, each with its translation where Python writes it otherwise."""
    for op in ("+", "-", "*", "/"):
        for x, y in (("a", "b"), ("a", "v"), ("a", "k"), ("h", "a"), ("n", "k"), ("n", "q"), ("a", "d"), ("n", "h"), ("s", "n"), ("t", "a")):
            yield f"{x} {op} {y}"
    for x, y in (("a", "b"), ("a", "k"), ("h", "p"), ("n", "q"), ("n", "k"), ("d", "a")):
        yield f"{x} % {y}"
    for x, y in (("p", "b"), ("a", "2"), ("a", "k"), ("2", "a"), ("p", "-0.5"), ("n", "2"), ("d", "2")):
        yield f"{x} ** {y}"
    for op in ("<", "<=", ">", ">=", "==", "!="):
        for x, y in (("a", "b"), ("a", "0"), ("n", "q"), ("h", "n")):
            yield f"{x} {op} {y}"
    for op in ("&", "|", "^"):
        for x, y in (("n", "q"), ("n", "k"), ("m", "(a > 0)")):
            yield f"{x} {op} {y}"
    yield "n << 2"
    yield "n >> 1"
    yield "~n"
    yield "~m"
    yield "-a"
    yield "+a"
    yield "-n + 1"
    yield "!a", "torch.logical_not(a)"
    yield "a > 0 && b > 0", "torch.logical_and(a > 0, b > 0)"
    yield "a > 0 || m", "torch.logical_or(a > 0, m)"
    yield "!(n % 2 == 0) && m", "torch.logical_and(torch.logical_not(n % 2 == 0), m)"
    # Precedence.
    yield "a + b * v"
    yield "(a + b) * v"
    yield "a - b - v"
    yield "a / p / 2"
    yield "-a ** 2", "(-a) ** 2"
    yield "2 ** k ** 2 * a"
    yield "a * b + a / p - h"
    yield "a + 1 < b * 2"
    yield "k * h * a + k"
    yield "k / 2 * a", "(k // 2) * a"
    yield "a @ w * 2"
    yield "a * 2 @ w", "(a * 2) @ w"
    # Products and transposition.
    yield "a @ w"
    yield "a @ v"
    yield "w' @ v", "w.mT @ v"
    yield "a'", "a.mT"
    yield "(a @ w)'", "(a @ w).mT"
    yield "t'", "t.mT"
    yield "t @ w"
    yield "a' @ b", "a.mT @ b"
    # Functions.
    for f in ("abs", "exp", "sigmoid", "relu", "tanh", "sin", "cos", "tan", "sinh", "cosh", "asinh", "atan", "floor", "ceil", "round", "trunc",
              "frac", "square", "erf", "expm1", "exp2", "sign", "neg", "deg2rad"):
        name = {"relu": "torch.relu", "erf": "torch.erf"}.get(f, "torch." + f)
        yield f"{f}(a)", f"{name}(a)"
    for f in ("log", "sqrt", "rsqrt", "log2", "log10", "log1p", "reciprocal", "acosh"):
        x = "(p + 1)" if f == "acosh" else "p"
        yield f"{f}({x})", f"torch.{f}({x})"
    yield "exp(n)", "torch.exp(n)"
    yield "sqrt(a*a + b*b) * exp(-a)", "torch.sqrt(a*a + b*b) * torch.exp(-a)"
    yield "1 / (1 + exp(-a))", "1 / (1 + torch.exp(-a))"
    yield "maximum(a, b)", "torch.maximum(a, b)"
    yield "minimum(a, 0)", "torch.minimum(a, torch.tensor(0.0))"
    yield "pow(p, 2)", "torch.pow(p, 2)"
    yield "atan2(a, b)", "torch.atan2(a, b)"
    yield "hypot(a, b)", "torch.hypot(a, b)"
    yield "softmax(a, dim=1)", "torch.softmax(a, dim=1)"
    yield "logsoftmax(a, dim=0)", "torch.log_softmax(a, dim=0)"
    yield "sum(a)", "a.sum()"
    yield "sum(a, dim=1)", "a.sum(1)"
    yield "sum(n)", "n.sum()"
    yield "mean(a, 0)", "a.mean(0)"
    yield "a - mean(a, dim=1)[:, None]", "a - a.mean(1)[:, None]"
    yield "var(a, dim=0, unbiased=false)", "a.var(0, unbiased=False)"
    yield "amax(a, dim=1, keepdim=true)", "a.amax(1, keepdim=True)"
    yield "argmax(a, dim=1)", "a.argmax(1)"
    yield "cumsum(a, 1)", "a.cumsum(1)"
    yield "clamp(a, min=-1, max=1)", "a.clamp(-1, 1)"
    yield "clamp(a, max=h)", "a.clamp(max=h)"
    yield "cat([a, b], 1)", "torch.cat([a, b], 1)"
    yield "stack([a, b, a*b], 0)", "torch.stack([a, b, a*b], 0)"
    yield "reshape(a, [2, 6])", "a.reshape(2, 6)"
    yield "permute(t, [2, 0, 1])", "t.permute(2, 0, 1)"
    yield "transpose(t, 0, 2)", "t.transpose(0, 2)"
    yield "flip(a, [1])", "a.flip(1)"
    yield "outer(v, v)", "torch.outer(v, v)"
    yield "eye(3) @ a", "torch.eye(3) @ a"
    yield "ones([3, 4]) - a", "torch.ones(3, 4) - a"
    yield "full([2], value=k)", "torch.full((2,), 3.0)"
    yield "arange(5) * 2.5", "torch.arange(5).float() * 2.5"
    yield "where(m, a, b)", "torch.where(m, a, b)"
    yield "lerp(a, b, h)", "torch.lerp(a, b, h)"
    yield "einsum(\"ij,jk->ik\", a, w)", "torch.einsum('ij,jk->ik', a, w)"
    yield "to(a, \"cpu\", float64) / 3", "a.to(torch.float64) / 3"
    yield "det(w' @ w)", "torch.det(w.mT @ w)"
    # Choices.
    yield "a > 0 ? a : b", "torch.where(a > 0, a, b)"
    yield "a > 0 ? a : 0", "torch.where(a > 0, a, torch.tensor(0.0))"
    yield "m ? 1 : 0", "torch.where(m, 1, 0)"
    yield "a > 1 ? 1.0 : a < -1 ? -1.0 : a", "a.clamp(-1, 1)"
    yield "k > 2 ? a : b", "a"
    # Lists.
    yield "a + [1, 2, 3, 4]", "a + torch.tensor([1., 2., 3., 4.])"
    yield "a * {1 2 3 4}", "a * torch.tensor([1., 2., 3., 4.])"
    yield "n + [1, 2, 3, 4]", "n + torch.tensor([1, 2, 3, 4])"
    yield "d + [0.1, 0.2, 0.3, 0.4]", "d + torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)"
    yield "[[1, 2], [3, 4]] @ [1, 1]", "torch.tensor([3., 7.])"
    yield "[k, h, -h] * 2", "torch.tensor([6., 1., -1.])"
    # Parts.
    for index in ("1", "-1", "0, 2", "1, -1", ":", "1:", ":2", "-2:", "0:3:2", ":, 1", ":, 1:3", ":, ::2", "1:3, 1:3", ":, -3:-1", "..., 0",
                  "..., 1:3", "None", ":, None", "None, ..., 0", "i", "i, :", ":, i", ":, [3, 0, 0]", "[0, 2], [1, 3]", "m", "a > 0", "5:", "[1], :",
                  "1, ...", "0:0", "i, 1:3", "-1, ::3"):
        yield f"a[{index}]"
    for index in ("1, 2, 3", "..., 1", ":, 1, :", "1, ..., 1", ":, :, 1:4:2", "0, i", "..., None", ":, None, 1", "i - 1", "0][1", "1][..., ::2"):
        yield f"t[{index}]"
    yield "a[n > 2 && m]", "a[torch.logical_and(n > 2, m)]"
    yield "a[k - 1, :2] + 1"
    yield "(a + b)[1, :]"
    yield "a'[1]", "a.mT[1]"
    yield "a[argmax(sum(a, dim=1))]", "a[a.sum(1).argmax()]"
    yield "a[i[0]]"


CHANGES = [
    ("a", "a[0, :] = 3"),
    ("a", "a[1, 2] = -7.5"),
    ("a", "a[:, 1] = v[:3]"),
    ("a", "a[m] = 0"),
    ("a", "a[m] *= 0.5"),
    ("a", "a[a < 0] = 0"),
    ("a", "a[i, :] = b[:2]"),
    ("a", "a[i] += 1"),
    ("a", "a[:, ::2] -= b[:, 1::2]"),
    ("a", "a[..., 0] /= 4"),
    ("a", "a += b"),
    ("a", "a -= 1"),
    ("a", "a *= v"),
    ("a", "a /= 3"),
    ("a", "a *= d"),
    ("n", "n += 2"),
    ("n", "n[0] = [4, 3, 2, 1]", "n[0] = torch.tensor([4, 3, 2, 1])"),
    ("t", "t[0] = a"),
    ("t", "t[:, 1] += v"),
    ("t", "t[1][0] = 9"),
    ("t", "t[..., -1] = [[1, 2, 3], [4, 5, 6]]", "t[..., -1] = torch.tensor([[1., 2, 3], [4, 5, 6]])"),
    ("a", "a = a @ w"),
    ("h", "h = a * h"),
]


def text(x):
    flat = x.detach().flatten()
    if x.dtype.is_floating_point:
        return " ".join(repr(e).replace("nan", "NaN").replace("inf", "Inf") for e in flat.double().tolist())
    return " ".join(str(int(e)) for e in flat.tolist())


def described(x):
    x = x if isinstance(x, torch.Tensor) else torch.tensor(x)
    return f"{NAMES[x.dtype]} {{{' '.join(map(str, x.shape))}}} {{{text(x)}}}"


def scope():
    names = {name: value.clone() for name, value in VARIABLES.items()}
    return {"torch": torch, **names, **NUMBERS}


print("# Written by make_formulas.py with PyTorch; not to be edited.\n")
print("proc formulaVariables {} {")
print("    uplevel 1 {")
for name, value in VARIABLES.items():
    print(f"        set {name} [torch::tensor_create {{{text(value)}}} -shape {{{' '.join(map(str, value.shape)) or ''}}} -dtype {str(value.dtype)[6:]}]"
          if value.dim() else f"        set {name} [torch::full {{}} {value.item()} float32]")
for name, value in NUMBERS.items():
    print(f"        set {name} {value}")
print("    }\n}\n")
count = 0
for pair in pairs():
    formula, python = pair if isinstance(pair, tuple) else (pair, pair)
    print(f"formula {{{formula}}} {described(eval(python, scope()))}")
    count += 1
for change in CHANGES:
    name, formula, python = change if len(change) == 3 else (*change, change[1])
    names = scope()
    exec(python, names)
    print(f"change {name} {{{formula}}} {described(names[name])}")
    count += 1
print(f"set formulaCount {count}")
