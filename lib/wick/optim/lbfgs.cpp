#include <algorithm>
#include <cmath>

#include "wick/autograd/gradient.h"
#include "wick/autograd/in_place.h"
#include "wick/core/interrupt.h"
#include "wick/linalg/products.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/reduction.h"
#include "wick/optim/check_options.h"
#include "wick/optim/optimizers.h"
#include "wick/optim/state_reader.h"

namespace wick::optim {
namespace {

constexpr const char* lbfgs_kind = "lbfgs";

double product(const Tensor& a, const Tensor& b) { return dot(a, b).item<double>(); }
double largest(const Tensor& x) { return max(abs(x)).item<double>(); }

}  // namespace

LBFGS::LBFGS(const Tensors& parameters, const LBFGSOptions& options)
    : OptimizerOf<LBFGSOptions>(lbfgs_kind, {{parameters, options}}) {
  check_positive(lbfgs_kind, "max_iter", static_cast<double>(options.max_iter));
  check_positive(lbfgs_kind, "max_eval", static_cast<double>(options.max_eval));
  check_positive(lbfgs_kind, "history_size", static_cast<double>(options.history_size));
  check_not_negative(lbfgs_kind, "tolerance_grad", options.tolerance_grad);
  check_not_negative(lbfgs_kind, "tolerance_change", options.tolerance_change);
}

void LBFGS::step() { iterate(nullptr); }
Tensor LBFGS::step(const Closure& closure) { return iterate(closure); }
void LBFGS::update(const std::vector<Item>&) { iterate(nullptr); }

// Zeros where there is no gradient.
Tensor LBFGS::flat_gradient() const {
  with_gradient();  // refuses replaced parameters
  const DType dtype = [&] {
    DType widest = float32;
    for (const Tensor& p : groups_[0].parameters) widest = promote_types(widest, p.dtype());
    return widest;
  }();
  Tensors parts;
  for (const Tensor& p : groups_[0].parameters) {
    const Tensor g = p.grad();
    parts.push_back(g.defined() ? g.detach().to(dtype).flatten() : zeros({p.numel()}, dtype));
  }
  return cat(parts);
}

// The two-loop recursion, with what this gradient adds to the history.
void LBFGS::find_direction(const Tensor& gradient) {
  Memory& m = memory_;
  if (++m.iterations == 1) {
    m.direction = neg(gradient);
    m.differences.clear();
    m.moves.clear();
    m.rho.clear();
    m.diagonal = 1;
    return;
  }
  const Tensor y = sub(gradient, m.last_gradient), s = mul(m.direction, m.length);
  const double ys = product(y, s);
  if (ys > 1e-10) {
    // More than one where a longer history was loaded.
    while (std::ssize(m.differences) >= options().history_size) {
      m.differences.erase(m.differences.begin());
      m.moves.erase(m.moves.begin());
      m.rho.erase(m.rho.begin());
    }
    m.differences.push_back(y);
    m.moves.push_back(s);
    m.rho.push_back(1 / ys);
    m.diagonal = ys / product(y, y);
  }
  const std::size_t count = m.rho.size();
  std::vector<double> alpha(count);
  Tensor q = neg(gradient);
  for (std::size_t i = count; i-- > 0;) {
    alpha[i] = product(m.moves[i], q) * m.rho[i];
    q = sub(q, m.differences[i], alpha[i]);
  }
  q = mul(q, m.diagonal);
  for (std::size_t i = 0; i < count; ++i) {
    q = add(q, m.moves[i], alpha[i] - product(m.differences[i], q) * m.rho[i]);
  }
  m.direction = q;
}

// Goes `length` along the direction.
void LBFGS::move() const {
  const Uninterrupted whole;
  std::int64_t at = 0;
  for (const Tensor& p : groups_[0].parameters) {
    const Tensor part = memory_.direction.slice(0, at, at + p.numel()).reshape(p.sizes());
    p.copy_(add(p.detach().to(part.dtype()), part, memory_.length));
    at += p.numel();
  }
}

// As torch.optim.LBFGS has it, with its conditions to end in their order. Without a closure there is one
// iteration.
Tensor LBFGS::iterate(const Closure& closure) {
  const NoGrad no_grad;
  const LBFGSOptions& o = options();
  const double rate = lr();
  Memory& m = memory_;
  for (const Tensor& p : groups_[0].parameters) check_writable(lbfgs_kind, p);
  const auto evaluate = [&] {
    const EnableGrad enable;
    ++m.evaluations;
    return closure();
  };
  Tensor first;
  double loss = 0;
  std::int64_t evaluations = 1;
  if (closure) {
    first = evaluate();
    loss = first.item<double>();
  }
  Tensor gradient = flat_gradient();
  if (gradient.numel() == 0 || largest(gradient) <= o.tolerance_grad) return first;
  const std::int64_t most = closure ? o.max_iter : 1;
  for (std::int64_t i = 1;; ++i) {
    find_direction(gradient);
    m.last_gradient = gradient;
    m.last_loss = loss;
    m.length = m.iterations == 1 ? std::min(1.0, 1 / sum(abs(gradient)).item<double>()) * rate : rate;
    // The closure may load another state.
    const Tensor direction = m.direction;
    const double length = m.length, last_loss = loss;
    if (product(gradient, direction) > -o.tolerance_change) break;
    move();
    if (i == most) break;
    loss = evaluate().item<double>();
    gradient = flat_gradient();
    if (++evaluations >= o.max_eval) break;
    if (largest(gradient) <= o.tolerance_grad) break;
    if (largest(mul(direction, length)) <= o.tolerance_change) break;
    if (std::abs(loss - last_loss) < o.tolerance_change) break;
  }
  return first;
}

NamedTensors LBFGS::own_state() const {
  const Memory& m = memory_;
  if (m.iterations == 0) return {};
  NamedTensors out{{"func_evals", scalar_tensor(m.evaluations, int64)},
                   {"n_iter", scalar_tensor(m.iterations, int64)},
                   {"d", m.direction},
                   {"t", scalar_tensor(m.length, float64)},
                   {"H_diag", scalar_tensor(m.diagonal, float64)},
                   {"prev_flat_grad", m.last_gradient},
                   {"prev_loss", scalar_tensor(m.last_loss, float64)}};
  if (!m.rho.empty()) {
    out.emplace_back("old_dirs", stack(m.differences));
    out.emplace_back("old_stps", stack(m.moves));
    out.emplace_back("ro", tensor(std::span<const double>(m.rho), {std::ssize(m.rho)}, float64));
  }
  return out;
}

void LBFGS::load_own_state(StateReader& state) {
  const Tensor flat = flat_gradient();
  const auto named = [](const char* name) { return std::string("state.0.") + name; };
  // Of rows as long as the gradient, or that long itself.
  const auto vectors = [&](const std::string& name, const Tensor& t, bool rows) {
    const Shape wanted = rows ? Shape{t.dim() > 0 ? t.size(0) : 0, flat.numel()} : flat.sizes();
    if (t.sizes() != wanted) {
      fail<ShapeError>("load_state_dict", "\"{}\" needs shape {}, not {}", name, wanted, t.sizes());
    }
    return t.detach().to(flat.dtype()).clone();
  };
  const auto rows_of = [&](const char* name) {
    Tensors out;
    const Tensor given = state.take(named(name));
    if (!given.defined()) return out;
    const Tensor rows = vectors(named(name), given, true);
    for (std::int64_t i = 0; i < rows.size(0); ++i) out.push_back(rows.select(0, i).clone());
    return out;
  };
  const auto vector_of = [&](const char* name, bool needed) {
    const Tensor given = needed ? state.need(named(name)) : state.take(named(name));
    return given.defined() ? vectors(named(name), given, false) : given;
  };
  Memory m;
  m.evaluations = state.count(named("func_evals"), 0);
  m.iterations = state.count(named("n_iter"), 0);
  m.length = state.number(named("t"), m.length);
  m.diagonal = state.number(named("H_diag"), m.diagonal);
  m.last_loss = state.number(named("prev_loss"), m.last_loss);
  m.direction = vector_of("d", m.iterations > 0);
  m.last_gradient = vector_of("prev_flat_grad", m.iterations > 0);
  m.differences = rows_of("old_dirs");
  m.moves = rows_of("old_stps");
  if (const Tensor factors = state.take(named("ro")); factors.defined()) m.rho = to_vector<double>(factors);
  state.refuse_rest();
  if (m.differences.size() != m.rho.size() || m.moves.size() != m.rho.size()) {
    fail<ShapeError>("load_state_dict", "the history has {} differences, {} steps and {} factors",
                     m.differences.size(), m.moves.size(), m.rho.size());
  }
  memory_ = std::move(m);
}

}  // namespace wick::optim
