#pragma once

// Private: reads a state dict, for load_state_dict.

#include <optional>
#include <string>
#include <unordered_map>

#include "wick/core/tensor.h"

namespace wick::optim {

// What is taken from it is not taken again; refuse_rest() ends the reading.
class StateReader {
 public:
  // The state of an optimizer, a scheduler, ... of that kind. Error for an undefined tensor and a name that
  // was given twice.
  StateReader(const NamedTensors& state, const char* kind);

  // Undefined if there is no tensor of that name.
  Tensor take(const std::string& name);
  // Error if there is none.
  Tensor need(const std::string& name);
  // A single number, and one that is whole and not negative. Error, also where there is none and nothing that
  // stands for it.
  double number(const std::string& name, std::optional<double> otherwise = {});
  std::int64_t count(const std::string& name, std::optional<std::int64_t> otherwise = {});
  // Error that names the first tensor that was not taken.
  void refuse_rest() const;

 private:
  const NamedTensors& state_;
  const char* kind_;
  std::unordered_map<std::string, Tensor> rest_;
};

}  // namespace wick::optim
