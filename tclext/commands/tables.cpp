// Tables in text files.

#include "tclext/binding/compound.h"
#include "tclext/binding/script.h"
#include "tclext/commands/data_files.h"
#include "tclext/commands/named.h"
#include "wick/io/csv.h"

namespace commands {

// A matrix, or a dict of columns.
struct TableValue {
  Tcl_Obj* object;
};
inline Tcl_Obj* to_object(binding::State&, const TableValue& value) { return value.object; }

// The mark between fields, or before comments: one character, or none.
struct Mark {
  char code = 0;
};

}  // namespace commands

template <>
constexpr const char* binding::result_kind<commands::TableValue>() {
  return "tensor/dict";
}

template <>
struct binding::Convert<commands::Mark> {
  static constexpr const char* accepted = "an ASCII character";
  static std::optional<commands::Mark> attempt(const Source& s) {
    if (holds_handle(s.word)) return std::nullopt;
    const std::string_view text = text_of(s.word);
    if (text.size() > 1) return std::nullopt;
    return commands::Mark{text.empty() ? '\0' : text[0]};
  }
  static CallError fault(const Source& s) { return invalid_value(s.option(), s.word, accepted); }
  static commands::Mark from(const Source& s) {
    if (const auto mark = attempt(s)) return *mark;
    throw fault(s);
  }
  static bool could_be(const State&, Tcl_Obj* word) { return !holds_handle(word); }
  static constexpr Type type{"string", could_be};
  static commands::Mark by_default(const Default& d) { return {*std::get<const char*>(d)}; }
};

namespace commands {
namespace {

using binding::Path;
using binding::Value;

std::vector<std::string> texts_of(const char* option, Tcl_Obj* word) {
  if (binding::holds_handle(word)) throw binding::invalid_value(option, word, "a list of texts");
  std::vector<std::string> texts;
  for (Tcl_Obj* element : binding::elements_of(word)) {
    if (binding::holds_handle(element)) throw binding::invalid_value(option, word, "a list of texts");
    texts.push_back(utf8_of(binding::text_of(element)));
  }
  return texts;
}
std::vector<std::string> texts_of(const char* option, const optional<Value>& word) {
  return word ? texts_of(option, word->object) : std::vector<std::string>();
}

wick::Levels levels_of(Tcl_Obj* word) {
  constexpr const char* accepted = "a dict of columns and their words";
  const std::vector<Tcl_Obj*> words = binding::elements_of(word);
  if (binding::holds_handle(word) || words.size() % 2 == 1)
    throw binding::invalid_value("levels", word, accepted);
  wick::Levels levels;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (binding::holds_handle(words[i])) throw binding::invalid_value("levels", word, accepted);
    levels[utf8_of(binding::text_of(words[i]))] = texts_of("levels", words[i + 1]);
  }
  return levels;
}

// What a variable of the caller's has; nothing where there is none yet.
wick::Levels levels_in(Call& call, Tcl_Obj* variable) {
  Tcl_Obj* value = Tcl_ObjGetVar2(call.interp(), variable, nullptr, 0);
  return value ? levels_of(value) : wick::Levels();
}
void put_levels(Call& call, Tcl_Obj* variable, wick::Levels all, const wick::Levels& read) {
  for (const auto& [name, words] : read) all[name] = words;
  DictBuilder dict;
  for (const auto& [name, words] : all) {
    Tcl_Obj* list = Tcl_NewListObj(0, nullptr);
    for (const std::string& word : words) Tcl_ListObjAppendElement(nullptr, list, text_of_utf8(word));
    dict.put(text_of_utf8(name), list);
  }
  if (!Tcl_ObjSetVar2(call.interp(), variable, nullptr, dict.take().object, TCL_LEAVE_ERR_MSG))
    throw binding::ScriptError{TCL_ERROR};
}

TableValue read_table(Call& call, const Path& path, const wick::LoadCsv& options, Tcl_Obj* variable) {
  wick::Table table = wick::load_csv(path.native, options);
  if (variable) put_levels(call, variable, options.levels, table.levels);
  if (table.matrix.defined()) return {binding::new_handle(call.state, std::move(table.matrix))};
  return {to_object(call.state, Named{std::move(table.columns)})};
}

}  // namespace

std::vector<Command> table_files() {
  return {
      Command{
          .name = "csv_read",
          .summary = "Reads a table, a text file with a line for each row and a delimiter between fields.",
          .details = "Fields may stand in quotation marks, with delimiters, line ends and doubled quotation "
                     "marks in them, as RFC "
                     "4180 has it. An empty field is a missing one, which is NaN as a number and -1 as a "
                     "word. Columns of words "
                     "are read where -categories names them, as int64 codes from 0 in the order in which "
                     "words come up; "
                     "-levels names a variable for the words of each column, by their codes. Words that it "
                     "has from before keep "
                     "their codes. With -header left out the first line names the columns when none of its "
                     "fields is a number. "
                     "A table without names and words is one matrix, unless -matrix says otherwise. Lines of "
                     "blanks are passed "
                     "over. Errors tell the line and the column, both counted from 1.",
          .params = {filename,
                     {"header", omittable, "whether the first line names the columns"},
                     {"delimiter", ",",
                      "what stands between fields; a blank is any number of blanks and tabs"},
                     {"columns", omittable,
                      "names, or numbers from 0, of the columns that are read; all when left out"},
                     {"missing", omittable, "words that mean that there is no value"},
                     {"categories", omittable,
                      "names or numbers of columns of words; * for all of which the first row has a word"},
                     {"dtype", DType::Float64, "element type of numbers"},
                     {"comment", "", "character from which on a line is a comment"},
                     {"skip", std::int64_t{0}, "how many lines are passed over first", at_least(0)},
                     {"matrix", omittable, "whether the result is one matrix, rows by columns"},
                     {"levels", omittable, "variable with the words of columns, by their codes"}},
          .positional = {"filename"},
          .trusted_only = true,
          .returns = "a dict of names and columns, or a matrix",
          .call = bind([](Call& call, const Path& path, const optional<bool>& header, Mark delimiter,
                          const optional<Value>& columns, const optional<Value>& missing,
                          const optional<Value>& categories, DType type, Mark comment, std::int64_t skip,
                          const optional<bool>& matrix, const optional<std::string_view>& variable) {
            const binding::ObjRef levels(variable ? binding::new_text(*variable) : nullptr);
            return read_table(call, path,
                              {.delimiter = delimiter.code,
                               .header = header,
                               .skip = skip,
                               .comment = comment.code,
                               .columns = texts_of("columns", columns),
                               .missing = texts_of("missing", missing),
                               .categories = texts_of("categories", categories),
                               .levels = variable ? levels_in(call, levels.get()) : wick::Levels(),
                               .dtype = type,
                               .matrix = matrix},
                              levels.get());
          })},
      Command{
          .name = "csv_write",
          .summary = "Writes a table: the columns of a dict with their names, or the rows of a matrix.",
          .details =
              "Numbers have as many digits as it takes to read the same ones again. Columns that -levels "
              "names are codes, "
              "as csv_read gives them, and written as their words. The file appears complete or not at all.",
          .params = {filename,
                     {"columns", required, "a dict of names and tensors of one dimension, or a matrix"},
                     {"header", true, "whether the first line has the names of a dict"},
                     {"delimiter", ",", "what stands between fields"},
                     {"missing", "nan", "what is written for NaN, and for the code -1"},
                     {"levels", omittable, "a dict of columns and their words"}},
          .positional = {"filename columns"},
          .trusted_only = true,
          .returns = "nothing",
          .call = bind([](const Path& path, const std::variant<Tensor, Named>& table, bool header,
                          Mark delimiter, std::string_view missing, const optional<Value>& levels) {
            const wick::SaveCsv options{.delimiter = delimiter.code,
                                        .header = header,
                                        .missing = utf8_of(missing),
                                        .levels = levels ? levels_of(levels->object) : wick::Levels()};
            if (const auto* named = std::get_if<Named>(&table)) {
              wick::save_csv(path.native, named->tensors, options);
            } else {
              wick::save_csv(path.native, std::get<Tensor>(table), options);
            }
          })},
  };
}

}  // namespace commands
