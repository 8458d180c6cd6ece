#pragma once

// Tensors to and from other libraries in the same process without copying, through DLPack's structs
// (dmlc.github.io/dlpack): PyTorch, NumPy, CuPy, JAX and others give and take them. Where the system has
// <dlpack/dlpack.h> that header declares them; elsewhere they are written out here as versions 0.6 to 0.8 of
// the specification have them. Version 1 keeps their layout.

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#elif !defined(DLPACK_DLPACK_H_)
// The guard of the specification's own header: whoever includes a copy of it later gets these.
#define DLPACK_DLPACK_H_

#include <stdint.h>

#define DLPACK_VERSION 80

extern "C" {

typedef enum {
  kDLCPU = 1,
  kDLCUDA = 2,
  kDLCUDAHost = 3,
  kDLOpenCL = 4,
  kDLVulkan = 7,
  kDLMetal = 8,
  kDLVPI = 9,
  kDLROCM = 10,
  kDLROCMHost = 11,
  kDLExtDev = 12,
  kDLCUDAManaged = 13,
  kDLOneAPI = 14,
  kDLWebGPU = 15,
  kDLHexagon = 16,
} DLDeviceType;

typedef struct {
  DLDeviceType device_type;
  int32_t device_id;
} DLDevice;

typedef enum {
  kDLInt = 0U,
  kDLUInt = 1U,
  kDLFloat = 2U,
  kDLOpaqueHandle = 3U,
  kDLBfloat = 4U,
  kDLComplex = 5U,
  kDLBool = 6U,
} DLDataTypeCode;

typedef struct {
  uint8_t code;    // DLDataTypeCode
  uint8_t bits;    // of one lane
  uint16_t lanes;  // 1 but for vector types
} DLDataType;

typedef struct {
  void* data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t* shape;
  int64_t* strides;  // in elements; null for a row-major tensor
  uint64_t byte_offset;
} DLTensor;

typedef struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(struct DLManagedTensor* self);  // called once, by whoever has taken the tensor
} DLManagedTensor;
}
#endif

#include "wick/core/tensor.h"

namespace WICK_API wick {

// The tensor for another library, which calls the result's deleter when it is done; the elements are shared
// and live until then. GradientError for a tensor that requires a gradient: detach() it. Error for read-only
// memory, which these structs cannot tell of. bool is kDLBool, which PyTorch reads since version 2.
DLManagedTensor* to_dlpack(const Tensor& x);

// A tensor on another library's memory; its deleter is called when the last view has gone. When from_dlpack
// throws, the tensor still belongs to the caller. Error unless the memory is the CPU's (or pinned) and
// aligned for its elements, DTypeError for element types that wick lacks, ShapeError for sizes that cannot
// be.
Tensor from_dlpack(DLManagedTensor* managed);

}  // namespace wick
