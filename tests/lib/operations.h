#pragma once

#include "reference.h"

// Library functions in the form that the tables of operations hold.

namespace wick::test {

inline const Tensor& t(const Arguments& a, std::size_t i) { return a[i].tensor; }

template <Tensor (*f)(const Tensor&)>
Tensors unary(const Arguments& a) {
  return {f(t(a, 0))};
}

template <Tensor (*f)(const Tensor&, const Tensor&)>
Tensors binary(const Arguments& a) {
  return {f(t(a, 0), t(a, 1))};
}

template <Tensor (*f)(const Tensor&, const Scalar&)>
Tensors with_number(const Arguments& a) {
  return {f(t(a, 0), a[1].number())};
}

template <Tensor (*f)(const Tensor&, const Tensor&, const Scalar&)>
Tensors scaled(const Arguments& a) {
  return {f(t(a, 0), t(a, 1), a.size() > 2 ? a[2].number() : Scalar(1))};
}

template <Tensor (*f)(const Tensor&, const Shape&)>
Tensors with_list(const Arguments& a) {
  return {f(t(a, 0), a[1].list())};
}

template <Tensor (*f)(const Tensor&, std::int64_t)>
Tensors with_one(const Arguments& a) {
  return {f(t(a, 0), a[1].whole())};
}

template <Tensor (*f)(const Tensor&, std::int64_t, std::int64_t)>
Tensors with_two(const Arguments& a) {
  return {f(t(a, 0), a[1].whole(), a[2].whole())};
}

template <Tensor (*f)(const Tensors&, std::int64_t)>
Tensors joined(const Arguments& a) {
  Tensors given;
  for (std::size_t i = 1; i < a.size(); ++i) given.push_back(t(a, i));
  return {f(given, a[0].whole())};
}

template <Tensor (*f)(const Tensor&, const Dims&, bool)>
Tensors over_dims(const Arguments& a) {
  return {f(t(a, 0), a[1].list(), a[2].flag())};
}

template <Tensors (*f)(const Tensor&, std::int64_t, std::int64_t)>
Tensors in_parts(const Arguments& a) {
  return f(t(a, 0), a[1].whole(), a[2].whole());
}

template <ValuesIndices (*f)(const Tensor&, std::int64_t, bool)>
Tensors along(const Arguments& a) {
  const ValuesIndices out = f(t(a, 0), a[1].whole(), a[2].flag());
  return {out.values, out.indices};
}

template <ValuesIndices (*f)(const Tensor&, std::int64_t)>
Tensors running(const Arguments& a) {
  const ValuesIndices out = f(t(a, 0), a[1].whole());
  return {out.values, out.indices};
}

}  // namespace wick::test
