// The C++ interface on several ranks: complex numbers with imaginary parts, bits that must not change, work
// under way, and, when the variable WICK_TEST_LARGE is set, more than 2^31 bytes.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <thread>

#include "wick/autograd/gradient.h"
#include "wick/core/interrupt.h"
#include "wick/distributed/distributed.h"
#include "wick/wick.h"

namespace wd = wick::distributed;
using wick::Tensor;
using wick::Tensors;

namespace {

int rank() { return wd::rank(); }
int size() { return wd::world_size(); }

// What rank r passes: small numbers of which sums and products are exact.
Tensor contribution(int r, const wick::Shape& shape, wick::DType dtype) {
  std::vector<double> real, imaginary;
  for (std::int64_t k = 0; k < wick::numel(shape); ++k) {
    real.push_back(static_cast<double>((r * 7 + k * 5) % 6 - 2));
    imaginary.push_back(static_cast<double>((r * 3 + k * 2) % 5 - 2));
  }
  const Tensor x = wick::tensor(real, shape, dtype), y = wick::tensor(imaginary, shape, dtype);
  return wick::add(x, wick::mul(y, wick::Scalar(std::complex<double>(0, 1))));
}

Tensors contributions(const wick::Shape& shape, wick::DType dtype) {
  Tensors all;
  for (int r = 0; r < size(); ++r) all.push_back(contribution(r, shape, dtype));
  return all;
}

Tensor part(const Tensor& x, int r) {
  const std::int64_t rows = x.size(0) / size();
  return wick::narrow(x, 0, r * rows, rows);
}

double number(const Tensor& x) { return x.item().to_double(); }

bool same(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes() || a.dtype() != b.dtype()) return false;
  return number(wick::sum(wick::eq(a, b))) == static_cast<double>(a.numel());
}

bool close(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && wick::allclose(wick::real(a), wick::real(b)) &&
         wick::allclose(wick::imag(a), wick::imag(b));
}

bool same_bits(const Tensor& a, const Tensor& b) {
  const auto bytes = static_cast<std::size_t>(a.numel() * a.itemsize());
  return a.sizes() == b.sizes() && a.dtype() == b.dtype() &&
         std::memcmp(a.raw_data(), b.raw_data(), bytes) == 0;
}

}  // namespace

TEST_CASE("collectives of complex numbers") {
  for (const wick::DType dtype : {wick::complex64, wick::complex128}) {
    for (const wick::Shape& shape : {wick::Shape{size(), 2}, wick::Shape{size() * 3, 20}}) {
      const Tensors all = contributions(shape, dtype);
      const Tensor own = all[static_cast<std::size_t>(rank())];
      const Tensor stacked = wick::stack(all, 0);
      Tensor total = all[0], product = all[0];
      for (int r = 1; r < size(); ++r) {
        total = wick::add(total, all[static_cast<std::size_t>(r)]);
        product = wick::mul(product, all[static_cast<std::size_t>(r)]);
      }
      CHECK(same(wd::all_gather(own), stacked));
      CHECK(same(wd::gather(own, size() - 1), rank() == size() - 1 ? stacked : stacked.slice(0, 0, 0)));
      CHECK(same(wd::scatter(own, size() - 1), part(all.back(), rank())));
      CHECK(same(wd::broadcast(own, size() - 1), all.back()));
      CHECK(same(wd::all_reduce(own), total));
      CHECK(same(wd::all_reduce(own, wd::Reduction::Product), product));
      CHECK(close(wd::all_reduce(own, wd::Reduction::Mean), wick::div(total, size())));
      CHECK(same(wd::reduce(own, 0), rank() == 0 ? total : own));
      CHECK(same(wd::reduce_scatter(own), part(total, rank())));
      Tensors parts;
      for (const Tensor& x : all) parts.push_back(part(x, rank()));
      CHECK(same(wd::all_to_all(own), wick::cat(parts, 0)));
      CHECK_THROWS_AS(wd::all_reduce(own, wd::Reduction::Max), wick::DistributedError);
    }
  }
}

TEST_CASE("gradients of complex numbers") {
  for (const wd::Reduction reduction : {wd::Reduction::Sum, wd::Reduction::Mean, wd::Reduction::Product}) {
    const wick::Shape shape{3};
    const auto loss = [](const Tensor& out, int r) {
      const Tensor weighed = wick::mul(out, contribution(r + 1, out.sizes(), out.dtype()));
      return wick::sum(wick::real(wick::mul(weighed, weighed)));
    };
    const Tensor x = contribution(rank(), shape, wick::complex128).requires_grad_();
    loss(wd::all_reduce(x, reduction), rank()).backward();

    const Tensors all = contributions(shape, wick::complex128);
    for (const Tensor& leaf : all) leaf.requires_grad_();
    Tensor combined = all[0];
    for (std::size_t r = 1; r < all.size(); ++r) {
      combined =
          reduction == wd::Reduction::Product ? wick::mul(combined, all[r]) : wick::add(combined, all[r]);
    }
    if (reduction == wd::Reduction::Mean) combined = wick::div(combined, size());
    Tensor total = loss(combined, 0);
    for (int r = 1; r < size(); ++r) total = wick::add(total, loss(combined, r));
    total.backward();
    CHECK(close(x.grad(), all[static_cast<std::size_t>(rank())].grad()));
  }
}

TEST_CASE("bits arrive as they were sent") {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  for (const wick::DType dtype : {wick::float16, wick::bfloat16, wick::float32, wick::float64}) {
    for (const std::int64_t count : {4, 4000}) {
      const Tensor x =
          wick::tensor({nan, -0.0, infinity, -infinity}, dtype).expand({count / 4, 4}).reshape({count});
      CHECK(same_bits(wd::broadcast(x, 0), x));
      CHECK(same_bits(wd::all_gather(x)[size() - 1], x));
    }
  }
}

TEST_CASE("several under way") {
  std::vector<wd::WorkPtr> works;
  for (int i = 0; i < 20; ++i) works.push_back(wd::gather_async(wick::full({i * 10 + 1}, rank() + i), -1));
  // The last one first: it ends after those before it.
  for (int i = 19; i >= 0; --i) {
    const Tensor all = wd::wait(works[static_cast<std::size_t>(i)]);
    CHECK(all.sizes() == wick::Shape{size(), i * 10 + 1});
    CHECK(number(all[size() - 1][0]) == size() - 1 + i);
  }
}

TEST_CASE("messages") {
  const int right = (rank() + 1) % size(), left = (rank() + size() - 1) % size();
  for (const wick::Shape& shape : {wick::Shape{4}, wick::Shape{30, 40}}) {
    const auto sent = wd::isend(contribution(rank(), shape, wick::complex64), right);
    CHECK(same(wd::recv(shape, left), contribution(left, shape, wick::complex64)));
    wd::wait(sent);
  }
  const auto sent = wd::isend(wick::ones({3}), right);
  CHECK_THROWS_AS(wd::recv({4}, left), wick::ShapeError);
  wd::wait(sent);
  CHECK_THROWS_AS(wd::recv({4}, left, 5, 0.1), wick::DistributedError);
  // Posted, and forgotten before anything came.
  wd::irecv({4}, left, 6);
  wd::barrier();
  const auto later = wd::isend(wick::ones({4}), right, 6);
  CHECK(same(wd::recv({4}, left, 6), wick::ones({4})));
  wd::wait(later);
}

TEST_CASE("a wait that is interrupted leaves the group in order") {
  if (size() == 1) return;
  if (rank() == 0) {
    const auto begin = std::chrono::steady_clock::now();
    const auto stop = [](void* start, const wick::Progress&) {
      const auto& since = *static_cast<std::chrono::steady_clock::time_point*>(start);
      return std::chrono::steady_clock::now() - since < std::chrono::milliseconds(50);
    };
    {
      auto start = begin;
      const wick::InterruptScope scope(stop, &start);
      CHECK_THROWS_AS(wd::all_reduce(wick::ones({3})), wick::Interrupted);
      CHECK_THROWS_AS(wd::recv({3}, 1, 99), wick::Interrupted);
    }
  } else {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    wd::all_reduce(wick::ones({3}));
  }
  // The reduction that rank 0 gave up on has taken its place in the order.
  const Tensor total = wd::all_reduce(wick::full({2}, rank()));
  CHECK(number(total[0]) == size() * (size() - 1) / 2);
}

// Memory for about 6 GB a rank is needed.
TEST_CASE("more than 2^31 bytes" * doctest::skip(std::getenv("WICK_TEST_LARGE") == nullptr)) {
  const std::int64_t count = (std::int64_t{1} << 31) + 1000;
  const auto fill = [count](int r) {
    const Tensor x = wick::full({count}, r + 1, wick::uint8);
    x.slice(0, count - 3, count).fill_(r + 7);
    return x;
  };
  const auto check = [&](const Tensor& x, int r) {
    CHECK(x.numel() == count);
    CHECK(number(wick::sum(x)) == static_cast<double>((count - 3) * (r + 1) + 3 * (r + 7)));
    CHECK(number(x[count - 4]) == r + 1);
    CHECK(number(x[count - 3]) == r + 7);
  };
  {
    const Tensor all = wd::gather(fill(rank()), 0);
    for (int r = 0; rank() == 0 && r < size(); ++r) check(all[r], r);
  }
  check(wd::broadcast(fill(rank()), 1), 1);
  if (rank() == 1) wd::send(fill(1), 0);
  if (rank() == 0) check(wd::recv({count}, 1), 1);
  wd::barrier();
}

int main(int count, char** words) {
  doctest::Context context(count, words);
  const int code = context.run();
  wd::finalize();
  return code;
}
