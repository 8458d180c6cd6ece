#include "tclext/commands/operand.h"

#include <algorithm>

namespace commands {

std::pair<Tensor, Tensor> as_tensors(const Operand& a, const Operand& b) {
  if (!a.is_tensor() && !b.is_tensor()) {
    const DType type = std::max(a.number.dtype(), b.number.dtype());
    return {wick::scalar_tensor(a.number, type), wick::scalar_tensor(b.number, type)};
  }
  return {a.is_tensor() ? a.tensor : number_beside(b.tensor, a.number),
          b.is_tensor() ? b.tensor : number_beside(a.tensor, b.number)};
}

void check_number_fits(const Call& call, const Operand& a, const Operand& b) {
  if (a.is_tensor() == b.is_tensor()) return;
  const Tensor& tensor = a.is_tensor() ? a.tensor : b.tensor;
  const Scalar& number = a.is_tensor() ? b.number : a.number;
  const DType type = wick::result_type(tensor, number);
  if (!fits(number, type)) wick::fail(call.command.name, "{} is outside the range of {}", number, type);
}

Tensor in_first_dtype(const Operand& a, const Operand& b, const Tensor& result) {
  if (!a.is_tensor()) return result;
  return result.to(b.is_tensor() ? a.tensor.dtype() : wick::result_type(a.tensor, b.number));
}

void check_tensor_by_position(const Operand& operand) {
  if (!operand.is_tensor() && operand.by_position) {
    binding::CallError error = binding::invalid_handle("tensor", operand.option(), operand.word);
    error.detail += "; a number is taken by name: -" + std::string(operand.option()) + " " +
                    binding::quoted(operand.word);
    throw error;
  }
}

}  // namespace commands

std::optional<commands::Operand> binding::Convert<commands::Operand>::attempt(const Source& s) {
  if (const wick::Tensor* tensor = find_tensor(s.state, s.word)) {
    return std::optional<commands::Operand>(std::in_place, *tensor, 0, s.word, s.names, s.by_position);
  }
  if (const auto number = commands::number_in(s.word))
    return std::optional<commands::Operand>(std::in_place, wick::Tensor(), *number, s.word, s.names,
                                            s.by_position);
  return std::nullopt;
}
