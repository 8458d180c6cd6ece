"""Reference values for nn/ and optim/: losses with the gradient of their input, optimizers, schedules, training."""

import math
import warnings

import torch
import torch.nn.functional as F

from reference_file import INF, File, fresh, start

# Targets that broadcast, and the mean of kl_div over all elements, are meant.
warnings.filterwarnings("ignore", "Using a target size|reduction: 'mean'")
REDUCTIONS = ("none", "mean", "sum")
HALVES = (torch.float16, torch.bfloat16)


def with_gradient(f, operation, function, tensors, rest, tolerance):
    """The loss, and the gradient of its sum with respect to the first tensor. Half precision: in float32, rounded.

    Where the first tensor broadcasts its gradient is a sum of gradients of elements, which are of its dtype.
    """
    dtype = tensors[0].dtype
    wide = [t.float() if isinstance(t, torch.Tensor) and t.dtype in HALVES else t for t in tensors]
    given = wide[0].detach().clone(memory_format=torch.preserve_format)
    broadcast = given.shape
    if dtype in HALVES and tensors[1].dim() > 0:
        broadcast = torch.broadcast_shapes(given.shape, tensors[1].shape)
    x = (given if broadcast == given.shape else given.expand(broadcast)).requires_grad_()
    out = function(x, *wide[1:], *rest)
    gradient, = torch.autograd.grad(out.sum(), x)
    gradient = gradient.to(dtype).to(gradient.dtype).sum_to_size(given.shape)
    f.case(operation, [*tensors, *rest], [out.to(dtype), gradient.to(dtype)], tolerance)


def probabilities(dtype, shape):
    return torch.rand(shape, dtype=torch.float64).clamp(0.02, 0.98).to(dtype)


def signs(dtype, shape):
    return (torch.randint(0, 2, shape) * 2 - 1).to(dtype)


def soft_margin(x, t, reduction):
    """log(1 + exp(-t x)) that does not overflow, as PyTorch 1.13 does. Above 80 nothing is lost."""
    losses = F.softplus(-t * x, threshold=80)
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


def bce(x, t, reduction):
    return F.binary_cross_entropy(x, t, reduction=reduction)


# Of elements: the function of (x, t, reduction, *rest), how x and t are drawn, and other arguments.
ELEMENTWISE = {
    "l1_loss": (lambda x, t, r: F.l1_loss(x, t, reduction=r), fresh, fresh, [()]),
    "mse_loss": (lambda x, t, r: F.mse_loss(x, t, reduction=r), fresh, fresh, [()]),
    "smooth_l1_loss": (lambda x, t, r, b: F.smooth_l1_loss(x, t, reduction=r, beta=b), fresh, fresh, [(1.0,), (2.5,)]),
    "huber_loss": (lambda x, t, r, d: F.huber_loss(x, t, reduction=r, delta=d), fresh, fresh, [(1.0,), (0.4,)]),
    "kl_div": (lambda x, t, r, log: F.kl_div(x, t, reduction=r, log_target=log), fresh, probabilities, [(False,), (True,)]),
    "bce": (bce, probabilities, probabilities, [()]),
    "bce_logits": (lambda x, t, r: F.binary_cross_entropy_with_logits(x, t, reduction=r), fresh, probabilities, [()]),
    "soft_margin_loss": (soft_margin, fresh, signs, [()]),
    "hinge_embedding_loss": (lambda x, t, r, m: F.hinge_embedding_loss(x, t, margin=m, reduction=r), fresh, signs, [(1.0,), (3.5,)]),
    "poisson_nll_loss": (lambda x, t, r, log, full: F.poisson_nll_loss(x, t, log_input=log, full=full, reduction=r),
                         probabilities, lambda d, s: torch.randint(0, 9, s).to(d),
                         [(True, False), (True, True), (False, False), (False, True)]),
}
SAME_SHAPE = ("bce", "bce_logits")


def elementwise_losses(f):
    for op, (function, draw_x, draw_t, choices) in ELEMENTWISE.items():
        for rest in choices:
            for dtype in (torch.float32, torch.float64, *(HALVES if rest == choices[0] else ())):
                tolerance = "near:2" if dtype in HALVES else "near:16"
                for reduction in REDUCTIONS:
                    shapes = [((), ()), ((7,), (7,)), ((3, 2), (3, 2))]
                    # Longer than the stretches that kernels work in.
                    shapes += [((601,), (601,))] if dtype == torch.float32 and reduction == "sum" else []
                    if op not in SAME_SHAPE:
                        shapes += [((3, 1), (1, 5)), ((4,), (2, 3, 1))]
                    for a, b in shapes:
                        with_gradient(f, op, function, [draw_x(dtype, a), draw_t(dtype, b)], [reduction, *rest], tolerance)
                    strided = draw_x(dtype, (3, 2, 4)).permute(2, 0, 1)
                    with_gradient(f, op, function, [strided, draw_t(dtype, (4, 3, 2))], [reduction, *rest], tolerance)
                    sliced = draw_x(dtype, (9, 8))[1::3, ::2]
                    with_gradient(f, op, function, [sliced, draw_t(dtype, (4, 3)).t()], [reduction, *rest], tolerance)
    for reduction in REDUCTIONS:
        for x in (torch.tensor([0.0, 1.0, 0.0, 1.0, 1e-30]), torch.tensor([-0.1]), torch.tensor([1.1]), torch.tensor([math.nan])):
            t = torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])[:len(x)]
            try:
                with_gradient(f, "bce", bce, [x, t], [reduction], "near:16")
            except RuntimeError:
                f.error("bce", [x, t, reduction])
        large = torch.tensor([500.0, -500.0, 88.0, -120.0, 0.0, INF])
        for op in ("bce_logits", "soft_margin_loss"):
            with_gradient(f, op, ELEMENTWISE[op][0], [large[:5], torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0])], [reduction], "near:16")


def other_losses(f):
    for dtype in (torch.float32, torch.float64):
        for reduction in REDUCTIONS:
            r = reduction
            a, b, c = (fresh(dtype, (5, 6)) for _ in range(3))
            for margin in (0.0, 0.4):
                with_gradient(f, "cosine_embedding_loss", lambda x, y, t, r, m: F.cosine_embedding_loss(x, y, t, m, reduction=r),
                              [a, b, signs(torch.int64, (5,))], [r, margin], "near:64")
                with_gradient(f, "margin_ranking_loss", lambda x, y, t, r, m: F.margin_ranking_loss(x, y, t, m, reduction=r),
                              [a, b, signs(dtype, (5, 6))], [r, margin], "near:16")
            with_gradient(f, "cosine_embedding_loss", lambda x, y, t, r, m: F.cosine_embedding_loss(x, y, t, m, reduction=r),
                          [a[0], b[0], torch.tensor(1)], [r, 0.0], "near:64")
            for margin, p, swap in ((1.0, 2.0, False), (4.0, 1.0, True), (2.0, 3.0, False)):
                with_gradient(f, "triplet_margin_loss",
                              lambda x, y, z, r, m, p, s: F.triplet_margin_loss(x, y, z, margin=m, p=p, swap=s, reduction=r),
                              [a, b, c], [r, margin, p, swap], "near:64")
            for word, distance in (("cosine", lambda x, y: 1 - F.cosine_similarity(x, y)), ("pairwise", F.pairwise_distance),
                                   ("euclidean", lambda x, y: (x - y).norm(dim=-1))):
                with_gradient(f, "triplet_margin_with_distance_loss",
                              lambda x, y, z, w, r, m, d=distance: F.triplet_margin_with_distance_loss(
                                  x, y, z, distance_function=d, margin=m, reduction=r),
                              [a, b, c], [word, r, 2.0], "near:64")
            for full in (False, True):
                var = probabilities(dtype, (5, 6))
                with_gradient(f, "gaussian_nll_loss", lambda x, t, v, r, full: F.gaussian_nll_loss(x, t, v, full=full, reduction=r),
                              [a, b, var], [r, full], "near:32")
            for shape in ((5, 6), (6,)):
                x = fresh(dtype, shape)
                labels = torch.randint(0, 2, shape).to(dtype)
                with_gradient(f, "multilabel_soft_margin_loss", lambda x, t, r: F.multilabel_soft_margin_loss(x, t, reduction=r),
                              [x, labels], [r], "near:16")
                y = torch.randint(0, 6, shape[:-1])
                for p, margin in ((1, 1.0), (2, 0.5)):
                    with_gradient(f, "multi_margin_loss", lambda x, t, r, p, m: F.multi_margin_loss(x, t, p=p, margin=m, reduction=r),
                                  [x, y], [r, p, margin], "near:32")
                lists = torch.tensor([[1, 4, -1, 0, 0, 0], [-1, 2, 3, 4, 5, 0], [5, 4, 3, 2, 1, 0], [0, -1, -1, -1, -1, -1], [2, 3, 5, -1, 1, 1]])
                with_gradient(f, "multilabel_margin_loss", lambda x, t, r: F.multilabel_margin_loss(x, t, reduction=r),
                              [x, lists if len(shape) == 2 else lists[0]], [r], "near:32")


def class_losses(f):
    shapes = [((7,), ()), ((1, 3), (1,)), ((6, 5), (6,)), ((2, 4, 3), (2, 3)), ((2, 3, 2, 5), (2, 2, 5)), ((13, 10), (13,))]
    for dtype in (torch.float32, torch.float64):
        for shape, without in shapes:
            classes = shape[0] if len(shape) == 1 else shape[1]
            for weighted in (False, True):
                for reduction in REDUCTIONS:
                    x = fresh(dtype, shape)
                    y = torch.randint(0, classes, without)
                    if y.numel() > 2:
                        y.view(-1)[1] = -100
                    w = probabilities(dtype, (classes,)) if weighted else None
                    with_gradient(f, "nll_loss", lambda x, y, w, r: F.nll_loss(x, y, w, reduction=r), [x, y, w], [reduction], "near:32")
                    for smoothing in (0.0, 0.3):
                        with_gradient(f, "cross_entropy",
                                      lambda x, y, w, r, s: F.cross_entropy(x, y, w, reduction=r, label_smoothing=s),
                                      [x, y, w], [reduction, smoothing], "near:64")
                        p = fresh(dtype, shape).softmax(0 if len(shape) == 1 else 1)
                        with_gradient(f, "cross_entropy",
                                      lambda x, y, w, r, s: F.cross_entropy(x, y, w, reduction=r, label_smoothing=s),
                                      [x, p, w], [reduction, smoothing], "near:64")
    x, y = fresh(torch.float32, (3, 4)), torch.tensor([0, 3, 1])
    turned = fresh(torch.float32, (4, 3)).t()
    with_gradient(f, "cross_entropy", lambda x, y, w, r, s: F.cross_entropy(x, y), [turned, y, None], ["mean", 0.0], "near:32")
    # Nothing that counts: NaN.
    skipped = torch.full((3,), -100)
    for op in ("nll_loss", "cross_entropy"):
        rest = ["mean"] if op == "nll_loss" else ["mean", 0.0]
        with_gradient(f, op, lambda x, y, w, *rest, op=op: getattr(F, op)(x, y), [x, skipped, None], rest, "near:1")
        f.error(op, [x, torch.tensor([0, 4, 1]), None, *rest])
        f.error(op, [x, torch.tensor([0, -1, 1]), None, *rest])
        f.error(op, [x, torch.tensor([0, 1]), None, *rest])
        f.error(op, [x, y, torch.ones(3), *rest])
        f.error(op, [x, y.float(), None, *rest])


def ignored_classes(f):
    """Classes that a script chose to leave out, among them 0."""
    for dtype in (torch.float32, torch.float64):
        for shape, without in (((6, 5), (6,)), ((2, 4, 3), (2, 3))):
            y = (torch.arange(6) % 4).reshape(without)
            for ignored in (0, 2):
                for w in (None, probabilities(dtype, (shape[1],))):
                    for reduction in REDUCTIONS:
                        x = fresh(dtype, shape)
                        with_gradient(f, "nll_loss", lambda x, y, w, r, i: F.nll_loss(x, y, w, reduction=r, ignore_index=i),
                                      [x, y, w], [reduction, ignored], "near:32")
                        for smoothing in (0.0, 0.3):
                            with_gradient(f, "cross_entropy",
                                          lambda x, y, w, r, s, i: F.cross_entropy(x, y, w, reduction=r, label_smoothing=s, ignore_index=i),
                                          [x, y, w], [reduction, smoothing, ignored], "near:64")


def losses():
    f = File("losses, each with the gradient of its sum by the first tensor")
    start(211)
    elementwise_losses(f)
    other_losses(f)
    class_losses(f)
    ignored_classes(f)
    f.write("loss.txt")


# --- Optimizers: a name, how PyTorch's is made or the update written out, and the names of the state to compare.


def nadam(p, grads, lr=0.002, betas=(0.9, 0.999), eps=1e-8, decay=0.004, weight_decay=0.0):
    """As PyTorch has it since 2.0."""
    m, v, product = torch.zeros_like(p), torch.zeros_like(p), 1.0
    for t, g in enumerate(grads, 1):
        g = g + weight_decay * p
        mu, following = (betas[0] * (1 - 0.5 * 0.96 ** (k * decay)) for k in (t, t + 1))
        product *= mu
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        d = (v / (1 - betas[1] ** t)).sqrt() + eps
        p = p - lr * (1 - mu) / (1 - product) * g / d - lr * following / (1 - product * following) * m / d
    return [p, m, v]


def lamb(p, grads, lr=0.01, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
    m, v = torch.zeros_like(p), torch.zeros_like(p)
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        u = m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps) + weight_decay * p
        trust = p.norm() / u.norm() if p.norm() > 0 and u.norm() > 0 else 1.0
        p = p - lr * trust * u
    return [p, m, v]


def novograd(p, grads, lr=0.01, betas=(0.95, 0.98), eps=1e-8, weight_decay=0.0, averaging=False):
    m, v = torch.zeros_like(p), None
    for g in grads:
        size = (g * g).sum()
        v = size if v is None else betas[1] * v + (1 - betas[1]) * size
        h = g / (v.sqrt() + eps) + weight_decay * p
        m = betas[0] * m + (h * (1 - betas[0]) if averaging else h)
        p = p - lr * m
    return [p, m, v]


def adafactor(p, grads, lr=0.8, eps=1e-30, threshold=1.0, decay=0.8, beta1=-1.0, weight_decay=0.0):
    row = column = square = mean = None
    for t, g in enumerate(grads, 1):
        b = 1 - t ** -decay
        q = g * g + eps
        if p.dim() > 1:
            row = (1 - b) * q.mean(-1) + (b * row if row is not None else 0)
            column = (1 - b) * q.mean(-2) + (b * column if column is not None else 0)
            u = g / (row / row.mean(-1, keepdim=True)).sqrt().unsqueeze(-1) / column.sqrt().unsqueeze(-2)
        else:
            square = (1 - b) * q + (b * square if square is not None else 0)
            u = g / square.sqrt()
        u = lr * u / max(1.0, ((u * u).mean().sqrt() / threshold).item())
        if beta1 >= 0:
            mean = (1 - beta1) * u + (beta1 * mean if mean is not None else 0)
            u = mean
        p = p * (1 - lr * weight_decay) - u
    return [p] + [s for s in (row, column, square, mean) if s is not None]


def by_torch(kind, names, **options):
    def run(p, grads):
        p = p.clone().requires_grad_()
        optimizer = kind([p], **options)
        for g in grads:
            p.grad = g.clone()
            optimizer.step()
        return [p.detach(), *(optimizer.state[p][n] for n in names)]
    return run


def asgd(p, grads):
    """PyTorch keeps the rate and the factor of the average in tensors of the default dtype."""
    torch.set_default_dtype(p.dtype)
    try:
        return by_torch(torch.optim.ASGD, ("ax",), lr=0.05, lambd=0.01, t0=3, weight_decay=0.1)(p, grads)
    finally:
        torch.set_default_dtype(torch.float32)


MOMENTS = ("exp_avg", "exp_avg_sq")
OPTIMIZERS = {
    "sgd": by_torch(torch.optim.SGD, (), lr=0.1),
    "sgd_decay": by_torch(torch.optim.SGD, (), lr=0.1, weight_decay=0.2, maximize=True),
    "sgd_momentum": by_torch(torch.optim.SGD, ("momentum_buffer",), lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "sgd_nesterov": by_torch(torch.optim.SGD, ("momentum_buffer",), lr=0.1, momentum=0.8, nesterov=True),
    "adam": by_torch(torch.optim.Adam, MOMENTS, lr=0.01, weight_decay=0.1),
    "adam_amsgrad": by_torch(torch.optim.Adam, (*MOMENTS, "max_exp_avg_sq"), lr=0.01, betas=(0.8, 0.9), amsgrad=True),
    "adamw": by_torch(torch.optim.AdamW, MOMENTS, lr=0.01, weight_decay=0.3),
    "adamw_amsgrad": by_torch(torch.optim.AdamW, (*MOMENTS, "max_exp_avg_sq"), lr=0.01, eps=1e-3, amsgrad=True, maximize=True),
    "nadam": nadam,
    "nadam_decay": lambda p, g: nadam(p, g, lr=0.05, decay=0.3, weight_decay=0.1),
    "radam": by_torch(torch.optim.RAdam, MOMENTS, lr=0.05, weight_decay=0.1),
    "radam_short": by_torch(torch.optim.RAdam, MOMENTS, lr=0.05, betas=(0.5, 0.7)),
    "adamax": by_torch(torch.optim.Adamax, ("exp_avg", "exp_inf"), lr=0.05, weight_decay=0.1),
    "adagrad": by_torch(torch.optim.Adagrad, ("sum",), lr=0.1, lr_decay=0.2, weight_decay=0.1, initial_accumulator_value=0.5),
    "rmsprop": by_torch(torch.optim.RMSprop, ("square_avg",), lr=0.01, weight_decay=0.1),
    "rmsprop_momentum": by_torch(torch.optim.RMSprop, ("square_avg", "momentum_buffer"), lr=0.01, alpha=0.9, momentum=0.7),
    "rmsprop_centered": by_torch(torch.optim.RMSprop, ("square_avg", "momentum_buffer", "grad_avg"), lr=0.01, momentum=0.7, centered=True),
    "adadelta": by_torch(torch.optim.Adadelta, ("square_avg", "acc_delta"), weight_decay=0.1),
    "rprop": by_torch(torch.optim.Rprop, ("prev", "step_size"), lr=0.05, etas=(0.4, 1.3), step_sizes=(1e-3, 0.1)),
    "asgd": asgd,
    "lamb": lamb,
    "novograd": novograd,
    "novograd_averaging": lambda p, g: novograd(p, g, lr=0.1, weight_decay=0.2, averaging=True),
    "adafactor": adafactor,
    "adafactor_mean": lambda p, g: adafactor(p, g, lr=0.1, threshold=0.5, decay=0.6, beta1=0.9, weight_decay=0.2),
}


def lbfgs(x, iterations, evaluations, steps, rate):
    x = x.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=rate, max_iter=iterations, max_eval=evaluations)
    weights = torch.arange(1, x.numel() + 1, dtype=x.dtype)

    def closure():
        optimizer.zero_grad()
        loss = (weights * (x - weights) ** 2).sum() + (x[0] * x[1]) ** 2 * 0.1
        loss.backward()
        return loss
    firsts = [optimizer.step(closure).detach() for _ in range(steps)]
    return [x.detach(), torch.stack(firsts)]


def optimizers():
    f = File("optimizers: the parameter and its state after steps with given gradients")
    start(223)
    for op, run in OPTIMIZERS.items():
        for dtype in (torch.float32, torch.float64):
            for shape, steps in (((), 7), ((5,), 7), ((3, 7), 6), *([((530,), 2)] if dtype == torch.float32 else [])):
                p, grads = fresh(dtype, shape), fresh(dtype, (steps, *shape))
                # The centered average is a difference, which cancels.
                f.case(op, [p, grads], run(p, grads), "near:32" if op == "rmsprop_centered" else "near:16")
    for iterations, evaluations, steps, rate in ((1, 25, 6, 1.0), (20, 25, 2, 1.0), (4, 3, 3, 0.5)):
        x = fresh(torch.float64, (4,))
        f.case("lbfgs", [x, iterations, evaluations, steps, rate], lbfgs(x, iterations, evaluations, steps, rate), "near:1000")
    f.write("optimizer.txt")


# --- Schedules: the rates of 12 steps, from a rate of 0.8.

S = torch.optim.lr_scheduler
SCHEDULES = {
    "lambda": lambda o: [S.LambdaLR(o, lambda t: 0.9 ** t)],
    "multiplicative": lambda o: [S.MultiplicativeLR(o, lambda t: 0.7)],
    "step": lambda o: [S.StepLR(o, 3, 0.5)],
    "multi_step": lambda o: [S.MultiStepLR(o, [2, 5, 5, 8], 0.5)],
    "exponential": lambda o: [S.ExponentialLR(o, 0.9)],
    "polynomial": lambda o: [S.PolynomialLR(o, 7, 2.0)],
    "cosine": lambda o: [S.CosineAnnealingLR(o, 5, 0.1)],
    "warm_restarts": lambda o: [S.CosineAnnealingWarmRestarts(o, 3, 2, 0.05)],
    "warm_restarts_even": lambda o: [S.CosineAnnealingWarmRestarts(o, 4)],
    "cyclic": lambda o: [S.CyclicLR(o, 0.1, 0.9, 3, cycle_momentum=False)],
    "cyclic_uneven": lambda o: [S.CyclicLR(o, 0.1, 0.9, 2, 3, mode="triangular2", cycle_momentum=False)],
    "cyclic_range": lambda o: [S.CyclicLR(o, 0.1, 0.9, 2, mode="exp_range", gamma=0.9, cycle_momentum=False)],
    "one_cycle": lambda o: [S.OneCycleLR(o, 0.9, 13, cycle_momentum=False)],
    "one_cycle_linear": lambda o: [S.OneCycleLR(o, 0.9, 13, pct_start=0.4, anneal_strategy="linear", div_factor=10,
                                                final_div_factor=100, cycle_momentum=False)],
    "compound": lambda o: [S.ExponentialLR(o, 0.9), S.StepLR(o, 2, 0.1)],
}


def schedules():
    f = File("learning rates at the start and after each step")
    for op, make in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.8)
        optimizer._step_count = 1
        schedulers = make(optimizer)
        rates = [optimizer.param_groups[0]["lr"]]
        for _ in range(12):
            for s in schedulers:
                s.step()
            rates.append(optimizer.param_groups[0]["lr"])
        f.case("schedule_" + op, ["x"], torch.tensor(rates, dtype=torch.float64), "near:4")
    metrics = torch.tensor([3, 2, 2, 2, 1.5, 1.6, 1.6, 1.6, 1.6, 1.4999, 1.4999, 1, math.nan, 2, 2, 2], dtype=torch.float64)
    for mode in ("min", "max"):
        for kind in ("rel", "abs"):
            optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.8)
            s = S.ReduceLROnPlateau(optimizer, mode, 0.5, 2, 1e-3, kind, cooldown=1, min_lr=0.15)
            rates = []
            for m in metrics.tolist():
                s.step(m)
                rates.append(optimizer.param_groups[0]["lr"])
            f.case("plateau", [metrics, mode, kind], torch.tensor(rates, dtype=torch.float64), "near:4")
    f.write("schedule.txt")


# --- Same seed, same weights, same training.


def training():
    f = File("networks from a seed: initial weights to the bit, and what twenty steps make of them")
    for seed in (1, 42):
        for dtype in (torch.float32, torch.float64):
            for sizes in ((1, 1), (3, 4), (17, 5), (30, 41)):
                torch.manual_seed(seed)
                layer = torch.nn.Linear(*sizes, dtype=dtype)
                f.case("linear_weights", [seed, *sizes, dtype], [layer.weight, layer.bias, torch.rand(3)])
        for dtype in (torch.float32, torch.float64):
            torch.manual_seed(seed)
            net = torch.nn.Sequential(torch.nn.Linear(6, 16, dtype=dtype), torch.nn.ReLU(), torch.nn.Dropout(0.25),
                                      torch.nn.Linear(16, 3, dtype=dtype))
            x = torch.randn(20, 6, dtype=dtype)
            y = torch.randint(0, 3, (20,))
            optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
            losses = []
            for _ in range(20):
                optimizer.zero_grad()
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 0.7)
                optimizer.step()
                losses.append(loss.detach())
            f.case("train_mlp", [seed, dtype], [torch.stack(losses), *(p.detach() for p in net.parameters())], "near:4")
    for op, kind in (("xavier_uniform", torch.nn.init.xavier_uniform_), ("xavier_normal", torch.nn.init.xavier_normal_),
                     ("kaiming_uniform", torch.nn.init.kaiming_uniform_), ("kaiming_normal", torch.nn.init.kaiming_normal_)):
        for shape in ((3, 5), (4, 3, 2, 2)):
            torch.manual_seed(5)
            f.case("init_" + op, [list(shape)], kind(torch.empty(shape)), "near:4" if "normal" in op else "ulp:1")
    initial_values(f)
    f.write("training.txt")


def initial_values(f):
    """torch.nn.init with other arguments than it has by itself."""
    init = torch.nn.init

    def case(op, arguments, fill, *given):
        for shape in ((3, 5), (4, 3, 2, 2)):
            torch.manual_seed(5)
            f.case("init_" + op, [list(shape), *arguments], fill(torch.empty(shape), *given), "near:4" if "normal" in op else "ulp:1")

    case("xavier_uniform", [2.5], init.xavier_uniform_, 2.5)
    case("xavier_normal", [2.5], init.xavier_normal_, 2.5)
    for slope, fan, nonlinearity in ((0.3, "fan_in", "leaky_relu"), (0.0, "fan_out", "leaky_relu"), (0.0, "fan_in", "tanh"),
                                     (0.3, "fan_out", "relu"), (0.3, "fan_out", "selu")):
        for kind in ("uniform", "normal"):
            case("kaiming_" + kind, [slope, fan, nonlinearity], getattr(init, f"kaiming_{kind}_"), slope, fan, nonlinearity)
    case("uniform", [-2.0, 0.5], init.uniform_, -2.0, 0.5)
    case("normal", [3.0, 0.25], init.normal_, 3.0, 0.25)
    for nonlinearity in ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        for slope in (0.01, 0.3):
            gain = torch.tensor(init.calculate_gain(nonlinearity, slope), dtype=torch.float64)
            f.case("calculate_gain", [nonlinearity, slope], gain, "ulp:1")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for write in (losses, optimizers, schedules, training):
        write()
