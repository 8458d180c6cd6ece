#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "files.h"
#include "support.h"
#include "wick/io/csv.h"

namespace wick::test {
namespace {

using std::filesystem::path;

// A file with a text, as long as the object lives.
struct Written {
  Scratch scratch;
  path file = scratch.where / "x.csv";
  explicit Written(const std::string& text) { put(file, text); }
};

Table read(const std::string& text, const LoadCsv& options = {}) {
  return load_csv(Written(text).file, options);
}
Tensor matrix(const std::string& text, const LoadCsv& options = {}) { return read(text, options).matrix; }

Tensor numbers(const std::vector<double>& values, const Shape& shape, DType dtype = float64) {
  return from_blob(values.data(), shape, float64).clone().to(dtype);
}
const double none = std::nan("");

std::string names_of(const Table& table) {
  std::string all;
  for (const auto& [name, column] : table.columns) all += name + "|";
  return all;
}

void refused(const std::string& text, const char* why, const LoadCsv& options = {}) {
  CAPTURE(text);
  CHECK_THROWS_WITH_AS(read(text, options), doctest::Contains(why), FileError);
}

}  // namespace

TEST_CASE("csv: a matrix of numbers") {
  const Tensor wanted = numbers({1, 2.5, -3, 4e3}, {2, 2});
  for (const char* text :
       {"1,2.5\n-3,4e3\n", "1,2.5\r\n-3,4e3\r\n", "1,2.5\r-3,4e3\r", "1,2.5\n-3,4e3",
        "\xef\xbb\xbf"
        "1,2.5\n-3,4e3\n",
        "\n\n 1 ,\t2.5\n  \n+1e0,", " 1,+2.5\n\r\n-3 , 4000.0 \n\n", "\"1\",\"2.5\"\n\"-3\",\"4e3\"\n"}) {
    CAPTURE(text);
    if (std::string(text).ends_with("+1e0,")) {
      CHECK(identical(matrix(text), numbers({1, 2.5, 1, none}, {2, 2})));
    } else {
      CHECK(identical(matrix(text), wanted));
    }
  }
  CHECK(identical(matrix("1;2.5\n-3;4e3", {.delimiter = ';'}), wanted));
  CHECK(identical(matrix("1\t2.5\n-3\t4e3", {.delimiter = '\t'}), wanted));
  CHECK(identical(matrix("  1 \t 2.5\n-3   4e3  \n \t \n", {.delimiter = ' '}), wanted));
  CHECK(identical(matrix("# text\n1,2.5 # more\n\n  # text\n-3,4e3#", {.comment = '#'}), wanted));
  CHECK(identical(matrix("a b c\nd\n1,2.5\n-3,4e3\n", {.skip = 2}), wanted));
  CHECK(identical(matrix("1\n2\n"), numbers({1, 2}, {2, 1})));
}

TEST_CASE("csv: numbers") {
  const Tensor x =
      matrix("0.1,1e308,-1e309,1e-400,4.9e-324,nan,-inf,Infinity,+0,-0,.5,5.,123456789012345678\n");
  const double wanted[] = {0.1, 1e308, -HUGE_VAL,           0, 4.9e-324, none, -HUGE_VAL, HUGE_VAL, 0, -0.0,
                           0.5, 5,     123456789012345678.0};
  CHECK(identical(x, from_blob(wanted, {1, 13}, float64)));
  CHECK(std::signbit(x[0][9].item<double>()));
  CHECK(identical(
      matrix("1e99999999999999999999,1e-99999999999999999999,0.000000e5,-0.0000001e-310,99999e304\n"),
      numbers({HUGE_VAL, 0, 0, -1e-317, HUGE_VAL}, {1, 5})));
  CHECK(identical(matrix("1e9223372036854775807,0.001e-9223372036854775808,-1e9223372036854775807\n"),
                  numbers({HUGE_VAL, 0, -HUGE_VAL}, {1, 3})));
  CHECK(identical(matrix("0.1,2\n", {.dtype = float32}), numbers({0.1f, 2}, {1, 2}, float32)));
  CHECK(identical(matrix("0.1,2\n", {.dtype = bfloat16}), tensor({0.1, 2}).to(bfloat16).reshape({1, 2})));
  CHECK(identical(
      matrix("9223372036854775807,-9223372036854775808,+7,3.0,1e3\n", {.dtype = int64}),
      tensor({INT64_MAX, INT64_MIN, std::int64_t{7}, std::int64_t{3}, std::int64_t{1000}}).reshape({1, 5})));
  CHECK(identical(matrix("0,255\n", {.dtype = uint8}), numbers({0, 255}, {1, 2}, uint8)));
  CHECK(identical(matrix("1,false,TRUE,0\n", {.header = false, .dtype = boolean}),
                  numbers({1, 0, 1, 0}, {1, 4}, boolean)));
}

TEST_CASE("csv: columns by name") {
  const Table table = read("a,\"b, \"\"c\"\"\",\n1,2,3\n4,,6\n");
  CHECK(table.header);
  CHECK(names_of(table) == "a|b, \"c\"||");
  CHECK(identical(table.columns[0].second, numbers({1, 4}, {2})));
  CHECK(identical(table.columns[1].second, numbers({2, none}, {2})));
  CHECK(names_of(read("1,2\n3,4\n", {.matrix = false})) == "0|1|");
  CHECK(names_of(read("1,2\n3,4\n", {.header = true})) == "1|2|");
  CHECK(identical(matrix("a,b\n3,4\n", {.matrix = true}), numbers({3, 4}, {1, 2})));
  // Which are read, and in which order.
  const Table some = read("a,b,c,2\n1,text,3,4\n", {.header = true, .columns = {"2", "0"}});
  CHECK(names_of(some) == "2|a|");
  CHECK(identical(some.columns[0].second, numbers({4}, {1})));
  CHECK(identical(matrix("text,5,6\n", {.header = false, .columns = {"2", "1"}}), numbers({6, 5}, {1, 2})));
  // Names and nothing else.
  CHECK(read("a,b\n").columns[1].second.sizes() == Shape{0});
  CHECK(read("a,b", {.matrix = true}).matrix.sizes() == Shape{0, 2});
}

TEST_CASE("csv: words") {
  const Table table = read("x,kind\n1,\"red, dark\"\n2,blue\n3,\n4,blue\n5,NA\n",
                           {.missing = {"NA"}, .categories = {"kind"}});
  CHECK(identical(table.columns[1].second, tensor({0, 1, -1, 1, -1})));
  CHECK(table.levels.at("kind") == std::vector<std::string>{"red, dark", "blue"});
  // Words that have codes keep them.
  const Table next = read("kind\ngreen\nblue\n", {.categories = {"*"}, .levels = table.levels});
  CHECK(identical(next.columns[0].second, tensor({2, 1})));
  CHECK(next.levels.at("kind") == std::vector<std::string>{"red, dark", "blue", "green"});
  const Table all = read("1,a,x\n2,b,x\n", {.header = false, .categories = {"*"}});
  CHECK(identical(all.columns[1].second, tensor({0, 1})));
  CHECK(all.levels.size() == 2);
  CHECK(
      identical(matrix("1,a\n2,b\n", {.categories = {"1"}, .matrix = true}), numbers({1, 0, 2, 1}, {2, 2})));
  // A line's end and quotation marks in a field; a blank one is a missing one.
  const Table lines = read("a,b\n\"x\ny \"\"z\"\"\",1\n\" \",2\n", {.categories = {"a"}});
  CHECK(lines.levels.at("a") == std::vector<std::string>{"x\ny \"z\""});
  CHECK(identical(lines.columns[0].second, tensor({0, -1})));
}

TEST_CASE("csv: codes that the dtype of a matrix does not hold") {
  std::string text;
  for (int i = 0; i < 260; ++i) text += "w" + std::to_string(i) + ",1\n";
  const auto options = [](DType dtype) {
    return LoadCsv{.header = false, .categories = {"0"}, .dtype = dtype, .matrix = true};
  };
  for (const DType dtype : {float64, float32, float16, int64, int32, int16})
    CHECK(matrix(text, options(dtype))[259][0].to(int64).item<std::int64_t>() == 259);
  refused(text, "line 129, column 1: \"w128\" has the code 128, which int8 does not hold", options(int8));
  refused(text, "\"w256\" has the code 256, which uint8", options(uint8));
  refused(text, "\"w257\" has the code 257, which bfloat16", options(bfloat16));
  refused(text, "\"w2\" has the code 2, which bool", options(boolean));
  refused("a,1\n,1\n", "\"\" has the code -1, which uint8", options(uint8));
  // Codes of columns are int64 whatever the dtype of numbers.
  CHECK(read(text, {.header = false, .categories = {"0"}, .dtype = int8})
            .columns[0]
            .second[259]
            .item<std::int64_t>() == 259);
}

TEST_CASE("csv: what is missing") {
  CHECK(identical(matrix("1,,NA\n-999, ,3\n", {.missing = {"NA", "-999"}}),
                  numbers({1, none, none, none, none, 3}, {2, 3})));
  refused("1,2\n,4\n", "line 2, column 1: there is no value, and int64 has no nan", {.dtype = int64});
}

TEST_CASE("csv: errors tell the line and the column") {
  refused("a,b\n1,2\n3,x\n", "line 3, column 2 (\"b\"): \"x\" is no number");
  refused("1,2\n\n3\n", "line 3: 1 fields where there should be 2");
  refused("1,2\r\n3,4,5\r\n", "line 2: 3 fields where there should be 2");
  refused("a,\"b\nc\"\n1,2\n\"x\ny\",3\n", "line 4, column 1 (\"a\"): \"x\ny\" is no number");
  refused("1,\"2\n3,4\n", "line 1: a quotation mark is not closed");
  refused("1,2\n\"3\"x,4\n", "line 2: \"x\" follows a closing quotation mark");
  refused("1,2\n3,1.5\n", "line 2, column 2: \"1.5\" is no whole number", {.dtype = int32});
  refused("1,2\n3,256\n", "line 2, column 2: \"256\" is outside the range of uint8", {.dtype = uint8});
  refused("1,9223372036854775808\n", "is no whole number", {.dtype = int64});
  refused("1,9007199254740993.0\n", "is no whole number", {.dtype = int64});
  for (const char* text : {"0x10", "1e", "1.2.3", "--1", "+-1", "1 2", "e5", "nan(", "1,,", "."})
    refused(std::string("1\n") + text + "\n", "line 2");
  refused("", "has no rows");
  refused("# only\n", "has no rows", {.comment = '#'});
  refused(
      "\xff\xfe"
      "1\0",
      "UTF-16");
  refused("1\n" + std::string(1000, 'x') + "\n", "xxx...\" is no number");
  CHECK_THROWS_AS(load_csv("/nowhere/x.csv"), FileError);
  CHECK_THROWS_AS(load_csv(std::filesystem::temp_directory_path()), FileError);
  CHECK_THROWS_WITH_AS(read("a,b\n", {.columns = {"c"}}),
                       doctest::Contains("no column \"c\"; there are \"a\", \"b\""), Error);
  CHECK_THROWS_WITH_AS(read("a,b\n", {.columns = {"2"}}), doctest::Contains("no column"), Error);
  CHECK_THROWS_WITH_AS(read("a,b\n", {.columns = {"a", "0"}}), doctest::Contains("twice"), Error);
  CHECK_THROWS_WITH_AS(read("a,a\n"), doctest::Contains("two columns \"a\""), Error);
  CHECK(names_of(read("a,a\n", {.columns = {"1"}})) == "a|");
  CHECK_THROWS_AS(read("1\n", {.dtype = complex64}), DTypeError);
  for (const char mark : {'"', '\n', '\r', '.', '1', 'a', '\0', '\xe9', '-'})
    CHECK_THROWS_AS(read("1\n", {.delimiter = mark}), Error);
  CHECK_THROWS_AS(read("1\n", {.delimiter = '#', .comment = '#'}), Error);
  CHECK_THROWS_AS(read("1\n", {.skip = -1}), Error);
}

TEST_CASE("csv: long files, long lines and wide tables") {
  // Records across the ends of blocks, some of them longer than a block.
  std::mt19937 random(3);
  std::string text = "n,word\n";
  std::vector<double> wanted;
  std::vector<std::string> words;
  for (int i = 0; i < 20'000; ++i) {
    std::string word = "\"" + std::string(random() % 200, 'a') + "\n" + std::to_string(i);
    if (i == 7000) word += std::string(3'000'000, 'b');
    wanted.push_back(i + 0.125);
    words.push_back(word.substr(1));
    text += std::to_string(i) + ".125," + word + "\"" + (i % 3 == 0 ? "\r\n" : "\n");
  }
  const Table table = read(text, {.categories = {"word"}});
  CHECK(identical(table.columns[0].second, numbers(wanted, {20'000})));
  CHECK(identical(table.columns[1].second, arange(0, 20'000, 1, int64)));
  CHECK(table.levels.at("word") == words);

  const Tensor wide = rand({5, 70'000}, float64);
  const Written written("");
  save_csv(written.file, wide);
  CHECK(identical(load_csv(written.file).matrix, wide));
}

TEST_CASE("csv: what is written is read back") {
  const Written written("");
  const path& file = written.file;
  const Tensor random = randn({300, 3}, float64);
  for (const DType dtype : {float64, float32, float16, bfloat16, int64, int8, uint8, boolean}) {
    const Tensor x = (dtype == uint8       ? abs(random * 50)
                      : is_floating(dtype) ? random
                                           : random * 40)
                         .to(dtype);
    for (const char delimiter : {',', ';', '\t', ' '}) {
      save_csv(file, x, {.delimiter = delimiter});
      CHECK(identical(load_csv(file, {.delimiter = delimiter, .dtype = dtype}).matrix, x));
    }
  }
  const double values[] = {0.1, none, HUGE_VAL, -HUGE_VAL, 1e-310, 1e22, -0.0};
  const NamedTensors columns{{"x", from_blob(values, {7}, float64)},
                             {"a \"b\",c", tensor({0, 1, 2, 3, -1, 0, 1})},
                             {"", zeros({7}).to(int64)}};
  const Levels levels{{"a \"b\",c", {"plain", "with, \"marks\"", "two\nlines", " "}}};
  for (const char* missing : {"nan", "", "NA"}) {
    save_csv(file, columns, {.missing = missing, .levels = levels});
    const Table back = load_csv(file, {.missing = {"NA", "nan"}, .categories = {"1"}});
    CHECK(names_of(back) == names_of({.columns = columns}));
    CHECK(identical(back.columns[0].second, columns[0].second));
    // A blank word is a missing one.
    CHECK(identical(back.columns[1].second, tensor({0, 1, 2, -1, -1, 0, 1})));
  }
  CHECK(contents(file).starts_with(
      "x,\"a \"\"b\"\",c\",\n0.1,plain,0\nNA,\"with, \"\"marks\"\"\",0\ninf,\"two\nlines\",0\n"));
  // An empty field alone would be no line.
  save_csv(file, {{"x", columns[0].second.slice(0, 0, 3)}}, {.missing = ""});
  CHECK(contents(file) == "x\n0.1\n\"\"\ninf\n");
  save_csv(file, {{"x", zeros({0})}});
  CHECK(contents(file) == "x\n");
  save_csv(file, {{"x", ones({1})}}, {.header = false});
  CHECK(contents(file) == "1\n");
}

TEST_CASE("csv: what cannot be written") {
  const Scratch scratch;
  const path file = scratch.where / "x.csv";
  CHECK_THROWS_AS(save_csv(file, {{"a", zeros({2})}, {"b", zeros({3})}}), ShapeError);
  CHECK_THROWS_AS(save_csv(file, {{"a", zeros({2, 1})}}), ShapeError);
  CHECK_THROWS_AS(save_csv(file, zeros({3})), ShapeError);
  CHECK_THROWS_AS(save_csv(file, zeros({3, 0})), Error);
  CHECK_THROWS_AS(save_csv(file, {{"a", zeros({2})}, {"a", zeros({2})}}), Error);
  CHECK_THROWS_AS(save_csv(file, {{"a", zeros({2}, complex64)}}), DTypeError);
  CHECK_THROWS_AS(save_csv(file, {{"a", zeros({2})}}, {.levels = {{"a", {"x"}}}}), DTypeError);
  CHECK_THROWS_WITH_AS(save_csv(file, {{"a", tensor({0, 1})}}, {.levels = {{"a", {"x"}}}}),
                       doctest::Contains("the code 1, and 1 words"), IndexError);
  CHECK_THROWS_AS(save_csv(file, {{"a", zeros({2})}}, {.delimiter = '.'}), Error);
  CHECK_THROWS_AS(save_csv("/nowhere/x.csv", zeros({1, 1})), FileError);
  CHECK(std::filesystem::is_empty(scratch.where));
}

// Bytes changed, left out and added. WICK_CSV_FUZZ is the number of files, WICK_CSV_SEED another seed.
TEST_CASE("csv: damaged files give errors, or another table") {
  const char *asked = std::getenv("WICK_CSV_FUZZ"), *seed = std::getenv("WICK_CSV_SEED");
  const int count = asked ? std::atoi(asked) : 3000;
  std::mt19937 random(seed ? static_cast<unsigned>(std::atoi(seed)) : 7);
  const std::string whole =
      "\"a, b\",kind,c # names\r\n1.5,red,-2e3\n\"2\",\"dark \"\"blue\"\"\nnavy\",\n# all\n,red,NA\n3, blue "
      ",nan\r\n";
  const LoadCsv options[] = {
      {},
      {.comment = '#', .missing = {"NA"}, .categories = {"kind"}},
      {.delimiter = ' ', .header = false, .categories = {"*"}},
      {.skip = 1, .columns = {"0", "2"}, .dtype = int32},
      {.header = false, .comment = '#', .categories = {"*"}, .dtype = float32, .matrix = true}};
  const Scratch scratch;
  const path file = scratch.where / "damaged";
  for (int i = 0; i < count; ++i) {
    put(file, damaged(whole, random));
    try {
      const Table table = load_csv(file, options[random() % 5]);
      CHECK(table.matrix.defined() != !table.columns.empty());
    } catch (const Error&) {
    }
  }
}

}  // namespace wick::test
