#include <cmath>
#include <limits>

#include "reference.h"

namespace wick::test {
namespace {

constexpr std::int64_t most = INT64_MAX;
constexpr std::int64_t huge = std::int64_t{1} << 50;

using Maker = std::function<Tensor(const Shape&, DType)>;

const std::vector<std::pair<const char*, Maker>>& makers() {
  static const std::vector<std::pair<const char*, Maker>> all{
      {"empty", [](const Shape& s, DType t) { return empty(s, t); }},
      {"zeros", [](const Shape& s, DType t) { return zeros(s, t); }},
      {"ones", [](const Shape& s, DType t) { return ones(s, t); }},
      {"full", [](const Shape& s, DType t) { return full(s, 3, t); }},
      {"randint", [](const Shape& s, DType t) { return randint(0, 2, s, t); }}};
  return all;
}

}  // namespace

TEST_CASE("creation: as PyTorch does it") { check_reference("creation.txt"); }

TEST_CASE("creation: every dtype and shape") {
  for (const auto& [name, make] : makers()) {
    for (const DType dtype : all_dtypes) {
      if (std::string(name) == "randint" && (dtype == boolean || is_complex(dtype))) continue;
      for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{7}, Shape{2, 0, 3}, Shape{2, 1, 3, 1, 2},
                                 Shape::filled(64, 1)}) {
        const Tensor x = make(shape, dtype);
        CHECK(x.sizes() == shape);
        CHECK(x.dtype() == dtype);
        CHECK(x.is_contiguous());
        CHECK(x.numel() == numel(shape));
      }
    }
  }
  CHECK(sum(full({3, 5}, 3)).item().to_double() == 45);
  CHECK(sum(ones({3, 5}, int8)).item().to_int() == 15);
  CHECK(sum(zeros({3, 5}, boolean)).item().to_int() == 0);
}

TEST_CASE("creation: sizes that cannot be") {
  const std::size_t before = allocator::statistics().used;
  for (const auto& [name, make] : makers()) {
    for (const Shape& shape :
         {Shape{-1}, Shape{2, -3}, Shape{0, -1}, Shape{INT64_MIN}, Shape{most, 2}, Shape{2, most},
          Shape{0, most, most}, Shape{most}, Shape{huge, huge}, Shape::filled(65, 1)}) {
      CHECK_THROWS_AS_MESSAGE(make(shape, float32), ShapeError, name << to_string(shape));
    }
    for (const Shape& shape : {Shape{huge}, Shape{1, huge, 1}, Shape{std::int64_t{1} << 60}}) {
      CHECK_THROWS_AS_MESSAGE(make(shape, float32), MemoryError, name << to_string(shape));
      CHECK_THROWS_AS_MESSAGE(make(shape, uint8), MemoryError, name << to_string(shape));
    }
    CHECK_THROWS_AS(make({most}, uint8), MemoryError);
    CHECK_THROWS_AS(make({most / 2 + 1}, int16), ShapeError);
  }
  for (const Shape& shape : {Shape{-1}, Shape{most, 2}}) {
    CHECK_THROWS_AS(rand(shape), ShapeError);
    CHECK_THROWS_AS(randn(shape), ShapeError);
    CHECK_THROWS_AS(tensor(std::vector<double>{1}, shape), ShapeError);
  }
  CHECK_THROWS_AS(rand({huge}), MemoryError);
  CHECK_THROWS_AS(randn({huge}), MemoryError);
  CHECK_THROWS_AS(eye(-2), ShapeError);
  CHECK_THROWS_AS(eye(2, -2), ShapeError);
  CHECK_THROWS_AS(eye(std::int64_t{1} << 40), ShapeError);
  CHECK_THROWS_AS(eye(std::int64_t{1} << 25), MemoryError);
  CHECK_THROWS_AS(linspace(0, 1, -1), ShapeError);
  CHECK_THROWS_AS(linspace(0, 1, most), ShapeError);
  CHECK_THROWS_AS(linspace(0, 1, huge), MemoryError);
  CHECK_THROWS_AS(logspace(0, 1, -1), ShapeError);
  CHECK_THROWS_AS(logspace(0, 1, huge), MemoryError);
  CHECK_THROWS_AS(arange(1e15), MemoryError);
  CHECK_THROWS_AS(arange(1e300), ShapeError);
  CHECK(allocator::statistics().used == before);
}

TEST_CASE("creation: operations whose results would be absurd") {
  const std::size_t before = allocator::statistics().used;
  const auto wide = [](const Shape& shape) { return ones(Shape::filled(shape.size(), 1)).expand(shape); };
  CHECK_THROWS_AS(wide({huge}).clone(), MemoryError);
  CHECK_THROWS_AS(wide({huge}).to(float64), MemoryError);
  CHECK_THROWS_AS(wide({huge}) + 1, MemoryError);
  CHECK_THROWS_AS(exp(wide({huge})), MemoryError);
  CHECK_THROWS_AS(wide({1 << 26, 1}) + wide({1, 1 << 26}), MemoryError);
  CHECK_THROWS_AS(wide({std::int64_t{1} << 40, 1}) + wide({1, std::int64_t{1} << 40}), ShapeError);
  CHECK_THROWS_AS(wide({huge}).expand({huge, huge}), ShapeError);
  CHECK_THROWS_AS(ones({1}).expand({most}).to(float32).contiguous(), ShapeError);
  CHECK_THROWS_AS(ones({2}).expand({most, 2}), ShapeError);
  CHECK_THROWS_AS(repeat(ones({2}), {most}), ShapeError);
  CHECK_THROWS_AS(repeat(ones({2}), {huge}), MemoryError);
  CHECK_THROWS_AS(stack({wide({huge}), wide({huge})}), MemoryError);
  CHECK_THROWS_AS(cat({wide({huge}), wide({huge})}), MemoryError);
  CHECK_THROWS_AS(cat({wide({most}), wide({most})}), ShapeError);
  CHECK_THROWS_AS(matmul(wide({huge, 1}), wide({1, 1 << 10})), MemoryError);
  CHECK_THROWS_AS(matmul(wide({huge, 1}), wide({1, huge})), ShapeError);
  CHECK_THROWS_AS(index_select(wide({3, huge}), 0, tensor({0, 2}, int64)), MemoryError);
  CHECK_THROWS_AS(wide({huge}).reshape({2, -1, 3}), ShapeError);
  CHECK_THROWS_AS(ones({2}).reshape({most, most}), ShapeError);
  CHECK_THROWS_AS(ones({0}).reshape({0, most, most}), ShapeError);
  CHECK(allocator::statistics().used == before);
}

TEST_CASE("creation: arange of whole numbers in every dtype, on threads too") {
  for (const DType dtype : {int8, int16, int32, int64}) {
    const Tensor down = arange(100, -120, -7, dtype);
    CHECK(down.dtype() == dtype);
    CHECK(equal(down.to(float64), arange(100, -120, -7, float64)));
  }
  CHECK(equal(arange(0, 250, 3, uint8).to(float64), arange(0, 250, 3, float64)));
  CHECK(equal(arange(-5, 300001, 2, int64).to(float64), arange(-5, 300001, 2, float64)));
}

TEST_CASE("creation: arange refuses what has no end") {
  CHECK_THROWS_AS(arange(0, 5, 0), Error);
  CHECK_THROWS_AS(arange(0, 5, -1), Error);
  CHECK_THROWS_AS(arange(5, 0, 1), Error);
  CHECK_THROWS_AS(arange(0, 5, 0.5, int64), Error);
  CHECK_THROWS_AS(arange(0, HUGE_VAL), Error);
  CHECK_THROWS_AS(arange(std::nan(""), 1), Error);
  CHECK_THROWS_AS(arange(0, 1, std::nan("")), Error);
  CHECK_THROWS_AS(arange(0, 5, 1, boolean), DTypeError);
  CHECK_THROWS_AS(arange(0, 5, 1, complex64), DTypeError);
  CHECK(arange(5, 5).numel() == 0);
  // Beyond int64 values wrap, but nothing breaks.
  CHECK(arange(9e18, 1.1e19, 1e18, int64).numel() == 2);
}

TEST_CASE("creation: linspace and logspace refuse bool") {
  CHECK_THROWS_AS(linspace(0, 1, 3, boolean), DTypeError);
  CHECK_THROWS_AS(logspace(0, 1, 3, 10, boolean), DTypeError);
}

TEST_CASE("creation: from values") {
  const Tensor x = tensor(std::vector<double>{1.7, -2, 0, 300, 5, 6}, {2, 3}, int16);
  CHECK(x.sizes() == Shape{2, 3});
  CHECK(to_vector<std::int64_t>(x) == std::vector<std::int64_t>{1, -2, 0, 300, 5, 6});
  const std::vector<std::int64_t> large{most, -most, 0};
  CHECK(to_vector<std::int64_t>(tensor(std::span<const std::int64_t>(large), {3})) == large);
  CHECK(to_vector<double>(tensor(std::span<const std::int64_t>(large), {3}, float64))[0] == 0x1p63);
  CHECK_THROWS_AS(tensor(std::vector<double>{1, 2}, {3}), ShapeError);
  CHECK_THROWS_AS(tensor(std::span<const std::int64_t>(large), {2}), ShapeError);
  CHECK(tensor({}).sizes() == Shape{0});
  // Whole numbers are integers, exact ones.
  CHECK(identical(tensor({1, 2}), tensor(std::vector<std::int64_t>{1, 2}, {2})));
  CHECK(tensor({9007199254740993}).item().to_int() == 9007199254740993);
  CHECK(tensor({16777217}, int32).item().to_int() == 16777217);
  CHECK(tensor({true, false}).dtype() == boolean);
  CHECK(tensor({1.0, 2.0}).dtype() == float32);
  CHECK(tensor({1, 2.5}).dtype() == float32);
  CHECK(tensor({1, 2}, float16).dtype() == float16);
  CHECK(scalar_tensor(2.5, float64).dim() == 0);
}

TEST_CASE("creation: values out again") {
  const Tensor x = permuted(float32, [](std::int64_t i) { return static_cast<double>(i) - 3; });
  const auto doubles = to_vector<double>(x);
  for (std::size_t i = 0; i < 24; ++i) CHECK(doubles[i] == static_cast<double>(i) - 3);
  CHECK(to_vector<std::int64_t>(x)[5] == 2);
  CHECK(to_vector<bool>(x)[3] == false);
  CHECK(to_vector<bool>(x)[4] == true);
  CHECK(to_vector<std::complex<double>>(x)[0] == std::complex<double>(-3, 0));
  CHECK(to_vector<double>(zeros({0})).empty());
}

TEST_CASE("creation: like another tensor") {
  const Tensor x = permuted(int32, [](std::int64_t i) { return static_cast<double>(i); });
  CHECK(empty_like(x).strides() == x.strides());
  CHECK(empty_like(x).dtype() == int32);
  CHECK(empty_like(x, float64).dtype() == float64);
  CHECK(identical(zeros_like(x), zeros({4, 2, 3}, int32)));
  CHECK(identical(ones_like(x), ones({4, 2, 3}, int32)));
  CHECK(identical(full_like(x, 2.5, float64), full({4, 2, 3}, 2.5, float64)));
}

TEST_CASE("creation: ranges of large integers are exact, and say what was cut") {
  const std::int64_t big = 9007199254740993;
  CHECK(equal(arange(big, big + 3, 1, int64), tensor(std::vector<std::int64_t>{big, big + 1, big + 2}, {3})));
  CHECK(equal(arange(INT64_MAX, INT64_MAX - 3, -2, int64),
              tensor(std::vector<std::int64_t>{INT64_MAX, INT64_MAX - 2}, {2})));
  CHECK(arange(0, 1000, 3, int32).numel() == 334);
  CHECK(equal(arange(0, 1000, 1, float32).slice(0, 700, 702), tensor({700, 701}, float32)));
  CHECK_THROWS_WITH_AS(arange(0, 5, 0.5, int64), "step must be nonzero: 0.5 is cut to 0 for int64", Error);
  CHECK_THROWS_WITH_AS(arange(0, 5, 0, int64), "step must be nonzero", Error);
  CHECK_THROWS_AS(arange(INT64_MIN, INT64_MAX, 1, int64), Error);
}

TEST_CASE("creation: evenly spaced values whose range overflows") {
  CHECK(equal(linspace(-3e38, 3e38, 5), tensor({-3e38, -1.5e38, 0, 1.5e38, 3e38}, float32)));
  CHECK(equal(linspace(-1.5e308, 1.5e308, 3, float64), tensor({-1.5e308, 0, 1.5e308}, float64)));
  CHECK(equal(linspace(2, 7, 1), tensor({2}, float32)));
  const Tensor many = linspace(0, 999, 1000, float64);
  CHECK(equal(many, arange(0, 1000, 1, float64)));
}

TEST_CASE("creation: ranges that an integer dtype does not hold") {
  CHECK_THROWS_WITH_AS(linspace(0, 300, 3, uint8), "linspace: 300 does not fit uint8", Error);
  CHECK_THROWS_WITH_AS(linspace(-1, 1, 3, uint8), "linspace: -1 does not fit uint8", Error);
  CHECK_THROWS_WITH_AS(linspace(0, 1e30, 3, int32), "linspace: 1e+30 does not fit int32", Error);
  CHECK_THROWS_WITH_AS(logspace(0, 3, 4, 10, uint8), "logspace: 1000 does not fit uint8", Error);
  CHECK_THROWS_WITH_AS(arange(0, 200, 50, int8), "arange: 150 does not fit int8", Error);
  CHECK_THROWS_WITH_AS(arange(0, -3, -1, uint8), "arange: -2 does not fit uint8", Error);
  CHECK(to_vector<std::int64_t>(arange(0, 128, 127, int8)) == std::vector<std::int64_t>{0, 127});
  CHECK(arange(0, 0, 1, uint8).numel() == 0);
}

TEST_CASE("creation: evenly spaced integers are exact") {
  const std::int64_t odd = (std::int64_t{1} << 53) + 1;
  CHECK(to_vector<std::int64_t>(linspace(odd, odd + 2, 3, int64)) ==
        std::vector<std::int64_t>{odd, odd + 1, odd + 2});
  CHECK(to_vector<std::int64_t>(linspace(INT64_MIN, INT64_MAX, 3, int64)) ==
        std::vector<std::int64_t>{INT64_MIN, 0, INT64_MAX});
  CHECK(to_vector<std::int64_t>(linspace(-10, 10, 8, int32)) ==
        std::vector<std::int64_t>{-10, -7, -4, -1, 1, 4, 7, 10});
  CHECK(to_vector<std::int64_t>(linspace(7, 9, 1, int16)) == std::vector<std::int64_t>{7});
  CHECK(equal(linspace(1e308, -1e308, 2, float64), tensor({1e308, -1e308}, float64)));
  CHECK(equal(arange(-1e308, 1e308, 1e308, float64), tensor({-1e308, 0}, float64)));
}

}  // namespace wick::test
