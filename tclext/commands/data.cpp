#include "tclext/commands/data.h"

#include <algorithm>
#include <charconv>
#include <climits>
#include <cmath>
#include <complex>
#include <cstdio>
#include <memory>
#include <span>

#include "wick/core/allocator.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/wick.h"

namespace commands {

using binding::quoted;
using wick::DType;
using wick::Kind;
using wick::Scalar;
using wick::Shape;
using wick::Tensor;
using Complex = std::complex<double>;

namespace {

// Reading. A list of many numbers is read straight from what the objects hold; the words that Tcl has not
// read as numbers yet, or reads otherwise, take the long way.

// The elements of a list, in place; a handle, or a word that is no list, is a list of one. Valid as long as
// the word stays a list.
std::span<Tcl_Obj* const> elements_of(Tcl_Obj* const& word) {
  Tcl_Size count;
  Tcl_Obj** elements;
  if (binding::is_handle(word) || Tcl_ListObjGetElements(nullptr, word, &count, &elements) != TCL_OK)
    return {&word, 1};
  return {elements, static_cast<std::size_t>(count)};
}

// What an object that Tcl has read as a number holds.
template <class T>
inline bool take_number(Tcl_Obj* word, T& value) {
  using Number = std::conditional_t<std::is_same_v<T, Complex>, double, T>;
  const binding::NumberTypes& types = binding::number_types();
  if (word->typePtr == types.integer) {
    if (binding::may_have_leading_zeros(word)) return false;
    if constexpr (sizeof(long) == sizeof(Tcl_WideInt)) {  // else Tcl 8.6 has two types of integers
      value = static_cast<Number>(word->internalRep.longValue);
      return true;
    }
  } else if (word->typePtr == types.real) {
    if constexpr (!std::is_integral_v<T>) {
      value = static_cast<Number>(word->internalRep.doubleValue);
      return true;
    }
  }
  return false;
}

// A number at the beginning of the text, which is cut off.
std::optional<double> take_real(std::string_view& text) {
  double value;
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text = std::string_view(end, static_cast<std::size_t>(text.data() + text.size() - end));
  return value;
}

// 1.5+2.0j, or 2.0j alone.
std::optional<Complex> complex_in(std::string_view text) {
  if (!text.ends_with('j')) return std::nullopt;
  text.remove_suffix(1);
  const auto first = take_real(text);
  if (!first) return std::nullopt;
  if (text.empty()) return Complex(0, *first);
  if (text[0] != '+' && text[0] != '-') return std::nullopt;
  const auto second = take_real(text);
  return second && text.empty() ? std::optional(Complex(*first, *second)) : std::nullopt;
}

// A number, or one of the words that mean one.
std::optional<Scalar> element_value(Tcl_Obj* word) {
  if (const auto number = number_in(word)) return number;
  if (const auto truth = binding::boolean_of(word)) return Scalar(static_cast<int>(*truth));
  return std::nullopt;
}

// Thrown for a complex number among real ones.
struct ComplexFound {
  Tcl_Obj* word;
};

// Fills a row-major tensor of type T from the lists, level by level.
template <class T>
class Reader {
 public:
  Reader(Shape shape, DType dtype)
      : shape_(std::move(shape)), dtype_(dtype), values_(wick::empty(shape_, wick::dtype_of<T>)) {
    next_ = values_.template data<T>();
    if (kind(dtype) == Kind::Integer) {
      const auto spare = 64 - 8 * size_of(dtype);
      least_ = dtype == DType::UInt8 ? 0 : INT64_MIN >> spare;
      most_ = dtype == DType::UInt8 ? UINT8_MAX : INT64_MAX >> spare;
    }
  }

  Tensor read(Tcl_Obj* data) {
    read_level(data, 0);
    return values_.to(dtype_);
  }

 private:
  void read_level(Tcl_Obj* data, int depth) {
    const std::span<Tcl_Obj* const> elements = elements_of(data);
    if (static_cast<std::int64_t>(elements.size()) != shape_[depth]) {
      wick::fail<wick::ShapeError>("Jagged data", "{} elements where {} are expected, shape {}",
                                   elements.size(), shape_[depth], shape_);
    }
    if (depth + 1 < shape_.size()) {
      for (Tcl_Obj* element : elements) read_level(element, depth + 1);
    } else {
      read_row(elements);
    }
  }

  void read_row(std::span<Tcl_Obj* const> elements) {
    T* next = next_;
    for (Tcl_Obj* element : elements) {
      T value;
      if (!take_number(element, value)) value = slow_value(element);
      if constexpr (std::is_same_v<T, std::int64_t>) {
        if (value < least_ || value > most_) refuse(element);
      }
      *next++ = value;
    }
    next_ = next;
  }

  [[gnu::noinline]] T slow_value(Tcl_Obj* word) const {
    const auto number = element_value(word);
    if (!number) wick::fail("Invalid numeric value", "{}", quoted(word));
    if constexpr (std::is_same_v<T, Complex>) {
      return number->to_complex();
    } else {
      if (number->kind() == Kind::Complex) throw ComplexFound{word};
      if constexpr (std::is_same_v<T, std::int64_t>) {
        if (!fits(*number, dtype_)) refuse(word);
        return number->to_int();
      } else {
        return static_cast<T>(number->to_double());
      }
    }
  }

  [[noreturn, gnu::noinline]] void refuse(Tcl_Obj* word) const {
    wick::fail("Invalid numeric value", "{} is outside the range of {}", quoted(word), dtype_);
  }

  Shape shape_;
  DType dtype_;
  Tensor values_;
  T* next_;
  std::int64_t least_ = 0, most_ = 0;  // of an integer dtype
};

// A word that is a list of nothing but itself.
bool is_single_word(Tcl_Obj* word) {
  const std::span<Tcl_Obj* const> elements = elements_of(word);
  if (binding::holds_handle(word)) return false;
  return elements.size() == 1 &&
         (elements[0] == word || binding::text_of(elements[0]) == binding::text_of(word));
}

// Follows the first element of each level.
Shape shape_of(Tcl_Obj* data) {
  Shape shape;
  for (;;) {
    const std::span<Tcl_Obj* const> elements = elements_of(data);
    shape.push_back(static_cast<std::int64_t>(elements.size()));
    if (elements.empty()) return shape;
    Tcl_Obj* head = elements[0];
    if (element_value(head) || binding::is_handle(head) || is_single_word(head)) return shape;
    data = head;
  }
}

Tensor read_as(Tcl_Obj* data, const Shape& shape, DType dtype) {
  if (is_complex(dtype)) return Reader<Complex>(shape, dtype).read(data);
  if (kind(dtype) == Kind::Integer) return Reader<std::int64_t>(shape, dtype).read(data);
  if (dtype == DType::Float32) return Reader<float>(shape, dtype).read(data);
  return Reader<double>(shape, dtype).read(data);
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

// Writing.

std::string text_of_double(double value) {
  char text[TCL_DOUBLE_SPACE];
  Tcl_PrintDouble(nullptr, value, text);
  return text;
}

Tcl_Obj* element_object(double value) {
  // The sign of a nan depends on the processor.
  return Tcl_NewDoubleObj(std::isnan(value) ? std::nan("") : value);
}
Tcl_Obj* element_object(std::int64_t value) { return Tcl_NewWideIntObj(value); }
Tcl_Obj* element_object(Complex z) {
  const double imaginary = std::isnan(z.imag()) ? std::nan("") : z.imag();
  return binding::new_text(text_of_double(std::isnan(z.real()) ? std::nan("") : z.real()) +
                           (std::signbit(imaginary) ? "" : "+") + text_of_double(imaginary) + "j");
}

// The type in which lists have the elements of type T.
template <class T>
using Listed = std::conditional_t<
    std::is_integral_v<T>, std::int64_t,
    std::conditional_t<std::is_same_v<T, std::complex<float>> || std::is_same_v<T, Complex>, Complex,
                       double>>;

// Calls f with a pointer to the elements in row-major order.
template <class F>
auto with_elements(const Tensor& x, const F& f) {
  const Tensor dense = x.detach().contiguous();
  return dispatch(dense.dtype(), [&]<class T>(wick::TypeTag<T>) { return f(dense.data<T>()); });
}

// So many elements become words between two questions whether to go on.
constexpr std::int64_t words_at_a_time = 1024;

template <class T>
void append_elements(Tcl_Obj* list, const T* elements, std::int64_t count) {
  const std::unique_ptr<Tcl_Obj*[]> objects(
      new Tcl_Obj*[static_cast<std::size_t>(std::min(count, words_at_a_time))]);
  for (std::int64_t done = 0; done < count; done += words_at_a_time) {
    const std::int64_t more = std::min(count - done, words_at_a_time);
    for (std::int64_t i = 0; i < more; ++i)
      objects[i] = element_object(static_cast<Listed<T>>(elements[done + i]));
    Tcl_ListObjReplace(nullptr, list, static_cast<Tcl_Size>(done), 0, static_cast<Tcl_Size>(more),
                       objects.get());
    if (more == words_at_a_time) wick::check_interrupt();
  }
}

// The lists of the dimensions from `depth` on; `next` moves past their elements.
template <class T>
void append_part(Tcl_Obj* list, const T*& next, const Shape& shape, int depth) {
  const std::int64_t count = shape[depth];
  if (depth + 1 == shape.size()) {
    append_elements(list, next, count);
    next += count;
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    Tcl_Obj* part = Tcl_NewListObj(0, nullptr);
    Tcl_ListObjAppendElement(nullptr, list, part);
    append_part(part, next, shape, depth + 1);
    if (i % words_at_a_time == words_at_a_time - 1) wick::check_interrupt();
  }
}

// What `fill` appends to a list, which goes when it throws.
template <class Fill>
binding::List filled_list(const Fill& fill) {
  binding::ObjRef list(Tcl_NewListObj(0, nullptr));
  fill(list.get());
  return {list.release()};
}

// The elements, or, where there are none, the empty lists of a shape with a 0 in it.
std::int64_t words_of(const Shape& shape) {
  std::int64_t words = 1, most = 1;
  for (const auto size : shape) most = std::max(most, words *= size);
  return most;
}

void check_one_element(const Tensor& x) {
  if (x.numel() != 1) {
    throw wick::ShapeError("Tensor must have exactly one element, shape " + to_string(x.sizes()) + " has " +
                           std::to_string(x.numel()));
  }
}

}  // namespace

std::optional<Scalar> number_in(Tcl_Obj* word) {
  Tcl_Obj* plain = binding::plain_word(word);
  if (!plain || binding::is_handle(plain)) return std::nullopt;
  if (const auto number = binding::number_of(plain)) return number;
  if (const auto number = complex_in(binding::text_of(plain))) return Scalar(*number);
  return std::nullopt;
}

Tensor read_data(Tcl_Obj* data, std::optional<DType> dtype) {
  const Shape shape = shape_of(data);
  try {
    return read_as(data, shape, dtype.value_or(DType::Float32));
  } catch (const ComplexFound& found) {
    if (!dtype) return read_as(data, shape, DType::Complex64);
    wick::fail("Invalid numeric value", "{} is complex, {} is not", quoted(found.word), *dtype);
  }
}

binding::List element_list(const Tensor& x) {
  check_memory_for_words(x.numel());
  return filled_list([&](Tcl_Obj* list) {
    with_elements(x, [&](const auto* elements) { append_elements(list, elements, x.numel()); });
  });
}

binding::List nested_list(const Tensor& x) {
  if (x.dim() == 0) return item_object(x);
  check_memory_for_words(words_of(x.sizes()));
  return filled_list([&](Tcl_Obj* list) {
    with_elements(x, [&](const auto* next) { append_part(list, next, x.sizes(), 0); });
  });
}

binding::List item_object(const Tensor& x) {
  check_one_element(x);
  return {
      with_elements(x, []<class T>(const T* only) { return element_object(static_cast<Listed<T>>(*only)); })};
}

binding::List list_of_dict(binding::State& state, const wick::NamedTensors& named) {
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
std::string short_number(Complex z) {
  const bool negative = std::signbit(z.imag()) && !std::isnan(z.imag());
  return short_number(z.real()) + (negative ? "" : "+") + short_number(z.imag()) + "j";
}

// What stands between the parts of a tensor of that rank, with `open` braces around them.
std::string separator(int rank, int open) {
  if (rank == 2) return " ";
  if (rank == 3) return " \n" + std::string(11, ' ');
  return std::string(static_cast<std::size_t>(open + 2), ' ');
}

template <class T>
void print_part(std::string& out, const T*& next, const Shape& shape, int depth, std::int64_t elements) {
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
      if (i % words_at_a_time == words_at_a_time - 1) wick::check_interrupt();
      if (i > 0) out += between;
      print_part(out, next, shape, depth + 1, elements / shape[depth]);
    }
  }
  out += "}";
}

}  // namespace

std::string braces_text(const Tensor& x) {
  check_memory_for_words(x.numel());
  std::string out;
  const auto print = [&](const auto* next) { print_part(out, next, x.sizes(), 0, x.numel()); };
  if (is_complex(x.dtype())) {
    print(x.detach().to(DType::Complex128).contiguous().data<Complex>());
  } else {
    print(x.detach().to(DType::Float64).contiguous().data<double>());
  }
  return out;
}

std::string item_text(const Tensor& x) {
  check_one_element(x);
  const Scalar value = x.item();
  if (value.kind() <= Kind::Integer) return std::to_string(value.to_int());
  const auto fixed = [](double v) {
    char text[400];
    std::snprintf(text, sizeof text, "%f", std::isnan(v) ? std::fabs(v) : v);
    return std::string(text);
  };
  if (value.kind() == Kind::Floating) return fixed(value.to_double());
  const Complex z = value.to_complex();
  const bool negative = std::signbit(z.imag()) && !std::isnan(z.imag());
  return fixed(z.real()) + (negative ? "" : "+") + fixed(z.imag()) + "j";
}

}  // namespace commands
