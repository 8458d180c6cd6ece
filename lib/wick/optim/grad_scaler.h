#pragma once

#include <unordered_map>

#include "wick/optim/optimizer.h"

namespace WICK_API wick {
namespace optim {

struct GradScalerOptions {
  double init_scale = 65536;
  double growth_factor = 2, backoff_factor = 0.5;
  std::int64_t growth_interval = 2000;
};

// Keeps gradients of half precision away from 0: the loss is multiplied by a scale, and gradients are divided
// by it before the step, which is left out when one of them is infinite or NaN.
//
//   scaler.scale(loss).backward();
//   scaler.step(optimizer);
//   scaler.update();
class GradScaler : public RefCounted {
 public:
  // Error unless all options are above 0, and init_scale a number that float32 can hold.
  explicit GradScaler(const GradScalerOptions& options = {});

  // Times the scale, in the tensor's dtype; integers become float32. Differentiable.
  Tensor scale(const Tensor& loss) const;
  // Divides the gradients of the optimizer in place. It belongs before clipping; step() does not do it again.
  // Error if it has been done since the last update(), and for a gradient that cannot be written, before the
  // first change.
  void unscale_(Optimizer& optimizer);
  // Unscales, if that was not done yet, and takes the optimizer's step if no gradient was infinite or NaN.
  // Answers whether it did.
  bool step(Optimizer& optimizer);
  // The scale shrinks after an overflow of any optimizer since the last update(), and grows after
  // growth_interval updates without one, as long as float32 can hold it: it is never 0 or infinite.
  void update();

  double get_scale() const { return static_cast<double>(scale_); }
  NamedTensors state_dict() const;
  void load_state_dict(const NamedTensors& state);

  static void destroy(GradScaler* scaler) noexcept { delete scaler; }

 private:
  bool divide(Optimizer& optimizer) const;
  void change_scale(double factor);

  GradScalerOptions options_;
  float scale_;
  std::int64_t clean_ = 0;  // updates since the last change
  bool overflowed_ = false;
  std::unordered_map<std::uint64_t, bool> unscaled_;  // by id; whether there was an overflow
};

}  // namespace optim
}  // namespace wick
