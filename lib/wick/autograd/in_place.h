#pragma once

// Private: what every operation that changes a tensor in place does. There are two kinds.
//
// change_in_place() takes an operation as a function that gives a new tensor. It is recorded where a gradient
// is wanted, also for the tensors that share the target's elements: a view knows the tensor at the root of
// all views of one memory (TensorBody::base). The history of the change becomes that of the root, with the
// part that the target is replaced; other views find out when they are next asked for theirs, and take it
// from the root's. So it is in PyTorch.
//
//   return change_in_place("clamp_", *this, {}, [&](const Tensor& x) { return wick::clamp(x, low, high); });
//
// begin_in_place() is for those that write into the target by a loop of their own. They are not recorded.
//
//   const Tensor y = begin_in_place("add_into", target, addend);
//   ... writes into target, reading y ...

#include <span>

#include "wick/autograd/node.h"

namespace wick {

// Before anything is written: Error for an undefined target and for read-only memory; ShapeError for one
// whose elements share memory, as expanded ones do; GradientError when a gradient of the target or of a
// source would be lost, if recording is on. Marks the elements as changed for those who saved them. Gives
// what to read in place of `source`: a copy, if writing the target would change what is yet to be read. Where
// both have the same layout, element by element operations need none. A single source must broadcast to the
// target: ShapeError before anything else.
void begin_in_place(const char* operation, const Tensor& target);
Tensor begin_in_place(const char* operation, const Tensor& target, const Tensor& source);
Tensors begin_in_place(const char* operation, const Tensor& target, std::span<const Tensor> sources);

// Only whether the target's memory can be written: Error and ShapeError as above.
void check_writable(const char* operation, const Tensor& target);

namespace autograd {

// Whether the change has to be recorded. GradientError when it cannot be: the target is a leaf that requires
// a gradient, or a view of one.
bool in_place_recorded(const char* operation, const Tensor& target, Inputs sources);
// What a recorded change reads in place of a source: a copy where that shares memory with the target, for
// what is saved of it must not change.
Tensor source_of_change(bool recorded, const Tensor& target, const Tensor& source);
// The new elements in the target's dtype. ShapeError unless they have the target's shape; DTypeError when
// their kind (integer, floating ...) is higher than the target's.
Tensor fit_change(const char* operation, const Tensor& target, const Tensor& result);
// Writes them, and gives the target and its root their history, if it is recorded.
void put_change(const char* operation, const Tensor& target, const Tensor& result, bool recorded);

}  // namespace autograd

// The elements of `target` become those of compute(target), a function written with the library's operations.
// `sources` are the other tensors that it reads. Errors as begin_in_place and fit_change have them.
template <class Compute>
const Tensor& change_in_place(const char* operation, const Tensor& target, Inputs sources, Compute compute) {
  const bool recorded = autograd::in_place_recorded(operation, target, sources);
  const GradMode mode(recorded);
  // What the operation saves of the target stays as it was.
  const Tensor before = recorded ? target.clone() : target;
  autograd::put_change(operation, target, autograd::fit_change(operation, target, compute(before)), recorded);
  return target;
}

}  // namespace wick
