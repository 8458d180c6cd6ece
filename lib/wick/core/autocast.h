#pragma once

#include "wick/core/tensor.h"

// Automatic mixed precision, a switch of the process for each kind of device. While it is on for the CPU,
// matmul, mm, bmm, addmm, einsum, tensordot, linear, convolutions and attention take float32 operands in a
// dtype of fewer digits, which their results then have; losses, recurrent nets, transposed convolutions,
// avg_pool3d and local_response_norm take half precision in float32. Other operations and dtypes stay as they
// are, and gradients of parameters come in the parameters' dtype. With the dtype float32 nothing is
// converted.

namespace WICK_API wick {
namespace autocast {

enum class Device { CPU, CUDA };

// Off at the start.
bool is_enabled(Device device = Device::CPU) noexcept;
void set_enabled(bool enabled, Device device = Device::CPU) noexcept;
// bfloat16 for the CPU at the start, float16 for CUDA. DTypeError but for float16, bfloat16 and float32.
DType dtype(Device device = Device::CPU) noexcept;
void set_dtype(DType dtype, Device device = Device::CPU);

// Switches it for a block. The switch is the process's: blocks of several threads have to end in the reverse
// order of their beginning.
class Scope {
 public:
  explicit Scope(bool enabled, Device device = Device::CPU) : device_(device), before_(is_enabled(device)) {
    set_enabled(enabled, device);
  }
  ~Scope() { set_enabled(before_, device_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Device device_;
  bool before_;
};

// For operations: whether this operand is to be converted for a product, and as it is to be taken; and the
// same for a loss.
bool lowers(const Tensor& x);
Tensor lowered(const Tensor& x);
Tensor raised(const Tensor& x);

}  // namespace autocast
}  // namespace wick
