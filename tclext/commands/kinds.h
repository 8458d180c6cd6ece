#pragma once

#include <variant>

#include "tclext/commands/common.h"

// Handles of sparse and quantized tensors: their names are those of tensors, and commands that say so take
// them. Others are told which command makes a tensor of them.

namespace commands {

using wick::QuantizedTensor;
using wick::SparseTensor;

}  // namespace commands

template <>
inline constexpr const char* binding::kind_name<wick::SparseTensor> = "sparse tensor";
template <>
inline constexpr auto binding::prefix_of<wick::SparseTensor> =
    [](const wick::SparseTensor&) { return "tensor"; };
template <>
inline constexpr const char* binding::tensor_command<wick::SparseTensor> = "sparse_to_dense";

template <>
inline constexpr const char* binding::kind_name<wick::QuantizedTensor> = "quantized tensor";
template <>
inline constexpr auto binding::prefix_of<wick::QuantizedTensor> =
    [](const wick::QuantizedTensor&) { return "tensor"; };
template <>
inline constexpr const char* binding::tensor_command<wick::QuantizedTensor> = "dequantize";

template <>
inline constexpr binding::Word<wick::Layout> binding::words<wick::Layout>[] = {
    {"coo", wick::Layout::Coo}, {"csr", wick::Layout::Csr}, {"csc", wick::Layout::Csc}};
template <>
inline constexpr binding::Word<wick::QuantizedDType> binding::words<wick::QuantizedDType>[] = {
    {"quint8", wick::quint8}, {"qint8", wick::qint8}, {"qint32", wick::qint32},
    {"QUInt8", wick::quint8}, {"QInt8", wick::qint8}, {"QInt32", wick::qint32}};

namespace commands {

using SparseOrDense = std::variant<Tensor, SparseTensor>;
using QuantizedOrPlain = std::variant<Tensor, QuantizedTensor>;
using AnyTensor = std::variant<Tensor, SparseTensor, QuantizedTensor>;

// A function object of several lambdas, for std::visit.
template <class... F>
struct Cases : F... {
  using F::operator()...;
};
template <class... F>
Cases(F...) -> Cases<F...>;

}  // namespace commands
