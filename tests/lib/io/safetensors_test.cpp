#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>

#include "files.h"
#include "support.h"

// Files written out here by hand, and by Python through ../../reference/make_safetensors.py.

namespace wick::test {
namespace {

using std::filesystem::path;

constexpr DType kept_dtypes[] = {boolean, uint8,    int8,    int16,   int32,    int64,
                                 float16, bfloat16, float32, float64, complex64};

// A file of that header and those bytes.
std::string file_of(const std::string& header, const std::string& bytes) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> 8 * i);
  return file + header + bytes;
}

// make_safetensors.py's values(): 0 to 5 less 2, halves where there are some.
Tensor python_values(DType dtype) {
  const Tensor x = arange(6, float64).reshape({2, 3}) - 2;
  if (is_complex(dtype)) return complex(x * 0.5, x).to(dtype);
  if (is_floating(dtype)) return (x * 0.5).to(dtype);
  return dtype == boolean ? (x > 0).to(boolean) : dtype == uint8 ? abs(x).to(uint8) : x.to(dtype);
}

const NamedTensors& python_tensors() {
  static const NamedTensors tensors = [] {
    NamedTensors out;
    for (const DType dtype : kept_dtypes) out.emplace_back(name(dtype), python_values(dtype));
    out.emplace_back("scalar", scalar_tensor(2.5, float32));
    out.emplace_back("empty", zeros({0, 3}));
    out.emplace_back("gr\u00f6\u00dfe \u5927 \"quoted\"\n", ones({2}));
    return out;
  }();
  return tensors;
}

// A folder with one file, which what fails has to leave as it is, and alone.
struct OneFile {
  OneFile() {
    save_safetensors(file, {{"x", ones({3})}});
    before = contents(file);
  }
  void check() const {
    CHECK(contents(file) == before);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.where), {}) == 1);
  }

  Scratch folder;
  path file = folder.where / "x.safetensors";
  std::string before;
};

void check_same(const NamedTensors& got, const NamedTensors& wanted) {
  REQUIRE(got.size() == wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK(got[i].first == wanted[i].first);
    CHECK(identical(got[i].second, wanted[i].second));
  }
}

}  // namespace

TEST_CASE("safetensors: bytes written by hand") {
  const Scratch scratch;
  const path file = scratch.where / "x.safetensors";
  const std::string header =
      R"({"__metadata__":{"who":"me"},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]},)"
      R"("a":{"dtype":"BOOL","shape":[3,1],"data_offsets":[0,3]},"n":{"data_offsets":[11,11],"shape":[0],"dtype":"I64"}} )";
  put(file, file_of(header, std::string("\0\1\7", 3) + std::string("\0\0\x80\x3f\0\0\0\xc0", 8)));
  for (const bool map : {false, true}) {
    const Safetensors got = load_safetensors(file, {.map = map});
    check_same(got.tensors, {{"b", tensor({1.0, -2.0})},
                             {"a", tensor({false, true, true}).reshape({3, 1})},
                             {"n", zeros({0}, int64)}});
    CHECK(got.metadata == Metadata{{"who", "me"}});
  }
  CHECK(load_safetensors_metadata(file) == Metadata{{"who", "me"}});
  put(file, file_of("{}", ""));
  CHECK(load_safetensors(file).tensors.empty());

  save_safetensors(file, {{"a", tensor({true, false})}, {"b", tensor({1.0})}}, {{"who", "me"}});
  const std::string written =
      R"({"__metadata__":{"format":"pt","who":"me"},"a":{"dtype":"BOOL","shape":[2],"data_offsets":[4,6]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  CHECK(contents(file) == file_of(written + std::string((8 - written.size() % 8) % 8, ' '),
                                  std::string("\0\0\x80\x3f\1\0", 6)));
}

TEST_CASE("safetensors: what is written is read back") {
  const Scratch scratch;
  const path file = scratch.where / "x.safetensors";
  NamedTensors tensors = python_tensors();
  const Tensor base = randn({4, 5, 6}, float64);
  tensors.emplace_back("turned", base.permute({2, 0, 1}));
  tensors.emplace_back("part", base.slice(1, 0, 5, 2));
  tensors.emplace_back("expanded", ones({1, 3}).expand({4, 3}));
  tensors.emplace_back("trained", randn({3}).requires_grad_());
  tensors.emplace_back("", zeros({2}, int16));
  const Metadata metadata{{"format", "np"}, {"text", "a\tb \u00e4"}, {"", ""}};
  save_safetensors(file, tensors, metadata);
  for (const bool map : {false, true}) {
    const Safetensors got = load_safetensors(file, {.map = map});
    check_same(got.tensors, tensors);
    CHECK(got.metadata == metadata);
    for (const auto& [name, x] : got.tensors) {
      CHECK_FALSE(x.requires_grad());
      CHECK(reinterpret_cast<std::uintptr_t>(x.raw_data()) %
                static_cast<std::uintptr_t>(size_of(real_dtype(x.dtype()))) ==
            0);
    }
    // Neither the file nor another tensor changes with one.
    got.tensors[0].second.fill_(1);
    got.tensors[8].second.fill_(1);
    CHECK(identical(got.tensors[9].second, tensors[9].second));
    CHECK(got.tensors[9].second.storage()->version() == 0);
    check_same(load_safetensors(file).tensors, tensors);
  }
  // A map outlives the file's name, and what is written next is another file.
  const Tensor mapped = load_safetensors(file, {.map = true}).tensors[8].second;
  save_safetensors(file, {{"x", ones({3})}});
  CHECK(identical(mapped, tensors[8].second));
  CHECK(load_safetensors(file).tensors.size() == 1);
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.where), {}) == 1);
}

TEST_CASE("safetensors: what cannot be written leaves the file as it was") {
  const OneFile kept;
  const path& file = kept.file;
  CHECK_THROWS_WITH_AS(save_safetensors(file, {{"z", ones({1}, complex128)}}), doctest::Contains("\"z\""),
                       DTypeError);
  CHECK_THROWS_AS(save_safetensors(file, {{"a", ones({1})}, {"a", ones({2})}}), Error);
  CHECK_THROWS_AS(save_safetensors(file, {{"__metadata__", ones({1})}}), Error);
  CHECK_THROWS_WITH_AS(save_safetensors(file, {{"a", Tensor()}}), doctest::Contains("\"a\""), Error);
  CHECK_THROWS_WITH_AS(save_safetensors(file, {{"\xff", ones({1})}}), doctest::Contains("UTF-8"), Error);
  CHECK_THROWS_AS(save_safetensors(file, {}, {{"key", "\xc3"}}), Error);
  CHECK_THROWS_AS(save_safetensors(kept.folder.where / "no" / "x", {{"a", ones({1})}}), FileError);
  // Stopped in the middle.
  {
    int asked = 0;
    const InterruptScope stop([](void* count, const Progress&) { return ++*static_cast<int*>(count) < 2; },
                              &asked);
    CHECK_THROWS_AS(save_safetensors(file, {{"a", ones({1})}, {"b", ones({1})}, {"c", ones({1})}}),
                    Interrupted);
  }
  kept.check();
}

TEST_CASE("safetensors: links stay links, wherever they lead") {
  namespace fs = std::filesystem;
  const Scratch scratch;
  const NamedTensors old{{"x", zeros({1})}}, fresh{{"x", ones({2})}};
  fs::create_directory(scratch.where / "folder");
  // To a file, by way of another link; to where nothing is yet, from the link's folder and in full.
  save_safetensors(scratch.where / "folder" / "file", old);
  fs::create_symlink("file", scratch.where / "folder" / "second");
  fs::create_symlink("folder/second", scratch.where / "first");
  fs::create_symlink("folder/absent", scratch.where / "dangling");
  fs::create_symlink(scratch.where / "folder" / "other", scratch.where / "full");
  const std::pair<const char*, const char*> links[] = {
      {"first", "file"}, {"dangling", "absent"}, {"full", "other"}};
  for (const auto& [link, target] : links) {
    save_safetensors(scratch.where / link, fresh);
    CHECK(fs::is_symlink(scratch.where / link));
    CHECK(fs::is_regular_file(fs::symlink_status(scratch.where / "folder" / target)));
    CHECK(load_safetensors(scratch.where / "folder" / target).tensors[0].second.numel() == 2);
  }
  CHECK(fs::is_symlink(scratch.where / "folder" / "second"));
  // In a circle, and into a folder that does not exist.
  fs::create_symlink("loop", scratch.where / "loop");
  fs::create_symlink("nowhere/file", scratch.where / "lost");
  for (const char* bad : {"loop", "lost"}) {
    CHECK_THROWS_WITH_AS(save_safetensors(scratch.where / bad, fresh),
                         doctest::Contains((std::string(bad) == "loop" ? "/loop\"" : "nowhere/file\"")),
                         FileError);
    CHECK(fs::is_symlink(scratch.where / bad));
  }
  CHECK(std::distance(fs::directory_iterator(scratch.where / "folder"), {}) == 4);
  CHECK(std::distance(fs::directory_iterator(scratch.where), {}) == 6);
}

TEST_CASE("safetensors: a full disk leaves the file as it was") {
  const OneFile kept;
  const path& file = kept.file;
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  rlimit small = limit;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  for (const rlim_t most : {0u, 4u, 100u, 5000u}) {
    small.rlim_cur = most;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK_THROWS_WITH_AS(save_safetensors(file, {{"x", ones({3000})}}), doctest::Contains("cannot write"),
                         FileError);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    kept.check();
  }
  std::signal(SIGXFSZ, handler);
}

TEST_CASE("safetensors: a process killed while it writes leaves the file as it was (fork)") {
  const OneFile kept;
  const path& file = kept.file;
  const pid_t child = fork();
  if (child == 0) {
    int asked = 0;
    const InterruptScope killing(
        [](void* count, const Progress&) {
          return ++*static_cast<int*>(count) < 3 || std::raise(SIGKILL) == 0;
        },
        &asked);
    save_safetensors(file, {{"a", ones({1})}, {"b", ones({1})}, {"c", ones({1})}, {"d", ones({1})}});
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(contents(file) == kept.before);  // beside what it had begun
  CHECK(load_safetensors(file).tensors.size() == 1);
}

TEST_CASE("safetensors: headers that contradict the format are refused") {
  const Scratch scratch;
  const path file = scratch.where / "x.safetensors";
  const std::string bytes(12, '\0');
  const auto tensor_text = [](const char* name, const char* dtype, const char* shape, const char* offsets) {
    return "\"" + std::string(name) + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape +
           R"(,"data_offsets":)" + offsets + "}";
  };
  const std::string good = tensor_text("a", "F32", "[3]", "[0,12]");
  put(file, file_of("{" + good + "}", bytes));
  CHECK(load_safetensors(file).tensors.size() == 1);
  std::string deep = "{\"a\":", closing = "}";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  const std::string damaged_headers[] = {
      "",
      "[]",
      "null",
      " {" + good + "}",
      "{" + good,
      "{" + good + "}}",
      "{" + good + "} x",
      "{" + good + "," + good + "}",
      "{" + tensor_text("a", "F32", "[3]", "[0,8]") + "}",
      "{" + tensor_text("a", "F32", "[3]", "[0,16]") + "}",
      "{" + tensor_text("a", "F32", "[4]", "[0,16]") + "}",
      "{" + tensor_text("a", "F32", "[2]", "[0,8]") + "}",   // bytes that belong to nobody
      "{" + tensor_text("a", "F32", "[2]", "[4,12]") + "}",  // a hole in front
      "{" + tensor_text("a", "F32", "[3]", "[12,0]") + "}",
      "{" + tensor_text("a", "F32", "[-3]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[3.0]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[\"3\"]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "3", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[[3]]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[3]", "[0]") + "}",
      "{" + tensor_text("a", "F32", "[3]", "[0,12,12]") + "}",
      "{" + tensor_text("a", "F32", "[3]", "null") + "}",
      "{" + tensor_text("a", "F32", "[4611686018427387904,4]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[9223372036854775807,9223372036854775807]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[18446744073709551615]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[99999999999999999999999]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[1]", "[0,4]") + "," + tensor_text("b", "F32", "[3]", "[0,12]") + "}",
      "{" + tensor_text("a", "F32", "[2]", "[0,8]") + "," + tensor_text("b", "F32", "[2]", "[4,12]") + "}",
      "{" + tensor_text("a", "F32", "[1]", "[0,4]") + "," + tensor_text("b", "F32", "[1]", "[8,12]") + "}",
      R"({"a":{"dtype":"F32","shape":[3]}})",
      R"({"a":{"dtype":"F32","dtype":"F32","shape":[3],"data_offsets":[0,12]}})",
      R"({"a":{"dtype":"F32","more":1,"shape":[3],"data_offsets":[0,12]}})",
      R"({"a":{"dtype":4,"shape":[3],"data_offsets":[0,12]}})",
      R"({"a":"F32"})",
      R"({"a":3})",
      R"({"a":[3]})",
      R"({"a":{"dtype":{"dtype":"F32"},"shape":[3],"data_offsets":[0,12]}})",
      "{\"__metadata__\":{\"a\":1}," + good + "}",
      "{\"__metadata__\":{\"a\":{}}," + good + "}",
      "{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}," + good + "}",
      "{\"__metadata__\":[]," + good + "}",
      "{\"__metadata__\":\"x\"," + good + "}",
      "{\"__metadata__\":{},\"__metadata__\":{}," + good + "}",
      "{\"\xff\":" + good.substr(4) + "}",
      deep + closing,
  };
  for (const std::string& header : damaged_headers) {
    CAPTURE(header.substr(0, 200));
    put(file, file_of(header, bytes));
    CHECK_THROWS_AS(load_safetensors(file), FileError);
    CHECK_THROWS_AS(load_safetensors(file, {.map = true}), FileError);
    CHECK_THROWS_AS(load_safetensors_metadata(file), FileError);
  }
  for (const char* unknown : {"F8_E4M3", "U16", "U32", "C128", "f32", ""}) {
    put(file, file_of("{" + tensor_text("weight", unknown, "[3]", "[0,12]") + "}", bytes));
    CHECK_THROWS_WITH_AS(load_safetensors(file), doctest::Contains("\"weight\""), DTypeError);
  }
  std::string ranks = "[";
  for (int i = 0; i < 65; ++i) ranks += i ? ",1" : "1";
  put(file, file_of("{" + tensor_text("a", "F32", (ranks + "]").c_str(), "[0,4]") + "}", bytes.substr(8)));
  CHECK_THROWS_AS(load_safetensors(file), ShapeError);
  // Lengths of the header that the file does not have.
  const std::string whole = file_of("{" + good + "}", bytes);
  for (std::size_t kept = 0; kept < whole.size(); ++kept) {
    put(file, whole.substr(0, kept));
    CHECK_THROWS_AS(load_safetensors(file), FileError);
  }
  put(file, std::string(8, '\xff') + whole.substr(8));
  CHECK_THROWS_AS(load_safetensors(file), FileError);
  CHECK_THROWS_AS(load_safetensors(scratch.where), FileError);
  CHECK_THROWS_WITH_AS(load_safetensors(scratch.where / "absent"), doctest::Contains("absent"), FileError);
}

TEST_CASE("safetensors: PyTorch's own files are recognized") {
  const Scratch scratch;
  const path file = scratch.where / "my model.pt";
  put(file, "PK\3\4....archive/data.pkl....");
  CHECK_THROWS_WITH_AS(load_safetensors(file), doctest::Contains("save_file"), FileError);
  CHECK_THROWS_WITH_AS(load_safetensors(file), doctest::Contains("torch.load(\""), FileError);
  CHECK_THROWS_WITH_AS(load_safetensors(file), doctest::Contains("my model.safetensors\""), FileError);
  put(file, "PK\3\4" + std::string(100'000, '.') + "archive/data.pkl archive/constants.pkl");
  CHECK_THROWS_WITH_AS(load_safetensors(file), doctest::Contains("torch.jit.load("), FileError);
  put(file, std::string("\x80\2\x8a\nl\xfc\x9c", 7) + std::string(20, '.'));
  CHECK_THROWS_WITH_AS(load_safetensors(file), doctest::Contains("torch.load("), FileError);
  CHECK_THROWS_WITH_AS(load_safetensors(path(WICK_TEST_DATA) / "npy" / "stored.npz"),
                       doctest::Contains("zip archive"), FileError);
}

// Bytes changed, left out and added. WICK_SAFETENSORS_FUZZ is the number of files.
TEST_CASE("safetensors: damaged files give errors, or other tensors") {
  const char* asked = std::getenv("WICK_SAFETENSORS_FUZZ");
  const int count = asked ? std::atoi(asked) : 10'000;
  const Scratch scratch;
  const path file = scratch.where / "damaged";
  save_safetensors(file, python_tensors(), {{"epoch", "3"}});
  const std::string whole = contents(file);
  const auto header_end = 8 + static_cast<std::size_t>(static_cast<unsigned char>(whole[0])) +
                          256 * static_cast<std::size_t>(static_cast<unsigned char>(whole[1]));
  std::mt19937 random(7);
  int refused = 0;
  for (int i = 0; i < count; ++i) {
    // Mostly the header, which has all that can go wrong, with the data intact.
    std::string bytes = i % 4 == 0 ? damaged(whole, random)
                                   : whole.substr(0, 8) + damaged(whole.substr(8, header_end - 8), random) +
                                         whole.substr(header_end);
    if (i % 4 == 1)
      bytes =
          file_of(bytes.substr(8, bytes.size() - 8 - (whole.size() - header_end)), whole.substr(header_end));
    put(file, bytes);
    for (const bool map : {false, true}) {
      try {
        std::size_t read = 0;
        for (const auto& [name, x] : load_safetensors(file, {.map = map}).tensors) {
          // Every byte of it can be read.
          CHECK(identical(x.clone(), x));
          read += static_cast<std::size_t>(x.numel() * x.itemsize());
        }
        CHECK(read < bytes.size());
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  CHECK(refused > count);
  CHECK(refused < 2 * count);
}

// Reads what Python wrote into the folder, and writes the same for Python to check.
TEST_CASE("safetensors: exchange with Python" *
          doctest::skip(std::getenv("WICK_SAFETENSORS_FOLDER") == nullptr)) {
  const path folder = std::getenv("WICK_SAFETENSORS_FOLDER");
  for (const bool map : {false, true}) {
    const Safetensors got = load_safetensors(folder / "python.safetensors", {.map = map});
    CHECK(got.metadata.at("made by") == "Python");
    REQUIRE(got.tensors.size() == python_tensors().size());
    for (const auto& [name, wanted] : python_tensors()) {
      const auto at = std::find_if(got.tensors.begin(), got.tensors.end(),
                                   [&name = name](const auto& named) { return named.first == name; });
      CAPTURE(name);
      REQUIRE(at != got.tensors.end());
      CHECK(identical(at->second, wanted));
    }
  }
  save_safetensors(folder / "wick.safetensors", python_tensors(), {{"made by", "wick"}});
}

}  // namespace wick::test
