#pragma once

#include "tclext/binding/command.h"
#include "wick/core/fail.h"
#include "wick/wick.h"

// Parameters that many commands share.
namespace commands {

using binding::above;
using binding::AnyDevice;
using binding::Area;
using binding::at_least;
using binding::between;
using binding::bind;
using binding::Call;
using binding::Command;
using binding::Device;
using binding::half_open;
using binding::Ints;
using binding::omittable;
using binding::Param;
using binding::required;
using std::optional;
using wick::DType;
using wick::Scalar;
using wick::Shape;
using wick::Tensor;
using wick::Tensors;

// The commands of an area's parts, in their order.
inline std::vector<Command> joined(std::initializer_list<std::vector<Command>> parts) {
  std::vector<Command> all;
  for (const std::vector<Command>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

inline const Param input{"input", required, "the tensor"};
inline const Param shape{"shape", required, "size of each dimension; empty for a 0-d tensor"};
inline const Param dtype{"dtype", DType::Float32, "element type"};
inline const Param device{"device", "cpu", "where the tensor lives: cpu or cuda"};
inline const Param filename{"filename file", required, "the file"};
inline const Param requires_grad{"requiresGrad requires_grad", false, "whether gradients are tracked"};
inline const Param dim_or_all{"dim", omittable,
                              "dimension to reduce, negative counts from the end; all of them when left out"};

// A new leaf.
inline Tensor leaf(const Tensor& tensor, bool wants_gradient) {
  if (wants_gradient) tensor.requires_grad_();
  return tensor;
}

// A device in a place where existing scripts give a dtype by position, `rand {2 3} float64`, and expect it to
// count as the cpu. By name it is an error, as for every other device.
struct LooseDevice {};

}  // namespace commands

template <>
struct binding::Convert<commands::LooseDevice> {
  static std::optional<commands::LooseDevice> attempt(const Source& s) {
    if (any_device_of(s.word) || (s.by_position && dtype_of_word(s.word))) return commands::LooseDevice{};
    return std::nullopt;
  }
  static CallError fault(const Source& s) { return invalid_device(s); }
  static commands::LooseDevice from(const Source& s) {
    if (const auto device = attempt(s)) return *device;
    throw fault(s);
  }
  static bool could_be(const State& state, Tcl_Obj* word) {
    return Convert<AnyDevice>::could_be(state, word);
  }
  static constexpr Type type{"device", could_be};
  template <class F>
  static commands::LooseDevice by_default(const F&) {
    return {};
  }
};
