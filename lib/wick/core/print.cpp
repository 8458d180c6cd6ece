// The text of a tensor, as PyTorch prints it.

#include "wick/core/print.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "wick/autograd/gradient.h"
#include "wick/core/fail.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/join.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

thread_local PrintOptions options_of_thread;

std::string formatted(const char* format, int precision, double value) {
  char text[700];  // 309 digits before the point and 300 behind it
  std::snprintf(text, sizeof text, format, precision, value);
  return text;
}

// How all the elements of one real tensor are written, decided from those that will be seen.
class Formatter {
 public:
  Formatter(const Tensor& shown, const PrintOptions& options) : precision_(options.precision) {
    if (shown.dtype() == boolean) {
      for (const bool v : to_vector<bool>(shown)) widen(v);
    } else if (is_integral(shown.dtype())) {
      for (const auto v : to_vector<std::int64_t>(shown)) widen(v);
    } else {
      choose_form(to_vector<double>(shown), options.scientific);
    }
  }

  std::string operator()(const Scalar& value) const {
    std::string text = bare(value);
    if (static_cast<int>(text.size()) < width_)
      text.insert(0, static_cast<std::size_t>(width_) - text.size(), ' ');
    return text;
  }
  int width() const { return width_; }

 private:
  // Zeros, infinities and NaN have no say in it, not even in the width.
  void choose_form(const std::vector<double>& values, std::optional<bool> scientific) {
    double largest = 0, smallest = HUGE_VAL;
    const auto counts = [](double v) { return std::isfinite(v) && v != 0; };
    for (const double v : values) {
      if (!counts(v)) continue;
      largest = std::max(largest, std::fabs(v));
      smallest = std::min(smallest, std::fabs(v));
      whole_ = whole_ && v == std::ceil(v);
    }
    if (largest == 0) return;
    scientific_ = largest / smallest > 1000 || largest > 1e8 || (!whole_ && smallest < 1e-4);
    for (const double v : values) {
      if (counts(v)) widen(v);
    }
    // PyTorch's widths are those of the form that the numbers demand.
    scientific_ = scientific.value_or(scientific_);
  }

  void widen(const Scalar& value) { width_ = std::max(width_, static_cast<int>(bare(value).size())); }

  std::string bare(const Scalar& value) const {
    if (value.kind() == Kind::Bool) return value.to_bool() ? "True" : "False";
    if (value.kind() == Kind::Integer) return std::to_string(value.to_int());
    const double v = value.to_double();
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    if (scientific_) return formatted("%.*e", precision_, v);
    return whole_ ? formatted("%.*f", 0, v) + "." : formatted("%.*f", precision_, v);
  }

  int precision_;
  bool whole_ = true;  // floating point numbers without a fraction are written with a bare point
  bool scientific_ = false;
  int width_ = 1;
};

class Printer {
 public:
  Printer(const Tensor& x, const PrintOptions& options)
      : edge_(options.edge_items),
        line_width_(options.line_width),
        summarized_(x.numel() > options.threshold),
        complex_(is_complex(x.dtype())),
        format_(shown(real(x)), options),
        imaginary_format_(shown(complex_ ? imag(x) : x), options) {}

  std::string text(const Tensor& x, int indent) const {
    if (x.dim() == 0) return element(x.reshape({1}), 0);
    if (x.dim() == 1) return vector(x, indent);
    std::string out = "[";
    const std::string gap = ",\n" + std::string(static_cast<std::size_t>(x.dim() - 2), '\n') +
                            std::string(static_cast<std::size_t>(indent + 1), ' ');
    const std::int64_t n = x.size(0);
    for (std::int64_t i = 0; i < n; ++i) {
      if (i > 0) out += gap;
      if (left_out(n, i)) {
        out += "...";
        i = n - edge_ - 1;
        continue;
      }
      out += text(x[i], indent + 1);
    }
    return out + "]";
  }

 private:
  bool left_out(std::int64_t n, std::int64_t i) const { return summarized_ && n > 2 * edge_ && i == edge_; }

  // The elements that will be seen.
  Tensor shown(const Tensor& x) const {
    Tensor seen = x;
    if (summarized_) {
      for (int d = 0; d < seen.dim(); ++d) {
        const std::int64_t n = seen.size(d);
        if (n > 2 * edge_) seen = cat({seen.slice(d, 0, edge_), seen.slice(d, n - edge_, n)}, d);
      }
    }
    return seen;
  }

  std::string element(const Tensor& x, std::int64_t i) const {
    const Scalar value = x[i].item();
    if (!complex_) return format_(value);
    const std::complex<double> z = value.to_complex();
    std::string im = imaginary_format_(z.imag());
    im.erase(0, im.find_first_not_of(' '));
    return format_(z.real()) + (im[0] == '-' ? "" : "+") + im + "j";
  }

  std::string vector(const Tensor& x, int indent) const {
    const int width = format_.width() + (complex_ ? imaginary_format_.width() + 1 : 0) + 2;
    const int per_line = std::max((line_width_ - indent) / width, 1);
    std::string out = "[";
    const std::int64_t n = x.size(0);
    int on_line = 0;
    for (std::int64_t i = 0; i < n; ++i, ++on_line) {
      if (i > 0) out += ",";
      if (on_line == per_line) {
        out += "\n" + std::string(static_cast<std::size_t>(indent + 1), ' ');
        on_line = 0;
      } else if (i > 0) {
        out += " ";
      }
      if (left_out(n, i)) {
        out += " ...";
        i = n - edge_ - 1;
        continue;
      }
      out += element(x, i);
    }
    return out + "]";
  }

  std::int64_t edge_;
  int line_width_;
  bool summarized_;
  bool complex_;
  Formatter format_;
  Formatter imaginary_format_;
};

}  // namespace

const PrintOptions& print_options() noexcept { return options_of_thread; }

namespace {

void check(const char* operation, const PrintOptions& options) {
  constexpr int most_digits = 300;
  if (options.precision < 0 || options.precision > most_digits)
    fail(operation, "precision must lie within 0 and {}, {} was given", most_digits, options.precision);
  if (options.edge_items < 1)
    fail(operation, "edge_items must be 1 or more, {} was given", options.edge_items);
}

}  // namespace

void set_print_options(const PrintOptions& options) {
  check("set_print_options", options);
  options_of_thread = options;
}

std::string to_string(const Tensor& tensor) { return to_string(tensor, options_of_thread); }

std::string to_string(const Tensor& tensor, const PrintOptions& options) {
  check("to_string", options);
  if (!tensor.defined()) return "tensor(undefined)";
  const NoGrad no_grad;
  const Tensor x = tensor.detach();
  std::string out = "tensor(";
  if (x.numel() == 0) {
    out += "[]";
    if (x.dim() != 1) {
      std::string shape;
      for (const auto size : x.sizes()) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
      out += ", size=(" + shape + ")";
    }
  } else {
    out += Printer(x, options).text(x, 7);
  }
  const bool plain =
      x.dtype() == float32 ||
      (x.numel() > 0 && (x.dtype() == int64 || x.dtype() == boolean || x.dtype() == complex64));
  if (!plain) out += ", dtype=torch." + std::string(name(x.dtype()));
  if (tensor.requires_grad()) out += tensor.is_leaf() ? ", requires_grad=True" : ", grad_fn=<...>";
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << to_string(tensor); }
std::ostream& operator<<(std::ostream& out, const Scalar& number) { return out << to_string(number); }
std::ostream& dtypes::operator<<(std::ostream& out, DType t) { return out << name(t); }
std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '[';
  for (int d = 0; d < dims.size(); ++d) out << (d > 0 ? ", " : "") << dims[d];
  return out << ']';
}

}  // namespace wick
