#include "wick/interop/dlpack.h"

#include <cstdlib>
#include <memory>
#include <random>

#include "support.h"

namespace wick::test {
namespace {

// A tensor as another library would hand it out. The deleter counts.
struct Foreign {
  DLManagedTensor managed{};
  std::vector<std::int64_t> shape, strides;
  int released = 0;

  Foreign(void* data, DLDataType type, std::vector<std::int64_t> sizes, std::vector<std::int64_t> steps = {})
      : shape(std::move(sizes)), strides(std::move(steps)) {
    managed.dl_tensor = {data, {kDLCPU, 0},  static_cast<std::int32_t>(shape.size()),
                         type, shape.data(), strides.empty() ? nullptr : strides.data(),
                         0};
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) { ++static_cast<Foreign*>(self->manager_ctx)->released; };
  }
  Foreign(const Foreign&) = delete;
};

constexpr DLDataType f32{kDLFloat, 32, 1};

}  // namespace

TEST_CASE("dlpack: every dtype there and back") {
  const Tensor x = (arange(24, float64).reshape({2, 3, 4}) - 5).to(float64);
  for (const DType dtype : all_dtypes) {
    CAPTURE(name(dtype));
    const Tensor base = dtype == boolean ? (x > 0).to(boolean) : (dtype == uint8 ? abs(x) : x).to(dtype);
    for (const Tensor& given :
         {base, base.permute({2, 0, 1}), base.slice(2, 1, 4, 2), base[1][2][3], base.slice(0, 0, 0),
          base.slice(1, 1, 2), base[0][0].slice(0, 1, 2).expand({4})}) {
      const Tensor back = from_dlpack(to_dlpack(given));
      CHECK(identical(back, given));
      if (given.numel() > 0) CHECK(back.raw_data() == given.raw_data());
    }
  }
}

TEST_CASE("dlpack: the struct says what the tensor is") {
  Tensor x = arange(6, float32).reshape({1, 2, 3}).permute({2, 0, 1});
  DLManagedTensor* managed = to_dlpack(x);
  const DLTensor& out = managed->dl_tensor;
  CHECK(out.device.device_type == kDLCPU);
  CHECK(out.ndim == 3);
  CHECK(out.dtype.code == kDLFloat);
  CHECK(out.dtype.bits == 32);
  CHECK(out.dtype.lanes == 1);
  CHECK(out.byte_offset == 0);
  CHECK(std::vector(out.shape, out.shape + 3) == std::vector<std::int64_t>{3, 1, 2});
  CHECK(std::vector(out.strides, out.strides + 3) == std::vector<std::int64_t>{1, 1, 3});
  // The elements are shared, and live as long as the struct.
  x.fill_(8);
  x = Tensor();
  CHECK(static_cast<float*>(out.data)[5] == 8);
  managed->deleter(managed);
}

TEST_CASE("dlpack: foreign tensors are released once, by the last view") {
  float numbers[6] = {1, 2, 3, 4, 5, 6};
  Foreign given(numbers, f32, {2, 3});
  {
    Tensor view;
    {
      const Tensor x = from_dlpack(&given.managed);
      CHECK(identical(x, tensor({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}).reshape({2, 3})));
      view = x[1];
    }
    CHECK(given.released == 0);
    view.fill_(0);
    CHECK(numbers[3] == 0);
  }
  CHECK(given.released == 1);

  Foreign turned(numbers + 1, f32, {2, 3}, {3, -1});
  turned.managed.dl_tensor.byte_offset = sizeof(float);
  CHECK(identical(from_dlpack(&turned.managed)[0], tensor({3.0, 2.0, 1.0})));
  CHECK(turned.released == 1);
  Foreign none(nullptr, f32, {0, 2});
  CHECK(from_dlpack(&none.managed).sizes() == Shape{0, 2});
  CHECK(none.released == 1);
  Foreign single(numbers, f32, {});
  single.managed.dl_tensor.shape = nullptr;
  single.managed.deleter = nullptr;
  CHECK(from_dlpack(&single.managed).item<float>() == 1);
}

TEST_CASE("dlpack: what is refused stays with the caller") {
  float numbers[8] = {};
  const auto refused = [](Foreign& given) {
    CHECK_THROWS_AS(from_dlpack(&given.managed), Error);
    CHECK(given.released == 0);
  };
  Foreign on_gpu(numbers, f32, {2});
  on_gpu.managed.dl_tensor.device.device_type = kDLCUDA;
  refused(on_gpu);
  for (const DLDataType type : {DLDataType{kDLFloat, 32, 4}, DLDataType{kDLUInt, 16, 1},
                                DLDataType{kDLFloat, 8, 1}, DLDataType{kDLOpaqueHandle, 64, 1}}) {
    Foreign unknown(numbers, type, {2});
    CHECK_THROWS_AS(from_dlpack(&unknown.managed), DTypeError);
    refused(unknown);
  }
  Foreign negative(numbers, f32, {2, -1});
  refused(negative);
  Foreign huge(numbers, f32, {std::int64_t{1} << 40, std::int64_t{1} << 40});
  refused(huge);
  Foreign far(numbers, f32, {2, 2}, {std::int64_t{1} << 62, 1});
  refused(far);
  Foreign absent(nullptr, f32, {2});
  refused(absent);
  Foreign without_shape(numbers, f32, {2});
  without_shape.managed.dl_tensor.shape = nullptr;
  refused(without_shape);
  Foreign deep(numbers, f32, std::vector<std::int64_t>(65, 1));
  refused(deep);
  Foreign odd(reinterpret_cast<char*>(numbers) + 1, f32, {2});
  refused(odd);
  CHECK_THROWS_AS(from_dlpack(nullptr), Error);

  CHECK_THROWS_AS(to_dlpack(ones({2}).requires_grad_()), GradientError);
  const float fixed[2] = {};
  CHECK_THROWS_WITH_AS(to_dlpack(from_blob(fixed, {2})), doctest::Contains("read-only"), Error);
}

// Structs whose members are drawn. WICK_DLPACK_FUZZ is their number.
TEST_CASE("dlpack: structs at random are refused, or tensors as they say") {
  const char* asked = std::getenv("WICK_DLPACK_FUZZ");
  const int count = asked ? std::atoi(asked) : 20'000;
  std::mt19937_64 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto one_of = [&]<class T>(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  };
  constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max(), words = 64;
  int taken = 0, read = 0;
  for (int i = 0; i < count; ++i) {
    const auto memory = std::make_unique<std::int64_t[]>(words);
    std::vector<std::int64_t> shape, strides;
    for (std::size_t rank = below(5); rank > 0; --rank) {
      shape.push_back(
          one_of({std::int64_t{0}, 1l, 2l, 2l, 3l, 4l, -1l, 1l << 20, 1l << 40, largest, -largest - 1}));
      strides.push_back(
          one_of({std::int64_t{0}, 1l, 2l, 3l, 12l, -1l, -4l, 1l << 40, 1l << 62, largest, -largest - 1}));
    }
    if (below(2) == 0) strides.clear();
    Foreign given(memory.get(),
                  {static_cast<std::uint8_t>(below(8)),
                   one_of(std::initializer_list<std::uint8_t>{8, 16, 32, 64, 128, 1, 0}), 1},
                  shape, strides);
    DLTensor& tensor = given.managed.dl_tensor;
    if (below(20) == 0) tensor.dtype.lanes = static_cast<std::uint16_t>(below(4));
    if (below(20) == 0) tensor.device.device_type = static_cast<DLDeviceType>(below(18));
    if (below(20) == 0) tensor.data = nullptr;
    if (below(20) == 0) tensor.shape = nullptr;
    if (below(20) == 0) tensor.ndim = one_of({-1, 65, 1 << 30, -(1 << 30)});
    if (below(4) == 0) tensor.byte_offset = one_of(std::initializer_list<std::uint64_t>{1, 4, 8, 64});
    try {
      const Tensor x = from_dlpack(&given.managed);
      ++taken;
      CHECK(x.sizes() == Shape(std::span<const std::int64_t>(shape)));
      // The bytes that the struct speaks of, where they are in the memory.
      bool inside = true;
      auto first = static_cast<double>(tensor.byte_offset), last = first + static_cast<double>(x.itemsize());
      for (int d = 0; d < x.dim(); ++d) {
        const double reach = static_cast<double>(x.sizes()[d] - 1) * static_cast<double>(x.strides()[d]) *
                             static_cast<double>(x.itemsize());
        (reach < 0 ? first : last) += reach;
        inside = inside && x.sizes()[d] < 100;
      }
      if (x.numel() > 0 && inside && first >= 0 && last <= words * 8) {
        CHECK(identical(x.clone(), x));
        ++read;
      }
      CHECK(given.released == 0);
    } catch (const Error&) {
      CHECK(given.released == 0);
      continue;
    }
    CHECK(given.released == 1);
  }
  CHECK(taken > count / 50);
  CHECK(read > count / 100);
}

}  // namespace wick::test
