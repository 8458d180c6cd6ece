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

// What one form of a command needs though the other does not.
template <class T>
const T& needed(const optional<T>& value, std::string_view option) {
  if (!value) throw binding::missing_parameter(option);
  return *value;
}

// An option that belongs to the other form of a command.
inline void refuse_beside(bool given, const char* option, const char* form) {
  if (given) {
    throw binding::CallError{
        "Invalid -" + std::string(option) + " parameter. It is of no use to " + form + ".",
        "TORCH PARAMETER VALUE -" + std::string(option), ""};
  }
}

inline void append(std::vector<Command>& commands, std::vector<Command> more) {
  for (Command& command : more) commands.push_back(std::move(command));
}

}  // namespace commands
