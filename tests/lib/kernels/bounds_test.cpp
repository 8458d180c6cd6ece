#include <sys/mman.h>
#include <unistd.h>

#include <complex>
#include <cstring>

#include "levels.h"
#include "support.h"
#include "wick/kernels/matrix.h"
#include "wick/ops/loop.h"

// Operands whose last byte is the last one that may be touched: a kernel that reads on ends the process.
// Compilers have made loops that do (GCC bug 107451).

namespace wick::test {
namespace {

class GuardedMemory {
 public:
  explicit GuardedMemory(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t room = (bytes + page - 1) / page * page;
    length_ = room + page;
    begin_ = static_cast<char*>(mmap(nullptr, length_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE((begin_ != MAP_FAILED && mprotect(begin_, room, PROT_READ | PROT_WRITE) == 0));
    data_ = begin_ + room - bytes;
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory() { munmap(begin_, length_); }

  // A copy of the elements of x.
  explicit GuardedMemory(const Tensor& x)
      : GuardedMemory(static_cast<std::size_t>(x.numel()) * static_cast<std::size_t>(x.itemsize())) {
    std::memcpy(data_, x.contiguous().raw_data(),
                static_cast<std::size_t>(x.numel()) * static_cast<std::size_t>(x.itemsize()));
  }

  char* data() const { return data_; }

 private:
  std::size_t length_;
  char *begin_, *data_;
};

void check_product(const std::string& level, DType dtype, std::int64_t m, std::int64_t k, std::int64_t n) {
  const DType result = dtype == float16 || dtype == bfloat16 ? float32 : dtype;
  const GuardedMemory a(ones({m, k}, dtype)), b(ones({k, n}, dtype));
  for (int layout = 0; layout < 8; ++layout) {
    const bool a_by_rows = layout & 1, b_by_rows = layout & 2, conjugate = layout & 4;
    const Tensor c = zeros({m, n}, result);
    const kernels::Gemm g{.m = m,
                          .n = n,
                          .k = k,
                          .a = a.data(),
                          .b = b.data(),
                          .c = c.raw_data(),
                          .a_row = a_by_rows ? k : 1,
                          .a_column = a_by_rows ? 1 : m,
                          .b_row = b_by_rows ? n : 1,
                          .b_column = b_by_rows ? 1 : k,
                          .c_row = n,
                          .c_column = 1,
                          .conjugate_a = is_complex(dtype) && conjugate,
                          .conjugate_b = is_complex(dtype) && conjugate};
    CHECK(kernels::table().gemm[index_of(dtype)](g));
    CHECK_MESSAGE(equal(c, full({m, n}, static_cast<double>(k), result)),
                  level << " " << name(dtype) << " " << m << " " << k << " " << n << " layout " << layout);
  }
}

// A system with the identity leaves its right-hand sides as they are.
void check_system(const std::string& what, const kernels::MatrixKernels& kernel, DType dtype, std::int64_t n,
                  std::int64_t columns) {
  const GuardedMemory a(eye(n, n, dtype));
  for (int kind = 0; kind < 16; ++kind) {
    const bool turned = kind & 1, by_rows = kind & 2;
    const GuardedMemory b(ones({n, columns}, dtype));
    const kernels::Triangle t{.n = n,
                              .columns = columns,
                              .row_step = turned ? n : 1,
                              .column_step = turned ? 1 : n,
                              .unknown_step = by_rows ? columns : 1,
                              .right_step = by_rows ? 1 : n,
                              .conjugate = turned,
                              .backward = (kind & 4) != 0,
                              .unit = (kind & 8) != 0};
    kernel.solve(t, a.data(), b.data());
    const Tensor wanted = ones({n, columns}, dtype);
    const auto bytes = static_cast<std::size_t>(wanted.numel()) * static_cast<std::size_t>(wanted.itemsize());
    CHECK_MESSAGE(std::memcmp(b.data(), wanted.raw_data(), bytes) == 0,
                  what << " " << n << " x " << columns << " kind " << kind);
  }
}

}  // namespace

TEST_CASE("bounds: matrix products read nothing behind their operands") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    for (const DType dtype : all_dtypes) {
      if (dtype == boolean) continue;
      for (const std::int64_t m : {1, 2, 7, 28, 50}) {
        for (const std::int64_t k : {1, 3, 9, 28, 90}) {
          for (const std::int64_t n : {1, 2, 5, 17, 33}) check_product(level, dtype, m, k, n);
        }
      }
    }
  });
}

TEST_CASE("bounds: triangular systems read nothing behind their operands") {
  const EachLevel levels;
  levels([&](const std::string& level) {
    const DType types[] = {float32, float64, complex128};
    for (int i = 0; i < 3; ++i) {
      for (const std::int64_t n : {1, 2, 3, 7, 16, 27, 28, 48}) {
        for (const std::int64_t columns : {1, 2, 5, 8, 29, 70})
          check_system(level + " " + std::string(name(types[i])), kernels::table().matrix[i], types[i], n,
                       columns);
      }
    }
  });
}

}  // namespace wick::test
