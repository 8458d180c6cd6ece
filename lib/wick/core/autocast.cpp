#include "wick/core/autocast.h"

#include <atomic>

#include "wick/core/fail.h"
#include "wick/core/suspend_autocast.h"

namespace wick::autocast {
namespace {

struct Switch {
  std::atomic<bool> enabled{false};
  std::atomic<DType> dtype;
};
Switch switches[] = {{false, bfloat16}, {false, float16}};

Switch& of(Device device) noexcept { return switches[device == Device::CUDA]; }

}  // namespace

bool is_enabled(Device device) noexcept { return of(device).enabled.load(std::memory_order_relaxed); }
void set_enabled(bool enabled, Device device) noexcept {
  of(device).enabled.store(enabled, std::memory_order_relaxed);
}

DType dtype(Device device) noexcept { return of(device).dtype.load(std::memory_order_relaxed); }
void set_dtype(DType wanted, Device device) {
  if (!is_half(wanted) && wanted != float32) {
    fail<DTypeError>("autocast", "the dtype must be float16, bfloat16 or float32, not {}", wanted);
  }
  of(device).dtype.store(wanted, std::memory_order_relaxed);
}

int& Suspended::count() noexcept {
  static thread_local int suspensions = 0;
  return suspensions;
}

bool lowers(const Tensor& x) {
  return is_enabled() && Suspended::count() == 0 && x.dtype() == float32 && dtype() != float32;
}
Tensor lowered(const Tensor& x) { return lowers(x) ? x.to(dtype()) : x; }
Tensor raised(const Tensor& x) {
  return is_enabled() && Suspended::count() == 0 && is_half(x.dtype()) ? x.to(float32) : x;
}

}  // namespace wick::autocast
