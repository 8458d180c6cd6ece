#include <algorithm>
#include <deque>

#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {
namespace {

struct Mode {
  const char* family;
  const char* mode;
  const char* filling;  // what the added places hold
  const char* details;
  bool floating, surrounds;  // takes floating point only; refuses negative amounts
  int fewest, most;          // dimensions beside the padded ones
};

constexpr Mode reflection{"reflection",
                          "reflect",
                          "what a mirror at the edge shows, the edge itself not repeated",
                          "Amounts must be smaller than their dimension. Floating point only.",
                          true,
                          true,
                          2,
                          2};
constexpr Mode replication{"replication",
                           "replicate",
                           "the nearest element of the input",
                           "Amounts may exceed their dimension. Floating point only.",
                           true,
                           true,
                           2,
                           2};
constexpr Mode circular{
    "circular",
    "circular",
    "the elements from the dimension's other end",
    "Amounts may be as large as their dimension, not larger; negative ones cut places off "
    "first. Any dtype; a padded dimension without elements is refused.",
    false,
    false,
    1,
    2};
constexpr Mode zero{
    "zero",  "constant",
    "zeros", "Negative amounts cut places off. Any dtype; a padded dimension without elements is refused.",
    false,   false,
    0,       wick::max_rank};

// A mirror along one dimension is asked for less: channels without a batch, and amounts of either sign.
bool is_lenient(const Mode& mode, int padded) { return &mode == &reflection && padded == 1; }

int fewest_dims(const Mode& mode, int padded) {
  return padded + (is_lenient(mode, padded) ? 1 : mode.fewest);
}

// "4 dimensions", "2 or 3 dimensions", "1 dimension or more".
std::string accepted_dims(const Mode& mode, int padded) {
  const int fewest = fewest_dims(mode, padded);
  const std::string text = std::to_string(fewest);
  if (mode.most > 2) return text + (fewest == 1 ? " dimension or more" : " dimensions or more");
  return text + (fewest < padded + mode.most ? " or " + std::to_string(padded + mode.most) : "") +
         " dimensions";
}

Tensor pad(const Mode& mode, int padded, const Tensor& x, const Ints& amounts) {
  const bool lenient = is_lenient(mode, padded);
  const std::string command = std::string(mode.family) + "_pad" + std::to_string(padded) + "d";
  if (amounts.size() != 2 * padded) {
    wick::fail<wick::ShapeError>(command, "-padding must be a list of {} numbers, {} were given", 2 * padded,
                                 amounts.size());
  }
  if (x.dim() < fewest_dims(mode, padded) || x.dim() > padded + mode.most) {
    wick::fail<wick::ShapeError>(command, "the input must have {}, shape {} was given",
                                 accepted_dims(mode, padded), x.sizes());
  }
  if (mode.floating && !is_differentiable(x.dtype()))
    wick::fail<wick::DTypeError>(command, "not defined for {}", x.dtype());
  const auto negative = [](auto n) { return n < 0; };
  if (mode.surrounds && !lenient && std::any_of(amounts.begin(), amounts.end(), negative)) {
    wick::fail<wick::ShapeError>(command, "-padding must not be negative, {} was given",
                                 wick::to_string(amounts));
  }
  const auto first_padded = x.sizes().end() - padded;
  if (!mode.floating && std::find(first_padded, x.sizes().end(), 0) != x.sizes().end()) {
    wick::fail<wick::ShapeError>(
        command, "a padded dimension of the input has no elements, shape {} was given", x.sizes());
  }
  return wick::pad(x, amounts, mode.mode);
}

// Texts live as long as the declarations, which is always.
const char* kept(std::string text) {
  static std::deque<std::string> texts;
  return texts.emplace_back(std::move(text)).c_str();
}

Command declare(const Mode& mode, int padded, binding::Function call) {
  constexpr const char* orders[] = {"left right", "left right top bottom",
                                    "left right top bottom front back"};
  constexpr const char* places[] = {"the last dimension", "the last two dimensions",
                                    "the last three dimensions"};
  return Command{
      .name = kept(std::string(mode.family) + "_pad" + std::to_string(padded) + "d"),
      .summary = kept(std::string("Adds places before and after ") + places[padded - 1] +
                      " and fills them with " + mode.filling + "."),
      .details = mode.details,
      .params = {{"input", required, kept("tensor to pad, of " + accepted_dims(mode, padded))},
                 {"padding pad", required,
                  kept(std::string(orders[padded - 1]) + ": a list of amounts, the last dimension's first")}},
      .positional = {"input padding"},
      .returns =
          kept(std::string("the input with ") + places[padded - 1] + " grown by the amounts given for each"),
      .call = std::move(call)};
}

template <const Mode& mode, int padded>
void add(std::vector<Command>& commands) {
  const auto call = [](const Tensor& x, Ints amounts) { return pad(mode, padded, x, amounts); };
  commands.push_back(declare(mode, padded, bind(call)));
}

template <const Mode& mode>
void add_all(std::vector<Command>& commands) {
  add<mode, 1>(commands);
  add<mode, 2>(commands);
  add<mode, 3>(commands);
}

}  // namespace

const Area& padding() {
  static const Area area = [] {
    Area all{"padding", "Padding", {}};
    add_all<reflection>(all.commands);
    add_all<replication>(all.commands);
    add_all<circular>(all.commands);
    add_all<zero>(all.commands);
    return all;
  }();
  return area;
}

}  // namespace commands
