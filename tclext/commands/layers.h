#pragma once

#include <vector>

#include "tclext/commands/objects.h"
#include "wick/nn/module.h"

// What the files of the area layers share. Many commands have two forms: given its tensor a command
// computes, given sizes it builds the layer.

namespace commands {

using wick::nn::make;
using TensorOrModule = std::variant<Tensor, Module>;

std::vector<Command> convolution_commands();
std::vector<Command> pooling_layer_commands();
std::vector<Command> normalization_commands();
std::vector<Command> recurrent_commands();
std::vector<Command> embedding_commands();

// layer_forward.
Command forward_command();

// A layer that has been made, as a module.
template <class M>
Module as_module(const wick::Ref<M>& layer) {
  return Module(layer.get());
}
template <class M, class... A>
Module make_layer(A&&... arguments) {
  return as_module(make<M>(std::forward<A>(arguments)...));
}

// A size for each of N dimensions of an image: one number where there is one dimension, else one for all or
// N.
template <std::size_t N>
struct SizesOf {
  using type = binding::Sizes<N>;
};
template <>
struct SizesOf<1> {
  using type = std::int64_t;
};
template <std::size_t N>
using ImageSizes = typename SizesOf<N>::type;

inline wick::Dims dims_of(std::int64_t size) { return size; }
template <std::size_t N>
wick::Dims dims_of(const std::array<std::int64_t, N>& sizes) {
  return std::span<const std::int64_t>(sizes);
}

// The bias of a linear layer or a convolution: its tensor or none, and for a layer whether there is one.
struct Bias {
  Tensor tensor;
  bool wanted = true;
  bool is_switch = false;  // a boolean was given
};
// For the two forms; an error where the word was one for the other form.
Tensor function_bias(const Bias& bias);
bool layer_bias(const Bias& bias);

// What one form of a command needs though the other does not.
template <class T>
const T& needed(const optional<T>& value, std::string_view option) {
  if (!value) throw binding::missing_parameter(option);
  return *value;
}

// An option that belongs to the other form of a command.
inline void refuse_beside(bool given, std::string_view option, const char* form) {
  if (given) {
    throw binding::CallError{
        "Invalid -" + std::string(option) + " parameter. It is of no use to " + form + ".",
        "TORCH PARAMETER VALUE -" + std::string(option), ""};
  }
}

}  // namespace commands

template <>
struct binding::Convert<commands::Bias> {
  static constexpr const char* accepted = "a tensor or none, for a layer a boolean";
  static std::optional<commands::Bias> attempt(const Source& s) {
    if (!holds_handle(s.word)) {
      if (const auto wanted = boolean_of(s.word)) return commands::Bias{{}, *wanted, true};
    }
    if (const auto tensor = Convert<TensorOrNone>::attempt(s))
      return commands::Bias{tensor->tensor, tensor->tensor.defined(), false};
    return std::nullopt;
  }
  static CallError fault(const Source& s) { return invalid_tensor(s.option(), s.word); }
  static bool could_be(const State& state, Tcl_Obj* word) { return attempt({state, word, ""}).has_value(); }
  static constexpr Type type{"tensor/bool", could_be};
  // "none" of a function, true of a layer.
  static commands::Bias by_default(const Default& d) {
    if (!std::holds_alternative<bool>(d)) Convert<TensorOrNone>::by_default(d);
    return {};
  }
};
