#include "wick/interop/dlpack.h"

#include <cstdint>
#include <memory>

#include "wick/core/fail.h"

namespace wick {
namespace {

struct TypeCode {
  DType dtype;
  int code;
};
constexpr TypeCode type_codes[] = {
    {boolean, 6},  // kDLBool, which older headers lack
    {uint8, kDLUInt},    {int8, kDLInt},          {int16, kDLInt},         {int32, kDLInt},
    {int64, kDLInt},     {float16, kDLFloat},     {bfloat16, kDLBfloat},   {float32, kDLFloat},
    {float64, kDLFloat}, {complex64, kDLComplex}, {complex128, kDLComplex}};

// What the struct points to, and the tensor that it keeps.
struct Exported {
  DLManagedTensor managed{};
  Tensor tensor;
  Shape shape;
  Strides strides;
};

DType dtype_of_code(const DLDataType& type) {
  for (const TypeCode& known : type_codes) {
    if (known.code == type.code && size_of(known.dtype) * 8 == type.bits && type.lanes == 1)
      return known.dtype;
  }
  fail<DTypeError>("from_dlpack", "there is no dtype for DLPack's type with code {}, {} bits and {} lanes",
                   int{type.code}, int{type.bits}, int{type.lanes});
}

}  // namespace

DLManagedTensor* to_dlpack(const Tensor& x) {
  constexpr const char* operation = "to_dlpack";
  if (x.requires_grad()) {
    fail<GradientError>(operation, "a tensor that requires a gradient is not handed out: detach() it first");
  }
  if (x.storage()->read_only())
    fail(operation, "the tensor's memory is read-only, and others could change it: clone() the tensor first");
  auto exported = std::make_unique<Exported>();
  exported->tensor = x.detach();
  exported->shape = x.sizes();
  exported->strides = x.strides();
  // The strides of single elements say nothing, and some readers take them for a sign of gaps.
  for (int d = 0; d < x.dim(); ++d) {
    if (x.sizes()[d] < 2) exported->strides[d] = 1;
  }
  DLTensor& out = exported->managed.dl_tensor;
  out.data = x.raw_data();
  out.device = {kDLCPU, 0};
  out.ndim = x.dim();
  for (const TypeCode& known : type_codes) {
    if (known.dtype == x.dtype()) {
      out.dtype = {static_cast<std::uint8_t>(known.code), static_cast<std::uint8_t>(8 * x.itemsize()), 1};
    }
  }
  out.shape = exported->shape.begin();
  out.strides = exported->strides.begin();
  out.byte_offset = 0;
  exported->managed.manager_ctx = exported.get();
  exported->managed.deleter = [](DLManagedTensor* self) { delete static_cast<Exported*>(self->manager_ctx); };
  return &exported.release()->managed;
}

Tensor from_dlpack(DLManagedTensor* managed) {
  constexpr const char* operation = "from_dlpack";
  if (!managed) fail(operation, "a null pointer was given");
  const DLTensor& given = managed->dl_tensor;
  const int device = given.device.device_type;
  if (device != kDLCPU && device != kDLCUDAHost && device != 11)  // kDLROCMHost, which older headers lack
    fail(operation, "the elements must be in the processor's own memory, device type {} was given", device);
  if (given.ndim < 0 || given.ndim > max_rank)
    fail<ShapeError>(operation, "a tensor has 0 to {} dimensions, {} were given", max_rank, int{given.ndim});
  if (given.ndim > 0 && !given.shape) fail<ShapeError>(operation, "the tensor has no shape");
  const DType dtype = dtype_of_code(given.dtype);
  const auto rank = static_cast<std::size_t>(given.ndim);
  const Shape shape(std::span<const std::int64_t>(given.shape, rank));
  const std::int64_t count = numel(shape);
  char* data = count > 0 ? static_cast<char*>(given.data) + given.byte_offset : nullptr;
  if (count > 0 && !given.data) fail(operation, "the tensor of shape {} has no memory", shape);
  if (reinterpret_cast<std::uintptr_t>(data) % static_cast<std::uintptr_t>(size_of(real_dtype(dtype))) != 0)
    fail(operation, "the elements are not aligned for {}", dtype);
  const Strides strides =
      given.strides ? Strides(std::span<const std::int64_t>(given.strides, rank)) : contiguous_strides(shape);
  return from_blob(
      data, shape, strides,
      [managed](void*) {
        if (managed->deleter) managed->deleter(managed);
      },
      dtype);
}

}  // namespace wick
