#include <cstdlib>
#include <filesystem>
#include <random>

#include "files.h"
#include "support.h"
#include "wick/io/pickle.h"
#include "wick/io/pt.h"

// Files of torch.save, made by ../../reference/make_pt.py.

namespace wick::test {
namespace {

using std::filesystem::path;

const path folder = path(WICK_TEST_DATA) / "pt";

// make_pt.py's values(): from -1 in halves where there are such.
Tensor pt_values(DType dtype, const Shape& shape = {2, 3}) {
  const Tensor x = arange(0, static_cast<double>(numel(shape)), 1, float64).reshape(shape) - 2;
  if (is_complex(dtype)) {
    const Tensor out = empty(shape, dtype);
    real(out).copy_(x * 0.5);
    imag(out).copy_(x);
    return out;
  }
  if (is_floating(dtype)) return (x * 0.5).to(dtype);
  return dtype == boolean ? (x - floor(x / 2) * 2).to(boolean)
         : dtype == uint8 ? abs(x).to(uint8)
                          : x.to(dtype);
}

const Tensor& named(const NamedTensors& all, std::string_view name) {
  for (const auto& [key, tensor] : all) {
    if (key == name) return tensor;
  }
  FAIL("no tensor " << name);
  return all[0].second;
}

std::string names_of(const NamedTensors& all) {
  std::string names;
  for (const auto& [key, tensor] : all) names += (names.empty() ? "" : " ") + key;
  return names;
}

}  // namespace

TEST_CASE("pt: every dtype") {
  const NamedTensors all = load_pt(folder / "dtypes.pt");
  CHECK(all.size() == 12);
  for (const auto& [name, x] : all) {
    CAPTURE(name);
    CHECK(identical(x, pt_values(*dtype_by_name(name))));
  }
}

TEST_CASE("pt: views, parameters, no elements") {
  const NamedTensors all = load_pt(folder / "views.pt");
  CHECK(names_of(all) == "transposed part again empty scalar parameter");
  const Tensor whole = pt_values(float32, {4, 6});
  CHECK(identical(named(all, "transposed"), whole.t()));
  CHECK(identical(named(all, "part"), whole.slice(0, 1, 3).slice(1, 0, 6, 2)));
  CHECK(identical(named(all, "again"), whole));
  CHECK(named(all, "empty").sizes() == Shape{0, 3});
  CHECK(identical(named(all, "scalar"), scalar_tensor(2.5, float32)));
  CHECK(identical(named(all, "parameter"), whole[0]));
  // Each has memory of its own.
  named(all, "again").fill_(1);
  CHECK(identical(named(all, "parameter"), whole[0]));
}

TEST_CASE("pt: dicts within dicts") {
  const NamedTensors all = load_pt(folder / "checkpoint.pt");
  CHECK(
      names_of(all) ==
      "model.0.weight model.0.bias model.1.weight model.1.bias model.1.running_mean model.1.running_var "
      "model.1.num_batches_tracked optimizer.state.0.step optimizer.state.0.exp_avg "
      "optimizer.state.0.exp_avg_sq "
      "optimizer.state.1.step optimizer.state.1.exp_avg optimizer.state.1.exp_avg_sq optimizer.state.2.step "
      "optimizer.state.2.exp_avg optimizer.state.2.exp_avg_sq optimizer.state.3.step "
      "optimizer.state.3.exp_avg "
      "optimizer.state.3.exp_avg_sq list.0 list.1.0");
  CHECK(identical(named(all, "model.0.weight"), full({2, 3}, 0.5)));
  CHECK(identical(named(all, "model.1.bias"), full({2}, 3.5)));
  CHECK(identical(named(all, "model.1.num_batches_tracked"), scalar_tensor(1, int64)));
  const NamedTensors later = load_pt(folder / "protocol4.pt");
  CHECK(later.size() == 7);
  CHECK(identical(named(later, "0.weight"), full({2, 3}, 0.5)));
}

TEST_CASE("pt: what is refused") {
  const auto refused = [](const char* name, const char* why) {
    CHECK_THROWS_WITH_AS(load_pt(folder / name), doctest::Contains(why), FileError);
  };
  refused("model.pt", "asks for torch.nn.modules.container.Sequential");
  refused("own.pt", "asks for __main__.Own");
  refused("expanded.pt", "elements share memory");
  refused("old.pt", "PyTorch 1.6 and later");
  CHECK_THROWS_WITH_AS(load_pt(path(WICK_TEST_DATA) / "npy" / "stored.npz"), doctest::Contains("no data.pkl"),
                       FileError);
  CHECK_THROWS_WITH_AS(load_pt(path(WICK_TEST_DATA) / "npy" / "row.npy"), doctest::Contains("no archive"),
                       FileError);
  CHECK_THROWS_AS(load_pt(folder / "absent.pt"), FileError);
  CHECK_THROWS_AS(load_pt(folder), FileError);
}

// Bytes changed, left out and added. WICK_PT_FUZZ is the number of files.
TEST_CASE("pt: damaged files give errors, or other tensors") {
  const char* asked = std::getenv("WICK_PT_FUZZ");
  const int count = asked ? std::atoi(asked) : 1000;
  const Scratch scratch;
  std::mt19937 random(7);
  for (const char* name : {"dtypes.pt", "views.pt", "checkpoint.pt", "protocol4.pt"}) {
    const std::string whole = contents(folder / name);
    for (int i = 0; i < count; ++i) {
      put(scratch.where / "damaged", damaged(whole, random));
      try {
        load_pt(scratch.where / "damaged");
      } catch (const Error&) {
      }
    }
  }
}

// The checksums of the archive find most of that, so here the pickles themselves. WICK_PT_FUZZ is the number.
TEST_CASE("pt: damaged pickles give errors, or other tensors") {
  const char* asked = std::getenv("WICK_PT_FUZZ");
  const int count = asked ? std::atoi(asked) : 3000;
  const auto storage = [](const std::string&, DType dtype, std::int64_t elements) {
    if (elements > 1000) throw FileError("there is no such storage");
    return zeros({elements}, dtype);
  };
  std::mt19937 random(7);
  for (const char* name : {"views.pkl", "checkpoint.pkl", "protocol4.pkl"}) {
    const std::string whole = contents(folder / name);
    CHECK_FALSE(io::read_pickle("load_pt", name, whole, storage).empty());
    for (int i = 0; i < count; ++i) {
      try {
        io::read_pickle("load_pt", name, damaged(whole, random), storage);
      } catch (const Error&) {
      }
    }
  }
}

TEST_CASE("pt: pickles that want to do harm") {
  const auto refused = [](std::string pickle, const char* why) {
    CHECK_THROWS_WITH_AS(io::read_pickle("load_pt", "x", pickle,
                                         [](const std::string&, DType, std::int64_t) { return Tensor(); }),
                         doctest::Contains(why), FileError);
  };
  const std::string start = "\x80\x02";
  refused(start + std::string("cos\nsystem\nX\x02\0\0\0ls\x85R.", 21), "asks for os.system");
  refused(start +
              "\x8c\x08"
              "builtins\x8c\x04"
              "eval\x93.",
          "asks for builtins.eval");
  // A dict within itself, twice.
  refused(start + std::string("}q\x01(X\x01\0\0\0ah\x01X\x01\0\0\0bh\x01u.", 22), "nested");
  // Lists within lists, each twice: more values than there is memory for.
  std::string bomb = start + std::string("]q\0", 3);
  for (int i = 0; i < 90; ++i) bomb += std::string("]q\1(h\0h\0eh\1q\0", 13);
  refused(bomb + ".", "nested");
  refused(start + std::string(5'000'000, 'N') + ".", "too many values");
  refused(start + std::string(1'000'000, ']') + std::string(999'999, 'a') + ".", "nested");
  refused(start + "ctorch.nn\nLinear\n.", "asks for torch.nn.Linear");
  refused(start + "i", "instruction 105");
  refused("", "ends too early");
  refused("\x80\x09N.", "protocol 9");
}

}  // namespace wick::test
