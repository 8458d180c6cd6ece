#include "reference.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace wick::test {

std::int64_t Argument::whole() const { return std::strtoll(text.c_str(), nullptr, 10); }
double Argument::real() const { return std::strtod(text.c_str(), nullptr); }

Scalar Argument::number() const {
  if (text == "True" || text == "False") return flag();
  if (text[0] == '(') {
    const double re = std::strtod(text.c_str() + 1, nullptr);
    return std::complex<double>(re, std::strtod(text.c_str() + text.find(',') + 1, nullptr));
  }
  if (text.find_first_not_of("-0123456789") == std::string::npos) return whole();
  return real();
}

namespace {

Dims numbers(const std::string& text) {
  Dims out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) out.push_back(std::stoll(part));
  return out;
}

}  // namespace

Dims Argument::list() const { return numbers(text.substr(1, text.size() - 2)); }
DType Argument::dtype() const { return dtype_by_name(text).value(); }

namespace {

// What a case must give: "dtype:shape:strides::bytes" or "error".
struct Wanted {
  Tensor tensor;
  Strides strides;
  bool has_strides = false;
};

struct Case {
  std::string where;  // "file:line operation"
  std::string operation;
  std::string tolerance;
  Arguments arguments;
  std::vector<std::string> results;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// The bytes that a text in base 64 stands for.
std::string decoded(const std::string& text) {
  const auto value = [](char c) {
    return c >= 'a' ? c - 'a' + 26 : c >= 'A' ? c - 'A' : c >= '0' ? c - '0' + 52 : c == '+' ? 62 : 63;
  };
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<unsigned>(value(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

// A new tensor of those bytes.
Tensor from_bytes(const std::string& bytes, const Shape& shape, DType dtype) {
  const Tensor out = empty(shape, dtype);
  REQUIRE(static_cast<std::size_t>(out.numel() * size_of(dtype)) == bytes.size());
  std::copy(bytes.begin(), bytes.end(), out.raw_data());
  return out;
}

// "dtype:shape:strides:offset:bytes" as a view of a storage of those bytes.
Tensor read_input(const std::string& text) {
  std::vector<std::string> part = split(text, ':');
  part.resize(5);
  const DType dtype = dtype_by_name(part[0]).value();
  const std::string bytes = decoded(part[4]);
  const Tensor base = from_bytes(bytes, {static_cast<std::int64_t>(bytes.size()) / size_of(dtype)}, dtype);
  return make_view(base, numbers(part[1]), numbers(part[2]),
                   base.raw_data() + std::stoll(part[3]) * size_of(dtype));
}

Wanted read_result(const std::string& text) {
  std::vector<std::string> part = split(text, ':');
  part.resize(5);
  Wanted wanted;
  wanted.tensor = from_bytes(decoded(part[4]), numbers(part[1]), dtype_by_name(part[0]).value());
  wanted.strides = numbers(part[2]);
  wanted.has_strides = !part[2].empty();
  return wanted;
}

std::vector<Case> read_cases(const std::string& file) {
  const std::filesystem::path folder = WICK_TEST_DATA;
  std::ifstream in(folder / file);  // an absolute path stays one
  REQUIRE_MESSAGE(in.good(), file << " cannot be read");
  std::map<std::string, Tensor> inputs;
  std::vector<Case> cases;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line[0] == '#') continue;
    const std::vector<std::string> word = split(line, ' ');
    if (word[1] == "=") {
      inputs[word[0]] = read_input(word[2]);
      continue;
    }
    Case c{file + ":" + std::to_string(number) + " " + word[0], word[0], word[1].substr(1), {}, {}};
    std::size_t i = 2;
    for (; word[i] != "->"; ++i) {
      Argument a;
      a.text = word[i];
      if (word[i][0] == '$') a.tensor = inputs.at(word[i]);
      c.arguments.push_back(a);
    }
    c.results.assign(word.begin() + static_cast<std::ptrdiff_t>(i) + 1, word.end());
    cases.push_back(c);
  }
  return cases;
}

// Whether the numbers agree within the tolerance.
bool close(std::complex<double> got, std::complex<double> wanted, const std::string& tolerance, DType dtype) {
  const auto parts = [&](auto&& agree) {
    return agree(got.real(), wanted.real()) && (!is_complex(dtype) || agree(got.imag(), wanted.imag()));
  };
  const double n =
      tolerance == "same" ? 0 : std::strtod(tolerance.c_str() + tolerance.find(':') + 1, nullptr);
  if (tolerance.starts_with("ulp")) {
    return parts([&](double a, double b) { return ulp_distance(a, b, dtype) <= n; });
  }
  // Relative above 1; the parts of a complex number share their scale.
  const double epsilon =
      is_floating(dtype) || is_complex(dtype) ? 1 / std::fabs(ulp_distance(1, 0, dtype)) : 0;
  const double scale = std::max(1.0, std::abs(wanted));
  return parts([&](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return a == b || std::fabs(a - b) <= n * epsilon * scale;
  });
}

bool agree(const Tensor& got, const Tensor& wanted, const std::string& tolerance) {
  if (got.dtype() != wanted.dtype() || got.sizes() != wanted.sizes()) return false;
  if (tolerance == "exact" || is_integral(wanted.dtype())) return identical(got, wanted);
  const auto a = to_vector<std::complex<double>>(got), b = to_vector<std::complex<double>>(wanted);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!close(a[i], b[i], tolerance, wanted.dtype())) return false;
  }
  return true;
}

// Strides that matter: of dimensions longer than 1 in tensors with elements.
bool strides_agree(const Tensor& got, const Wanted& wanted) {
  if (!wanted.has_strides || wanted.tensor.numel() == 0) return true;
  for (int d = 0; d < got.dim(); ++d) {
    if (got.sizes()[d] > 1 && got.strides()[d] != wanted.strides[d]) return false;
  }
  return true;
}

// The first elements; enough to try the case by hand.
std::string describe(const Tensor& x) {
  std::ostringstream out;
  out.precision(17);
  out << name(x.dtype()) << to_string(x.sizes()) << " strides " << to_string(x.strides()) << ":";
  const std::vector<std::complex<double>> values = to_vector<std::complex<double>>(x);
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 12); ++i) {
    out << " " << values[i].real();
    if (is_complex(x.dtype())) out << "+" << values[i].imag() << "i";
  }
  return out.str() + (values.size() > 12 ? " ..." : "");
}

std::string describe(const Arguments& arguments) {
  std::string out;
  for (const Argument& a : arguments)
    out += "\n  given  " + (a.tensor.defined() ? describe(a.tensor) : a.text);
  return out;
}

// Where two tensors of one dtype and shape part.
std::string difference(const Tensor& got, const Tensor& wanted, const std::string& tolerance) {
  if (got.dtype() != wanted.dtype() || got.sizes() != wanted.sizes()) return "";
  std::string out;
  each_index(got.sizes(), [&](const Dims& index) {
    Tensor a = got, b = wanted;
    for (const auto i : index) {
      a = a[i];
      b = b[i];
    }
    if (out.empty() && !agree(a, b, tolerance)) {
      out = "\n  at " + to_string(index) + ": wanted " + describe(b) + "\n  got " + describe(a);
    }
  });
  return out;
}

// The gradients of the operation's tensors; the last argument is the gradient of its first result.
Tensors gradients(Operation operation, const Arguments& arguments) {
  Arguments given(arguments.begin(), arguments.end() - 1);
  Tensors inputs;
  for (Argument& a : given) {
    if (!a.tensor.defined() || !is_differentiable(a.tensor.dtype())) continue;
    a.tensor = a.tensor.detach();
    a.tensor.requires_grad_();
    inputs.push_back(a.tensor);
  }
  Tensors grads = grad({operation(given)[0]}, inputs, {arguments.back().tensor});
  for (std::size_t i = 0; i < grads.size(); ++i) {
    if (!grads[i].defined()) grads[i] = zeros_like(inputs[i]);
  }
  return grads;
}

void check(const Case& c, const Operations& operations) {
  const bool derivative = c.operation.starts_with("grad:");
  const auto found = operations.find(derivative ? c.operation.substr(5) : c.operation);
  if (found == operations.end()) {
    FAIL_CHECK(c.where << ": no such operation");
    return;
  }
  const bool refused = c.results[0] == "error";
  Tensors results;
  try {
    results = derivative ? gradients(found->second, c.arguments) : found->second(c.arguments);
  } catch (const Error& e) {
    if (!refused) FAIL_CHECK(c.where << ": " << std::string(e.what()) << describe(c.arguments));
    return;
  }
  if (refused) {
    FAIL_CHECK(c.where << ": an error is due" << describe(c.arguments) << "\n  got    "
                       << describe(results[0]));
    return;
  }
  if (results.size() != c.results.size()) {
    FAIL_CHECK(c.where << ": " << results.size() << " results");
    return;
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Wanted wanted = read_result(c.results[i]);
    if (agree(results[i], wanted.tensor, c.tolerance) && strides_agree(results[i], wanted)) continue;
    FAIL_CHECK(
        c.where << " ~" << c.tolerance << describe(c.arguments) << "\n  wanted " << describe(wanted.tensor)
                << (wanted.has_strides ? " with strides " + to_string(wanted.strides) : "") << "\n  got    "
                << describe(results[i]) << difference(results[i], wanted.tensor, c.tolerance));
  }
}

// The results, or none where the operation refuses the arguments.
Tensors results_of(const Case& c, Operation operation, const Arguments& arguments) {
  manual_seed(1);
  try {
    return c.operation.starts_with("grad:") ? gradients(operation, arguments) : operation(arguments);
  } catch (const Error&) {
    return {};
  }
}

// The same elements, with others in between: it can be flattened without becoming dense.
Tensor every_second(const Tensor& x) {
  const Tensor wide = empty({x.numel(), 2}, x.dtype());
  std::fill_n(wide.raw_data(), wide.numel() * wide.itemsize(), x.dtype() == boolean ? 1 : 0x6b);
  const Tensor column = wide.select(1, 0);
  column.copy_(x.detach().reshape({-1}));
  return column.reshape(x.sizes());
}

void check_layout(const Case& c, const char* layout, const Arguments& given, const Tensors& wanted,
                  Operation operation) {
  const Tensors got = results_of(c, operation, given);
  bool same = got.size() == wanted.size();
  for (std::size_t i = 0; same && i < got.size(); ++i) {
    // Sums may be taken in another order.
    same = agree(got[i], wanted[i], c.tolerance == "exact" ? "near:4" : c.tolerance);
  }
  if (same) return;
  std::string text = c.where + " ~" + c.tolerance + ", " + layout + describe(given);
  for (const Tensor& x : wanted) text += "\n  dense  " + describe(x);
  for (const Tensor& x : got) text += "\n  got    " + describe(x);
  FAIL_CHECK(text);
}

// Those whose results are meant to depend on how the operands lie.
bool follows_layout(const Case& c) {
  return c.operation.ends_with("_like") || c.operation == "reshape_shares";
}

void check_layouts(const Case& c, Operation operation) {
  if (follows_layout(c)) return;
  Arguments spaced = c.arguments;
  bool any = false;
  for (std::size_t i = 0; i < spaced.size(); ++i) {
    const Tensor& x = c.arguments[i].tensor;
    if (!x.defined() || x.numel() == 0) continue;
    any = true;
    spaced[i].tensor = every_second(x);
    // One number for all, as a dense tensor and as one element that is repeated.
    Arguments one = c.arguments;
    const Tensor first = x.detach().flatten()[0].clone();
    one[i].tensor = first.expand(x.sizes()).clone();
    const Tensors wanted = results_of(c, operation, one);
    one[i].tensor = first.expand(x.sizes());
    if (!wanted.empty()) check_layout(c, "one element repeated", one, wanted, operation);
  }
  const Tensors wanted = results_of(c, operation, c.arguments);
  if (any && !wanted.empty()) check_layout(c, "every second element", spaced, wanted, operation);
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else {
      ++i;
      out += text[i] == 's' ? ' ' : text[i] == 'n' ? '\n' : text[i];
    }
  }
  return out;
}

}  // namespace

namespace {
Operations& registry() {
  static Operations all = operations();
  return all;
}
}  // namespace

Operations registered(Operations table) {
  registry().insert(table.begin(), table.end());
  return table;
}

const Operations& all_operations() { return registry(); }

void check_reference(const std::string& file, const Operations& operations) {
  const std::vector<Case> cases = read_cases(file);
  CHECK(cases.size() > 10);
  for (const Case& c : cases) check(c, operations);
}

void check_layouts(const std::string& file, const Operations& operations) {
  for (const Case& c : read_cases(file)) {
    const auto found =
        operations.find(c.operation.starts_with("grad:") ? c.operation.substr(5) : c.operation);
    if (found != operations.end()) check_layouts(c, found->second);
  }
}

void each_text(const std::string& file, const std::function<void(const Arguments&, const std::string&)>& f) {
  const std::vector<Case> cases = read_cases(file);
  CHECK(cases.size() > 10);
  for (const Case& c : cases) f(c.arguments, unescaped(c.results[0]));
}

}  // namespace wick::test
