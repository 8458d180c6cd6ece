#include <complex>
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

const Tensor& named(const NamedTensors& all, std::string_view name) {
  for (const auto& [key, tensor] : all) {
    if (key == name) return tensor;
  }
  FAIL("no tensor " << name);
  return all[0].second;
}

// Parts of pickles: a text, and a tensor of the first `count` elements of the storage "0".
std::string pickled(std::string_view text) {
  std::string out = "X";
  for (int b = 0; b < 4; ++b) out += static_cast<char>(text.size() >> 8 * b);
  return out.append(text);
}
std::string pickled_tensor(const char* storage, char count, const std::string& metadata = "") {
  const std::string size{'K', count, '\x85'};
  return std::string("ctorch._utils\n_rebuild_tensor_v2\n((") + pickled("storage") + "ctorch\n" + storage +
         "\n" + pickled("0") + pickled("cpu") + std::string{'K', count, 't', 'Q', 'K', '\0'} + size +
         "K\1\x85\x89N" + metadata + "tR";
}
NamedTensors unpickled(const std::string& pickle, const io::ReadStorage& read) {
  return io::read_pickle("load_pt", "x", "\x80\x02" + pickle + ".", read);
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
    CHECK(identical(x, reference_values(*dtype_by_name(name))));
  }
}

TEST_CASE("pt: views, parameters, no elements") {
  const NamedTensors all = load_pt(folder / "views.pt");
  CHECK(names_of(all) == "transposed part again empty scalar parameter");
  const Tensor whole = reference_values(float32, {4, 6});
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

// PyTorch 2 tells so of views that have still to be conjugated or negated.
TEST_CASE("pt: metadata of tensors") {
  const auto storage = [](const std::string&, DType dtype, std::int64_t count) {
    return full({count}, std::complex<double>(1, 2), dtype);
  };
  const auto read = [&](const std::string& metadata) {
    return unpickled(pickled_tensor("ComplexFloatStorage", 2, metadata), storage).at(0).second;
  };
  CHECK(identical(read("}"), full({2}, std::complex<double>(1, 2), complex64)));
  CHECK(identical(read("N"), full({2}, std::complex<double>(1, 2), complex64)));
  CHECK(identical(read("}" + pickled("conj") + "\x88s"), full({2}, std::complex<double>(1, -2), complex64)));
  CHECK(identical(read("}" + pickled("conj") + "\x89s"), full({2}, std::complex<double>(1, 2), complex64)));
  CHECK(identical(read("}(" + pickled("conj") + "\x88" + pickled("neg") + "\x88u"),
                  full({2}, std::complex<double>(-1, 2), complex64)));
  CHECK_THROWS_WITH_AS(read("}" + pickled("other") + "\x88s"), doctest::Contains("metadata other"),
                       FileError);
}

// A tuple of many values with which a parameter is made again and again.
TEST_CASE("pt: many calls of large arguments") {
  const auto storage = [](const std::string&, DType, std::int64_t) { return Tensor(); };
  std::string again = "]ctorch._utils\n_rebuild_parameter\nq\1(" + pickled_tensor("FloatStorage", 0) +
                      std::string(1'000'000, 'N') + "tq\2" + "00";
  for (int i = 0; i < 300'000; ++i) again += "h\1h\2R0";
  CHECK(unpickled(again, storage).empty());
}

// Each of its tensors has memory of its own.
TEST_CASE("pt: one storage for many tensors") {
  const auto storage = [](const std::string&, DType dtype, std::int64_t) { return zeros({1 << 18}, dtype); };
  const std::string size("J\0\0\4\0", 5), function = "ctorch._utils\n_rebuild_tensor_v2\nq\1";
  const std::string arguments = "((" + pickled("storage") + "ctorch\nFloatStorage\n" + pickled("0") +
                                pickled("cpu") + size + std::string("tQK\0", 4) + size +
                                "\x85K\1\x85\x89Ntq\2";
  const auto pickle = [&](int count) {
    std::string all = "]" + function + arguments + "00(";
    for (int i = 0; i < count; ++i) all += "h\1h\2R";
    return all + "e";
  };
  CHECK(unpickled(pickle(100), storage).size() == 100);
  CHECK_THROWS_WITH_AS(unpickled(pickle(1000), storage), doctest::Contains("share memory"), FileError);
}

TEST_CASE("pt: keys that are no names") {
  const auto storage = [](const std::string&, DType dtype, std::int64_t count) {
    return zeros({count}, dtype);
  };
  const std::string tensor = pickled_tensor("FloatStorage", 2);
  // {"rates": {0.5: 1, None: 2**64}, "w": tensor}
  const std::string rates = pickled("rates") + "}(G" + std::string("\x3f\xe0\0\0\0\0\0\0", 8) +
                            "K\1N\x8a\x09" + std::string("\0\0\0\0\0\0\0\0\1", 9) + "u";
  CHECK(names_of(unpickled("}(" + rates + pickled("w") + tensor + "u", storage)) == "w");
  CHECK_THROWS_WITH_AS(unpickled("}(N]" + tensor + "au", storage),
                       doctest::Contains("neither a text nor a whole number"), FileError);
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
  // Long names within a dict that has a long one.
  std::string names = start + "}(" + pickled(std::string(1'000'000, 'k')) + "}(" +
                      pickled_tensor("FloatStorage", 0) + "q\1" + "0";
  for (int i = 0; i < 300; ++i) names += pickled(std::to_string(i)) + "h\1";
  refused(names + "uu.", "names are too long");
  refused(start + "ctorch.nn\nLinear\n.", "asks for torch.nn.Linear");
  refused(start + "i", "instruction 105");
  refused("", "ends too early");
  refused("\x80\x09N.", "protocol 9");
}

}  // namespace wick::test
