#include "wick/io/npy.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "wick/core/fail.h"
#include "wick/io/elements.h"
#include "wick/io/file.h"
#include "wick/io/npy_format.h"
#include "wick/ops/views.h"

namespace wick {
namespace io {
namespace {

constexpr std::string_view magic{"\x93NUMPY", 6};
// NumPy refuses longer ones as well: no array needs them, and damaged lengths would ask for much memory.
constexpr std::size_t longest_header = 10000;
constexpr std::size_t alignment = 64;

struct TypeCode {
  DType dtype;
  std::string_view code;
};
// clang-format off
constexpr TypeCode type_codes[] = {
    {boolean, "b1"}, {uint8, "u1"},   {int8, "i1"},    {int16, "i2"},   {int32, "i4"},     {int64, "i8"},
    {float16, "f2"}, {float32, "f4"}, {float64, "f8"}, {complex64, "c8"}, {complex128, "c16"}};
// clang-format on

// The header is a dict as Python writes it: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderParser {
 public:
  HeaderParser(const char* operation, std::string_view text) : operation_(operation), rest_(text) {}

  NpyHeader parse() {
    NpyHeader header;
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr") {
        seen[0] = true;
        read_type(header);
      } else if (key == "fortran_order") {
        seen[1] = true;
        header.fortran_order = read_truth();
      } else if (key == "shape") {
        seen[2] = true;
        header.shape = read_shape();
      } else {
        damaged();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!rest_.empty() || !seen[0] || !seen[1] || !seen[2]) damaged();
    return header;
  }

 private:
  [[noreturn]] void damaged() const { fail<FileError>(operation_, "the header is damaged"); }

  void skip_blanks() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_[0]))) rest_.remove_prefix(1);
  }
  bool accept(char c) {
    skip_blanks();
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) damaged();
  }
  bool accept_word(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view quoted() {
    skip_blanks();
    if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) damaged();
    const std::size_t end = rest_.find(rest_[0], 1);
    if (end == std::string_view::npos) damaged();
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool read_truth() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) damaged();
    return false;
  }

  Shape read_shape() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      if (shape.size() == max_rank) {
        fail<ShapeError>(operation_, "the array has more than {} dimensions", max_rank);
      }
      shape.push_back(read_size());
      // Files written by Python 2 have sizes such as 3L.
      accept('L');
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::int64_t read_size() {
    skip_blanks();
    std::int64_t size = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      if (__builtin_mul_overflow(size, 10, &size) ||
          __builtin_add_overflow(size, rest_[digits] - '0', &size)) {
        damaged();
      }
    }
    if (digits == 0) damaged();
    rest_.remove_prefix(digits);
    return size;
  }

  void read_type(NpyHeader& header) {
    skip_blanks();
    if (!rest_.empty() && rest_[0] == '[') {
      fail<DTypeError>(operation_, "the file holds structures, which are no tensor's elements");
    }
    const std::string_view text = quoted();
    if (text.empty()) damaged();
    const char order = text[0];
    const std::string_view code =
        std::string_view("<>=|").find(order) == std::string_view::npos ? text : text.substr(1);
    for (const TypeCode& known : type_codes) {
      if (known.code != code) continue;
      header.dtype = known.dtype;
      header.swapped =
          order == (std::endian::native == std::endian::little ? '>' : '<') && size_of(known.dtype) > 1;
      return;
    }
    fail<DTypeError>(operation_, "there is no dtype for NumPy's type \"{}\"", text);
  }

  const char* operation_;
  std::string_view rest_;
};

std::string_view code_of(const char* operation, DType dtype) {
  for (const TypeCode& known : type_codes) {
    if (known.dtype == dtype) return known.code;
  }
  fail<DTypeError>(operation, "NumPy has no {}; convert to float32 first", dtype);
}

Dims reversed_dims(int rank) {
  Dims dims;
  for (int d = rank - 1; d >= 0; --d) dims.push_back(d);
  return dims;
}

// Column-major: then what is written are the elements of x transposed.
bool is_fortran_ordered(const Tensor& x) {
  return !x.is_contiguous() && x.dim() > 1 && x.permute(reversed_dims(x.dim())).is_contiguous();
}

}  // namespace

NpyHeader read_npy_header(const char* operation, const ReadBytes& read) {
  unsigned char start[12];
  read(start, 8);
  if (std::memcmp(start, magic.data(), magic.size()) != 0) fail<FileError>(operation, "this is no .npy file");
  const unsigned char version = start[6];
  if (version < 1 || version > 3) fail<FileError>(operation, "format version {} is not known", int{version});
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  read(start + 8, length_bytes);
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i-- > 0;) length = length << 8 | start[8 + i];
  if (length > longest_header) fail<FileError>(operation, "the header is damaged: {} bytes long", length);
  std::string text(length, '\0');
  read(text.data(), length);
  return HeaderParser(operation, text).parse();
}

std::size_t npy_bytes(const char* operation, const std::string& where, const NpyHeader& header,
                      std::size_t left) {
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(numel(header.shape), size_of(header.dtype), &bytes) ||
      static_cast<std::size_t>(bytes) > left) {
    fail<FileError>(operation, "{} is too short for an array of shape {}", where, header.shape);
  }
  return static_cast<std::size_t>(bytes);
}

Shape npy_memory_shape(const NpyHeader& header) {
  Shape shape = header.shape;
  if (header.fortran_order) std::reverse(shape.begin(), shape.end());
  return shape;
}

Tensor in_npy_order(const NpyHeader& header, const Tensor& elements) {
  if (header.swapped) swap_bytes(elements);
  if (header.dtype == boolean) normalize_bools(elements);
  return header.fortran_order ? elements.permute(reversed_dims(elements.dim())) : elements;
}

Tensor read_npy_elements(const NpyHeader& header, const ReadBytes& read) {
  const Tensor elements = empty(npy_memory_shape(header), header.dtype);
  read(elements.raw_data(), static_cast<std::size_t>(elements.numel() * elements.itemsize()));
  return in_npy_order(header, elements);
}

Tensor npy_elements(const Tensor& x) {
  const Tensor plain = x.detach();
  return is_fortran_ordered(x) ? plain.permute(reversed_dims(x.dim())) : plain.contiguous();
}

std::string npy_header(const char* operation, const Tensor& x) {
  const std::string_view code = code_of(operation, x.dtype());
  const char order = x.itemsize() == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
  std::string text = "{'descr': '";
  text += order;
  text += code;
  text += is_fortran_ordered(x) ? "', 'fortran_order': True, 'shape': ("
                                : "', 'fortran_order': False, 'shape': (";
  for (int d = 0; d < x.dim(); ++d) text += (d > 0 ? " " : "") + std::to_string(x.sizes()[d]) + ",";
  if (x.dim() > 1) text.pop_back();
  text += "), }";
  constexpr std::size_t in_front = 10;
  text.append(alignment - (in_front + text.size() + 1) % alignment, ' ');
  text += '\n';
  std::string header(magic);
  header += '\1';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace io

namespace {

// Null when the elements cannot be used where they lie in the file.
Tensor mapped(const io::InputFile& file, const io::NpyHeader& header) {
  const std::size_t offset = file.position();
  const auto part = static_cast<std::size_t>(size_of(real_dtype(header.dtype)));
  if (header.swapped || header.dtype == boolean || offset % part != 0) return {};
  const std::shared_ptr<char> whole = file.map();
  if (!whole) return {};
  return io::in_npy_order(
      header, from_blob(
                  whole.get() + offset, io::npy_memory_shape(header), [whole](void*) {}, header.dtype));
}

}  // namespace

Tensor load_npy(const std::filesystem::path& path, const LoadNpy& options) {
  constexpr const char* operation = "load_npy";
  io::InputFile file(operation, path);
  const auto read = [&](void* to, std::size_t bytes) { file.read(to, bytes); };
  const io::NpyHeader header = io::read_npy_header(operation, read);
  const std::size_t bytes = io::npy_bytes(operation, "\"" + path.string() + "\"", header, file.left());
  if (options.map && bytes > 0) {
    if (Tensor x = mapped(file, header); x.defined()) return x;
  }
  return io::read_npy_elements(header, read);
}

void save_npy(const std::filesystem::path& path, const Tensor& x) {
  constexpr const char* operation = "save_npy";
  const std::string header = io::npy_header(operation, x);
  const Tensor elements = io::npy_elements(x);
  io::OutputFile file(operation, path);
  file.write(header.data(), header.size());
  file.write(elements.raw_data(), static_cast<std::size_t>(elements.numel() * elements.itemsize()));
  file.commit();
}

}  // namespace wick
