// Reading tables.

#include "wick/io/csv.h"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <set>
#include <string_view>
#include <unordered_map>

#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/io/csv_format.h"
#include "wick/io/file.h"
#include "wick/ops/creation.h"
#include "wick/ops/views.h"

namespace wick {
namespace io {

void check_mark(const char* operation, std::string_view what, char mark) {
  constexpr std::string_view taken = "\"\n\r.+-_";
  const auto code = static_cast<unsigned char>(mark);
  if (code == 0 || code >= 0x80 || std::isalnum(code) || taken.find(mark) != taken.npos) {
    fail(operation,
         "the {} must be an ASCII character that no number has, neither a quotation mark nor the end of a "
         "line",
         what);
  }
}

}  // namespace io

namespace {

constexpr const char* load = "load_csv";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A field as messages show it.
std::string shown(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::size_t length = std::min(text.size(), longest);
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
    --length;
  return "\"" + std::string(text.substr(0, length)) + (length < text.size() ? "...\"" : "\"");
}

// Of a number that no double holds: infinity when it is too large, else 0.
double beyond_range(std::string_view text) {
  const bool minus = text.starts_with('-');
  std::int64_t exponent = 0;
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  if (e < text.size()) {
    std::string_view digits = text.substr(e + 1);
    const bool negative = digits.starts_with('-');
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    // More than any text has digits to make up for.
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (result.ec != std::errc{}) exponent = negative ? -most : most;
    exponent = std::clamp(exponent, -most, most);
  }
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t first = std::min(mantissa.find_first_of("123456789"), mantissa.size());
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  exponent += static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  return std::copysign(exponent > 0 ? HUGE_VAL : 0.0, minus ? -1 : 1);
}

// The number that a text is, without blanks around it.
bool read_number(std::string_view text, double& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (at != end || text.empty() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) value = beyond_range(text);
  return true;
}
bool read_number(std::string_view text, std::int64_t& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (at == end && error == std::errc{}) return !text.empty();
  // 3.0 and 1e3 are whole as well.
  // From 2^53 on doubles have gaps, in which the text may lie.
  constexpr double limit = 9007199254740992;
  double real;
  if (!read_number(text, real) || real != std::floor(real) || std::fabs(real) >= limit) return false;
  value = static_cast<std::int64_t>(real);
  return true;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number of few digits at p, such as -12.5, and the place behind it; null for any other text. Such a whole
// number and such a power of ten are doubles, so that their quotient is the double next to the number.
const char* plain_number(const char* p, double& value) {
  static constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::uint64_t largest = std::uint64_t{1} << 53;
  constexpr std::ptrdiff_t most_digits = 19;  // of 64 bits
  const bool minus = *p == '-';
  const char* q = p + minus;
  const char* first = q;
  std::uint64_t whole = 0;
  for (; is_digit(*q); ++q) whole = whole * 10 + static_cast<std::uint64_t>(*q - '0');
  std::ptrdiff_t digits = q - first, behind = 0;
  if (*q == '.') {
    first = ++q;
    for (; is_digit(*q); ++q) whole = whole * 10 + static_cast<std::uint64_t>(*q - '0');
    behind = q - first;
    digits += behind;
  }
  if (digits == 0 || digits > most_digits || whole > largest) return nullptr;
  // Without a branch, which would be guessed wrongly for every second number.
  constexpr int sign_bit = 63;
  const double magnitude = static_cast<double>(whole) / powers[behind];
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) | std::uint64_t{minus} << sign_bit);
  return q;
}
const char* plain_number(const char* p, std::int64_t& value) {
  constexpr std::ptrdiff_t most_digits = 18;
  const bool minus = *p == '-';
  const char* first = p + minus;
  const char* q = first;
  std::int64_t whole = 0;
  for (; is_digit(*q) && q - first < most_digits; ++q) whole = whole * 10 + (*q - '0');
  if (q == first || is_digit(*q)) return nullptr;
  value = minus ? -whole : whole;
  return q;
}

bool same_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == b;
         });
}

// The bytes of a file, a block at a time. What stands between at() and end() is in memory; the byte at end()
// is a line's end, so that whoever looks for one stops there. The last line has an end, too.
class Blocks {
 public:
  Blocks(const std::filesystem::path& path)
      : file_(load, path), total_(static_cast<std::int64_t>(file_.left())) {
    buffer_.resize(block + 1);
    more();
  }

  const char* at() const { return buffer_.data() + at_; }
  const char* end() const { return buffer_.data() + end_; }
  void go_to(const char* place) { at_ = static_cast<std::size_t>(place - buffer_.data()); }
  // The bytes of the file up to at(). The last line's end may be none of the file's.
  Progress progress() const {
    const auto read = static_cast<std::int64_t>(file_.position());
    return {std::max(read - static_cast<std::int64_t>(end_ - at_), std::int64_t{0}), total_};
  }
  // Reads on behind end(); false when there is nothing more. Addresses are others afterwards.
  bool more() {
    if (complete_) return false;
    check_interrupt(progress());
    std::memmove(buffer_.data(), at(), end_ - at_);
    end_ -= at_;
    at_ = 0;
    // A line that fills most of the block needs a larger one.
    if (end_ > buffer_.size() / 2) buffer_.resize(2 * buffer_.size());
    const std::size_t now = std::min(buffer_.size() - end_ - 2, file_.left());
    file_.read(buffer_.data() + end_, now);
    end_ += now;
    if (file_.left() == 0) {
      complete_ = true;
      if (end_ > 0 && buffer_[end_ - 1] != '\n') buffer_[end_++] = '\n';
    }
    buffer_[end_] = '\n';
    return true;
  }

 private:
  static constexpr std::size_t block = std::size_t{1} << 20;

  io::InputFile file_;
  std::int64_t total_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, end_ = 0;
  bool complete_ = false;
};

// Cuts a file into records, and those into fields.
class Records {
 public:
  Records(const std::filesystem::path& path, const LoadCsv& options)
      : name_(path.string()), blocks_(path), delimiter_(options.delimiter), comment_(options.comment) {
    for (const char c : {'\n', '\r', delimiter_}) stops_[static_cast<unsigned char>(c)] = true;
    if (blanks()) stops_['\t'] = true;
    if (comment_) stops_[static_cast<unsigned char>(comment_)] = true;
    skip_mark();
    for (std::int64_t i = 0; i < options.skip; ++i) {
      if (!skip_line()) break;
    }
  }

  const std::string& name() const { return name_; }
  Progress progress() const { return blocks_.progress(); }
  // The line that the record begins on, counted from 1.
  std::int64_t line() const { return line_; }

  // Calls f(index, text) for each field of the next record; -1 at the end of the file, else how many there
  // were. f may be called again for the same record. The texts are valid during the call. `keep` leaves the
  // record to be read again. An f that has plain(index, place, ends) is asked first whether it can read the
  // field there, and answers the place behind it, or null.
  template <class F>
  std::int64_t next(const F& f, bool keep = false) {
    for (;;) {
      if (!find_record()) return -1;
      std::int64_t fields = 0, lines = 0;
      if (const char* after = parse(f, fields, lines)) {
        if (!keep) {
          blocks_.go_to(after);
          after_ = line_ + lines;
        }
        return fields;
      }
      if (!blocks_.more()) fail_at(line_, "a quotation mark is not closed");
    }
  }

  template <class... Arguments>
  [[noreturn]] void fail_at(std::int64_t line, std::string_view format, const Arguments&... arguments) const {
    fail<FileError>(load, "\"{}\", line {}: " + std::string(format), name_, line, arguments...);
  }

 private:
  bool blanks() const { return delimiter_ == ' '; }
  bool is_blank(char c) const { return c == ' ' || (c == '\t' && delimiter_ != '\t'); }

  void skip_mark() {
    constexpr std::string_view utf8 = "\xef\xbb\xbf", utf16[] = {"\xff\xfe", "\xfe\xff"};
    const std::string_view start(blocks_.at(), static_cast<std::size_t>(blocks_.end() - blocks_.at()));
    for (const std::string_view mark : utf16) {
      if (start.starts_with(mark))
        fail<FileError>(load, "\"{}\" is UTF-16; only UTF-8 and ASCII are read", name_);
    }
    if (start.starts_with(utf8)) blocks_.go_to(start.data() + utf8.size());
  }

  // The place behind a line's end, null when that is not in memory.
  const char* after_line(const char* p) const {
    if (*p == '\r') {
      ++p;
      if (p == blocks_.end()) return nullptr;
      return *p == '\n' ? p + 1 : p;
    }
    return p + 1;
  }
  const char* end_of_line(const char* p) const {
    while (*p != '\n' && *p != '\r') ++p;
    return p == blocks_.end() ? nullptr : p;
  }
  bool skip_line() {
    for (;;) {
      const char* p = end_of_line(blocks_.at());
      if (p) p = after_line(p);
      if (p) {
        blocks_.go_to(p);
        ++after_;
        return true;
      }
      if (!blocks_.more()) return false;
    }
  }

  // To the next line that is neither empty nor a comment.
  bool find_record() {
    for (;;) {
      const char* p = blocks_.at();
      while (is_blank(*p)) ++p;
      if (p == blocks_.end()) {
        if (!blocks_.more()) return false;
      } else if (*p == '\n' || *p == '\r' || (comment_ && *p == comment_)) {
        if (!skip_line()) return false;
      } else {
        if (blanks()) blocks_.go_to(p);
        line_ = after_;
        return true;
      }
    }
  }

  // The place behind the record, or null when not all of it is in memory.
  template <class F>
  const char* parse(const F& f, std::int64_t& fields, std::int64_t& lines) {
    const char* p = blocks_.at();
    for (;;) {
      const char* q;
      if (*p == '"') {
        std::string_view text;
        q = parse_quoted(p, text, lines);
        if (!q || q == blocks_.end()) return nullptr;
        f(fields++, text);
      } else if (q = plain_field(f, fields, p); q) {
        if (q == blocks_.end()) return nullptr;
        ++fields;
      } else {
        q = p;
        while (!stops_[static_cast<unsigned char>(*q)]) ++q;
        if (q == blocks_.end()) return nullptr;
        f(fields++, std::string_view(p, static_cast<std::size_t>(q - p)));
      }
      if (blanks()) {
        while (is_blank(*q)) ++q;
        if (q == blocks_.end()) return nullptr;
        p = q;
      } else {
        p = q + 1;
      }
      if (*q == '\n' || *q == '\r' || (comment_ && *q == comment_)) {
        ++lines;
        q = end_of_line(q);
        return q ? after_line(q) : nullptr;
      }
    }
  }

  template <class F>
  const char* plain_field(const F& f, std::int64_t index, const char* p) const {
    if constexpr (requires { f.plain(index, p, stops_); }) {
      return f.plain(index, p, stops_);
    } else {
      return nullptr;
    }
  }

  // The place behind the closing quotation mark of a field, null when it is not in memory.
  const char* parse_quoted(const char* p, std::string_view& text, std::int64_t& lines) {
    const char* const begin = p + 1;
    const char* q = begin;
    bool doubled = false;
    for (;;) {
      q = static_cast<const char*>(std::memchr(q, '"', static_cast<std::size_t>(blocks_.end() - q)));
      if (!q || q + 1 == blocks_.end()) return nullptr;
      if (q[1] != '"') break;
      doubled = true;
      q += 2;
    }
    text = {begin, static_cast<std::size_t>(q - begin)};
    for (std::size_t i = 0; i < text.size(); ++i)
      lines += text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
    if (doubled) {
      unquoted_.clear();
      for (std::size_t i = 0; i < text.size(); ++i) {
        unquoted_ += text[i];
        if (text[i] == '"') ++i;
      }
      text = unquoted_;
    }
    ++q;
    if (!stops_[static_cast<unsigned char>(*q)]) {
      fail_at(line_ + lines, "{} follows a closing quotation mark", shown({q, 1}));
    }
    return q;
  }

  std::string name_;
  Blocks blocks_;
  char delimiter_, comment_;
  bool stops_[256] = {};
  std::int64_t line_ = 1, after_ = 1;  // of the record, and behind it
  std::string unquoted_;
};

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

// The words of a column, each with its code.
class Words {
 public:
  explicit Words(std::vector<std::string> known) : words_(std::move(known)) {
    for (std::size_t i = 0; i < words_.size(); ++i) codes_.emplace(words_[i], static_cast<std::int64_t>(i));
  }
  std::int64_t code(std::string_view text) {
    const auto found = codes_.find(text);
    if (found != codes_.end()) return found->second;
    const auto next = static_cast<std::int64_t>(words_.size());
    words_.emplace_back(text);
    codes_.emplace(text, next);
    return next;
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> codes_;
};

// A column of the file.
struct Column {
  std::string name;
  std::int64_t place = -1;                 // among those that are wanted; -1 for none
  std::unique_ptr<Words> words = nullptr;  // of a column of words
};

class CsvReader {
 public:
  CsvReader(const std::filesystem::path& path, const LoadCsv& options)
      : options_(options), records_(path, options), integral_(!is_floating(options.dtype)) {
    if (!records_fit()) fail<FileError>(load, "\"{}\" has no rows", records_.name());
    choose_columns();
    choose_words();
  }

  Table read() {
    if (integral_) {
      read_rows<std::int64_t>();
    } else {
      read_rows<double>();
    }
    return result();
  }

 private:
  // Reads the names, or makes some up.
  bool records_fit() {
    std::vector<std::string> first;
    const auto width = records_.next(
        [&](std::int64_t i, std::string_view text) {
          first.resize(static_cast<std::size_t>(i));
          first.emplace_back(text);
        },
        true);
    if (width < 0) return false;
    double ignored;
    header_ = options_.header.value_or(std::none_of(first.begin(), first.end(), [&](const std::string& text) {
      return read_number(trimmed(text), ignored) || (!text.empty() && is_missing(text));
    }));
    if (header_) records_.next([](std::int64_t, std::string_view) {});
    for (std::size_t i = 0; i < first.size(); ++i)
      columns_.push_back({header_ ? std::move(first[i]) : std::to_string(i)});
    return true;
  }

  // By name, else by number.
  std::size_t find_column(const std::string& wanted) const {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].name == wanted) return i;
    }
    std::int64_t number;
    if (read_number(std::string_view(wanted), number) && number >= 0 && number < std::ssize(columns_))
      return static_cast<std::size_t>(number);
    std::string names;
    constexpr std::size_t enough = 200;
    for (const Column& column : columns_) {
      if (names.size() > enough) {
        names += ", ...";
        break;
      }
      names += (names.empty() ? "" : ", ") + shown(column.name);
    }
    fail(load, "\"{}\" has no column {}; there are {}", records_.name(), shown(wanted), names);
  }

  void choose_columns() {
    for (const std::string& wanted : options_.columns) {
      const std::size_t i = find_column(wanted);
      if (columns_[i].place >= 0) fail(load, "column {} is asked for twice", shown(columns_[i].name));
      columns_[i].place = std::ssize(wanted_);
      wanted_.push_back(i);
    }
    if (wanted_.empty()) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        columns_[i].place = static_cast<std::int64_t>(i);
        wanted_.push_back(i);
      }
    }
    const bool words = !options_.categories.empty();
    matrix_ = options_.matrix.value_or(!header_ && !words);
    std::set<std::string_view> names;
    for (const std::size_t i : wanted_) {
      if (!matrix_ && !names.insert(columns_[i].name).second) {
        fail(load, "\"{}\" has two columns {}; one of them can be asked for by its number", records_.name(),
             shown(columns_[i].name));
      }
    }
  }

  void choose_words() {
    const auto known = [&](const Column& column) {
      const auto found = options_.levels.find(column.name);
      return std::make_unique<Words>(found == options_.levels.end() ? std::vector<std::string>()
                                                                    : found->second);
    };
    for (const std::string& wanted : options_.categories) {
      if (wanted == "*") {
        find_words_ = true;
        continue;
      }
      Column& column = columns_[find_column(wanted)];
      if (column.place >= 0 && !column.words) column.words = known(column);
    }
    if (!find_words_) return;
    // Those of which the first row says so.
    records_.next(
        [&](std::int64_t i, std::string_view text) {
          if (i >= std::ssize(columns_)) return;
          Column& column = columns_[static_cast<std::size_t>(i)];
          double ignored;
          if (column.place >= 0 && !column.words && !is_missing(trimmed(text)) &&
              !read_number(trimmed(text), ignored))
            column.words = known(column);
        },
        true);
  }

  bool is_missing(std::string_view text) const {
    if (text.empty()) return true;
    for (const std::string& word : options_.missing) {
      if (word == text) return true;
    }
    return false;
  }

  template <class... Arguments>
  [[noreturn]] void fail_in(std::size_t column, std::string_view format,
                            const Arguments&... arguments) const {
    const std::string& name = columns_[column].name;
    const std::string told = header_ ? " (" + shown(name) + ")" : "";
    fail<FileError>(load, "\"{}\", line {}, column {}{}: " + std::string(format), records_.name(),
                    records_.line(), column + 1, told, arguments...);
  }

  template <class T>
  T value_of(std::size_t i, Column& column, std::string_view field) {
    const std::string_view text = trimmed(field);
    const bool missing = is_missing(text);
    if (column.words) {
      const std::int64_t code = missing ? -1 : column.words->code(field);
      if (matrix_ && (code < least_ || code > most_))
        fail_in(i, "{} has the code {}, which {} does not hold", shown(field), code, options_.dtype);
      return static_cast<T>(code);
    }
    T value;
    if constexpr (std::is_same_v<T, double>) {
      if (missing) return std::numeric_limits<double>::quiet_NaN();
      if (read_number(text, value)) return value;
    } else {
      if (missing) fail_in(i, "there is no value, and {} has no nan", options_.dtype);
      if (read_number(text, value)) {
        if (value < least_ || value > most_)
          fail_in(i, "{} is outside the range of {}", shown(field), options_.dtype);
        return value;
      }
      if (options_.dtype == boolean && same_word(text, "true")) return 1;
      if (options_.dtype == boolean && same_word(text, "false")) return 0;
    }
    fail_in(i, "{} is no {}; columns of words are read as categories", shown(field),
            std::is_same_v<T, double> ? "number" : "whole number");
  }

  // Puts the fields of a record into a row.
  template <class T>
  struct RowFiller {
    CsvReader& reader;
    // By column, the place in the row of what is a number without further ado, else -1.
    std::vector<std::int64_t> plain_places = {};
    T* row = nullptr;

    void operator()(std::int64_t i, std::string_view text) const {
      if (i >= std::ssize(reader.columns_)) return;
      const auto index = static_cast<std::size_t>(i);
      Column& column = reader.columns_[index];
      if (column.place >= 0) row[column.place] = reader.value_of<T>(index, column, text);
    }
    const char* plain(std::int64_t i, const char* p, const bool* ends) const {
      if (i >= std::ssize(plain_places)) return nullptr;
      const std::int64_t place = plain_places[static_cast<std::size_t>(i)];
      T value;
      if (place < 0) return nullptr;
      const char* q = plain_number(p, value);
      if (!q || !ends[static_cast<unsigned char>(*q)]) return nullptr;
      row[place] = value;
      return q;
    }
  };

  // Words that mean that there is no value may be numbers, and whole numbers have a range.
  template <class T>
  std::vector<std::int64_t> plain_places() const {
    double ignored;
    const bool may = std::none_of(options_.missing.begin(), options_.missing.end(),
                                  [&](const std::string& word) { return read_number(word, ignored); });
    if (!may || (std::is_same_v<T, std::int64_t> && options_.dtype != int64)) return {};
    std::vector<std::int64_t> places;
    for (const Column& column : columns_) places.push_back(column.words ? -1 : column.place);
    return places;
  }

  // Rows are collected in a piece that stays in the cache, and copied to where they belong when it is full.
  template <class T>
  void read_rows() {
    set_range();
    const std::int64_t width = std::ssize(wanted_), file_width = std::ssize(columns_);
    constexpr std::int64_t usual = 1 << 15, most = 1 << 22, most_rows = 256;
    const std::int64_t capacity =
        std::max({std::int64_t{1}, std::min(most_rows, most / width), usual / width});
    const Tensor piece = empty({capacity, width}, dtype_of<T>);
    T* const first = piece.data<T>();
    RowFiller<T> filler{*this, plain_places<T>(), first};
    std::int64_t rows = 0;
    for (;;) {
      const std::int64_t fields = records_.next(filler);
      if (fields >= 0 && fields != file_width) {
        records_.fail_at(records_.line(), "{} fields where there should be {}", fields, file_width);
      }
      if (fields >= 0) {
        filler.row += width;
        ++rows;
      }
      if (fields < 0 || rows == capacity) {
        add_rows(piece.slice(0, 0, rows));
        rows = 0;
        filler.row = first;
      }
      if (fields < 0) return;
    }
  }

  void add_rows(const Tensor& piece) {
    check_interrupt(records_.progress());
    const std::int64_t end = rows_ + piece.size(0);
    if (end > capacity_ || targets_.empty()) make_room(end);
    if (matrix_) {
      targets_[0].slice(0, rows_, end).copy_(piece);
    } else {
      for (std::size_t c = 0; c < targets_.size(); ++c)
        targets_[c].slice(0, rows_, end).copy_(piece.select(1, static_cast<std::int64_t>(c)));
    }
    rows_ = end;
  }

  // For so many rows at least: as many as the part of the file that has been read lets expect.
  void make_room(std::int64_t least) {
    constexpr double spare = 1.02;
    const auto [done, total] = records_.progress();
    const double ratio = static_cast<double>(total) / static_cast<double>(std::max(done, std::int64_t{1}));
    const auto expected =
        static_cast<std::int64_t>(static_cast<double>(least) * (ratio > 1 ? ratio * spare : 1.0));
    capacity_ = std::max(least, expected);
    const auto grow = [&](std::size_t place, const Shape& shape, DType dtype) {
      const Tensor larger = empty(shape, dtype);
      if (place == targets_.size()) {
        targets_.push_back(larger);
      } else {
        larger.slice(0, 0, rows_).copy_(targets_[place].slice(0, 0, rows_));
        targets_[place] = larger;
      }
    };
    if (matrix_) {
      grow(0, {capacity_, std::ssize(wanted_)}, options_.dtype);
    } else {
      for (std::size_t c = 0; c < wanted_.size(); ++c)
        grow(c, {capacity_}, columns_[wanted_[c]].words ? int64 : options_.dtype);
    }
  }

  // The rows that there are. A little room to spare stays; no tensor but this one knows of it.
  Tensor filled(const Tensor& target) const {
    if (capacity_ == rows_) return target;
    const Tensor rows = target.slice(0, 0, rows_);
    constexpr std::int64_t most_spare = 8;  // one eighth
    if (capacity_ - rows_ > rows_ / most_spare) return rows.clone();
    return from_blob(
        target.raw_data(), rows.sizes(), [target](void*) {}, target.dtype());
  }

  void set_range() {
    const DType dtype = options_.dtype;
    if (!integral_) {
      const int digits = dtype == float16 ? 11 : dtype == bfloat16 ? 8 : dtype == float32 ? 24 : 53;
      most_ = std::int64_t{1} << digits;
      least_ = -most_;
      return;
    }
    const int bits = 8 * static_cast<int>(size_of(dtype));
    const bool is_unsigned = dtype == boolean || dtype == uint8;
    least_ = is_unsigned ? 0 : INT64_MIN >> (64 - bits);
    most_ = dtype == boolean ? 1 : is_unsigned ? UINT8_MAX : INT64_MAX >> (64 - bits);
  }

  Table result() {
    Table table;
    table.header = header_;
    if (matrix_) {
      table.matrix = filled(targets_[0]);
    } else {
      for (std::size_t c = 0; c < wanted_.size(); ++c)
        table.columns.emplace_back(columns_[wanted_[c]].name, filled(targets_[c]));
    }
    for (const std::size_t i : wanted_) {
      if (columns_[i].words) table.levels[columns_[i].name] = columns_[i].words->take();
    }
    return table;
  }

  const LoadCsv& options_;
  Records records_;
  bool integral_, header_ = false, matrix_ = false, find_words_ = false;
  std::int64_t least_ = 0, most_ = 0;  // the whole numbers that the dtype has, without gaps between them
  std::vector<Column> columns_;        // those of the file
  std::vector<std::size_t> wanted_;    // those of the result
  std::vector<Tensor> targets_;        // the matrix, or the columns
  std::int64_t rows_ = 0, capacity_ = 0;
};

}  // namespace

Table load_csv(const std::filesystem::path& path, const LoadCsv& options) {
  if (is_complex(options.dtype))
    fail<DTypeError>(load, "numbers are real, the dtype {} was given", options.dtype);
  if (options.delimiter != '\t' && options.delimiter != ' ')
    io::check_mark(load, "delimiter", options.delimiter);
  if (options.comment) io::check_mark(load, "mark of comments", options.comment);
  if (options.comment == options.delimiter) fail(load, "the delimiter cannot begin comments as well");
  if (options.skip < 0) fail(load, "skip must be 0 or more, {} was given", options.skip);
  return CsvReader(path, options).read();
}

}  // namespace wick
