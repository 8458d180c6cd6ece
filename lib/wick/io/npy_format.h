#pragma once

// Private: what stands in front of the elements of an .npy file.

#include <functional>
#include <string>

#include "wick/core/tensor.h"

namespace wick::io {

struct NpyHeader {
  DType dtype = float32;
  bool swapped = false;  // the elements are of the other byte order
  bool fortran_order = false;
  Shape shape;
};

// Reads exactly `bytes` bytes, or throws.
using ReadBytes = std::function<void(void* to, std::size_t bytes)>;

NpyHeader read_npy_header(const char* operation, const ReadBytes& read);
// The bytes of the elements. FileError where only `left` bytes are there: asked before memory is asked for.
std::size_t npy_bytes(const char* operation, const std::string& where, const NpyHeader& header,
                      std::size_t left);
// The header of a file of x's elements, padded so that they begin at a multiple of 64 bytes.
std::string npy_header(const char* operation, const Tensor& x);
// The elements as they follow the header: dense, in the order that it names.
Tensor npy_elements(const Tensor& x);
// The elements behind the header.
Tensor read_npy_elements(const NpyHeader& header, const ReadBytes& read);
// A contiguous tensor of the elements in the order of the file becomes the one that the file describes.
Tensor in_npy_order(const NpyHeader& header, const Tensor& elements);
Shape npy_memory_shape(const NpyHeader& header);

}  // namespace wick::io
