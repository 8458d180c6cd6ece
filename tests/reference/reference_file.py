"""The format of the reference files, and the tensors that many cases are made of; see make_reference.py."""

import base64
import os

import torch

# Where the files go, and what other values than the committed ones begin from; see draw_anew.
folder = os.path.dirname(os.path.abspath(__file__))
origin = 0


def draw_anew(seed, into):
    """Files are written to another folder, with values and shapes that depend on the seed."""
    global folder, origin
    folder, origin = into, 1000 * seed


def start(seed):
    """Where the inputs of a file begin."""
    torch.manual_seed(origin + seed)


def size(n):
    """A size of about n: n itself in the committed files."""
    return int(torch.randint(1, 2 * n + 1, ())) if origin else n


NAN, INF = float("nan"), float("inf")

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
         "complex64", "complex128"]
DTYPES = [getattr(torch, name) for name in NAMES]
INTEGERS = DTYPES[1:6]
FLOATS = DTYPES[6:10]
COMPLEX = DTYPES[10:]


def name(dtype):
    # wick has no complex type of half precision.
    return {"complex32": "complex64"}.get(str(dtype)[6:], str(dtype)[6:])


def raw(t):
    dense = t.clone(memory_format=torch.contiguous_format).reshape(-1)
    return base64.b64encode(dense.view(torch.uint8).numpy().tobytes()).decode() if t.numel() else ""


def numbers(values):
    return ",".join(str(v) for v in values)


def input_token(t):
    storage = torch.empty(0, dtype=t.dtype).set_(t.storage())
    return f"{name(t.dtype)}:{numbers(t.shape)}:{numbers(t.stride())}:{t.storage_offset()}:{raw(storage)}"


def result_token(t, strides):
    t = t.detach().resolve_conj()
    return f"{name(t.dtype)}:{numbers(t.shape)}:{numbers(t.stride()) if strides else ''}::{raw(t)}"


def escaped(text):
    return text.replace("\\", "\\\\").replace(" ", "\\s").replace("\n", "\\n")


class File:
    """One file of cases. Inputs are written once and named."""

    def __init__(self, title):
        self.title, self.lines, self.inputs = title, [], {}

    def token(self, value):
        if isinstance(value, torch.Tensor):
            text = input_token(value.detach())
            if text not in self.inputs:
                self.inputs[text] = f"${len(self.inputs)}"
                self.lines.append(f"{self.inputs[text]} = {text}")
            return self.inputs[text]
        if isinstance(value, torch.dtype):
            return name(value)
        if isinstance(value, complex):
            return f"({value.real.hex()},{value.imag.hex()})"
        if isinstance(value, float):
            return value.hex()
        if isinstance(value, (list, tuple)):
            return f"[{numbers(value)}]"
        return str(value)

    def case(self, operation, arguments, results, tolerance="exact", strides=False):
        given = [self.token(a) for a in arguments]
        if isinstance(results, torch.Tensor):
            results = [results]
        wanted = [r if isinstance(r, str) else result_token(r, strides) for r in results]
        self.lines.append(" ".join([operation, "~" + tolerance, *given, "->", *wanted]))

    def gradient(self, operation, function, arguments, tolerance="same", seed=5):
        tensors = [a.clone(memory_format=torch.preserve_format).requires_grad_()
                   if isinstance(a, torch.Tensor) and (a.is_floating_point() or a.is_complex()) else a
                   for a in arguments]
        out = function(*tensors)
        out = out if isinstance(out, torch.Tensor) else out[0]
        wanted = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
        start(seed)
        g = fresh(out.dtype, out.shape)
        grads = torch.autograd.grad(out, wanted, g, allow_unused=True)
        grads = [torch.zeros_like(t) if g is None else g for g, t in zip(grads, wanted)]
        self.case("grad:" + operation, [*arguments, g], grads, tolerance)

    def error(self, operation, arguments):
        self.case(operation, arguments, ["error"])

    def write(self, filename):
        with open(os.path.join(folder, filename), "w") as file:
            file.write(f"# {self.title}. Written by make_reference.py with PyTorch {torch.__version__[:4]}.\n")
            file.write("\n".join(self.lines) + "\n")


def fresh(dtype, shape):
    """Small random values."""
    if dtype == torch.bool:
        return torch.randint(0, 2, shape).bool()
    if not dtype.is_floating_point and not dtype.is_complex:
        return torch.randint(0 if dtype == torch.uint8 else -20, 21, shape).to(dtype)
    if dtype.is_complex:
        return torch.complex(torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)).to(dtype)
    return (torch.randn(shape, dtype=torch.float64) * 2).to(dtype)


def layouts(dtype):
    """Shapes and memory orders that have gone wrong somewhere before."""
    return [fresh(dtype, ()), fresh(dtype, (0,)), fresh(dtype, (2, 0, 3)), fresh(dtype, (1,)), fresh(dtype, (1, 1, 1, 1)),
            fresh(dtype, (size(7),)), fresh(dtype, (size(2), 1, size(3), 2, 2)), fresh(dtype, (2, size(3), size(4))).permute(2, 0, 1),
            fresh(dtype, (size(3), size(5))).t(), fresh(dtype, (9, 8))[1::3, ::2], fresh(dtype, (size(3), 1)).expand(-1, size(4)),
            fresh(dtype, (size(4),)).expand(2, size(3), -1), fresh(dtype, (size(2), size(3), 2, 2)).permute(0, 2, 3, 1)[:, 1:],
            fresh(dtype, (size(5), 3))[:, 1]]


def few_layouts(dtype):
    return [fresh(dtype, ()), fresh(dtype, (2, 0, 3)), fresh(dtype, (size(2), 1, 3, size(2), 2)),
            fresh(dtype, (2, size(3), 4)).permute(2, 0, 1), fresh(dtype, (9, 8))[1::3, ::2]]


def specials(dtype):
    if dtype == torch.bool:
        return torch.tensor([True, False])
    if dtype.is_complex:
        return torch.tensor([0, 1, -2.5, 1j, 3 - 4j, -0.125 + 2j, 1e3 - 1e-3j], dtype=dtype)
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    if dtype.is_floating_point:
        subnormal = info.tiny * info.eps
        return torch.tensor([0.0, -0.0, 1.0, -1.0, 2.5, -3.75, 0.5, -0.001, 30.0, -30.0, INF, -INF, NAN, info.max,
                             info.min, info.tiny, -info.tiny, subnormal, -3 * subnormal], dtype=torch.float64).to(dtype)
    values = [0, 1, 2, 7, info.max, info.max - 1] + ([-1, -7, info.min, info.min + 1] if info.min else [200])
    return torch.tensor(values, dtype=torch.int64).to(dtype)


def pair_specials(dtype):
    """Fewer, to be combined with one another."""
    if dtype == torch.bool or dtype.is_complex:
        return specials(dtype)
    if dtype.is_floating_point:
        info = torch.finfo(dtype)
        return torch.tensor([0.0, -0.0, 1.0, -2.5, INF, -INF, NAN, info.max, info.tiny, 0.375],
                            dtype=torch.float64).to(dtype)
    info = torch.iinfo(dtype)
    return torch.tensor([0, 1, 3, info.max, info.min, info.max - 5, 100 if info.min == 0 else -1],
                        dtype=torch.int64).to(dtype)
