#include "tclext/commands/data.h"

#include <cmath>
#include <cstdio>

#include "wick/core/allocator.h"
#include "wick/wick.h"

namespace commands {

using binding::elements_of;
using binding::quoted;
using wick::DType;
using wick::Kind;
using wick::Scalar;
using wick::Shape;
using wick::Tensor;

namespace {

// A number, or one of the words that mean one.
std::optional<Scalar> element_value(Tcl_Obj* word) {
  if (const auto number = binding::number_of(word)) return number;
  if (const auto truth = binding::boolean_of(word)) return Scalar(static_cast<int>(*truth));
  return std::nullopt;
}

// Fills a row-major tensor of type T from the lists, level by level.
template <class T>
class Reader {
 public:
  Reader(Shape shape, DType dtype)
      : shape_(std::move(shape)), dtype_(dtype), values_(wick::empty(shape_, wick::dtype_of<T>)) {
    next_ = values_.data<T>();
  }

  Tensor read(Tcl_Obj* data) {
    read_level(data, 0);
    return values_.to(dtype_);
  }

 private:
  void read_level(Tcl_Obj* data, int depth) {
    const std::vector<Tcl_Obj*> elements = elements_of(data);
    if (static_cast<std::int64_t>(elements.size()) != shape_[depth]) {
      throw wick::ShapeError("Jagged data: " + std::to_string(elements.size()) + " elements where " +
                             std::to_string(shape_[depth]) + " are expected, shape " + to_string(shape_));
    }
    for (Tcl_Obj* element : elements) {
      if (depth + 1 < shape_.size()) {
        read_level(element, depth + 1);
      } else {
        *next_++ = value(element);
      }
    }
  }

  T value(Tcl_Obj* word) const {
    const auto number = element_value(word);
    if (!number) throw wick::Error("Invalid numeric value: " + quoted(word));
    if constexpr (std::is_same_v<T, double>) {
      return number->to_double();
    } else {
      if (!fits(*number, dtype_)) {
        throw wick::Error("Invalid numeric value: " + quoted(word) + " is outside the range of " +
                          std::string(name(dtype_)));
      }
      return number->to_int();
    }
  }

  Shape shape_;
  DType dtype_;
  Tensor values_;
  T* next_;
};

// A word that is a list of nothing but itself.
bool is_single_word(Tcl_Obj* word) {
  const std::vector<Tcl_Obj*> elements = elements_of(word);
  if (binding::holds_handle(word)) return false;
  return elements.size() == 1 &&
         (elements[0] == word || binding::text_of(elements[0]) == binding::text_of(word));
}

// Tcl ends the process when memory runs out, and when a list grows too long. What a tensor's elements take as
// words, some 64 bytes each, is therefore asked for first where it is much: MemoryError when it cannot be
// had.
void check_memory_for_words(std::int64_t count) {
  if (count < 1'000'000) return;
  constexpr std::int64_t longest = INT_MAX / 4;
  if (count > longest) {
    throw wick::MemoryError("a Tcl list cannot hold the " + std::to_string(count) +
                            " elements of the tensor");
  }
  std::size_t capacity;
  void* trial = wick::allocator::allocate(static_cast<std::size_t>(count) * 64, &capacity);
  wick::allocator::deallocate(trial, capacity);
}

// Follows the first element of each level.
Shape shape_of(Tcl_Obj* data) {
  Shape shape;
  for (;;) {
    const std::vector<Tcl_Obj*> elements = elements_of(data);
    shape.push_back(static_cast<std::int64_t>(elements.size()));
    if (elements.empty()) return shape;
    Tcl_Obj* head = elements[0];
    if (element_value(head) || binding::is_handle(head) || is_single_word(head)) return shape;
    data = head;
  }
}

}  // namespace

Tensor read_data(Tcl_Obj* data, DType dtype) {
  const Shape shape = shape_of(data);
  if (kind(dtype) == Kind::Integer) return Reader<std::int64_t>(shape, dtype).read(data);
  return Reader<double>(shape, dtype).read(data);
}

binding::List element_list(const Tensor& x) {
  if (is_complex(x.dtype())) {
    throw wick::DTypeError("tensor_to_list is not defined for " + std::string(name(x.dtype())) +
                           ": tensor_to gives its real part");
  }
  check_memory_for_words(x.numel());
  std::vector<Tcl_Obj*> elements;
  elements.reserve(static_cast<std::size_t>(x.numel()));
  if (is_floating(x.dtype())) {
    // The sign of a nan depends on the processor.
    for (const double value : wick::to_vector<double>(x)) {
      elements.push_back(Tcl_NewDoubleObj(std::isnan(value) ? std::nan("") : value));
    }
  } else {
    for (const std::int64_t value : wick::to_vector<std::int64_t>(x))
      elements.push_back(Tcl_NewWideIntObj(value));
  }
  return {Tcl_NewListObj(static_cast<Tcl_Size>(elements.size()), elements.data())};
}

binding::List list_of_dict(binding::State& state, const binding::Named& named) {
  Tcl_Obj* dict = binding::to_object(state, named);
  return {Tcl_NewListObj(1, &dict)};
}

namespace {

std::string short_number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%g", std::isnan(value) ? std::fabs(value) : value);
  const bool fractional = std::isfinite(value) && value != std::trunc(value);
  return fractional ? text : std::string(text) + ".";
}

// What stands between the parts of a tensor of that rank, with `open` braces around them.
std::string separator(int rank, int open) {
  if (rank == 2) return " ";
  if (rank == 3) return " \n" + std::string(11, ' ');
  return std::string(static_cast<std::size_t>(open + 2), ' ');
}

void print_part(std::string& out, const double*& next, const Shape& shape, int depth, std::int64_t elements) {
  if (depth == shape.size()) {
    out += short_number(*next++);
    return;
  }
  out += "{";
  if (elements == 1) {
    out += short_number(*next++);
  } else {
    const std::string between = separator(shape.size() - depth, depth + 1);
    for (std::int64_t i = 0; i < shape[depth]; ++i) {
      if (i > 0) out += between;
      print_part(out, next, shape, depth + 1, elements / shape[depth]);
    }
  }
  out += "}";
}

}  // namespace

std::string braces_text(const Tensor& x) {
  check_memory_for_words(x.numel());
  std::vector<double> values = wick::to_vector<double>(wick::real(x.detach()));
  std::string out;
  const double* next = values.data();
  print_part(out, next, x.sizes(), 0, x.numel());
  return out;
}

std::string item_text(const Tensor& x) {
  if (x.numel() != 1) {
    throw wick::ShapeError("Tensor must have exactly one element, shape " + to_string(x.sizes()) + " has " +
                           std::to_string(x.numel()));
  }
  const Scalar value = x.item();
  if (value.kind() <= Kind::Integer) return std::to_string(value.to_int());
  const auto fixed = [](double v) {
    char text[400];
    std::snprintf(text, sizeof text, "%f", std::isnan(v) ? std::fabs(v) : v);
    return std::string(text);
  };
  if (value.kind() == Kind::Floating) return fixed(value.to_double());
  const std::complex<double> z = value.to_complex();
  return fixed(z.real()) + (std::signbit(z.imag()) ? "" : "+") + fixed(z.imag()) + "j";
}

}  // namespace commands
