#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "wick/optim/optimizer.h"

// Schedules of learning rates. A scheduler sets the rates of all groups of its optimizer when it is made, for
// t = 0, and step() for t + 1. The base of a group is the rate that it had when its first scheduler was made.
// StepLR, MultiStepLR, ExponentialLR and MultiplicativeLR multiply the rate that there is, as in PyTorch, so
// that two schedulers compound; of others the one that was advanced last decides. PyTorch multiplies in
// PolynomialLR and CosineAnnealingLR too; here they are closed forms of t. `last_epoch` is the last t done,
// to go on from; Error below -1, for options out of range and for no optimizer, which leaves the rates and
// bases of the optimizer as they were. A step that throws changes nothing.

namespace WICK_API wick {
namespace optim {

// The optimizer that a scheduler changes: a variable that outlives it, or one that it owns as well.
class Scheduled {
 public:
  Scheduled(Optimizer& optimizer) : optimizer_(&optimizer) {}
  template <class O>
  Scheduled(const Ref<O>& optimizer) : optimizer_(optimizer.get()), owner_(optimizer.get()) {}
  Optimizer& operator*() const { return *optimizer_; }
  Optimizer* operator->() const { return optimizer_; }
  explicit operator bool() const { return optimizer_ != nullptr; }

 private:
  Optimizer* optimizer_;
  Ref<Optimizer> owner_;
};

class Scheduler : public RefCounted {
 public:
  virtual ~Scheduler();

  virtual void step();
  // With a measure of success, which ReduceLROnPlateau acts on and others ignore.
  virtual void step(double metric);
  // What was last set; before that the optimizer's rate.
  double last_lr(std::int64_t group = 0) const;
  std::int64_t last_epoch() const noexcept { return t_; }
  const char* kind() const noexcept { return kind_; }
  Optimizer& optimizer() const { return *optimizer_; }

  // All that is needed to go on: float64 tensors. load_state_dict sets the optimizer's rates as well. Error
  // for names that are missing or do not belong here, and numbers that are out of range; nothing is changed
  // then.
  NamedTensors state_dict() const;
  void load_state_dict(const NamedTensors& state);

  static void destroy(Scheduler* scheduler) noexcept { delete scheduler; }

 protected:
  Scheduler(const char* kind, Scheduled optimizer, std::int64_t last_epoch = -1);
  // A constructor calls it last: the first rates.
  void begin();
  // t + 1, without new rates.
  void advance() noexcept { ++t_; }

  // The rate for t = last_epoch() of a group with that base, and that rate now.
  virtual double rate(double base, double current) const = 0;
  // What there is to remember besides.
  virtual std::vector<std::pair<const char*, double*>> memory() { return {}; }

  void set_rates(const std::function<double(double base, double current)>& rate);

 private:
  const char* kind_;
  Scheduled optimizer_;
  std::int64_t t_;
  std::vector<double> last_;  // empty while nothing was set
};

// base times a function of t.
class LambdaLR : public Scheduler {
 public:
  using Factor = std::function<double(std::int64_t t)>;
  LambdaLR(Scheduled optimizer, Factor factor, std::int64_t last_epoch = -1, const char* kind = "lambda");

 protected:
  double rate(double base, double current) const override;

 private:
  Factor factor_;
};

// The rate times a function of t, from t = 1 on.
class MultiplicativeLR : public Scheduler {
 public:
  MultiplicativeLR(Scheduled optimizer, LambdaLR::Factor factor, std::int64_t last_epoch = -1,
                   const char* kind = "multiplicative");

 protected:
  double rate(double base, double current) const override;

 private:
  LambdaLR::Factor factor_;
};

// The rate times gamma every step_size steps; at each milestone, twice at one that stands twice; every step.
class StepLR : public MultiplicativeLR {
 public:
  StepLR(Scheduled optimizer, std::int64_t step_size, double gamma = 0.1, std::int64_t last_epoch = -1);
};
class MultiStepLR : public MultiplicativeLR {
 public:
  MultiStepLR(Scheduled optimizer, std::vector<std::int64_t> milestones, double gamma = 0.1,
              std::int64_t last_epoch = -1);
};
class ExponentialLR : public MultiplicativeLR {
 public:
  ExponentialLR(Scheduled optimizer, double gamma, std::int64_t last_epoch = -1);
};

// base (1 - min(t, n) / n)^power
class PolynomialLR : public LambdaLR {
 public:
  PolynomialLR(Scheduled optimizer, std::int64_t total_iters = 5, double power = 1,
               std::int64_t last_epoch = -1);
};

// base t / warmup before `warmup`; then base, or what falls from it in a line to 0 at `total`, or
// base decay sqrt(warmup / t), the rise towards it times `decay` as well.
class ConstantWithWarmup : public LambdaLR {
 public:
  ConstantWithWarmup(Scheduled optimizer, std::int64_t warmup, std::int64_t last_epoch = -1);
};
class LinearWithWarmup : public LambdaLR {
 public:
  LinearWithWarmup(Scheduled optimizer, std::int64_t warmup, std::int64_t total,
                   std::int64_t last_epoch = -1);
};
class InverseSqrtLR : public LambdaLR {
 public:
  InverseSqrtLR(Scheduled optimizer, std::int64_t warmup, double decay = 1, std::int64_t last_epoch = -1);
};

// model_size^-0.5 min(n^-0.5, n warmup^-1.5) with n = max(1, t), whatever the base.
class NoamLR : public Scheduler {
 public:
  NoamLR(Scheduled optimizer, std::int64_t model_size, std::int64_t warmup = 4000,
         std::int64_t last_epoch = -1);

 protected:
  double rate(double base, double current) const override;

 private:
  double model_size_, warmup_;
};

// eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2
class CosineAnnealingLR : public Scheduler {
 public:
  CosineAnnealingLR(Scheduled optimizer, double T_max, double eta_min = 0, std::int64_t last_epoch = -1);

 protected:
  double rate(double base, double current) const override;

 private:
  double half_period_, least_;
};

// The same from the beginning again after T_0 steps, and after each period T_mult times as long as the last.
class CosineAnnealingWarmRestarts : public Scheduler {
 public:
  CosineAnnealingWarmRestarts(Scheduled optimizer, std::int64_t T_0, std::int64_t T_mult = 1,
                              double eta_min = 0, std::int64_t last_epoch = -1);

 protected:
  double rate(double base, double current) const override;

 private:
  std::int64_t first_, factor_;
  double least_;
};

// From base_lr to max_lr in step_size_up steps, back in step_size_down (as many, if 0), and again, whatever
// the base. The height is that, a half of it from one cycle to the next, or gamma^t of it. The momentum,
// which PyTorch's cycles as well, stays as it is.
enum class Cycle { Triangular, Triangular2, ExpRange };
class CyclicLR : public Scheduler {
 public:
  CyclicLR(Scheduled optimizer, double base_lr, double max_lr, std::int64_t step_size_up = 2000,
           std::int64_t step_size_down = 0, Cycle mode = Cycle::Triangular, double gamma = 1,
           std::int64_t last_epoch = -1);

 protected:
  double rate(double base, double current) const override;

 private:
  double low_, high_, up_, down_;
  Cycle mode_;
  double gamma_;
};

enum class Anneal { Cosine, Linear };
struct OneCycleOptions {
  double pct_start = 0.3;
  Anneal anneal = Anneal::Cosine;
  double div_factor = 25, final_div_factor = 1e4;
};
// From max_lr / div_factor to max_lr at t = pct_start total - 1, and to max_lr / div_factor /
// final_div_factor at t = total - 1, where it stays. The momentum, which PyTorch's cycles as well, stays too.
class OneCycleLR : public Scheduler {
 public:
  OneCycleLR(Scheduled optimizer, double max_lr, std::int64_t total_steps,
             const OneCycleOptions& options = {}, std::int64_t last_epoch = -1);

 protected:
  double rate(double base, double current) const override;

 private:
  double highest_;
  std::int64_t total_;
  OneCycleOptions options_;
};

enum class PlateauMode { Min, Max };
enum class ThresholdMode { Relative, Absolute };
struct PlateauOptions {
  PlateauMode mode = PlateauMode::Min;
  double factor = 0.1;
  std::int64_t patience = 10;
  double threshold = 1e-4;
  ThresholdMode threshold_mode = ThresholdMode::Relative;
  std::int64_t cooldown = 0;
  double min_lr = 0, eps = 1e-8;
};
// Multiplies the rate by `factor`, but not below min_lr, when the metric of more than `patience` steps has
// not been better than the best by the threshold; for `cooldown` steps after that none counts. A change of no
// more than eps is left out. A step without a metric does nothing.
class ReduceLROnPlateau : public Scheduler {
 public:
  ReduceLROnPlateau(Scheduled optimizer, const PlateauOptions& options = {});
  void step() override {}
  void step(double metric) override;

 protected:
  double rate(double base, double current) const override;
  std::vector<std::pair<const char*, double*>> memory() override;

 private:
  bool better(double metric) const;

  PlateauOptions options_;
  double best_, bad_ = 0, cooling_ = 0;
};

}  // namespace optim
}  // namespace wick
