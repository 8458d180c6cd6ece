#pragma once

// Private: what every operation that changes a tensor in place does.
//
//   const Tensor y = begin_in_place("add_", target, addend);
//   ... writes into target, reading y, unrecorded ...

#include <span>

#include "wick/autograd/node.h"

namespace wick {

// What becomes of a source that requires a gradient.
enum class SourceGradient {
  Refused,   // a GradientError: it would be lost
  Recorded,  // the operation calls record_in_place() afterwards
};

// Before anything is written: Error for an undefined target; ShapeError for one whose elements share memory,
// as expanded ones do; GradientError when a gradient would be lost, if recording is on. Marks the elements as
// changed for those who saved them.
void begin_in_place(const char* operation, const Tensor& target);

// The same, and gives what to read in place of `source`: a copy, if writing the target would change what is
// yet to be read. ShapeError, before anything else, for a source that does not broadcast to the target. Where
// both have the same layout, element by element operations need none.
Tensor begin_in_place(const char* operation, const Tensor& target, const Tensor& source,
                      SourceGradient gradient = SourceGradient::Refused);
Tensors begin_in_place(const char* operation, const Tensor& target, std::span<const Tensor> sources);

// Makes the target the result of an operation on the source, as record() does for new tensors. Only after
// begin_in_place() with SourceGradient::Recorded.
template <class Formula>
void record_in_place(const char* operation, const Tensor& target, const Tensor& source, Formula formula) {
  record(operation, target, {source}, formula);
}

}  // namespace wick
