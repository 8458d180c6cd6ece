#include "wick/fft/plan.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <list>
#include <memory>
#include <mutex>
#include <numbers>
#include <vector>

#include "wick/core/error.h"
#include "wick/kernels/table.h"
#include "wick/ops/of_dtype.h"

namespace wick::fft {
namespace {

using kernels::FftPlan;
using kernels::FftStage;

// Twiddle factors are computed in a wider type than they are stored in.
template <class T>
using Exact = std::conditional_t<std::is_same_v<T, float>, double, long double>;

// exp(-2 pi i k / n), by the sine and cosine of angles of at most an eighth of a turn.
template <class W>
std::complex<W> root(std::int64_t k, std::int64_t n) {
  k %= n;
  const bool lower = 2 * k > n;  // beyond half a turn
  if (lower) k = n - k;
  std::int64_t quarters = 4 * k;  // of a turn, times n
  const bool left = quarters > n;
  if (left) quarters = 2 * n - quarters;
  const bool steep = 2 * quarters > n;
  const W angle =
      std::numbers::pi_v<W> / 2 * static_cast<W>(steep ? n - quarters : quarters) / static_cast<W>(n);
  W c = std::cos(angle), s = std::sin(angle);
  if (steep) std::swap(c, s);
  return {left ? -c : c, lower ? s : -s};
}

// A plan with the memory of its tables, and the plans that it is made of.
struct OwnedPlan : FftPlan {
  std::vector<std::unique_ptr<std::byte[]>> tables;
  std::vector<std::shared_ptr<const FftPlan>> parts;

  template <class T>
  T* table(std::int64_t count) {
    tables.push_back(
        std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(count) * sizeof(T)));
    return reinterpret_cast<T*>(tables.back().get());
  }
};

// The prime factors, in rising order.
std::vector<int> small_factors(std::int64_t n, std::int64_t& rest) {
  std::vector<int> found;
  for (const int p : {2, 3, 5, 7, 11, 13}) {
    for (; n % p == 0; n /= p) found.push_back(p);
  }
  rest = n;
  return found;
}

// Eights and fours in place of twos, and the larger radices first: passes are the faster the longer the
// sequences that they find, which grow with every pass.
std::vector<int> radices(const std::vector<int>& primes) {
  std::vector<int> out;
  auto twos = std::count(primes.begin(), primes.end(), 2);
  for (; twos >= 3 && twos != 4; twos -= 3) out.push_back(8);
  for (; twos >= 2; twos -= 2) out.push_back(4);
  std::vector<int> others;
  if (twos == 1) others.push_back(2);
  for (const int p : primes) {
    if (p != 2) others.push_back(p);
  }
  out.insert(out.end(), others.rbegin(), others.rend());
  return out;
}

// `lanes` of the vectors that a single line is done in; 0 for columns, which need no factors spread out.
template <class T>
void add_stages(OwnedPlan& plan, const std::vector<int>& primes, int lanes) {
  std::int64_t m = plan.n, s = 1;
  for (const int radix : radices(primes)) {
    m /= radix;
    FftStage& stage = plan.stage[plan.stages++];
    stage = {radix, m, s, nullptr, nullptr};
    T* twiddles = plan.table<T>(2 * m * (radix - 1));
    stage.twiddles = twiddles;
    T* spread = s < lanes && m * s >= lanes ? plan.table<T>(2 * m * s * (radix - 1)) : nullptr;
    stage.spread = spread;
    for (std::int64_t p = 0; p < m; ++p) {
      for (int k = 1; k < radix; ++k) {
        const auto w = root<Exact<T>>(p * k, m * radix);
        const T c = static_cast<T>(w.real()), i = static_cast<T>(w.imag());
        T* to = twiddles + 2 * (p * (radix - 1) + k - 1);
        to[0] = c;
        to[1] = i;
        if (!spread) continue;
        for (std::int64_t q = 0; q < s; ++q) {
          spread[(2 * k - 2) * m * s + p * s + q] = c;
          spread[(2 * k - 1) * m * s + p * s + q] = i;
        }
      }
    }
    s *= radix;
  }
}

// The divisor that is nearest to the square root, as products of the prime factors.
std::int64_t middle_divisor(std::int64_t n, const std::vector<int>& primes) {
  std::vector<std::int64_t> divisors{1};
  for (const int p : primes) {
    const std::size_t count = divisors.size();
    for (std::size_t i = 0; i < count; ++i) divisors.push_back(divisors[i] * p);
    std::sort(divisors.begin(), divisors.end());
    divisors.erase(std::unique(divisors.begin(), divisors.end()), divisors.end());
  }
  const double middle = std::sqrt(static_cast<double>(n));
  std::int64_t best = 1;
  for (const auto d : divisors) {
    if (static_cast<double>(d) <= middle) best = d;
  }
  return n / best;
}

// The kernels run the stages of the two parts, of columns side by side, and nothing else of their plans.
template <class T>
std::shared_ptr<const FftPlan> plan_of_stages(std::int64_t n) {
  const auto plan = std::make_shared<OwnedPlan>();
  plan->n = n;
  std::int64_t rest;
  add_stages<T>(*plan, small_factors(n, rest), 0);
  return plan;
}

template <class T>
void add_two_steps(OwnedPlan& plan, const std::vector<int>& primes, int width) {
  const std::int64_t n = plan.n, n1 = middle_divisor(n, primes), n2 = n / n1;
  plan.parts.push_back(plan_of_stages<T>(n1));
  plan.parts.push_back(plan_of_stages<T>(n2));
  plan.first = plan.parts[0].get();
  plan.second = plan.parts[1].get();
  T* column = plan.table<T>(2 * n1 * width);
  const std::int64_t blocks = (n2 - 1) / width + 1;
  T* block = plan.table<T>(2 * n1 * blocks);
  plan.column_twiddles = column;
  plan.block_twiddles = block;
  for (std::int64_t k = 0; k < n1; ++k) {
    for (int w = 0; w < width; ++w) {
      const auto turn = root<Exact<T>>(k * w, n);
      column[2 * k * width + w] = static_cast<T>(turn.real());
      column[(2 * k + 1) * width + w] = static_cast<T>(turn.imag());
    }
    for (std::int64_t b = 0; b < blocks; ++b) {
      const auto turn = root<Exact<T>>(k * b * width, n);
      block[2 * (b * n1 + k)] = static_cast<T>(turn.real());
      block[2 * (b * n1 + k) + 1] = static_cast<T>(turn.imag());
    }
  }
}

// The smallest multiple of 8 from `least` on that has no prime factor above 5.
std::int64_t convenient_length(std::int64_t least) {
  std::int64_t best = INT64_MAX;
  for (std::int64_t fives = 1; fives < 2 * least; fives *= 5) {
    for (std::int64_t threes = fives; threes < 2 * least; threes *= 3) {
      std::int64_t n = 8 * threes;
      while (n < least) n *= 2;
      best = std::min(best, n);
    }
  }
  return best;
}

void add_convolution(OwnedPlan& plan) {
  const std::int64_t n = plan.n, length = convenient_length(2 * n - 1);
  plan.parts.push_back(fft::plan(length, float64, false));
  plan.convolution = plan.parts[0].get();
  double* chirp = plan.table<double>(2 * n);
  std::vector<double> pairs(static_cast<std::size_t>(4 * length));
  double* given = pairs.data();
  std::int64_t square = 0;  // j^2 mod 2 n
  for (std::int64_t j = 0; j < n; ++j) {
    const auto w = root<long double>(square, 2 * n);
    const auto c = static_cast<double>(w.real()), s = static_cast<double>(w.imag());
    chirp[j] = c;
    chirp[n + j] = s;
    const std::int64_t mirrored = (length - j) % length;
    given[2 * j] = given[2 * mirrored] = c;
    given[2 * j + 1] = given[2 * mirrored + 1] = -s;
    square = (square + 2 * j + 1) % (2 * n);
  }
  plan.chirp = chirp;
  // Its transform, by the plan itself.
  const kernels::FftFunctions& kernel = kernels::table().fft->of_double;
  kernels::FftLines lines{};
  lines.plan = plan.convolution;
  lines.kind = kernels::FftKind::Complex;
  lines.n = length;
  lines.scale = 1 / static_cast<double>(length);
  lines.lines = 1;
  lines.in = reinterpret_cast<const char*>(given);
  double* transformed = given + 2 * length;
  lines.out = reinterpret_cast<char*>(transformed);
  lines.in_step = lines.out_step = 2 * static_cast<std::int64_t>(sizeof(double));
  std::vector<double> scratch(static_cast<std::size_t>(kernel.scratch(lines)) / sizeof(double));
  lines.scratch = scratch.data();
  kernel.run(lines);
  double* of_chirp = plan.table<double>(2 * length);
  for (std::int64_t j = 0; j < length; ++j) {
    of_chirp[j] = transformed[2 * j];
    of_chirp[length + j] = transformed[2 * j + 1];
  }
  plan.chirp_transform = of_chirp;
}

template <class T>
void add_halves(OwnedPlan& plan) {
  const std::int64_t count = plan.n / 2 + 1;
  T* halves = plan.table<T>(2 * count);
  plan.halves = halves;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto w = root<Exact<T>>(k, 2 * plan.n);
    halves[k] = static_cast<T>(w.real());
    halves[count + k] = static_cast<T>(w.imag());
  }
}

template <class T>
std::shared_ptr<const FftPlan> make_plan(std::int64_t n, DType dtype, bool halves) {
  const auto plan = std::make_shared<OwnedPlan>();
  plan->n = n;
  std::int64_t rest;
  const std::vector<int> primes = small_factors(n, rest);
  // More than these lie in the second-level cache with what is computed of them.
  constexpr std::int64_t most = 65536 / static_cast<std::int64_t>(sizeof(T));
  if (rest > 1) {
    add_convolution(*plan);
  } else if (n > most && primes.size() > 1) {
    add_two_steps<T>(*plan, primes, of_dtype(*kernels::table().fft, dtype).step_columns);
  } else {
    add_stages<T>(*plan, primes, of_dtype(*kernels::table().fft, dtype).lanes);
  }
  if (halves) add_halves<T>(*plan);
  return plan;
}

struct Kept {
  std::int64_t n;
  DType dtype;
  bool halves;
  int lanes;
  std::shared_ptr<const FftPlan> plan;
};
constexpr std::size_t most_kept = 32;
std::mutex mutex;
// Never destroyed: tensors may be transformed while the program ends.
std::list<Kept>& kept() {
  static auto* list = new std::list<Kept>;
  return *list;
}

}  // namespace

std::shared_ptr<const FftPlan> plan(std::int64_t n, DType dtype, bool halves) {
  const int lanes = of_dtype(*kernels::table().fft, dtype).lanes;
  {
    const std::lock_guard lock(mutex);
    std::list<Kept>& plans = kept();
    for (auto it = plans.begin(); it != plans.end(); ++it) {
      if (it->n != n || it->dtype != dtype || it->lanes != lanes || it->halves < halves) continue;
      plans.splice(plans.begin(), plans, it);
      return plans.front().plan;
    }
  }
  const auto made =
      dtype == float32 ? make_plan<float>(n, dtype, halves) : make_plan<double>(n, dtype, halves);
  const std::lock_guard lock(mutex);
  std::list<Kept>& plans = kept();
  plans.push_front({n, dtype, halves, lanes, made});
  if (plans.size() > most_kept) plans.pop_back();
  return made;
}

}  // namespace wick::fft
