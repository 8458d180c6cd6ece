#include "wick/kernels/table.h"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <complex>
#include <cstring>

#include "levels.h"
#include "linalg/matrices.h"
#include "support.h"
#include "wick/kernels/matrix.h"
#include "wick/ops/loop.h"

// Every entry of the table of kernels, on every instruction-set level of this machine: over blocks of all the
// layouts that the loops tell apart it must give what the lowest level gives for one element at a time.

namespace wick::test {
namespace {

using kernels::Block;
using kernels::Loop;

// Elements with random bits, among them every special value; bools are 0 or 1.
std::vector<char> random_elements(DType dtype, std::int64_t count, std::uint64_t seed) {
  std::vector<char> bytes(static_cast<std::size_t>(count * size_of(dtype)));
  for (char& byte : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(dtype == boolean ? seed >> 40 & 1 : seed >> 40);
  }
  const Tensor all = from_blob(bytes.data(), {count}, dtype);
  if (!is_integral(dtype)) {
    // Random bits are hardly ever an ordinary number.
    const double specials[] = {0, -0.0, 1, -1, HUGE_VAL, -HUGE_VAL, NAN, 0.5, 100, -3.25};
    for (std::int64_t i = 0; i < count; ++i) {
      if (i % 3 == 0) all[i].fill_(specials[static_cast<std::size_t>(i / 3 % 10)]);
      if (i % 3 == 1) all[i].fill_(scattered(i, 1000) / 64);
    }
  }
  return bytes;
}

// Memory for one operand of a block, with room for the largest of the layouts below.
constexpr std::int64_t longest = 70, most_rows = 3, spread = 3;
constexpr std::int64_t room = longest * most_rows * spread + 8;

struct Layout {
  const char* name;
  std::int64_t step, row_step;  // in elements
};
// Rows that go backwards begin at their last element.
constexpr Layout layouts[] = {{"dense", 1, longest},      {"gaps", spread, longest* spread},
                              {"repeated", 0, 1},         {"one", 0, 0},
                              {"row again", 1, 0},        {"across", most_rows, 1},
                              {"backwards", -1, longest}, {"every other", 2, longest* spread}};

// What the loop is given: inputs by dtype, and the dtype of the output.
struct Signature {
  DType out;
  std::vector<DType> in;
};

// Runs the loop over a block and again element by element on the lowest level; returns both outputs.
struct Outcome {
  Tensor whole, single;
};

class Bench {
 public:
  Bench(const Signature& signature, std::uint64_t seed) : signature_(signature) {
    for (std::size_t k = 0; k < signature.in.size(); ++k)
      inputs_.push_back(random_elements(signature.in[k], room, seed + k));
  }

  Outcome run(Loop loop, Loop lowest, const void* parameters, std::int64_t n, std::int64_t rows,
              const std::vector<Layout>& given, const Layout& out_layout, std::int64_t shift) const {
    Outcome outcome{zeros({room}, signature_.out), zeros({room}, signature_.out)};
    Block block{};
    block.n = n;
    block.rows = rows;
    const auto place = [&](int k, const char* data, DType dtype, const Layout& layout) {
      const std::int64_t first = layout.step < 0 ? (n - 1) * -layout.step : 0;
      block.data[k] = const_cast<char*>(data) + (shift + first) * size_of(dtype);
      block.step[k] = layout.step * size_of(dtype);
      block.row_step[k] = layout.row_step * size_of(dtype);
    };
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      place(static_cast<int>(k) + 1, inputs_[k].data(), signature_.in[k], given[k]);
    }
    place(0, outcome.whole.raw_data(), signature_.out, out_layout);
    loop(block, parameters);
    place(0, outcome.single.raw_data(), signature_.out, out_layout);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < n; ++i) {
        Block one = block;
        one.n = one.rows = 1;
        for (int k = 0; k < kernels::max_operands; ++k)
          one.data[k] += r * block.row_step[k] + i * block.step[k];
        lowest(one, parameters);
      }
    }
    return outcome;
  }

 private:
  Signature signature_;
  std::vector<std::vector<char>> inputs_;
};

// The distance that is allowed, in units in the last place.
void check_loop(const std::string& what, Loop loop, Loop lowest, const Signature& signature, double ulps,
                const void* parameters = nullptr) {
  const Bench bench(signature, std::hash<std::string>()(what));
  const auto try_one = [&](std::int64_t n, std::int64_t rows, const std::vector<Layout>& given,
                           const Layout& out, std::int64_t shift) {
    const Outcome o = bench.run(loop, lowest, parameters, n, rows, given, out, shift);
    const bool good = ulps == 0 || is_integral(signature.out) ? identical(o.whole, o.single)
                      : is_complex(signature.out)
                          ? std::max(ulp_distance(real(o.whole), real(o.single)),
                                     ulp_distance(imag(o.whole), imag(o.single))) <= ulps
                          : ulp_distance(o.whole, o.single) <= ulps;
    CHECK_MESSAGE(good, what << ", n " << n << ", rows " << rows << ", out " << out.name << ", in "
                             << given[0].name << " " << given.back().name << ", shift " << shift);
  };
  const Layout dense = layouts[0], gaps = layouts[1], across = layouts[5];
  const std::vector<Layout> all_dense(signature.in.size(), dense);
  for (std::int64_t n : {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 70})
    try_one(n, 1, all_dense, dense, n % 8);
  for (const Layout& first : layouts) {
    for (const Layout& last : layouts) {
      if (signature.in.size() == 1 && first.name != last.name) continue;
      std::vector<Layout> given(signature.in.size(), first);
      given.back() = last;
      for (const Layout& out : {dense, gaps, across}) try_one(37, most_rows, given, out, 1);
    }
  }
}

// Units in the last place that a function may differ by between two levels. Each is within about two of the
// true value, and fused operations round elsewhere than separate ones; no two have been found further apart
// than three.
constexpr double most_apart = 3;

const kernels::Table& table() { return kernels::table(); }

// The lowest level's table, kept.
const kernels::Table& lowest() {
  static const kernels::Table kept = [] {
    const EachLevel levels;
    kernels::use_level(0);
    return table();
  }();
  return kept;
}

}  // namespace

TEST_CASE("kernels: the levels of this machine") {
  CHECK(kernels::level_count() >= 1);
  const std::string before = table().level;
  {
    const EachLevel levels;
    std::vector<std::string> names;
    levels([&](const std::string& name) {
      CHECK(name == table().level);
      names.push_back(name);
    });
    CHECK(names.size() == static_cast<std::size_t>(kernels::level_count()));
  }
  CHECK(before == table().level);
}

TEST_CASE("kernels: copies between all dtypes") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType to : all_dtypes) {
      for (const DType from : all_dtypes) {
        check_loop(level + " copy to " + std::string(name(to)) + " from " + std::string(name(from)),
                   table().copy[index_of(to)][index_of(from)], lowest().copy[index_of(to)][index_of(from)],
                   {to, {from}}, 0);
      }
    }
  });
}

TEST_CASE("kernels: functions of one operand and their gradients") {
  const EachLevel levels;
  const kernels::UnaryParameters parameters{{0.5, 2, 0.75}, {1, 2, 3}};
  levels([&](const std::string& level) {
    for (int op = 0; op < kernels::count<kernels::Unary>; ++op) {
      const auto which = static_cast<kernels::Unary>(op);
      using enum kernels::Unary;
      constexpr kernels::Unary exact[] = {
          Neg,   Abs,   Sign, Sqrt,   Relu,     Square,    Reciprocal, Rsqrt,      Floor,   Ceil,
          Round, Trunc, Frac, BitNot, Hardtanh, Threshold, Hardshrink, Softshrink, NanToNum};
      const bool computed = std::ranges::find(exact, which) == std::end(exact);
      const bool activation = op >= static_cast<int>(Elu);
      const bool also_integer = which == Hardtanh || which == Threshold;
      for (const DType dtype : all_dtypes) {
        const std::string what = " " + std::to_string(op) + " of " + std::string(name(dtype));
        const Loop loop = table().unary[op][index_of(dtype)],
                   gradient = table().gradient[op][index_of(dtype)];
        CHECK((loop != nullptr) == (lowest().unary[op][index_of(dtype)] != nullptr));
        CHECK((gradient != nullptr) == (lowest().gradient[op][index_of(dtype)] != nullptr));
        if (activation) {
          CHECK((loop != nullptr) == (is_floating(dtype) || (also_integer && kind(dtype) == Kind::Integer)));
          CHECK((gradient != nullptr) == is_floating(dtype));
        }
        // Sums of products: fused operations round otherwise, and after a cancellation by any number of
        // places.
        if (!loop || (which == Square && is_complex(dtype)) || (activation && computed)) continue;
        check_loop(level + " unary" + what, loop, lowest().unary[op][index_of(dtype)], {dtype, {dtype}},
                   computed ? most_apart : 0, &parameters);
        if (!gradient || computed) continue;
        check_loop(level + " gradient" + what, gradient, lowest().gradient[op][index_of(dtype)],
                   {dtype, {dtype, dtype}}, 0, &parameters);
      }
    }
  });
}

TEST_CASE("kernels: prelu and softmax") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : all_dtypes) {
      const std::string of = " of " + std::string(name(dtype));
      CHECK((table().prelu[index_of(dtype)] != nullptr) == is_floating(dtype));
      if (is_floating(dtype)) {
        check_loop(level + " prelu" + of, table().prelu[index_of(dtype)], lowest().prelu[index_of(dtype)],
                   {dtype, {dtype, dtype}}, 0);
      }
      for (int op = 0; op < kernels::count<kernels::Softmax>; ++op) {
        CHECK((table().softmax[op][index_of(dtype)].rows != nullptr) == is_floating(dtype));
        CHECK((table().softmax[op][index_of(dtype)].columns != nullptr) == is_floating(dtype));
      }
    }
  });
}

TEST_CASE("kernels: functions of two operands") {
  const EachLevel levels;
  const std::int64_t whole = -3;
  const double factor = -3;
  levels([&](const std::string& level) {
    for (int op = 0; op < kernels::count<kernels::Binary>; ++op) {
      const auto which = static_cast<kernels::Binary>(op);
      using enum kernels::Binary;
      for (const DType dtype : all_dtypes) {
        const Loop loop = table().binary[op][index_of(dtype)];
        CHECK((loop != nullptr) == (lowest().binary[op][index_of(dtype)] != nullptr));
        const bool fused = which == AddScaled && !is_integral(dtype);
        const bool complex_product = is_complex(dtype) && (which == Mul || which == Div);
        // Sums of products: fused operations round otherwise, and after a cancellation by any number of
        // places. LogAddExp too is a sum, of an operand and a logarithm, which cancel near 0.
        if (!loop || fused || complex_product || which == LogAddExp) continue;
        const bool function = is_floating(dtype) && (which == Pow || which == Atan2 || which == Hypot);
        check_loop(level + " binary " + std::to_string(op) + " of " + std::string(name(dtype)), loop,
                   lowest().binary[op][index_of(dtype)], {dtype, {dtype, dtype}}, function ? most_apart : 0,
                   is_integral(dtype) ? static_cast<const void*>(&whole) : &factor);
      }
    }
    for (int op = 0; op < kernels::count<kernels::Ternary>; ++op) {
      for (const DType dtype : all_dtypes) {
        const Loop loop = table().ternary[op][index_of(dtype)];
        CHECK((loop != nullptr) == (lowest().ternary[op][index_of(dtype)] != nullptr));
        if (!loop || is_complex(dtype)) continue;
        // Against single elements of the same level, which fuses the same operations: the lowest level rounds
        // the products, and their sums cancel.
        const kernels::TernaryParameters parameters{-3, 0, -3};
        check_loop(level + " ternary " + std::to_string(op) + " of " + std::string(name(dtype)), loop, loop,
                   {dtype, {dtype, dtype, dtype}}, most_apart, &parameters);
      }
    }
    for (int op = 0; op < kernels::count<kernels::Compare>; ++op) {
      for (const DType dtype : all_dtypes) {
        const Loop loop = table().compare[op][index_of(dtype)];
        CHECK((loop != nullptr) == (lowest().compare[op][index_of(dtype)] != nullptr));
        if (!loop) continue;
        check_loop(level + " comparison " + std::to_string(op) + " of " + std::string(name(dtype)), loop,
                   lowest().compare[op][index_of(dtype)], {boolean, {dtype, dtype}}, 0);
      }
    }
  });
}

TEST_CASE("kernels: sums of products, where nothing needs rounding") {
  const EachLevel levels;
  const double factor = -1.5;
  levels([&](const std::string&) {
    for (const DType dtype : {float16, bfloat16, float32, float64, complex64, complex128}) {
      const auto part = [&](std::int64_t from) {
        const Tensor x = filled({100}, dtype, [=](std::int64_t i) { return scattered(from + i, 4) / 4; });
        if (is_complex(dtype))
          imag(x).copy_(
              filled({100}, float64, [=](std::int64_t i) { return scattered(from + i + 500, 4) / 4; }));
        return x;
      };
      const Tensor x = part(0), y = part(1000), out = zeros({100}, dtype);
      const auto run_one = [&](const Tensor& a, const Tensor& b, kernels::Binary op) {
        run_loop(make_loop_nest({&out, &a, &b}), table().binary[static_cast<int>(op)][index_of(dtype)],
                 &factor);
        return to_vector<std::complex<double>>(out);
      };
      const auto xs = to_vector<std::complex<double>>(x), ys = to_vector<std::complex<double>>(y);
      const auto scaled = run_one(x, y, kernels::Binary::AddScaled),
                 product = run_one(x, y, kernels::Binary::Mul);
      for (std::size_t i = 0; i < 100; ++i) {
        CHECK(scaled[i] == xs[i] + factor * ys[i]);
        CHECK(product[i] == std::complex<double>(xs[i].real() * ys[i].real() - xs[i].imag() * ys[i].imag(),
                                                 xs[i].real() * ys[i].imag() + xs[i].imag() * ys[i].real()));
      }
      if (!is_complex(dtype)) continue;
      // The quotient of a product and a factor of it, a power of two times a unit.
      const Tensor unit = full({100}, std::complex<double>(0, 2), dtype);
      const auto quotient = run_one(out.clone(), unit, kernels::Binary::Div);
      for (std::size_t i = 0; i < 100; ++i) CHECK(quotient[i] == product[i] / std::complex<double>(0, 2));
    }
  });
}

TEST_CASE("kernels: choice between two operands") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {uint8, int16, float32, float64, complex128}) {
      const auto size = static_cast<std::size_t>(std::lround(std::log2(size_of(dtype))));
      check_loop(level + " choice of " + std::string(name(dtype)), table().select[size],
                 lowest().select[size], {dtype, {boolean, dtype, dtype}}, 0);
    }
  });
}

TEST_CASE("kernels: transposition") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {uint8, int16, int32, float64, complex128}) {
      for (const auto& [rows, columns] :
           {std::pair{1, 1}, {4, 5}, {31, 33}, {32, 32}, {64, 96}, {100, 7}, {130, 129}}) {
        const Tensor x = filled({columns, rows}, dtype, [](std::int64_t i) { return scattered(i, 100); });
        const Tensor target = zeros({rows + 1, columns + 3}, dtype);
        // Destination dense along its rows, source across them.
        const Tensor out = target.slice(0, 1, rows + 1).slice(1, 3, columns + 3);
        Block block{};
        block.n = columns;
        block.rows = rows;
        block.data[0] = out.raw_data();
        block.data[1] = x.raw_data();
        block.step[0] = out.itemsize();
        block.row_step[0] = out.stride(0) * out.itemsize();
        block.step[1] = x.stride(0) * x.itemsize();
        block.row_step[1] = x.itemsize();
        table().transpose[std::lround(std::log2(x.itemsize()))](block, nullptr);
        CHECK_MESSAGE(identical(out, x.t()), level << name(dtype) << rows << "x" << columns);
        CHECK(identical(target[0], zeros({columns + 3}, dtype)));
      }
    }
  });
}

TEST_CASE("kernels: reductions") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : all_dtypes) {
      for (int op = 0; op < kernels::count<kernels::Reduce>; ++op) {
        const auto which = static_cast<kernels::Reduce>(op);
        const kernels::ReduceLoops loops = table().reduce[op][index_of(dtype)];
        CHECK((loops.inner != nullptr) == (loops.outer != nullptr));
        if (!loops.inner) {
          CHECK(which != kernels::Reduce::Sum);
          CHECK(which != kernels::Reduce::Prod);
          const bool floating_only = which >= kernels::Reduce::Squares || which == kernels::Reduce::NanSum;
          CHECK((is_complex(dtype) || (is_integral(dtype) && floating_only)));
          continue;
        }
        const bool extreme = which == kernels::Reduce::Max || which == kernels::Reduce::Min;
        const bool centered = which == kernels::Reduce::Deviations;
        const bool product = which == kernels::Reduce::Prod, holes = which == kernels::Reduce::NanSum;
        const DType stored = extreme || is_complex(dtype) ? dtype
                             : is_integral(dtype)         ? int64
                             : product                    ? dtype
                                                          : float64;
        // Deviations from 1, and not from the mean.
        const Tensor center = ones({2}, float64);
        const kernels::ReduceFinish finish{1, HUGE_VAL, true};
        for (const std::int64_t n : {1, 2, 7, 8, 9, 31, 64, 65, 127, 200, 1030, 9000}) {
          for (const std::int64_t step : {1, 3}) {
            if (n > 2000 && step > 1) continue;
            // Whole numbers: every order of summation is exact.
            const Tensor x =
                filled({2, n * step}, dtype, [&](std::int64_t i) {
                  // A product of ones of either sign and a single 3 is exact in every dtype.
                  const double sign = scattered(i, 1) < 0 && dtype != uint8 ? -1 : 1;
                  if (product) return i == 0 ? 3 : sign;
                  if (holes && i % 5 == 3) return std::nan("");
                  return is_integral(dtype) && dtype != int64 ? std::abs(scattered(i, 1)) : scattered(i, 3);
                }).slice(1, 0, n * step, step);
            auto wide = to_vector<std::complex<double>>(x);
            for (auto& v : wide) {
              if (centered) v -= 1;
              if (centered || which == kernels::Reduce::Squares) v *= v;
              if (holes && v != v) v = 0;
            }
            std::complex<double> expected[2];
            for (std::size_t r = 0; r < 2; ++r) {
              for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
                const auto v = wide[r * static_cast<std::size_t>(n) + i];
                if (i == 0) {
                  expected[r] = v;
                } else if (product) {
                  expected[r] *= v;
                } else if (!extreme) {
                  expected[r] += v;
                } else {
                  expected[r] = which == kernels::Reduce::Max ? std::max(expected[r].real(), v.real())
                                                              : std::min(expected[r].real(), v.real());
                }
              }
            }
            const auto check_result = [&](const Tensor& out, const char* how) {
              const auto got = to_vector<std::complex<double>>(out);
              const bool good = got[0] == expected[0] && got[1] == expected[1];
              CHECK_MESSAGE(good, level << " " << how << " " << op << " of " << name(dtype) << ", " << n
                                        << " elements, step " << step);
            };
            Block inner{};
            const Tensor by_rows = empty({2}, stored);
            inner.n = n;
            inner.rows = 2;
            inner.data[0] = by_rows.raw_data();
            inner.row_step[0] = by_rows.itemsize();
            inner.data[1] = x.raw_data();
            inner.step[1] = x.stride(1) * x.itemsize();
            inner.row_step[1] = x.stride(0) * x.itemsize();
            inner.data[2] = center.raw_data();
            inner.row_step[2] = center.itemsize();
            loops.inner(inner, &finish);
            check_result(by_rows, "inner");

            Block outer = inner;
            const Tensor by_columns = empty({2}, stored);
            outer.n = 2;
            outer.rows = n;
            outer.data[0] = by_columns.raw_data();
            outer.step[0] = by_columns.itemsize();
            outer.row_step[0] = 0;
            std::swap(outer.step[1], outer.row_step[1]);
            std::swap(outer.step[2], outer.row_step[2]);
            loops.outer(outer, &finish);
            check_result(by_columns, "outer");
          }
        }
      }
    }
  });
}

TEST_CASE("kernels: distances, with tails of rows and of columns") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {float32, float64}) {
      for (const std::int64_t n : {1, 4, 7}) {
        for (const std::int64_t k : {1, 7, 8, 33}) {
          for (const std::int64_t m : {0, 1, 5, 256, 300}) {
            const Tensor a = filled({n, m}, dtype, [](std::int64_t i) { return scattered(i, 30) / 8; });
            const Tensor b =
                filled({m, k}, dtype, [](std::int64_t i) { return scattered(i + 7, 30) / 8; }).t();
            const Tensor apart = abs(sub(a.unsqueeze(1), b).to(float64));
            for (const double p : {0.0, 1.0, 2.0, 2.5, HUGE_VAL}) {
              const Tensor wanted = p == 0          ? sum(gt(apart, 0).to(float64), {2})
                                    : m == 0        ? zeros({n, k}, float64)
                                    : p == HUGE_VAL ? amax(apart, {2})
                                                    : pow(sum(pow(apart, p), {2}), 1 / p);
              CHECK_MESSAGE(
                  allclose(cdist(a, b, p).to(float64), wanted, dtype == float32 ? 1e-5 : 1e-13, 0),
                  level << " p " << p << " of " << name(dtype) << ", " << n << " " << k << " " << m);
            }
          }
        }
      }
    }
  });
}

TEST_CASE("kernels: sums of many columns") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {int8, float16, float32, float64}) {
      for (const std::int64_t columns : {1, 63, 64, 65, 130}) {
        const Tensor x = filled({20, columns}, dtype, [](std::int64_t i) { return scattered(i, 3); });
        const auto got = to_vector<double>(sum(x, {0})), values = to_vector<double>(x);
        for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) {
          double expected = 0;
          for (std::size_t r = 0; r < 20; ++r) expected += values[r * static_cast<std::size_t>(columns) + c];
          REQUIRE_MESSAGE(got[c] == expected, level << name(dtype));
        }
      }
    }
  });
}

TEST_CASE("kernels: float sums differ between levels by rounding only") {
  manual_seed(12);
  const Tensor x = rand({100000}), y = rand({300, 300}), z = randn({50, 60}, float64);
  Tensors before;
  const EachLevel levels;
  levels([&](const std::string& level) {
    const Tensors now{sum(x),       sum(y, {0}),      sum(y, {1}),         var(x),
                      matmul(y, y), matmul(z, z.t()), mean(square(z), {1})};
    for (std::size_t i = 0; i < before.size(); ++i) {
      const Tensor error =
          max(abs(now[i] - before[i]) / maximum(abs(before[i]), ones({}, before[i].dtype())));
      CHECK_MESSAGE(error.item().to_double() < (now[i].dtype() == float32 ? 1e-5 : 1e-14), level << " " << i);
    }
    before = now;
  });
}

TEST_CASE("kernels: positions of extremes") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : all_dtypes) {
      for (const int which : {0, 1}) {
        const Loop loop = table().extreme[which][index_of(dtype)].rows;
        CHECK((loop == nullptr) == is_complex(dtype));
        if (!loop) continue;
        for (const std::int64_t n : {1, 2, 9, 100}) {
          const std::vector<char> bytes = random_elements(dtype, n, static_cast<std::uint64_t>(n));
          const Tensor x = from_blob(const_cast<char*>(bytes.data()), {n}, dtype);
          const auto values = to_vector<double>(x);
          std::int64_t expected = 0;
          for (std::int64_t i = 1; i < n; ++i) {
            const double best = dtype == int64 ? 0 : values[static_cast<std::size_t>(expected)],
                         v = values[static_cast<std::size_t>(i)];
            if (dtype == int64) {
              const auto exact = elements<std::int64_t>(x);
              const auto a = exact[static_cast<std::size_t>(i)],
                         b = exact[static_cast<std::size_t>(expected)];
              if (which == 0 ? a > b : a < b) expected = i;
            } else if (!std::isnan(best) && (std::isnan(v) || (which == 0 ? v > best : v < best))) {
              expected = i;
            }
          }
          std::int64_t got = -1;
          Block block{};
          block.n = n;
          block.rows = 1;
          const Tensor value = empty({1}, dtype);
          block.data[0] = value.raw_data();
          block.data[1] = reinterpret_cast<char*>(&got);
          block.data[2] = x.raw_data();
          block.step[2] = x.itemsize();
          loop(block, nullptr);
          CHECK_MESSAGE(got == expected, level << name(dtype) << n);
          const bool same = identical(value, x.slice(0, expected, expected + 1));
          CHECK_MESSAGE((same || std::isnan(values[static_cast<std::size_t>(expected)])),
                        level << name(dtype) << n);
        }
      }
    }
  });
}

namespace {

// How a matrix of the test is stored: by rows or by columns, or with gaps in both directions.
enum class Order { Rows, Columns, Gaps };

// A matrix in memory of that order, with `filling` between and behind its elements.
constexpr double filling = 77;

struct Stored {
  Order order;
  std::int64_t rows, columns;
  Tensor memory;

  Stored(Order wanted, const Tensor& x)
      : order(wanted),
        rows(x.size(0)),
        columns(x.size(1)),
        memory(full(order == Order::Rows      ? Shape{rows, columns + 3}
                    : order == Order::Columns ? Shape{columns, rows + 2}
                                              : Shape{rows, 2 * columns + 1},
                    filling, x.dtype())) {
    matrix().copy_(x);
  }

  Tensor matrix() const { return matrix_in(memory); }
  // Whether nothing but the matrix was written to.
  bool gaps_are_whole() const {
    const Tensor copy = memory.clone();
    matrix_in(copy).fill_(filling);
    return equal(copy, full(copy.sizes(), filling, copy.dtype()));
  }

 private:
  Tensor matrix_in(const Tensor& all) const {
    if (order == Order::Rows) return narrow(all, 1, 0, columns);
    if (order == Order::Columns) return narrow(all, 1, 0, rows).t();
    return narrow(all, 1, 0, 2 * columns).slice(1, 0, 2 * columns, 2);
  }
};

// alpha A B + beta C as it is defined, in a dtype that holds all of it.
template <class S>
Tensor product_by_definition(const Tensor& a, const Tensor& b, const Tensor& c, double alpha, double beta,
                             DType wide) {
  const Tensor x = a.to(wide).contiguous(), y = b.to(wide).contiguous(), out = c.to(wide).clone();
  const S* left = reinterpret_cast<const S*>(x.raw_data());
  const std::int64_t m = a.size(0), k = a.size(1), n = b.size(1);
  S* to = reinterpret_cast<S*>(out.raw_data());
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const S* right = reinterpret_cast<const S*>(y.raw_data()) + j;
      S total{};
      for (std::int64_t p = 0; p < k; ++p) total += left[i * k + p] * right[p * n];
      S& c_ij = to[i * n + j];
      c_ij = S(alpha) * total + (beta == 0 ? S(0) : S(beta) * c_ij);
    }
  }
  return out;
}

void check_gemm(DType dtype, std::int64_t m, std::int64_t k, std::int64_t n, int variant) {
  const DType result = dtype == float16 || dtype == bfloat16 ? float32 : dtype;
  const Order a_order = Order(variant % 3), b_order = Order(variant / 3 % 3),
              c_order = Order(variant / 9 % 3);
  const double alpha = variant % 2 ? 2 : 1, beta = variant % 5 % 3;
  const bool conjugate_a = is_complex(dtype) && variant % 2,
             conjugate_b = is_complex(dtype) && variant % 4 > 1;
  const Tensor a = Stored(a_order, small_numbers({m, k}, dtype, 1)).matrix();
  const Tensor b = Stored(b_order, small_numbers({k, n}, dtype, 50)).matrix();
  const Tensor old = small_numbers({m, n}, result, 99);
  const Tensor x = conjugate_a ? conj(a) : a, y = conjugate_b ? conj(b) : b;
  const Tensor expected =
      (is_complex(dtype)    ? product_by_definition<std::complex<double>>(x, y, old, alpha, beta, complex128)
       : is_integral(dtype) ? product_by_definition<std::int64_t>(x, y, old, alpha, beta, int64)
                            : product_by_definition<double>(x, y, old, alpha, beta, float64))
          .to(result);
  const EachLevel levels;
  levels([&](const std::string& level) {
    const Stored stored(c_order, old);
    const Tensor c = stored.matrix();
    const kernels::Gemm g{.m = m,
                          .n = n,
                          .k = k,
                          .a = a.raw_data(),
                          .b = b.raw_data(),
                          .c = c.raw_data(),
                          .a_row = a.stride(0),
                          .a_column = a.stride(1),
                          .b_row = b.stride(0),
                          .b_column = b.stride(1),
                          .c_row = c.stride(0),
                          .c_column = c.stride(1),
                          .alpha = alpha,
                          .beta = beta,
                          .conjugate_a = conjugate_a,
                          .conjugate_b = conjugate_b};
    CHECK(table().gemm[index_of(dtype)](g));
    CHECK_MESSAGE((equal(c, expected) && stored.gaps_are_whole()),
                  level << " " << name(dtype) << " " << m << " " << k << " " << n << " variant " << variant);
  });
}

}  // namespace

TEST_CASE("kernels: matrix products of every size, layout and dtype") {
  int variant = 0;
  for (const DType dtype : all_dtypes) {
    if (dtype == boolean) {
      CHECK((table().gemm[index_of(dtype)] == nullptr));
      continue;
    }
    for (const std::int64_t m : {0, 1, 2, 5, 6, 7, 12, 13, 25, 70}) {
      for (const std::int64_t n : {0, 1, 3, 4, 8, 9, 16, 17, 31, 32, 33, 70}) {
        // A third of the combinations, another one for each dtype.
        for (const std::int64_t k : {0, 1, 2, 3, 8, 17, 33, 70}) {
          if ((m + n + k + index_of(dtype)) % 3 == 0) check_gemm(dtype, m, k, n, variant++);
        }
      }
    }
    // More than one block of k, of rows, of columns; sums that go into the wider type.
    for (int i = 0; i < 27; i += 2) {
      check_gemm(dtype, 3, 2000, 5, i);
      check_gemm(dtype, 1, 1100, 2, i + 1);
      check_gemm(dtype, 310, 40, 70, i);
    }
    check_gemm(dtype, 7, 5, 2100, 0);
    check_gemm(dtype, 130, 400, 130, 1);
  }
}

TEST_CASE("kernels: with beta 0 a product does not read what it overwrites") {
  const EachLevel levels;
  levels([&](const std::string&) {
    for (const std::int64_t n : {1, 5, 16, 40}) {
      for (const std::int64_t k : {0, 3, 2000}) {
        const Tensor a = ones({n, k}), b = ones({k, n}), c = full({n, n}, NAN);
        const kernels::Gemm g{.m = n,
                              .n = n,
                              .k = k,
                              .a = a.raw_data(),
                              .b = b.raw_data(),
                              .c = c.raw_data(),
                              .a_row = k,
                              .a_column = 1,
                              .b_row = n,
                              .b_column = 1,
                              .c_row = n,
                              .c_column = 1};
        CHECK(table().gemm[index_of(float32)](g));
        CHECK(equal(c, full({n, n}, static_cast<double>(k))));
      }
    }
  });
}

TEST_CASE("kernels: Euclidean norms over all of the range") {
  constexpr double inf = HUGE_VAL;
  const auto check = [](const std::string& what, double got, double wanted) {
    const bool same = std::isnan(wanted) ? std::isnan(got) : got == wanted;
    CHECK_MESSAGE((same || std::fabs(got / wanted - 1) < 1e-7), what << ": " << got << " for " << wanted);
  };
  const EachLevel levels;
  levels([&](const std::string& level) {
    const kernels::MatrixKernels* of = table().matrix;  // of float, double and complex double
    for (const auto& [a, b, wanted] : {std::array{3., 4., 5.},
                                       {1.2e308, 1e308, 1.5620499351813308e308},
                                       {DBL_MAX, 0., DBL_MAX},
                                       {DBL_MAX, DBL_MAX, inf},
                                       {3e-320, 4e-320, 5e-320},
                                       {1e308, inf, inf},
                                       {-inf, 1., inf},
                                       {inf, NAN, NAN},
                                       {0., -0., 0.}}) {
      for (const std::int64_t n : {2, 37}) {
        std::vector<double> x(static_cast<std::size_t>(2 * n), 0);
        x[1] = a;
        x.back() = b;
        check(level + " double", of[1].norm(2 * n, x.data()), wanted);
        check(level + " complex double", of[2].norm(n, x.data()), wanted);
      }
    }
    for (const auto& [a, b, wanted] : {std::array{3., 4., 5.},
                                       {2.4e38, 2e38, 3.1240998703626617e38},
                                       {2.4e38, 3e38, 3.8418745424597097e38},
                                       {0x3p-140, 0x4p-140, 0x5p-140},
                                       {1e38, inf, inf},
                                       {inf, NAN, NAN}}) {
      std::vector<float> x(37, 0);
      x[1] = static_cast<float>(a);
      x.back() = static_cast<float>(b);
      check(level + " float", of[0].norm(37, x.data()), wanted);
    }
  });
}

TEST_CASE("kernels: truncated division") {
  const EachLevel levels;
  levels([&](const std::string&) {
    for (const DType dtype : {uint8, int8, int16, int32, int64}) {
      const Loop loop = table().binary[static_cast<int>(kernels::Binary::DivTrunc)][index_of(dtype)];
      const Tensor x = tensor({7, -7, 7, 0, 5}, dtype), y = tensor({2, 2, -2, 3, 0}, dtype),
                   out = zeros({5}, dtype);
      run_loop(make_loop_nest({&out, &x, &y}), loop);
      const auto a = to_vector<std::int64_t>(x), b = to_vector<std::int64_t>(y),
                 q = to_vector<std::int64_t>(out);
      for (std::size_t i = 0; i < 5; ++i) CHECK(q[i] == (b[i] == 0 ? 0 : a[i] / b[i]));
    }
    const Tensor least = full({40}, INT64_MIN, int64), minus = full({40}, -1, int64),
                 out = zeros({40}, int64);
    run_loop(make_loop_nest({&out, &least, &minus}),
             table().binary[static_cast<int>(kernels::Binary::DivTrunc)][index_of(int64)]);
    CHECK(identical(out, least));
  });
}

}  // namespace wick::test
