"""Reference values for layers: normalization, embeddings, columns of images, recurrent nets, attention, transformers."""

import math

import torch
import torch.nn.functional as F

from reference_file import INF, NAN, File, fresh, start

FLOATS = (torch.float32, torch.float64)
HALVES = (torch.float16, torch.bfloat16)


def widened(value):
    return value.double() if isinstance(value, torch.Tensor) and value.is_floating_point() else value


def both(f, operation, function, arguments, tolerance, gradient=True, seed=5):
    """The results and, of the first one, the gradients of the floating point tensors; all in float64, rounded.

    Gradients have larger terms that cancel: their tolerance is wider.
    """
    dtype = next(a.dtype for a in arguments if isinstance(a, torch.Tensor) and a.is_floating_point())
    wide = [widened(a) for a in arguments]
    tensors = [a.clone(memory_format=torch.preserve_format).requires_grad_()
               if gradient and isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in wide]
    results = function(*tensors)
    results = [results] if isinstance(results, torch.Tensor) else list(results)
    f.case(operation, arguments, [r.to(dtype) if r.is_floating_point() else r for r in results], tolerance)
    if not gradient:
        return
    wanted = [t for t in tensors if isinstance(t, torch.Tensor) and t.requires_grad]
    state = torch.get_rng_state()
    start(seed)
    g = fresh(dtype, results[0].shape)
    torch.set_rng_state(state)
    grads = torch.autograd.grad(results[0], wanted, g.double(), allow_unused=True)
    grads = [torch.zeros_like(t) if d is None else d for d, t in zip(grads, wanted)]
    wider = int(tolerance.split(":")[1]) * (2 if dtype in HALVES else 8)
    f.case("grad:" + operation, [*arguments, g], [d.to(dtype) for d in grads], f"near:{wider}")


def shapes_of_channels(dtype):
    """(N, C, ...) of short and long runs, in several memory orders."""
    return [fresh(dtype, (5, 3)), fresh(dtype, (2, 3, 1)), fresh(dtype, (2, 3, 7)), fresh(dtype, (3, 4, 2, 3)), fresh(dtype, (2, 2, 29)),
            fresh(dtype, (1, 2, 5, 9)), fresh(dtype, (2, 2, 3, 2, 2)), fresh(dtype, (4, 3, 5)).permute(2, 0, 1), fresh(dtype, (4, 6))[:, ::2],
            fresh(dtype, (37, 3)), fresh(dtype, (2, 1, 1200)) if dtype == torch.float32 else fresh(dtype, (1, 3, 4))]


def normalization():
    f = File("normalization")
    start(311)
    for dtype in (*FLOATS, *HALVES):
        tolerance = {torch.float32: "near:32", torch.float64: "near:256"}.get(dtype, "near:4")
        for i, x in enumerate(shapes_of_channels(dtype)):
            c = x.shape[1]
            w, b = fresh(dtype, (c,)), fresh(dtype, (c,))
            for weight, bias in ((w, b), (None, None), *(((w, None),) if i == 2 else ())):
                both(f, "batch_norm", lambda x, m, v, w, b, e: F.batch_norm(x, m, v, w, b, True, 0.1, e), [x, None, None, weight, bias, 1e-5], tolerance)
                both(f, "batch_norm_eval", batch_norm_eval, [x, weight, bias], tolerance)
                if x.dim() > 2 and x[0, 0].numel() > 1:
                    both(f, "instance_norm", lambda x, w, b: F.instance_norm(x, weight=w, bias=b), [x, weight, bias], tolerance)
                for groups in {1, c}:
                    if c // groups * x[0, 0].numel() > 1:
                        both(f, "group_norm", lambda x, n, w, b, e: F.group_norm(x, n, w, b, e), [x, groups, weight, bias, 1e-4], tolerance)
            mean, var = fresh(dtype, (c,)), fresh(dtype, (c,)).abs()
            both(f, "batch_norm_running", batch_norm_running, [x, mean, var, 0.3], tolerance, gradient=False)
            if x.dim() > 2 and x[0, 0].numel() > 1:
                both(f, "instance_norm_running", instance_norm_running, [x, mean, var, 0.3], tolerance, gradient=False)
        both(f, "group_norm", lambda x, n, w, b, e: F.group_norm(x, n, w, b, e),
             [fresh(dtype, (2, 6, 5)), 3, fresh(dtype, (6,)), fresh(dtype, (6,)), 1e-5], tolerance)
        both(f, "group_norm", lambda x, n, w, b, e: F.group_norm(x, n, w, b, e),
             [fresh(dtype, (2, 4, 31)), 2, fresh(dtype, (4,)), fresh(dtype, (4,)), 1e-5], tolerance)
        for x, shape in ((fresh(dtype, (3, 7)), (7,)), (fresh(dtype, (2, 3, 5)), (3, 5)), (fresh(dtype, (0, 4)), (4,)), (fresh(dtype, (65,)), (65,)),
                         (fresh(dtype, (5, 4)).t(), (5,)), (fresh(dtype, (130, 3)), (3,))):
            w, b = fresh(dtype, shape), fresh(dtype, shape)
            for weight, bias in ((w, b), (None, None), (w, None)):
                both(f, "layer_norm", lambda x, s, w, b, e: F.layer_norm(x, s, w, b, e), [x, shape, weight, bias, 1e-5], tolerance)
            both(f, "rms_norm", rms_norm, [x, shape, w, 1e-3], tolerance)
            both(f, "rms_norm", rms_norm, [x, shape, None, 1e-3], tolerance)
        for x in (fresh(dtype, (2, 7, 3)), fresh(dtype, (1, 3, 2, 2))):
            for size, alpha, beta, k in ((5, 1e-4, 0.75, 1.0), (2, 0.5, 0.5, 2.0), (9, 1.0, 1.25, 1.0)):
                both(f, "local_response_norm", F.local_response_norm, [x, size, alpha, beta, k], tolerance)
    for dtype in FLOATS:
        v = fresh(dtype, (3, 4, 2))
        for dim in (0, 1, -1):
            shape = [1, 1, 1]
            shape[dim] = v.shape[dim]
            both(f, "weight_norm", torch._weight_norm if dim == 0 else weight_norm, [v, fresh(dtype, shape), dim], "near:256")
        both(f, "normalize", lambda x, p, d: F.normalize(x, p, d), [v, 2.0, 1], "near:256")
        both(f, "normalize", lambda x, p, d: F.normalize(x, p, d), [v, 1.0, -1], "near:256")
        for shape in ((3, 5), (4, 2, 3), (1, 6)):
            both(f, "spectral_norm", lambda x: x / torch.linalg.svdvals(x.reshape(x.shape[0], -1))[0], [fresh(dtype, shape)], "near:1024")
    # A large offset costs no digits; what is not finite spreads as far as its mean.
    for offset in (1e4, -1e6):
        x = (fresh(torch.float32, (4, 3, 40)) + offset)
        both(f, "batch_norm", lambda x, m, v, w, b, e: F.batch_norm(x, m, v, w, b, True, 0.1, e), [x, None, None, None, None, 1e-5], "near:16", gradient=False)
        both(f, "layer_norm", lambda x, s, w, b, e: F.layer_norm(x, s, w, b, e), [x, (40,), None, None, 1e-5], "near:16", gradient=False)
    x = fresh(torch.float32, (3, 2, 3))
    for value in (NAN, INF, -INF):
        y = x.clone()
        y[1, 0, 2] = value
        both(f, "batch_norm", lambda x, m, v, w, b, e: F.batch_norm(x, m, v, w, b, True, 0.1, e), [y, None, None, None, None, 1e-5], "near:32", gradient=False)
        both(f, "layer_norm", lambda x, s, w, b, e: F.layer_norm(x, s, w, b, e), [y, (3,), None, None, 1e-5], "near:32", gradient=False)
    for bad in ([fresh(torch.float32, (1, 3)), None, None, None, None, 1e-5], [fresh(torch.float32, (3,)), None, None, None, None, 1e-5],
                [x, None, None, fresh(torch.float32, (3,)), None, 1e-5], [x.long(), None, None, None, None, 1e-5]):
        f.error("batch_norm", bad)
    f.error("instance_norm", [fresh(torch.float32, (2, 3, 1)), None, None])
    f.error("group_norm", [x, 3, None, None, 1e-5])
    for shape in ((2, 4), (4,), (2, 3, 2, 3)):
        f.error("layer_norm", [x, shape, None, None, 1e-5])
    f.error("local_response_norm", [fresh(torch.float32, (2, 3)), 2, 1e-4, 0.75, 1.0])
    f.write("normalization.txt")


def statistics(x):
    return (torch.linspace(-1, 1, x.shape[1], dtype=torch.float64).to(x.dtype), torch.linspace(0.5, 2, x.shape[1], dtype=torch.float64).to(x.dtype))


def batch_norm_eval(x, w, b):
    mean, var = statistics(x)
    return F.batch_norm(x, mean, var, w, b, False, 0.1, 1e-3)


def batch_norm_running(x, mean, var, momentum):
    mean, var = mean.clone(), var.clone()
    F.batch_norm(x, mean, var, training=True, momentum=momentum)
    return mean, var


def instance_norm_running(x, mean, var, momentum):
    mean, var = mean.clone(), var.clone()
    F.instance_norm(x, mean, var, use_input_stats=True, momentum=momentum)
    return mean, var


def rms_norm(x, shape, w, eps):
    dims = tuple(range(-len(shape), 0))
    y = x / (x.square().mean(dims, keepdim=True) + eps).sqrt()
    return y if w is None else y * w


def weight_norm(v, g, dim):
    dims = [d for d in range(v.dim()) if d != dim % v.dim()]
    return v * (g / v.norm(2, dims, keepdim=True))


def tables():
    f = File("embeddings, and columns of images")
    start(313)
    for dtype in FLOATS:
        weight = fresh(dtype, (7, 3))
        for indices in (torch.tensor([2, 0, 6, 2]), torch.tensor([[1, 1], [5, 3]], dtype=torch.int32), torch.tensor(4), torch.empty(0, 2, dtype=torch.int64)):
            for padding, frequency in ((None, False), (2, False), (-6, True)):
                both(f, "embedding", lambda i, w, p, q: F.embedding(i, w, p, scale_grad_by_freq=q), [indices, weight, padding, frequency], "near:16")
        both(f, "embedding", lambda i, w, p, q: F.embedding(i, w, p, scale_grad_by_freq=q), [torch.tensor([3, 0]), fresh(dtype, (3, 5)).t(), None, False], "near:16")
        for indices, norm, p in ((torch.tensor([2, 0, 2]), 1.0, 2.0), (torch.tensor([1, 6]), 0.5, 1.0)):
            both(f, "embedding_renorm", embedding_renorm, [indices, weight, norm, p], "near:16", gradient=False)
        indices = torch.tensor([2, 0, 6, 2, 1, 5, 5])
        for mode in ("sum", "mean", "max"):
            for offsets, last in ((torch.tensor([0, 3, 3]), False), (torch.tensor([0, 2, 5, 7], dtype=torch.int32).long(), True), (torch.tensor([0]), False)):
                for padding in (None, 2):
                    both(f, "embedding_bag", embedding_bag, [indices, weight, offsets, mode, padding, last, None], "near:16")
            both(f, "embedding_bag", embedding_bag, [indices[:6].reshape(2, 3), weight, None, mode, None, False, None], "near:16")
        both(f, "embedding_bag", embedding_bag, [indices, weight, torch.tensor([0, 4]), "sum", None, False, fresh(dtype, (7,))], "near:16")
        for wrong in ([torch.tensor([7]), weight, None, False], [torch.tensor([-1]), weight, None, False], [fresh(dtype, (2,)), weight, None, False],
                      [indices, weight[0], None, False], [indices, weight, 7, False]):
            f.error("embedding", wrong)
        for wrong in ([indices, weight, None, "sum", None, False, None], [indices, weight, torch.tensor([1]), "sum", None, False, None],
                      [indices, weight, torch.tensor([0, 4]), "mean", None, False, fresh(dtype, (7,))]):
            f.error("embedding_bag", wrong)
    sizes = [((5, 6), (2, 3), (1, 1), (0, 0), (1, 1)), ((4, 4), (2, 2), (1, 1), (1, 0), (2, 2)), ((6, 5), (2, 2), (2, 3), (1, 2), (1, 2)),
             ((3, 3), (3, 3), (1, 1), (0, 0), (3, 1)), ((7, 1), (2, 1), (3, 1), (2, 1), (2, 1))]
    for dtype in (*FLOATS, torch.float16, torch.int64):
        for output, kernel, dilation, padding, stride in sizes:
            for lead in ((2, 3), (1,)) if dtype == torch.float32 else ((2, 2),):
                x = fresh(dtype, (*lead, *output))
                rest = [kernel, dilation, padding, stride]
                columns = F.unfold(x.double(), *rest)
                if dtype.is_floating_point:
                    both(f, "im2col", F.unfold, [x, *rest], "near:4")
                    both(f, "fold", fold, [fresh(dtype, columns.shape), output, *rest], "near:4")
                else:
                    f.case("im2col", [x, *rest], columns.to(dtype))
                    y = fresh(dtype, columns.shape)
                    f.case("fold", [y, output, *rest], fold(y.double(), output, *rest).to(dtype))
    turned = fresh(torch.float32, (2, 5, 4, 3)).permute(0, 3, 2, 1)
    both(f, "im2col", F.unfold, [turned, (2, 2), (1, 1), (1, 1), (2, 1)], "near:4")
    f.error("im2col", [fresh(torch.float32, (1, 2, 2)), (3, 1), (1, 1), (0, 0), (1, 1)])
    f.error("im2col", [fresh(torch.float32, (2, 2)), (1, 1), (1, 1), (0, 0), (1, 1)])
    f.error("fold", [fresh(torch.float32, (4, 3)), (3, 3), (2, 2), (1, 1), (0, 0), (1, 1)])
    f.error("fold", [fresh(torch.float32, (3, 4)), (3, 3), (2, 2), (1, 1), (0, 0), (1, 1)])
    f.write("tables.txt")


def fold(x, output, kernel, dilation, padding, stride):
    return F.fold(x, output, kernel, dilation, padding, stride)


def embedding_renorm(indices, weight, norm, p):
    weight = weight.clone()
    out = F.embedding(indices, weight, max_norm=norm, norm_type=p)
    return out, weight


def embedding_bag(indices, weight, offsets, mode, padding, last, factors):
    return F.embedding_bag(indices, weight, offsets, mode=mode, padding_idx=padding, include_last_offset=last, per_sample_weights=factors)


def flat(*tensors):
    return torch.cat([t.reshape(-1) for t in tensors])


# Name, gates, and how PyTorch's function is called.
RECURRENT = {
    "lstm": (4, lambda x, h, c, w, o: torch.lstm(x, (h, c), w, *o)),
    "gru": (3, lambda x, h, c, w, o: torch.gru(x, h, w, *o)),
    "rnn_tanh": (1, lambda x, h, c, w, o: torch.rnn_tanh(x, h, w, *o)),
    "rnn_relu": (1, lambda x, h, c, w, o: torch.rnn_relu(x, h, w, *o)),
}


def recurrent():
    f = File("recurrent nets: output and last states in one vector")
    start(317)
    for op, (gates, call) in RECURRENT.items():
        for dtype in (*FLOATS, torch.bfloat16):
            tolerance = {torch.float32: "near:64", torch.float64: "near:1024"}.get(dtype, "near:8")
            choices = [(1, True, False, False), (2, True, True, False), (2, False, False, True), (1, True, True, True)]
            for layers, bias, batch_first, two in choices if dtype != torch.bfloat16 else choices[:1]:
                for time, batch, width, hidden in ((5, 3, 4, 6), (1, 1, 3, 1), (4, 2, 1, 17)) if layers == 1 else ((3, 2, 3, 5),):
                    ways = 2 if two else 1
                    weights = []
                    for layer in range(layers):
                        for _ in range(ways):
                            inner = width if layer == 0 else ways * hidden
                            weights += [fresh(dtype, (gates * hidden, inner)) / 4, fresh(dtype, (gates * hidden, hidden)) / 4]
                            weights += [fresh(dtype, (gates * hidden,)) / 4, fresh(dtype, (gates * hidden,)) / 4] if bias else []
                    x = fresh(dtype, (batch, time, width) if batch_first else (time, batch, width))
                    states = [fresh(dtype, (layers * ways, batch, hidden)) / 2 for _ in range(2)]

                    def function(x, h, c, layers, bias, batch_first, two, *w, call=call, op=op):
                        out = call(x, h, c, list(w), (bias, layers, 0.0, False, two, batch_first))
                        return flat(*out)
                    arguments = [x, states[0], states[1] if op == "lstm" else None, layers, bias, batch_first, two, *weights]
                    both(f, op, function, arguments, tolerance)
                    if time == 5 and dtype == torch.float32:
                        strided = fresh(dtype, (2 * width, batch, time)).permute(2, 1, 0)[:, :, ::2] if not batch_first else x
                        both(f, op, function, [strided, *arguments[1:]], tolerance)
                        turned = [w.t().contiguous().t() if w.dim() == 2 else w for w in weights]
                        both(f, op, function, [x, *arguments[1:7], *turned], tolerance)
        w = [fresh(torch.float32, (gates * 2, 3)), fresh(torch.float32, (gates * 2, 2))]
        x, h = fresh(torch.float32, (2, 1, 3)), fresh(torch.float32, (1, 1, 2))
        c = h if op == "lstm" else None
        for bad in ([x[:, :, :2], h, c, 1, False, False, False, *w], [x, h[0], c, 1, False, False, False, *w], [x[:0], h, c, 1, False, False, False, *w],
                    [x, h, c, 1, True, False, False, *w], [x.double(), h, c, 1, False, False, False, *w], [x[0, 0], h, c, 1, False, False, False, *w]):
            f.error(op, bad)
    f.write("recurrent.txt")


def attention(q, k, v, mask, causal, scale=None):
    scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if mask is not None:
        scores = scores.masked_fill(~mask, -INF) if mask.dtype == torch.bool else scores + mask
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -INF)
    return scores.softmax(-1) @ v


def attentions():
    f = File("attention")
    start(331)
    for dtype in (*FLOATS, *HALVES):
        tolerance = {torch.float32: "near:64", torch.float64: "near:512"}.get(dtype, "near:8")
        for q, k, v in (((3, 4), (5, 4), (5, 2)), ((2, 3, 7, 3), (2, 3, 6, 3), (2, 3, 6, 3)), ((2, 1, 3, 2), (3, 4, 2), (3, 4, 5)), ((1, 1), (1, 1), (1, 1)),
                        ((2, 70, 3), (2, 33, 3), (2, 33, 4)), ((0, 3, 2), (0, 4, 2), (0, 4, 3))):
            if dtype in HALVES and q[-2] > 9:
                continue
            q, k, v = fresh(dtype, q), fresh(dtype, k), fresh(dtype, v)
            rows, keys = q.shape[-2], k.shape[-2]
            taken = torch.rand(rows, keys) < 0.6
            taken[:, 0] = True
            for mask, causal in ((None, False), (None, True), (taken, False), (fresh(dtype, (rows, keys)), False), (fresh(dtype, (1, keys)), True)):
                both(f, "attention", attention, [q, k, v, mask, causal], tolerance)
        q = fresh(dtype, (4, 2, 3, 6)).permute(1, 2, 0, 3)
        k = fresh(dtype, (2, 3, 6, 5)).transpose(-2, -1)
        both(f, "attention", attention, [q, k, fresh(dtype, (2, 3, 5, 6)), fresh(dtype, (2, 1, 4, 5)), False], tolerance)
        both(f, "attention", attention, [q, k, fresh(dtype, (3, 5, 6)), None, False, 0.3], tolerance)
    q = fresh(torch.float32, (2, 3))
    none = torch.tensor([[True, False], [False, False]])
    both(f, "attention", attention, [q, q, q, none, False], "near:64", gradient=False)
    for bad in ([q, q[:, :2], q, None, False], [q, q, q[:1], None, False], [q[0], q, q, None, False], [q, q.double(), q, None, False],
                [q, q, q, torch.zeros(3, 2), False], [q.long(), q.long(), q.long(), None, False]):
        f.error("attention", bad)
    f.write("attention.txt")


def module_case(f, op, arguments, make, run, training=True, tolerance="near:256"):
    """A module from a seed: what it gives, and a number that shows where the generator stands."""
    torch.manual_seed(7)
    module = make()
    module.train(training)
    results = run(module)
    results = [results] if isinstance(results, torch.Tensor) else [r for r in results if r is not None]
    f.case(op, arguments, [*(r.detach() for r in results), torch.rand(1)], tolerance)


def modules():
    f = File("modules from a seed: initial values, masks and results, and the next random number")
    start(337)
    for dtype in FLOATS:
        for kind, make in (("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU), ("rnn", torch.nn.RNN)):
            for layers, bias, first, dropout, two in ((1, True, False, 0.0, False), (3, True, True, 0.4, True), (2, False, False, 0.5, False)):
                x = fresh(dtype, (4, 3, 5))
                module_case(f, "module_" + kind, [x, 5, 7, layers, bias, first, dropout, two],
                            lambda: make(5, 7, layers, bias, first, dropout, two, dtype=dtype),
                            lambda m: [*m.state_dict().values(), m(x)[0]])
            single = fresh(dtype, (4, 5))
            module_case(f, "module_" + kind, [single, 5, 7, 1, True, True, 0.0, True], lambda: make(5, 7, batch_first=True, bidirectional=True, dtype=dtype),
                        lambda m: [*m.state_dict().values(), m(single)[0]])
        indices = torch.tensor([[1, 5], [0, 4]])
        module_case(f, "module_embedding", [indices, 6, 3, -2, dtype], lambda: torch.nn.Embedding(6, 3, 4, dtype=dtype),
                    lambda m: [*m.state_dict().values(), m(indices)])
        for width, heads, kdim, vdim, bias, kv, zero, first, dropout in (
                (6, 2, 6, 6, True, False, False, False, 0.0), (6, 3, 6, 6, False, False, False, True, 0.3), (8, 2, 5, 3, True, True, True, False, 0.2)):
            q, k, v = fresh(dtype, (2, 3, width)), fresh(dtype, (2, 3, kdim)), fresh(dtype, (2, 3, vdim))
            batch, length = (2, 3) if first else (3, 2)
            padding = torch.zeros(batch, length, dtype=torch.bool)
            padding[0, 1] = True
            mask = fresh(dtype, (length, length))
            for pad, weights in ((None, True), (padding, True), (padding, False)):
                for training in (True, False):
                    m = None if pad is None else mask
                    given = [q, k, v, width, heads, kdim, vdim, bias, kv, zero, first, dropout, training, pad, m, weights]
                    module_case(f, "module_attention", given,
                                lambda: torch.nn.MultiheadAttention(width, heads, dropout, bias, kv, zero, kdim, vdim, first, dtype=dtype),
                                lambda n: [*n.state_dict().values(),
                                           *n(q, k, v, key_padding_mask=pad, attn_mask=m, need_weights=weights)], training)
        for first, before, activation, dropout in ((False, False, "relu", 0.1), (True, True, "gelu", 0.3), (False, True, "relu", 0.0)):
            x, memory = fresh(dtype, (4, 3, 8)), fresh(dtype, (4, 3, 8))
            options = dict(dim_feedforward=10, dropout=dropout, activation=activation, batch_first=first, norm_first=before, dtype=dtype)
            words = [8, 2, 10, dropout, activation, first, before]
            causal = torch.nn.Transformer.generate_square_subsequent_mask(3 if first else 4).to(dtype)
            for training in (True, False):
                module_case(f, "module_encoder_layer", [x, causal, *words, training], lambda: torch.nn.TransformerEncoderLayer(8, 2, **options),
                            lambda m: [*m.state_dict().values(), m(x, src_mask=causal)], training)
                module_case(f, "module_decoder_layer", [x, memory, causal, *words, training], lambda: torch.nn.TransformerDecoderLayer(8, 2, **options),
                            lambda m: [*m.state_dict().values(), m(x, memory, tgt_mask=causal)], training)
                module_case(f, "module_transformer", [x, memory, causal, *words, training],
                            lambda: torch.nn.Transformer(8, 2, 2, 2, **options), lambda m: [m(x, memory, tgt_mask=causal), *list(m.state_dict().values())[-3:]],
                            training)
    f.write("modules.txt")


def layers():
    normalization()
    tables()
    recurrent()
    attentions()
    modules()
