#include <cmath>
#include <complex>

#include "levels.h"
#include "support.h"

// What loops do for many elements at once must be what they do one by one: sums, extremes and conversions of
// rows, narrow rows brought side by side, operands in another memory order.

namespace wick::test {
namespace {

constexpr DType floats[] = {float16, bfloat16, float32, float64};

Tensor rising(std::int64_t n, DType dtype, std::int64_t range) {
  return filled({n}, dtype, [=](std::int64_t i) {
    return dtype == uint8 ? std::abs(scattered(i, range)) : scattered(i, range);
  });
}

}  // namespace

TEST_CASE("rows: sums of bytes of any length, up to their largest") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {boolean, uint8, int8, int16}) {
      for (const std::int64_t n : {1, 31, 63, 64, 127, 128, 129, 255, 1000, 4096, 4097, 70001}) {
        const Tensor x = rising(n, dtype, 100), one_off = rising(n + 1, dtype, 100).slice(0, 1, n + 1);
        std::int64_t expected = 0, expected_off = 0;
        for (std::int64_t i = 0; i < n; ++i) {
          expected += x[i].item().to_int();
          expected_off += one_off[i].item().to_int();
        }
        CHECK_MESSAGE(sum(x).item().to_int() == expected, level << " " << name(dtype) << " " << n);
        CHECK_MESSAGE(sum(one_off).item().to_int() == expected_off, level << " " << name(dtype) << " " << n);
      }
    }
    CHECK(sum(full({100000}, 255, uint8)).item().to_int() == 25500000);
    CHECK(sum(full({100000}, -128, int8)).item().to_int() == -12800000);
    CHECK(sum(full({100000}, 127, int8)).item().to_int() == 12700000);
    CHECK(sum(full({100000}, true, boolean)).item().to_int() == 100000);
    CHECK(equal(sum(full({300, 1000}, 255, uint8), {1}), full({300}, 255000, int64)));
  });
}

TEST_CASE("rows: the extremes wherever they stand, a NaN before all") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : {uint8, int8, int32, int64, float16, bfloat16, float32, float64}) {
      for (const std::int64_t n : {100, 128, 129, 160, 300}) {
        for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, n / 2, n - 2, n - 1}) {
          Tensor x = rising(n, dtype, 90);
          x[at].fill_(100);
          const std::string what = level + " " + std::string(name(dtype)) + " " + std::to_string(n);
          CHECK_MESSAGE(max(x).item().to_double() == 100, what);
          CHECK_MESSAGE(max(x, 0).indices.item().to_int() == at, what);
          // The first of equal ones.
          x[n - 1].fill_(100);
          CHECK_MESSAGE(max(x, 0).indices.item().to_int() == at, what);
          if (!is_floating(dtype)) continue;
          x[n - 1].fill_(HUGE_VAL);
          x[at].fill_(-HUGE_VAL);
          CHECK_MESSAGE(min(x).item().to_double() == -HUGE_VAL, what);
          if (at < n - 1) CHECK_MESSAGE(max(x).item().to_double() == HUGE_VAL, what);
          x[at].fill_(NAN);
          CHECK_MESSAGE(std::isnan(max(x).item().to_double()), what);
          CHECK_MESSAGE(std::isnan(min(x).item().to_double()), what);
          CHECK_MESSAGE(min(x, 0).indices.item().to_int() == at, what);
          CHECK_MESSAGE(std::isnan(max(x.unsqueeze(0), 1).values.item().to_double()), what);
        }
      }
    }
  });
}

TEST_CASE("rows: floats become integers one by one and in stretches alike") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType from : {float32, float64}) {
      for (const DType to : {uint8, int64}) {
        Tensor x = filled({1000}, from, [](std::int64_t i) { return scattered(i, 100000) * 0.37; });
        for (const double special : {0.5, 3e9, -3e9, 0x1p31, -0x1p31, 0x1p31 - 1, 1e15}) {
          x[700].fill_(special);
          const Tensor all = x.to(to);
          for (std::int64_t i = 0; i < 1000; i += 7)
            CHECK_MESSAGE(identical(all[i], x[i].to(to)), level << " " << name(from) << " " << i);
          CHECK_MESSAGE(all[700].item().to_int() == x[700].to(int64).to(to).item().to_int(), special);
        }
      }
    }
  });
}

TEST_CASE("rows: softmax of narrow rows and its gradient, as of columns") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : floats) {
      for (const std::int64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 20, 31, 32, 33}) {
        for (const std::int64_t rows : {9, 64, 131}) {
          const Tensor x =
              filled({rows, n}, dtype, [](std::int64_t i) { return scattered(i, 30) / 8; }).requires_grad_();
          const Tensor wide = x.detach().to(float64).requires_grad_();
          const Tensor g = filled({rows, n}, dtype, [](std::int64_t i) { return scattered(i + 7, 20) / 16; });
          for (const auto f : {+[](const Tensor& y) { return softmax(y, 1); },
                               +[](const Tensor& y) { return log_softmax(y, 1); }}) {
            const Tensor out = f(x), expected = f(wide);
            const double error = dtype == float64   ? 1e-14
                                 : dtype == float32 ? 2e-6
                                 : dtype == float16 ? 4e-3
                                                    : 4e-2;
            const auto close = [&](const Tensor& a, const Tensor& b) {
              const Tensor distance = sub(a.to(float64), b);
              return max(abs(distance)).item().to_double() <= error * (1 + max(abs(b)).item().to_double());
            };
            CHECK_MESSAGE(close(out, expected), level << " " << name(dtype) << " " << rows << " x " << n);
            CHECK_MESSAGE(close(grad({out}, {x}, {g})[0], grad({expected}, {wide}, {g.to(float64)})[0]),
                          level << " " << name(dtype) << " " << rows << " x " << n);
          }
        }
      }
    }
  });
}

TEST_CASE("rows: operands in another memory order") {
  for (const DType dtype : all_dtypes) {
    const Tensor a = filled({90, 70}, dtype, [](std::int64_t i) { return scattered(i, 40); });
    const Tensor b =
        transpose(filled({70, 90}, dtype, [](std::int64_t i) { return scattered(i + 3, 40); }), 0, 1);
    const Tensor dense = b.contiguous();
    CHECK(identical(add(a, b), add(a, dense)));
    CHECK(identical(mul(b, a), mul(dense, a)));
    CHECK(identical(eq(a, b), eq(a, dense)));
    if (!is_complex(dtype)) {
      CHECK(identical(maximum(a, b), maximum(a, dense)));
      CHECK(identical(lt(b, a), lt(dense, a)));
    }
    const Tensor cube = filled({20, 30, 40}, dtype, [](std::int64_t i) { return scattered(i, 40); });
    const Tensor turned =
        filled({40, 20, 30}, dtype, [](std::int64_t i) { return scattered(i, 9); }).permute({1, 2, 0});
    CHECK(identical(add(cube, turned), add(cube, turned.contiguous())));
    const Tensor column = cube[0].select(1, 0).slice(0, 0, 30).unsqueeze(-1);  // (30, 1), elements far apart
    CHECK(!column.is_contiguous());
    CHECK(identical(add(cube, column), add(cube, column.contiguous())));
  }
}

TEST_CASE("rows: positions outside are found wherever they stand") {
  const Tensor x = rising(60 * 50, float32, 50).reshape({60, 50});
  for (const int d : {0, 1}) {
    for (const std::int64_t wrong : {std::int64_t{-1}, x.size(d)}) {
      for (const std::int64_t at : {0, 17, 999}) {
        const Tensor index =
            filled({20, 50}, int64, [](std::int64_t i) { return static_cast<double>(i % 40); });
        index.flatten()[at].fill_(wrong);
        const Tensor column = index.slice(1, 0, 50, 3);
        CHECK_THROWS_AS(gather(x, d, index), IndexError);
        if (at % 50 % 3 == 0) CHECK_THROWS_AS(gather(x, d, column), IndexError);
      }
    }
  }
  // Rows of every length.
  for (const std::int64_t n : {1, 2, 3, 4, 5, 7, 8, 12, 13, 31, 32, 33, 40}) {
    const Tensor rows = rising(50 * n, float32, 50).reshape({50, n});
    const Tensor index = filled({43}, int64, [](std::int64_t i) { return static_cast<double>(7 * i % 50); });
    const Tensor picked = index_select(rows, 0, index);
    for (std::int64_t i = 0; i < index.numel(); ++i)
      CHECK(identical(picked[i], rows[index[i].item().to_int()]));
  }
}

TEST_CASE("rows: the gradient of cumprod, recorded and not") {
  for (const DType dtype : {float32, float64, complex64, complex128}) {
    for (const int d : {0, 1, 2}) {
      Tensor x = filled({5, 19, 18}, dtype, [](std::int64_t i) { return scattered(i, 12) / 8; });
      if (is_complex(dtype)) x = mul(x, Scalar(std::complex<double>(0.8, 0.6)));
      x = x.detach().requires_grad_();
      const Tensor g = filled({5, 19, 18}, dtype, [](std::int64_t i) { return scattered(i + 5, 12) / 8; });
      const Tensor plain = grad({cumprod(x, d)}, {x}, {g})[0];
      const Tensor recorded = grad({cumprod(x, d)}, {x}, {g}, false, true)[0];
      const double error = dtype == float32 || dtype == complex64 ? 1e-5 : 1e-13;
      CHECK(max(abs(sub(plain, recorded.detach()))).item().to_double() <=
            error * max(abs(plain)).item().to_double());
    }
  }
}

TEST_CASE("rows: the gradients of frac and glu") {
  const Tensor x =
      filled({7, 10}, float32, [](std::int64_t i) { return scattered(i, 90) / 8; }).requires_grad_();
  const Tensor g = filled({7, 10}, float32, [](std::int64_t i) { return scattered(i + 1, 9); });
  CHECK(identical(grad({frac(x)}, {x}, {g})[0], g));
  for (const Tensor& in : {x, transpose(x, 0, 1)}) {
    const int d = in.size(0) == 7 ? 1 : 0;
    const Tensor half = narrow(in.detach(), d, 2, 5), out = glu(in, d);
    const Tensor plain = grad({out}, {x}, {half}, true)[0],
                 recorded = grad({out}, {x}, {half}, true, true)[0];
    CHECK(max(abs(sub(plain, recorded.detach()))).item().to_double() <= 1e-5);
  }
}

}  // namespace wick::test
