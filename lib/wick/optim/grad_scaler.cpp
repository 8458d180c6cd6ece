#include "wick/optim/grad_scaler.h"

#include <cmath>
#include <limits>

#include "wick/autograd/gradient.h"
#include "wick/autograd/in_place.h"
#include "wick/core/interrupt.h"
#include "wick/core/operand.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/reduction.h"
#include "wick/optim/check_options.h"
#include "wick/optim/state_reader.h"

namespace wick::optim {
namespace {

constexpr const char* operation = "grad_scaler";

// Whether it is above 0 and finite as a float32.
bool is_scale(double x) {
  using Limits = std::numeric_limits<float>;
  return x >= static_cast<double>(Limits::denorm_min()) && x <= static_cast<double>(Limits::max());
}

float checked_scale(std::string_view option, double given) {
  check(operation, is_scale(given), option, "above 0 and finite in float32", given);
  return static_cast<float>(given);
}

}  // namespace

GradScaler::GradScaler(const GradScalerOptions& options)
    : options_(options), scale_(checked_scale("init_scale", options.init_scale)) {
  check_positive(operation, "growth_factor", options.growth_factor);
  check_positive(operation, "backoff_factor", options.backoff_factor);
  check_positive(operation, "growth_interval", static_cast<double>(options.growth_interval));
}

Tensor GradScaler::scale(const Tensor& loss) const {
  return mul(is_integral(loss.dtype()) ? loss.to(float32) : loss, static_cast<double>(scale_));
}

// Whether a gradient was infinite or NaN.
bool GradScaler::divide(Optimizer& optimizer) const {
  const NoGrad no_grad;
  bool overflow = false;
  Tensors gradients;
  for (const Tensor& p : optimizer.parameters()) {
    const Tensor g = p.grad();
    if (!g.defined() || g.numel() == 0) continue;
    check_writable(operation, g);
    overflow = overflow || !std::isfinite(min(g).item<double>()) || !std::isfinite(max(g).item<double>());
    gradients.push_back(g);
  }
  const double by = 1 / static_cast<double>(scale_);
  const Uninterrupted whole;
  for (const Tensor& g : gradients) g.mul_(by);
  return overflow;
}

void GradScaler::unscale_(Optimizer& optimizer) {
  if (unscaled_.contains(optimizer.id())) {
    fail(operation, "the gradients of this optimizer have been unscaled since the last update");
  }
  const bool overflow = divide(optimizer);
  overflowed_ = overflowed_ || overflow;
  unscaled_.emplace(optimizer.id(), overflow);
}

bool GradScaler::step(Optimizer& optimizer) {
  if (!unscaled_.contains(optimizer.id())) unscale_(optimizer);
  const bool overflow = unscaled_.at(optimizer.id());
  if (!overflow) optimizer.step();
  // A second step unscales again, for it belongs to another backward pass; one after an error does not.
  unscaled_.erase(optimizer.id());
  return !overflow;
}

void GradScaler::change_scale(double factor) {
  const double changed = static_cast<double>(scale_) * factor;
  if (is_scale(changed)) scale_ = static_cast<float>(changed);
}

void GradScaler::update() {
  unscaled_.clear();
  if (std::exchange(overflowed_, false)) {
    change_scale(options_.backoff_factor);
    clean_ = 0;
    return;
  }
  if (++clean_ < options_.growth_interval) return;
  clean_ = 0;
  change_scale(options_.growth_factor);
}

NamedTensors GradScaler::state_dict() const {
  return {{"scale", scalar_tensor(static_cast<double>(scale_), float32)},
          {"_growth_tracker", scalar_tensor(clean_, int64)}};
}

void GradScaler::load_state_dict(const NamedTensors& state) {
  StateReader reader(state, operation);
  const float read = checked_scale("scale", reader.number("scale"));
  const std::int64_t count = reader.count("_growth_tracker");
  reader.refuse_rest();
  scale_ = read;
  clean_ = count;
}

}  // namespace wick::optim
