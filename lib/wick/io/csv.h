#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wick/core/tensor.h"

// Tables in text files, a line a row (RFC 4180): fields between delimiters, those in quotation marks with
// delimiters, line ends and doubled quotation marks in them. Lines end with \n, \r\n or \r; lines of nothing
// but blanks count for nothing, and so does a byte order mark. Numbers are as std::from_chars has them,
// whatever the locale, with blanks around them and a plus sign in front if they like.

namespace WICK_API wick {

using Levels = std::map<std::string, std::vector<std::string>>;

struct LoadCsv {
  char delimiter = ',';  // a blank stands for any number of blanks and tabs
  // Whether the first line names the columns. Left out, it does when none of its fields is a number. Without
  // names they are called 0, 1, 2 ...
  std::optional<bool> header = std::nullopt;
  std::int64_t skip = 0;               // lines that are passed over first
  char comment = 0;                    // from here to the end of the line is a comment; 0 for none
  std::vector<std::string> columns{};  // names, or numbers from 0; all when empty. Others may hold anything
  std::vector<std::string> missing{};  // words that mean that there is no value; an empty field always does
  // Columns of words, by name or number; "*" for all of which the first row has a word.
  std::vector<std::string> categories{};
  // The words of columns that have codes already, by the columns' names; further words get the next codes.
  Levels levels{};
  DType dtype = float64;  // of numbers; any but complex ones
  // Whether the result is one matrix. Left out, it is where there are neither names nor words.
  std::optional<bool> matrix = std::nullopt;
};

struct Table {
  NamedTensors columns{};  // one dimension each; those of words are int64, with -1 for a missing one
  Tensor matrix{};         // or rows by columns, words as their codes
  Levels levels{};         // the words of each column of words, by their codes
  bool header = false;     // whether the first line was one of names
};

// What is missing is NaN. FileError for files that cannot be read, and with the line and the column for what
// is wrong in it: rows of different lengths, fields that are no numbers, whole ones outside of the dtype's
// range (others become infinite), values that are missing where the dtype has no NaN, codes that the dtype of
// a matrix does not hold, a quotation mark that is not closed. Error for columns that are not there.
Table load_csv(const std::filesystem::path& path, const LoadCsv& options = {});

struct SaveCsv {
  char delimiter = ',';
  bool header = true;           // whether the first line names the columns
  std::string missing = "nan";  // for NaN, and for words that are missing
  Levels levels{};              // columns of codes that are written as words, by name
};

// Numbers have as many digits as it takes to read the same ones again. Texts stand in quotation marks where
// they need them; lines end with \n. ShapeError for columns that are not of one dimension and one length,
// DTypeError for complex numbers, IndexError for codes that have no word. The file appears complete or not at
// all.
void save_csv(const std::filesystem::path& path, const NamedTensors& columns, const SaveCsv& options = {});
// The rows of a matrix, without names.
void save_csv(const std::filesystem::path& path, const Tensor& matrix, const SaveCsv& options = {});

}  // namespace wick
