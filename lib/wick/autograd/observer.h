#pragma once

// Private: who follows a backward pass while it is under way.

#include <span>

#include "wick/core/tensor.h"

namespace wick::autograd {

// Told of the gradients of leaves that it is set on. Passes that give chosen inputs' gradients, and those
// within another pass, tell nobody.
class GradientObserver : public RefCounted {
 public:
  virtual ~GradientObserver() = default;
  // All that the pass has for the leaf, which is not in its gradient yet. Not called for a leaf with hooks,
  // whose gradient is known at the end only, and where a part of what was expected did not come.
  virtual void complete(const Tensor& leaf, const Tensor& gradient) = 0;
  // The pass has put the gradients of these leaves, observed or not, where they belong.
  virtual void finish(std::span<const Tensor> leaves) = 0;
  // The pass has failed.
  virtual void abandon() noexcept = 0;

  static void destroy(GradientObserver* observer) noexcept { delete observer; }
};

// Sets who is told of a leaf's gradient, or nobody. Error for a leaf that another one observes.
void observe(const Tensor& leaf, const Ref<GradientObserver>& observer);
// Whether any leaf of the process is observed.
bool observed() noexcept;

}  // namespace wick::autograd
