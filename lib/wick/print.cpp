// The text of a tensor, as PyTorch prints it with its standard settings (4 digits, lines of 80, at most 1000 elements).

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "wick/autograd/gradient.h"
#include "wick/creation.h"
#include "wick/elementwise.h"
#include "wick/gather.h"
#include "wick/views.h"

namespace wick {
namespace {

constexpr int digits = 4;
constexpr int line_width = 80;
constexpr int edge_items = 3;
constexpr std::int64_t threshold = 1000;

std::string formatted(const char* format, double value) {
  char text[400];
  std::snprintf(text, sizeof text, format, digits, value);
  return text;
}

// How all the elements of one tensor are written, decided from all of them.
class Formatter {
 public:
  Formatter(const std::vector<double>& values, DType dtype) : whole_(is_integral(dtype)), bool_(dtype == boolean) {
    double largest = 0, smallest = HUGE_VAL;
    bool all_whole = true, any_finite = false;
    for (const double v : values) {
      if (!std::isfinite(v) || v == 0) continue;
      any_finite = true;
      largest = std::max(largest, std::fabs(v));
      smallest = std::min(smallest, std::fabs(v));
      all_whole = all_whole && v == std::ceil(v);
    }
    if (!whole_ && any_finite) {
      // Whole numbers are written with a bare point.
      point_only_ = all_whole;
      scientific_ = all_whole ? largest / smallest > 1000 || largest > 1e8
                              : largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4;
    } else if (!whole_) {
      point_only_ = std::any_of(values.begin(), values.end(), [](double v) { return v == 0; });
    }
    for (const double v : values) width_ = std::max(width_, static_cast<int>(raw(v).size()));
  }

  std::string operator()(double value) const {
    std::string text = raw(value);
    if (static_cast<int>(text.size()) < width_) text.insert(0, static_cast<std::size_t>(width_) - text.size(), ' ');
    return text;
  }
  int width() const { return width_; }

 private:
  std::string raw(double v) const {
    if (bool_) return v != 0 ? "True" : "False";
    if (whole_) return std::to_string(static_cast<std::int64_t>(v));
    if (std::isnan(v)) return "nan";
    if (std::isinf(v)) return v < 0 ? "-inf" : "inf";
    if (scientific_) return formatted("%.*e", v);
    if (!point_only_) return formatted("%.*f", v);
    char text[400];
    std::snprintf(text, sizeof text, "%.0f.", v);
    return text;
  }

  bool whole_;
  bool bool_;
  bool point_only_ = false;
  bool scientific_ = false;
  int width_ = 1;
};

class Printer {
 public:
  explicit Printer(const Tensor& x) : x_(x), summarized_(x.numel() > threshold), format_(shown(x), x.dtype()) {}

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
        i = n - edge_items - 1;
        continue;
      }
      out += text(x[i], indent + 1);
    }
    return out + "]";
  }

 private:
  bool left_out(std::int64_t n, std::int64_t i) const { return summarized_ && n > 2 * edge_items && i == edge_items; }

  // The elements that will be seen: their widths count, not those of the others.
  std::vector<double> shown(const Tensor& x) const {
    Tensor seen = is_complex(x.dtype()) ? cat({real(x).flatten(), imag(x).flatten()}) : x;
    if (summarized_) {
      for (int d = 0; d < seen.dim(); ++d) {
        const std::int64_t n = seen.size(d);
        if (n > 2 * edge_items) seen = cat({seen.slice(d, 0, edge_items), seen.slice(d, n - edge_items, n)}, d);
      }
    }
    return to_vector<double>(seen);
  }

  std::string element(const Tensor& x, std::int64_t i) const {
    const Scalar value = x[i].item();
    if (value.kind() == Kind::Complex) {
      const std::complex<double> z = value.to_complex();
      std::string im = format_(z.imag());
      im.erase(0, im.find_first_not_of(' '));
      return format_(z.real()) + (im[0] == '-' ? "" : "+") + im + "j";
    }
    // Large whole numbers do not fit a double.
    if (value.kind() == Kind::Integer) {
      std::string text = std::to_string(value.to_int());
      if (static_cast<int>(text.size()) < format_.width()) {
        text.insert(0, static_cast<std::size_t>(format_.width()) - text.size(), ' ');
      }
      return text;
    }
    return format_(value.to_double());
  }

  std::string vector(const Tensor& x, int indent) const {
    const int width = (is_complex(x.dtype()) ? 2 * format_.width() + 1 : format_.width()) + 2;
    const int per_line = std::max((line_width - indent) / width, 1);
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
        i = n - edge_items - 1;
        continue;
      }
      out += element(x, i);
    }
    return out + "]";
  }

  Tensor x_;
  bool summarized_;
  Formatter format_;
};

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "tensor(undefined)";
  const NoGrad quiet;
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
    out += Printer(x).text(x, 7);
  }
  const bool plain = x.dtype() == float32 || x.dtype() == complex64 ||
                     (x.numel() > 0 && (x.dtype() == int64 || x.dtype() == boolean));
  if (!plain) out += ", dtype=torch." + std::string(name(x.dtype()));
  if (tensor.requires_grad()) out += tensor.is_leaf() ? ", requires_grad=True" : ", grad_fn=<...>";
  return out + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << to_string(tensor); }

}  // namespace wick
