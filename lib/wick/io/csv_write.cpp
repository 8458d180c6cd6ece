// Writing tables.

#include <charconv>
#include <cmath>
#include <set>
#include <string_view>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/io/csv.h"
#include "wick/io/csv_format.h"
#include "wick/io/file.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

constexpr const char* save = "save_csv";

// A column as it is written: its elements in one of four types, and the words that codes stand for.
class ColumnText {
 public:
  ColumnText(const std::string& name, const Tensor& x, const std::vector<std::string>* words,
             std::string missing)
      : name_(name), words_(words), missing_(std::move(missing)) {
    if (is_complex(x.dtype()))
      fail<DTypeError>(save, "column \"{}\" is {}; numbers of tables are real", name, x.dtype());
    if (words && is_floating(x.dtype())) {
      fail<DTypeError>(save, "column \"{}\" has words, so that it has to be of whole numbers, not {}", name,
                       x.dtype());
    }
    // Halves are written as float32 has them.
    is_float_ = is_floating(x.dtype()) && x.dtype() != float64;
    is_double_ = x.dtype() == float64;
    elements_ = x.detach().to(is_float_ ? float32 : is_double_ ? float64 : int64).contiguous();
  }

  std::int64_t size() const { return elements_.numel(); }

  void append(std::string& text, std::int64_t row) const {
    if (is_double_) {
      append_real(text, elements_.data<double>()[row]);
    } else if (is_float_) {
      append_real(text, elements_.data<float>()[row]);
    } else if (const std::int64_t value = elements_.data<std::int64_t>()[row]; words_) {
      append_word(text, value);
    } else {
      append_number(text, value);
    }
  }

 private:
  template <class T>
  static void append_number(std::string& text, T value) {
    char digits[40];
    text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  template <class T>
  void append_real(std::string& text, T value) const {
    if (std::isnan(value)) {
      text += missing_;
    } else {
      append_number(text, value);
    }
  }
  void append_word(std::string& text, std::int64_t code) const {
    if (code == -1) {
      text += missing_;
    } else if (code >= 0 && code < std::ssize(*words_)) {
      text += (*words_)[static_cast<std::size_t>(code)];
    } else {
      fail<IndexError>(save, "column \"{}\" has the code {}, and {} words", name_, code, words_->size());
    }
  }

  std::string name_;
  Tensor elements_;
  const std::vector<std::string>* words_;
  std::string missing_;
  bool is_float_ = false, is_double_ = false;
};

// How fields of texts are written.
class Quoting {
 public:
  Quoting(char delimiter, bool lone) : special_("\"\n\r"), empty_needs_(lone || delimiter == ' ') {
    special_ += delimiter;
    if (delimiter == ' ') special_ += '\t';
  }
  // An empty line would count for nothing, and so would one of several blanks.
  std::string operator()(const std::string& text) const {
    const bool blanks = text.find_first_not_of(" \t") == text.npos;
    if (text.find_first_of(special_) == text.npos && !(blanks && (empty_needs_ || !text.empty())))
      return text;
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"') out += c;
      out += c;
    }
    return out + '"';
  }

 private:
  std::string special_;
  bool empty_needs_;
};

struct Writer {
  std::vector<ColumnText> columns;
  std::string header;
  char delimiter;

  void write(const std::filesystem::path& path, std::int64_t rows) const {
    constexpr std::size_t block = std::size_t{1} << 18;
    io::OutputFile file(save, path);
    std::string text = header;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (c > 0) text += delimiter;
        columns[c].append(text, row);
      }
      text += '\n';
      if (text.size() < block) continue;
      check_interrupt({row, rows});
      file.write(text.data(), text.size());
      text.clear();
    }
    file.write(text.data(), text.size());
    file.commit();
  }
};

void check(const SaveCsv& options) {
  if (options.delimiter != '\t' && options.delimiter != ' ')
    io::check_mark(save, "delimiter", options.delimiter);
}

}  // namespace

void save_csv(const std::filesystem::path& path, const NamedTensors& columns, const SaveCsv& options) {
  check(options);
  const Quoting quoting(options.delimiter, columns.size() == 1);
  Writer writer{{}, "", options.delimiter};
  // Words are kept in the form in which they are written.
  Levels levels;
  std::int64_t rows = 0;
  std::set<std::string_view> names;
  for (const auto& [name, x] : columns) {
    if (!names.insert(name).second) fail(save, "two columns are named \"{}\"", name);
    if (x.dim() != 1)
      fail<ShapeError>(save, "column \"{}\" has one dimension, not shape {}", name, x.sizes());
    if (!writer.columns.empty() && x.numel() != rows) {
      fail<ShapeError>(save, "column \"{}\" has {} elements where the others have {}", name, x.numel(), rows);
    }
    rows = x.numel();
    std::vector<std::string>* words = nullptr;
    if (const auto found = options.levels.find(name); found != options.levels.end()) {
      words = &levels[name];
      words->clear();
      for (const std::string& word : found->second) words->push_back(quoting(word));
    }
    writer.columns.emplace_back(name, x, words, quoting(options.missing));
    if (options.header)
      writer.header += (writer.columns.size() > 1 ? std::string(1, options.delimiter) : "") + quoting(name);
  }
  if (options.header && !columns.empty()) writer.header += '\n';
  if (columns.empty()) fail(save, "there are no columns");
  writer.write(path, rows);
}

void save_csv(const std::filesystem::path& path, const Tensor& matrix, const SaveCsv& options) {
  if (matrix.dim() != 2) fail<ShapeError>(save, "a matrix is due, not shape {}", matrix.sizes());
  NamedTensors columns;
  for (std::int64_t c = 0; c < matrix.size(1); ++c)
    columns.emplace_back(std::to_string(c), matrix.select(1, c));
  SaveCsv plain = options;
  plain.header = false;
  save_csv(path, columns, plain);
}

}  // namespace wick
