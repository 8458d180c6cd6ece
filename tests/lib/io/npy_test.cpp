#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "files.h"
#include "support.h"

// Files of NumPy's, made by ../../reference/make_npy.py.

namespace wick::test {
namespace {

using std::filesystem::path;

const path folder = path(WICK_TEST_DATA) / "npy";
constexpr DType numpy_dtypes[] = {boolean, uint8,   int8,    int16,     int32,     int64,
                                  float16, float32, float64, complex64, complex128};

void write_all(const path& where) {
  for (const DType dtype : numpy_dtypes) {
    save_npy(where / (std::string(name(dtype)) + ".npy"), reference_values(dtype));
  }
  const Tensor column_major =
      reference_values(float32, {2, 3, 4}).permute({2, 1, 0}).contiguous().permute({2, 1, 0});
  save_npy(where / "fortran.npy", column_major);
  save_npy(where / "scalar.npy", scalar_tensor(2.5, float32));
  save_npy(where / "empty.npy", zeros({0, 3}));
  const NamedTensors named{{"weight", reference_values(float32)},
                           {"bias", reference_values(float64, {3})},
                           {"step", scalar_tensor(7, int64)},
                           {"gr\u00f6\u00dfe \u5927", ones({2})}};
  save_npz(where / "stored.npz", named);
  save_npz(where / "compressed.npz", named, {.compressed = true});
}

}  // namespace

TEST_CASE("npy: reads NumPy's files") {
  for (const bool map : {false, true}) {
    for (const DType dtype : numpy_dtypes) {
      const Tensor x = load_npy(folder / (std::string(name(dtype)) + ".npy"), {.map = map});
      CHECK(identical(x, reference_values(dtype)));
    }
    const Tensor fortran = load_npy(folder / "fortran.npy", {.map = map});
    CHECK(identical(fortran, reference_values(float32, {2, 3, 4})));
    CHECK(fortran.strides() == Strides{1, 2, 6});
    CHECK(identical(load_npy(folder / "big_endian.npy", {.map = map}), reference_values(float64)));
    CHECK(identical(load_npy(folder / "big_endian_complex.npy", {.map = map}), reference_values(complex64)));
    CHECK(identical(load_npy(folder / "scalar.npy", {.map = map}), scalar_tensor(2.5, float32)));
    CHECK(load_npy(folder / "empty.npy", {.map = map}).sizes() == Shape{0, 3});
    CHECK(identical(load_npy(folder / "row.npy", {.map = map}), reference_values(int32, {5})));
    CHECK(identical(load_npy(folder / "version3.npy", {.map = map}), reference_values(float32)));
  }
}

TEST_CASE("npy: archives") {
  for (const char* name : {"stored.npz", "compressed.npz"}) {
    const NamedTensors arrays = load_npz(folder / name);
    REQUIRE(arrays.size() == 3);
    CHECK(arrays[0].first == "weight");
    CHECK(identical(arrays[0].second, reference_values(float32)));
    CHECK(identical(arrays[1].second, reference_values(float64, {3})));
    CHECK(identical(arrays[2].second, scalar_tensor(7, int64)));
  }
  const Scratch scratch;
  save_npz(scratch.where / "none.npz", {});
  CHECK(load_npz(scratch.where / "none.npz").empty());
  CHECK_THROWS_AS(save_npz("unused.npz", {{"a", ones({1})}, {"a", ones({1})}}), Error);
  CHECK_FALSE(std::filesystem::exists("unused.npz"));
}

TEST_CASE("npy: what is written is read back") {
  const Scratch scratch;
  const path file = scratch.where / "x.npy";
  const Tensor base = reference_values(float64, {4, 5, 6});
  for (const Tensor& x : {base, base.permute({2, 1, 0}), base.permute({1, 0, 2}), base.slice(0, 1, 4, 2),
                          base[1].t(), base.slice(2, 0, 0), expand(ones({1, 3}), {4, 3}), randn({1000, 7})}) {
    save_npy(file, x);
    CHECK(identical(load_npy(file), x));
    CHECK(identical(load_npy(file, {.map = true}), x));
  }
  // A map is private: what is changed in it does not reach the file.
  const Tensor mapped = load_npy(file, {.map = true});
  const Tensor before = mapped.clone();
  mapped.fill_(1);
  CHECK(identical(load_npy(file), before));
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.where), {}) == 1);
}

TEST_CASE("npy: files for NumPy to check" * doctest::skip(std::getenv("WICK_NPY_FOLDER") == nullptr)) {
  write_all(std::getenv("WICK_NPY_FOLDER"));
}

TEST_CASE("npy: errors") {
  const Scratch scratch;
  CHECK_THROWS_WITH_AS(load_npy(folder / "uint16.npy"), doctest::Contains("\"<u2\""), DTypeError);
  CHECK_THROWS_WITH_AS(load_npy(folder / "structure.npy"), doctest::Contains("structures"), DTypeError);
  CHECK_THROWS_WITH_AS(load_npy(folder / "absent.npy"), doctest::Contains("absent.npy"), FileError);
  CHECK_THROWS_AS(load_npy(folder), FileError);
  // A pipe that nobody writes into is refused, not waited for.
  REQUIRE(mkfifo((scratch.where / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(load_npy(scratch.where / "pipe"), doctest::Contains("regular file"), FileError);
  std::filesystem::remove(scratch.where / "pipe");
  CHECK_THROWS_AS(load_npz(folder / "row.npy"), FileError);
  CHECK_THROWS_WITH_AS(save_npy(scratch.where / "x.npy", zeros({2}, bfloat16)), doctest::Contains("float32"),
                       DTypeError);
  CHECK_THROWS_AS(save_npy(scratch.where / "no/such/folder.npy", zeros({2})), FileError);
  CHECK_THROWS_AS(save_npy("/dev/full/x.npy", zeros({2})), FileError);
  CHECK(std::filesystem::is_empty(scratch.where));
  // More elements than there are bytes, and than there is memory.
  for (const char* shape :
       {"(3, 3)", "(99999999999,)", "(9999999999999, 99999999999999)", "(99999999999999999999,)"}) {
    std::string text = contents(folder / "float32.npy");
    text.replace(text.find("(2, 3)"), 6, shape);
    put(scratch.where / "large.npy", text);
    CHECK_THROWS_AS(load_npy(scratch.where / "large.npy"), Error);
  }
}

// Bytes changed, left out and added. WICK_NPY_FUZZ is the number of files.
TEST_CASE("npy: damaged files give errors, or another array") {
  const char* asked = std::getenv("WICK_NPY_FUZZ");
  const int count = asked ? std::atoi(asked) : 2000;
  const Scratch scratch;
  std::mt19937 random(7);
  for (const char* name : {"float32.npy", "fortran.npy", "version3.npy", "stored.npz", "compressed.npz"}) {
    const std::string whole = contents(folder / name);
    const bool archive = std::string(name).ends_with("npz");
    for (int i = 0; i < count; ++i) {
      const path file = scratch.where / "damaged";
      put(file, damaged(whole, random));
      try {
        if (archive) {
          load_npz(file);
        } else {
          load_npy(file);
          load_npy(file, {.map = true});
        }
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace wick::test
