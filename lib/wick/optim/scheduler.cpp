#include "wick/optim/scheduler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "wick/ops/creation.h"
#include "wick/optim/check_options.h"
#include "wick/optim/state_reader.h"

namespace wick::optim {
namespace {

void check_count(const char* kind, std::string_view option, std::int64_t given, std::int64_t least = 1) {
  check(kind, given >= least, option, least == 1 ? "above 0" : "at least 0", static_cast<double>(given));
}

// On half a period of a cosine: `from` at a share of 0, `to` at 1.
double cosine(double from, double to, double share) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * share)) / 2;
}

double real(std::int64_t n) { return static_cast<double>(n); }

}  // namespace

Scheduler::Scheduler(const char* kind, Scheduled optimizer, std::int64_t last_epoch)
    : kind_(kind), optimizer_(std::move(optimizer)), t_(last_epoch + 1) {
  if (last_epoch < -1) fail(kind, "last_epoch must be at least -1, {} was given", last_epoch);
  if (!optimizer_) fail(kind, "no optimizer was given");
}

Scheduler::~Scheduler() = default;

void Scheduler::begin() {
  set_rates([this](double base, double current) { return rate(base, current); });
}

void Scheduler::step() {
  ++t_;
  try {
    begin();
  } catch (...) {
    --t_;
    throw;
  }
}

void Scheduler::step(double) { step(); }

void Scheduler::set_rates(const std::function<double(double, double)>& of) {
  const std::int64_t groups = optimizer_->group_count();
  std::vector<double> rates;
  for (std::int64_t g = 0; g < groups; ++g) {
    rates.push_back(of(optimizer_->initial_lr(g), optimizer_->lr(g)));
    if (!(rates.back() >= 0) || std::isinf(rates.back())) {
      fail(kind_, "the learning rate at step {} would be {}", t_, rates.back());
    }
  }
  // Only of a scheduler that can be made.
  optimizer_->keep_initial_lr();
  for (std::int64_t g = 0; g < groups; ++g) optimizer_->set_lr(g, rates[static_cast<std::size_t>(g)]);
  last_ = std::move(rates);
}

double Scheduler::last_lr(std::int64_t group) const {
  const double now = optimizer_->lr(group);
  return last_.empty() ? now : last_[static_cast<std::size_t>(group)];
}

NamedTensors Scheduler::state_dict() const {
  const std::int64_t groups = optimizer_->group_count();
  std::vector<double> bases, rates;
  for (std::int64_t g = 0; g < groups; ++g) {
    bases.push_back(optimizer_->initial_lr(g));
    rates.push_back(last_lr(g));
  }
  const auto list = [&](const std::vector<double>& values) {
    return tensor(std::span<const double>(values), {groups}, float64);
  };
  NamedTensors out{
      {"last_epoch", scalar_tensor(real(t_), float64)}, {"base_lrs", list(bases)}, {"last_lr", list(rates)}};
  for (const auto& [name, value] : const_cast<Scheduler*>(this)->memory()) {
    out.emplace_back(name, scalar_tensor(*value, float64));
  }
  return out;
}

void Scheduler::load_state_dict(const NamedTensors& state) {
  constexpr const char* operation = "load_state_dict";
  StateReader reader(state, kind_);
  const std::int64_t t = reader.count("last_epoch");
  const std::vector<double> bases = to_vector<double>(reader.need("base_lrs"));
  std::vector<double> rates = to_vector<double>(reader.need("last_lr"));
  const auto groups = static_cast<std::size_t>(optimizer_->group_count());
  if (bases.size() != groups || rates.size() != groups) {
    fail<ShapeError>(operation, "there are {} bases and {} rates for {} groups", bases.size(), rates.size(),
                     groups);
  }
  for (const double value : rates) check_not_negative(operation, "a learning rate", value);
  for (const double value : bases) check_not_negative(operation, "a base", value);
  std::vector<std::pair<double*, double>> remembered;
  for (const auto& [name, value] : memory()) {
    remembered.emplace_back(value, reader.number(name));
    if (std::isnan(remembered.back().second)) fail(operation, "\"{}\" is NaN", name);
  }
  reader.refuse_rest();
  t_ = t;
  for (const auto& [value, read] : remembered) *value = read;
  for (std::size_t g = 0; g < groups; ++g) {
    optimizer_->set_initial_lr(static_cast<std::int64_t>(g), bases[g]);
    optimizer_->set_lr(static_cast<std::int64_t>(g), rates[g]);
  }
  last_ = std::move(rates);
}

LambdaLR::LambdaLR(Scheduled optimizer, Factor factor, std::int64_t last_epoch, const char* kind)
    : Scheduler(kind, std::move(optimizer), last_epoch), factor_(std::move(factor)) {
  if (!factor_) fail(kind, "no function was given");
  begin();
}
double LambdaLR::rate(double base, double) const { return base * factor_(last_epoch()); }

MultiplicativeLR::MultiplicativeLR(Scheduled optimizer, LambdaLR::Factor factor, std::int64_t last_epoch,
                                   const char* kind)
    : Scheduler(kind, std::move(optimizer), last_epoch), factor_(std::move(factor)) {
  if (!factor_) fail(kind, "no function was given");
  begin();
}
double MultiplicativeLR::rate(double, double current) const {
  return last_epoch() == 0 ? current : current * factor_(last_epoch());
}

namespace {

// Checked before the base class begins.
double checked_gamma(const char* kind, double gamma) {
  check_positive(kind, "gamma", gamma);
  return gamma;
}
std::int64_t checked_count(const char* kind, std::string_view option, std::int64_t given,
                           std::int64_t least = 1) {
  check_count(kind, option, given, least);
  return given;
}

}  // namespace

StepLR::StepLR(Scheduled optimizer, std::int64_t step_size, double gamma, std::int64_t last_epoch)
    : MultiplicativeLR(
          std::move(optimizer),
          [size = checked_count("step", "step_size", step_size),
           by = checked_gamma("step", gamma)](std::int64_t t) { return t % size == 0 ? by : 1; },
          last_epoch, "step") {}

MultiStepLR::MultiStepLR(Scheduled optimizer, std::vector<std::int64_t> milestones, double gamma,
                         std::int64_t last_epoch)
    : MultiplicativeLR(
          std::move(optimizer),
          [stones = std::move(milestones), gamma](std::int64_t t) {
            return std::pow(gamma, real(std::count(stones.begin(), stones.end(), t)));
          },
          last_epoch, "multi_step") {}

ExponentialLR::ExponentialLR(Scheduled optimizer, double gamma, std::int64_t last_epoch)
    : MultiplicativeLR(
          std::move(optimizer), [by = checked_gamma("exponential", gamma)](std::int64_t) { return by; },
          last_epoch, "exponential") {}

PolynomialLR::PolynomialLR(Scheduled optimizer, std::int64_t total_iters, double power,
                           std::int64_t last_epoch)
    : LambdaLR(
          std::move(optimizer),
          [n = real(checked_count("polynomial", "total_iters", total_iters)), power](std::int64_t t) {
            return std::pow(1 - std::min(real(t), n) / n, power);
          },
          last_epoch, "polynomial") {}

ConstantWithWarmup::ConstantWithWarmup(Scheduled optimizer, std::int64_t warmup, std::int64_t last_epoch)
    : LambdaLR(
          std::move(optimizer),
          [w = checked_count("constant_with_warmup", "warmup", warmup, 0)](std::int64_t t) {
            return t < w ? real(t) / real(w) : 1;
          },
          last_epoch, "constant_with_warmup") {}

LinearWithWarmup::LinearWithWarmup(Scheduled optimizer, std::int64_t warmup, std::int64_t total,
                                   std::int64_t last_epoch)
    : LambdaLR(
          std::move(optimizer),
          [w = checked_count("linear_with_warmup", "warmup", warmup, 0),
           n = checked_count("linear_with_warmup", "total", total)](std::int64_t t) {
            if (t < w) return real(t) / real(w);
            return std::max(0.0, real(n - t) / real(std::max<std::int64_t>(1, n - w)));
          },
          last_epoch, "linear_with_warmup") {}

InverseSqrtLR::InverseSqrtLR(Scheduled optimizer, std::int64_t warmup, double decay, std::int64_t last_epoch)
    : LambdaLR(
          std::move(optimizer),
          [w = real(checked_count("inverse_sqrt", "warmup", warmup)), decay](std::int64_t t) {
            return decay * (real(t) < w ? real(t) / w : std::sqrt(w / real(t)));
          },
          last_epoch, "inverse_sqrt") {}

NoamLR::NoamLR(Scheduled optimizer, std::int64_t model_size, std::int64_t warmup, std::int64_t last_epoch)
    : Scheduler("noam", std::move(optimizer), last_epoch),
      model_size_(real(checked_count("noam", "model_size", model_size))),
      warmup_(real(checked_count("noam", "warmup", warmup))) {
  begin();
}
double NoamLR::rate(double, double) const {
  const double n = std::max(1.0, real(last_epoch()));
  return std::min(1 / std::sqrt(n), n * std::pow(warmup_, -1.5)) / std::sqrt(model_size_);
}

CosineAnnealingLR::CosineAnnealingLR(Scheduled optimizer, double T_max, double eta_min,
                                     std::int64_t last_epoch)
    : Scheduler("cosine_annealing", std::move(optimizer), last_epoch), half_period_(T_max), least_(eta_min) {
  check_positive(kind(), "T_max", T_max);
  begin();
}
double CosineAnnealingLR::rate(double base, double) const {
  // Within a period, where the argument of the cosine is small.
  return cosine(base, least_, std::fmod(real(last_epoch()), 2 * half_period_) / half_period_);
}

CosineAnnealingWarmRestarts::CosineAnnealingWarmRestarts(Scheduled optimizer, std::int64_t T_0,
                                                         std::int64_t T_mult, double eta_min,
                                                         std::int64_t last_epoch)
    : Scheduler("cosine_annealing_warm_restarts", std::move(optimizer), last_epoch),
      first_(T_0),
      factor_(T_mult),
      least_(eta_min) {
  check_count(kind(), "T_0", T_0);
  check_count(kind(), "T_mult", T_mult);
  begin();
}
double CosineAnnealingWarmRestarts::rate(double base, double) const {
  // Whole numbers, but the next period may be beyond an integer's range.
  double at = real(last_epoch()), period = real(first_);
  if (factor_ == 1) {
    at = std::fmod(at, period);
  } else {
    for (; at >= period; period *= real(factor_)) at -= period;
  }
  return cosine(base, least_, at / period);
}

CyclicLR::CyclicLR(Scheduled optimizer, double base_lr, double max_lr, std::int64_t step_size_up,
                   std::int64_t step_size_down, Cycle mode, double gamma, std::int64_t last_epoch)
    : Scheduler("cyclic", std::move(optimizer), last_epoch),
      low_(base_lr),
      high_(max_lr),
      up_(real(step_size_up)),
      down_(real(step_size_down > 0 ? step_size_down : step_size_up)),
      mode_(mode),
      gamma_(gamma) {
  check_not_negative(kind(), "base_lr", base_lr);
  check(kind(), max_lr > base_lr, "max_lr", "above base_lr", max_lr);
  check_count(kind(), "step_size_up", step_size_up);
  check_count(kind(), "step_size_down", step_size_down, 0);
  begin();
}
double CyclicLR::rate(double, double) const {
  const double t = real(last_epoch()), length = up_ + down_;
  const double cycle = std::floor(t / length), at = t - cycle * length;
  const double height = at <= up_ ? at / up_ : (length - at) / down_;
  const double scale = mode_ == Cycle::Triangular2 ? std::exp2(-cycle)
                       : mode_ == Cycle::ExpRange  ? std::pow(gamma_, t)
                                                   : 1;
  return low_ + (high_ - low_) * height * scale;
}

OneCycleLR::OneCycleLR(Scheduled optimizer, double max_lr, std::int64_t total_steps,
                       const OneCycleOptions& options, std::int64_t last_epoch)
    : Scheduler("one_cycle", std::move(optimizer), last_epoch),
      highest_(max_lr),
      total_(total_steps),
      options_(options) {
  check_positive(kind(), "max_lr", max_lr);
  check_count(kind(), "total_steps", total_steps);
  check(kind(), options.pct_start >= 0 && options.pct_start <= 1, "pct_start", "from 0 to 1",
        options.pct_start);
  check_positive(kind(), "div_factor", options.div_factor);
  check_positive(kind(), "final_div_factor", options.final_div_factor);
  begin();
}
double OneCycleLR::rate(double, double) const {
  const double first = highest_ / options_.div_factor, last = first / options_.final_div_factor;
  const double end = real(total_ - 1), t = std::min(real(last_epoch()), end);
  const double peak = options_.pct_start * real(total_) - 1;
  const auto anneal = [&](double from, double to, double share) {
    return options_.anneal == Anneal::Cosine ? cosine(from, to, share) : from + (to - from) * share;
  };
  if (t <= peak) return peak > 0 ? anneal(first, highest_, t / peak) : highest_;
  return anneal(highest_, last, end > peak ? (t - peak) / (end - peak) : 1);
}

ReduceLROnPlateau::ReduceLROnPlateau(Scheduled optimizer, const PlateauOptions& options)
    : Scheduler("reduce_on_plateau", std::move(optimizer)),
      options_(options),
      best_((options.mode == PlateauMode::Min ? 1 : -1) * std::numeric_limits<double>::infinity()) {
  check(kind(), options.factor > 0 && options.factor <= 1, "factor", "above 0 and at most 1", options.factor);
  check_count(kind(), "patience", options.patience, 0);
  check_not_negative(kind(), "threshold", options.threshold);
  check_count(kind(), "cooldown", options.cooldown, 0);
  check_not_negative(kind(), "min_lr", options.min_lr);
  check_not_negative(kind(), "eps", options.eps);
  this->optimizer().keep_initial_lr();
}

bool ReduceLROnPlateau::better(double metric) const {
  const bool relative = options_.threshold_mode == ThresholdMode::Relative;
  const double by = options_.threshold;
  if (options_.mode == PlateauMode::Min) return metric < (relative ? best_ * (1 - by) : best_ - by);
  return metric > (relative ? best_ * (1 + by) : best_ + by);
}

void ReduceLROnPlateau::step(double metric) {
  const bool improved = better(metric);
  double bad = improved ? 0 : bad_ + 1, cooling = cooling_;
  if (cooling > 0) {
    --cooling;
    bad = 0;
  }
  if (bad > real(options_.patience)) {
    Scheduler::step();  // before anything is remembered, for it may throw
    cooling = real(options_.cooldown);
    bad = 0;
  } else {
    advance();
  }
  if (improved) best_ = metric;
  bad_ = bad;
  cooling_ = cooling;
}

double ReduceLROnPlateau::rate(double, double current) const {
  const double reduced = std::max(current * options_.factor, options_.min_lr);
  return current - reduced > options_.eps ? reduced : current;
}

std::vector<std::pair<const char*, double*>> ReduceLROnPlateau::memory() {
  return {{"best", &best_}, {"num_bad_epochs", &bad_}, {"cooldown_counter", &cooling_}};
}

}  // namespace wick::optim
