// Looking at tensors: their elements as text, and what is to be said of them.

#include "tclext/commands/inspection.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tclext/commands/named.h"
#include "wick/core/print.h"

namespace commands {

enum class SummaryFormat { Text, Dict };

}  // namespace commands

template <>
inline constexpr binding::Word<commands::SummaryFormat> binding::words<commands::SummaryFormat>[] = {
    {"text", commands::SummaryFormat::Text}, {"dict", commands::SummaryFormat::Dict}};

namespace commands {
namespace {

using std::pair;

constexpr double most_columns = 1e6;

Tcl_Obj* number_object(const Scalar& value) {
  if (value.kind() == wick::Kind::Bool) return Tcl_NewWideIntObj(value.to_bool());
  if (value.kind() == wick::Kind::Integer) return Tcl_NewWideIntObj(value.to_int());
  const double real = value.to_double();
  // The sign of a nan depends on the processor.
  return Tcl_NewDoubleObj(std::isnan(real) ? std::nan("") : real);
}

// The numbers of a real tensor, in one dimension, without the NaN among them.
Tensor numbers_in(const Tensor& x) {
  const Tensor flat = x.detach().reshape({-1});
  return wick::is_floating(x.dtype()) ? flat.masked_select(wick::logical_not(wick::isnan(flat))) : flat;
}

using Figures = std::vector<pair<const char*, Scalar>>;

// Of numbers without NaN. Without any there are no figures.
Figures figures_of(const Tensor& numbers, bool quartiles) {
  if (numbers.numel() == 0) return {};
  const Tensor wide = numbers.to(wick::float64);
  Figures figures{{"mean", wide.mean().item()}};
  if (wide.numel() > 1) figures.emplace_back("std", wide.std().item());
  figures.emplace_back("min", numbers.min().item());
  if (quartiles) {
    for (const auto& [name, q] : {pair{"25%", 0.25}, {"50%", 0.5}, {"75%", 0.75}})
      figures.emplace_back(name, wick::quantile(wide, q).item());
  }
  figures.emplace_back("max", numbers.max().item());
  return figures;
}

// --- Summaries of columns

struct ColumnSummary {
  std::string name;
  std::int64_t count, missing;
  Figures figures;
};

ColumnSummary summary_of(const std::string& name, const Tensor& column) {
  if (wick::is_complex(column.dtype())) {
    wick::fail<wick::DTypeError>("summary", "columns are real numbers; \"{}\" is {}", name, column.dtype());
  }
  const Tensor numbers = numbers_in(column);
  return {name, numbers.numel(), column.numel() - numbers.numel(), figures_of(numbers, true)};
}

std::vector<ColumnSummary> summaries_of(const std::variant<Tensor, Named>& table) {
  std::vector<ColumnSummary> all;
  if (const auto* named = std::get_if<Named>(&table)) {
    for (const auto& [name, column] : named->tensors) all.push_back(summary_of(name, column));
    return all;
  }
  const Tensor& x = std::get<Tensor>(table);
  if (x.dim() == 1) return {summary_of("0", x)};
  if (x.dim() != 2)
    wick::fail<wick::ShapeError>("summary", "a matrix, one dimension or a dict is due, not shape {}",
                                 x.sizes());
  for (std::int64_t c = 0; c < x.size(1); ++c) all.push_back(summary_of(std::to_string(c), x.select(1, c)));
  return all;
}

constexpr const char* figure_names[] = {"mean", "std", "min", "25%", "50%", "75%", "max"};

std::string summary_text(const std::vector<ColumnSummary>& columns) {
  // Characters of UTF-8 have one byte that is not of the form 10xxxxxx.
  const auto width_of = [](const std::string& name) {
    return static_cast<std::size_t>(
        std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xc0) != 0x80; }));
  };
  std::size_t widest = 0;
  for (const ColumnSummary& column : columns) widest = std::max(widest, width_of(column.name));
  std::string out(widest, ' ');
  char cell[64];
  const auto put = [&](const char* format, auto value) {
    std::snprintf(cell, sizeof cell, format, value);
    out += cell;
  };
  put("%10s", "count");
  put("%10s", "missing");
  for (const char* name : figure_names) put("%13s", name);
  for (const ColumnSummary& column : columns) {
    out += "\n" + column.name + std::string(widest - width_of(column.name), ' ');
    put("%10lld", static_cast<long long>(column.count));
    put("%10lld", static_cast<long long>(column.missing));
    for (const char* name : figure_names) {
      const auto found = std::find_if(column.figures.begin(), column.figures.end(), [&](const auto& figure) {
        return figure.first == std::string_view(name);
      });
      if (found == column.figures.end()) {
        put("%13s", "");
      } else {
        put("%13.6g", found->second.to_double());
      }
    }
    out.erase(out.find_last_not_of(' ') + 1);
  }
  return out;
}

void put_figures(DictBuilder& dict, const Figures& figures) {
  for (const auto& [name, value] : figures) dict.put(name, number_object(value));
}

Dict summary_dict(const std::vector<ColumnSummary>& columns) {
  DictBuilder out;
  for (const ColumnSummary& column : columns) {
    DictBuilder one;
    one.put("count", Tcl_NewWideIntObj(column.count)).put("missing", Tcl_NewWideIntObj(column.missing));
    put_figures(one, column.figures);
    out.put(text_of_utf8(column.name), one.take().object);
  }
  return out.take();
}

}  // namespace

Dict facts_of(Call& call, const Tensor& x) {
  DictBuilder out;
  out.put("shape", binding::to_object(call.state, x.sizes()));
  out.put("dtype", binding::new_text(name(x.dtype())));
  out.put("device", binding::new_text("cpu"));
  out.put("requires_grad", Tcl_NewBooleanObj(x.requires_grad()));
  out.put("elements", Tcl_NewWideIntObj(x.numel()));
  out.put("bytes", Tcl_NewWideIntObj(x.numel() * x.itemsize()));
  const wick::NoGrad no_grad;
  const Tensor values = x.detach();
  const auto count = [](const Tensor& mask) {
    return Tcl_NewWideIntObj(wick::count_nonzero(mask).item().to_int());
  };
  if (is_floating(x.dtype()) || is_complex(x.dtype())) {
    out.put("nan", count(wick::isnan(values)));
    out.put("inf", count(wick::isinf(values)));
  }
  if (!is_complex(x.dtype())) put_figures(out, figures_of(numbers_in(values), false));
  return out.take();
}

std::vector<Command> inspection_commands() {
  return {
      Command{.name = "show",
              .summary = "The elements of a tensor as PyTorch prints them.",
              .details = "At a prompt the result is what is shown; in a script: puts [torch::show $x].",
              .params = {input,
                         {"precision", std::int64_t{4}, "digits behind the point", between(0, 300)},
                         {"threshold", std::int64_t{1000},
                          "of more elements only those at the edges are written", at_least(0)},
                         {"edgeItems edgeitems edge_items", std::int64_t{3},
                          "so many at either end of each dimension", between(1, most_columns)},
                         {"lineWidth linewidth line_width", std::int64_t{80}, "characters in a line",
                          between(1, most_columns)},
                         {"sci sci_mode", omittable,
                          "whether numbers have an exponent; left out, where they demand it"}},
              .positional = {"input"},
              .returns = "a text",
              .call = bind([](const Tensor& x, std::int64_t precision, std::int64_t threshold,
                              std::int64_t edge, std::int64_t width, const optional<bool>& scientific) {
                return wick::to_string(x, {.precision = static_cast<int>(precision),
                                           .threshold = threshold,
                                           .edge_items = static_cast<int>(edge),
                                           .line_width = static_cast<int>(width),
                                           .scientific = scientific});
              })},
      Command{
          .name = "summary",
          .summary = "Figures of the columns of a table: counts, mean, deviation, extremes and quartiles.",
          .details =
              "NaN counts as missing and has no part in the others; std is that of a sample. Where there are "
              "no "
              "numbers a figure is left out. The quartiles lie between numbers where they must, as those of "
              "tensor_quantile do.",
          .params =
              {{"columns", required,
                "a dict of names and tensors, as csv_read gives it, or a matrix, whose columns have numbers"},
               {"format", "text", "text: a line for each column; dict: for programs"}},
          .positional = {"columns ?format?"},
          .returns =
              "a table, or a dict of dicts with the keys count, missing, mean, std, min, 25%, 50%, 75%, max",
          .call = bind([](const std::variant<Tensor, Named>& table, SummaryFormat format) {
            const wick::NoGrad no_grad;
            const std::vector<ColumnSummary> columns = summaries_of(table);
            return format == SummaryFormat::Text ? text_of_utf8(summary_text(columns))
                                                 : summary_dict(columns).object;
          })},
  };
}

}  // namespace commands
