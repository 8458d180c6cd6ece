#pragma once

#include "tclext/binding/convert.h"

// Tensors read from and written as Tcl lists and text.
namespace commands {

// The number that a word is: as everywhere, and complex ones such as 1.5+2.0j.
std::optional<wick::Scalar> number_in(Tcl_Obj* word);

// Such a number as a parameter.
struct Number : wick::Scalar {};

// Nested lists of numbers become a tensor. The nesting gives the shape: a number or a list of one has shape
// {1}; a list whose first element reads as a number is the innermost level. Whole numbers keep all their
// digits in integer dtypes and are decimal, also with leading zeros; nan and boolean words are numbers too,
// and complex ones are written 1.5+2.0j. Without a dtype it is Complex64 when there are such, else Float32.
// Error for rows of unequal length, for what is no number, and for a value that the dtype cannot hold.
wick::Tensor read_data(Tcl_Obj* data, std::optional<wick::DType> dtype);

// A list of one element, which is a dict of the tensors: what existing scripts take apart with lindex 0. Its
// text has the braces of the dict in it.
binding::List list_of_dict(binding::State& state, const wick::NamedTensors& named);

// All elements in row-major order, as a flat list: doubles, whole numbers, or complex numbers as 1.5+2.0j.
binding::List element_list(const wick::Tensor& x);

// The same in nested lists, one level for each dimension; of a 0-d tensor the element itself.
binding::List nested_list(const wick::Tensor& x);

// The only element, as the lists have it.
binding::List item_object(const wick::Tensor& x);

// The values in nested braces, in the layout that existing scripts compare.
std::string braces_text(const wick::Tensor& x);

// The only element as C's printf writes it: %f for floating point, plain integers otherwise.
std::string item_text(const wick::Tensor& x);

}  // namespace commands

template <>
struct binding::Convert<commands::Number> : binding::Reader<commands::Number, commands::number_in> {
  static constexpr const char* accepted = "a number";
  static constexpr Type type{"scalar", could_be};
  static commands::Number by_default(const Default& d) { return {std::get<double>(d)}; }
};
