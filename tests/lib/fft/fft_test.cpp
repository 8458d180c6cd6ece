#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "gradcheck.h"
#include "levels.h"
#include "operations.h"

// Fourier transforms against PyTorch's values, direct sums in long double, and numeric differences.

namespace wick::test {
namespace {

fft::Length length(const Argument& a) { return a.text == "none" ? fft::Length() : fft::Length(a.whole()); }
fft::Lengths lengths(const Argument& a) { return a.text == "none" ? fft::Lengths() : fft::Lengths(a.list()); }

template <Tensor (*f)(const Tensor&, fft::Length, std::int64_t, std::string_view)>
Tensors one(const Arguments& a) {
  return {f(t(a, 0), length(a[1]), a[2].whole(), a[3].text)};
}
template <Tensor (*f)(const Tensor&, const fft::Lengths&, const fft::Lengths&, std::string_view)>
Tensors several(const Arguments& a) {
  return {f(t(a, 0), lengths(a[1]), lengths(a[2]), a[3].text)};
}

const Operations transforms = registered({
    {"fft.fft", one<fft::fft>},
    {"fft.ifft", one<fft::ifft>},
    {"fft.rfft", one<fft::rfft>},
    {"fft.irfft", one<fft::irfft>},
    {"fft.hfft", one<fft::hfft>},
    {"fft.ihfft", one<fft::ihfft>},
    {"fft.fftn", several<fft::fftn>},
    {"fft.ifftn", several<fft::ifftn>},
    {"fft.rfftn", several<fft::rfftn>},
    {"fft.irfftn", several<fft::irfftn>},
    {"fft.hfftn", several<fft::hfftn>},
    {"fft.ihfftn", several<fft::ihfftn>},
    {"fft.fftfreq",
     [](const Arguments& a) { return Tensors{fft::fftfreq(a[0].whole(), a[1].real(), a[2].dtype())}; }},
    {"fft.rfftfreq",
     [](const Arguments& a) { return Tensors{fft::rfftfreq(a[0].whole(), a[1].real(), a[2].dtype())}; }},
    {"fft.fftshift", [](const Arguments& a) { return Tensors{fft::fftshift(t(a, 0), a[1].list())}; }},
    {"fft.ifftshift", [](const Arguments& a) { return Tensors{fft::ifftshift(t(a, 0), a[1].list())}; }},
});

using Wide = std::complex<long double>;

// The direct sum.
std::vector<Wide> direct(const std::vector<std::complex<double>>& x, bool inverse) {
  const std::size_t n = x.size();
  std::vector<Wide> root(n), out(n);
  for (std::size_t k = 0; k < n; ++k) {
    const long double angle =
        2 * std::numbers::pi_v<long double> * static_cast<long double>(k) / static_cast<long double>(n);
    root[k] = {std::cos(angle), (inverse ? 1 : -1) * std::sin(angle)};
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < n; ++j) out[k] += Wide(x[j]) * root[j * k % n];
  }
  return out;
}

// The norm of the error over that of the sums.
double error_of(const std::vector<std::complex<double>>& got, const std::vector<Wide>& wanted) {
  double error = 0, norm = 0;
  for (std::size_t k = 0; k < got.size(); ++k) {
    error += std::norm(got[k] - std::complex<double>(wanted[k]));
    norm += static_cast<double>(std::norm(wanted[k]));
  }
  return norm > 0 ? std::sqrt(error / norm) : error;
}

double limit(DType dtype, std::int64_t n) {
  return real_dtype(dtype) == float32 ? 3e-7 : 5e-16 * std::max(std::log2(static_cast<double>(n)), 1.0);
}

Tensor scattered_values(const Shape& shape, DType dtype) {
  const Tensor re = filled(shape, float64, [](std::int64_t i) { return scattered(i) / 50; });
  if (!is_complex(dtype)) return re.to(dtype);
  const Tensor im = filled(shape, float64, [](std::int64_t i) { return scattered(3 * i + 71) / 50; });
  return complex(re, im).to(dtype);
}

void check_length(std::int64_t n, std::int64_t lines) {
  for (const DType dtype : {complex64, complex128}) {
    const Tensor x = scattered_values({lines, n}, dtype),
                 real = scattered_values({lines, n}, real_dtype(dtype));
    for (const bool inverse : {false, true}) {
      const Tensor got = inverse ? fft::ifft(x, {}, -1, "forward") : fft::fft(x);
      // The same lines as columns.
      const Tensor columns = x.t().contiguous();
      const Tensor across = inverse ? fft::ifft(columns, {}, 0, "forward") : fft::fft(columns, {}, 0);
      for (std::int64_t l = 0; l < lines; ++l) {
        const auto wanted = direct(to_vector<std::complex<double>>(x[l]), inverse);
        INFO("length ", n, ", ", lines, " lines, ", name(dtype), ", inverse ", inverse);
        CHECK(error_of(to_vector<std::complex<double>>(got[l]), wanted) <= limit(dtype, n));
        CHECK(error_of(to_vector<std::complex<double>>(select(across, 1, l)), wanted) <= limit(dtype, n));
      }
    }
    const Tensor half = fft::rfft(real), back = fft::irfft(half, n);
    for (std::int64_t l = 0; l < lines; ++l) {
      auto wanted = direct(to_vector<std::complex<double>>(real[l]), false);
      wanted.resize(static_cast<std::size_t>(n / 2 + 1));
      INFO("real, length ", n, ", ", lines, " lines, ", name(dtype));
      CHECK(error_of(to_vector<std::complex<double>>(half[l]), wanted) <= limit(dtype, n));
    }
    CHECK(allclose(back, real, 0, 4 * limit(dtype, n)));
  }
}

}  // namespace

TEST_CASE("fft: as PyTorch computes it") { check_reference("fft.txt", transforms); }

TEST_CASE("fft: every length against a direct sum, on every level") {
  EachLevel()([](const std::string&) {
    for (std::int64_t n = 1; n <= 136; ++n) {
      check_length(n, 1);
      if (n % 3 == 1 || n < 50) check_length(n, 19);
    }
    for (const std::int64_t n : {144, 169, 210, 243, 250, 257, 360, 384, 400, 512}) check_length(n, 1);
  });
}

TEST_CASE("fft: long ones, in two steps and by convolution") {
  EachLevel()([](const std::string&) {
    for (const std::int64_t n : {1009, 2310, 4096}) check_length(n, 1);
    // Of single frequencies, whose transforms are known.
    for (const std::int64_t n : {16384, 20000, 32768, 65536, 65537, 100000, 3 * 65537}) {
      for (const DType dtype : {float32, float64}) {
        const std::int64_t frequency = n / 7;
        const Tensor place = arange(0, n, 1, float64);
        const Tensor turns =
            remainder(mul(place, Scalar(static_cast<double>(frequency))), Scalar(static_cast<double>(n)));
        const Tensor wave = cos(mul(turns, Scalar(2 * std::numbers::pi / static_cast<double>(n)))).to(dtype);
        const Tensor got = mul(fft::rfft(wave), Scalar(2 / static_cast<double>(n)));
        const Tensor wanted = zeros(got.sizes(), got.dtype());
        wanted.select(0, frequency).fill_(1);
        INFO("length ", n, ", ", name(dtype));
        CHECK(abs(sub(got, wanted)).max().item().to_double() <= 10 * limit(dtype, n));
        CHECK(allclose(fft::irfft(fft::rfft(wave), n), wave, 0, 10 * limit(dtype, n)));
      }
    }
  });
}

// 9317 times 1331, either of them too long for a plan to do it in one step by itself.
TEST_CASE("fft: two long steps, of an impulse among twelve million numbers") {
  const std::int64_t n = 12'400'927;
  const Tensor x = zeros({n}, complex128);
  x.select(0, 1).fill_(1);
  const Tensor got = fft::fft(x);
  const auto* bins = got.data<std::complex<double>>();
  double worst = 0;
  for (std::int64_t k = 0; k < n; k += 9973) {
    const long double angle =
        -2 * std::numbers::pi_v<long double> * static_cast<long double>(k) / static_cast<long double>(n);
    const Wide wanted{std::cos(angle), std::sin(angle)};
    worst = std::max(worst, std::abs(bins[k] - std::complex<double>(wanted)));
  }
  CHECK(worst < 1e-14);
}

TEST_CASE("fft: one line does not touch its neighbours") {
  for (const std::int64_t n : {12, 15, 17, 100}) {
    const Tensor x = scattered_values({20, n}, float32);
    const Tensor before = fft::rfft(x);
    x[3].fill_(NAN);
    x[5].fill_(1e30);
    const Tensor after = fft::rfft(x);
    for (std::int64_t l = 0; l < 20; ++l) {
      if (l != 3 && l != 5) CHECK(identical(before[l].contiguous(), after[l].contiguous()));
    }
  }
}

TEST_CASE("fft: gradients, twice") {
  for (const std::int64_t n : {1, 2, 5, 6}) {
    const auto named = [&](const char* name) { return std::string(name) + " of " + std::to_string(n); };
    check_gradients(named("fft"), [](const Tensors& in) { return fft::fft(in[0], {}, 0, "ortho"); },
                    {complex_values({n, 2})});
    check_gradients(named("ifft"), [](const Tensors& in) { return fft::ifft(in[0]); },
                    {complex_values({2, n})});
    check_gradients(named("rfft"), [](const Tensors& in) { return fft::rfft(in[0]); }, {values({2, n})});
    check_gradients(named("irfft"), [&](const Tensors& in) { return fft::irfft(in[0], n); },
                    {complex_values({2, n / 2 + 1})});
    check_gradients(named("hfft"), [&](const Tensors& in) { return fft::hfft(in[0], n); },
                    {complex_values({2, n / 2 + 1})});
    check_gradients(named("ihfft"), [](const Tensors& in) { return fft::ihfft(in[0]); }, {values({2, n})});
  }
  for (const Tensor& x : orders(values({3, 4})))
    check_gradients("fft2 of a real matrix", [](const Tensors& in) { return fft::fft2(in[0]); }, {x});
  check_gradients("rfftn, cut and padded",
                  [](const Tensors& in) {
                    return fft::rfftn(in[0], Dims{4, 2}, Dims{0, 2});
                  },
                  {values({3, 2, 3})});
  check_gradients("irfftn", [](const Tensors& in) { return fft::irfftn(in[0]); }, {complex_values({2, 3})});
}

TEST_CASE("fft: several threads and one give the same") {
  const Tensor x = scattered_values({300, 64, 5}, complex64);
  const auto both = [&] { return Tensors{fft::fft(x, {}, 0), fft::fft(x, {}, 1)}; };
  const Tensors one = with_threads(1, both), four = with_threads(4, both);
  CHECK(identical(one[0], four[0]));
  CHECK(identical(one[1], four[1]));
}

TEST_CASE("fft: messages") {
  CHECK_THROWS_WITH_AS(fft::fft(ones({3}), {}, -1, "none"),
                       doctest::Contains("norm must be backward, forward or ortho, none was given"), Error);
  CHECK_THROWS_WITH_AS(fft::fft(ones({2}, float16)),
                       doctest::Contains("half precision is not supported, float16"), Error);
  CHECK_THROWS_WITH_AS(fft::rfft(ones({2}, complex64)),
                       doctest::Contains("expects a real input tensor, complex64"), Error);
  CHECK_THROWS_WITH_AS(fft::rfft(ones({2}), 0), doctest::Contains("Invalid number of data points (0)"),
                       Error);
  CHECK_THROWS_WITH_AS(fft::irfft(ones({1})), doctest::Contains("Invalid number of data points (0)"), Error);
  CHECK_THROWS_WITH_AS(fft::fftfreq(0), doctest::Contains("n must be at least 1"), Error);
  CHECK_THROWS_WITH_AS(fft::fftn(ones({4, 4}), Dims{7}, Dims{}),
                       doctest::Contains("there must be a length for each dimension"), Error);
  CHECK(fft::fftn(ones({4, 4}), Dims{}, Dims{}).sizes() == Shape{4, 4});
}

}  // namespace wick::test
