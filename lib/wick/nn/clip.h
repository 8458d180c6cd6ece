#pragma once

#include "wick/core/tensor.h"

namespace WICK_API wick {
namespace nn {

// Scales the gradients of the parameters in place, all by one factor, max_norm / (norm + 1e-6) if that is
// below 1, and returns their norm before, as if they were one vector: a 0-d tensor of the first gradient's
// dtype, 0 without gradients. `norm_type` is as wick::norm has it; an Error for NaN. An Error for a norm that
// is infinite or NaN, if wanted, and the errors of a change in place for a gradient that cannot be written;
// nothing is scaled then.
Tensor clip_grad_norm_(const Tensors& parameters, double max_norm, double norm_type = 2,
                       bool error_if_nonfinite = false);

// Brings each element of the gradients into [-limit, limit]. Error for a negative limit, DTypeError for
// complex gradients, and the errors of a change in place, before the first change.
void clip_grad_value_(const Tensors& parameters, double limit);

}  // namespace nn
}  // namespace wick
