#include "wick/optim/state_reader.h"

#include <cmath>

#include "wick/core/fail.h"

namespace wick::optim {
namespace {

constexpr const char* operation = "load_state_dict";

}  // namespace

StateReader::StateReader(const NamedTensors& state, const char* kind) : state_(state), kind_(kind) {
  for (const auto& [name, tensor] : state) {
    if (!tensor.defined()) fail(operation, "\"{}\" is an undefined tensor", name);
    if (!rest_.emplace(name, tensor).second) fail(operation, "\"{}\" was given twice", name);
  }
}

Tensor StateReader::take(const std::string& name) {
  const auto entry = rest_.extract(name);
  return entry.empty() ? Tensor() : entry.mapped();
}

Tensor StateReader::need(const std::string& name) {
  Tensor found = take(name);
  if (!found.defined()) fail(operation, "\"{}\" is missing in the state of {}", name, kind_);
  return found;
}

double StateReader::number(const std::string& name, std::optional<double> otherwise) {
  const Tensor found = otherwise ? take(name) : need(name);
  if (!found.defined()) return *otherwise;
  if (found.numel() != 1) {
    fail<ShapeError>(operation, "\"{}\" must be a single number, it has shape {}", name, found.sizes());
  }
  return found.item<double>();
}

std::int64_t StateReader::count(const std::string& name, std::optional<std::int64_t> otherwise) {
  const double n = number(name, otherwise ? std::optional(static_cast<double>(*otherwise)) : std::nullopt);
  if (!(n >= 0 && n < 0x1p53 && n == std::floor(n))) fail(operation, "\"{}\" is no count: {}", name, n);
  return static_cast<std::int64_t>(n);
}

void StateReader::refuse_rest() const {
  for (const auto& [name, tensor] : state_) {
    if (rest_.contains(name)) fail(operation, "\"{}\" does not belong to the state of {}", name, kind_);
  }
}

}  // namespace wick::optim
