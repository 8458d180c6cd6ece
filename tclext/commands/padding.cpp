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

Tensor pad(const Mode& mode, int padded, const Tensor& x, const Ints& amounts) {
  // A mirror along one dimension is asked for less: channels without a batch, and amounts of either sign.
  const bool lenient = &mode == &reflection && padded == 1;
  const std::string command = std::string(mode.family) + "_pad" + std::to_string(padded) + "d: ";
  if (amounts.size() != 2 * padded) {
    throw wick::ShapeError(command + "-padding must be a list of " + std::to_string(2 * padded) +
                           " numbers, " + std::to_string(amounts.size()) + " were given");
  }
  const int fewest = padded + (lenient ? 1 : mode.fewest);
  if (x.dim() < fewest || x.dim() > padded + mode.most) {
    throw wick::ShapeError(command + "the input must have " + std::to_string(fewest) +
                           (mode.most > 2 ? " dimensions at least"
                            : fewest < padded + mode.most
                                ? " or " + std::to_string(padded + mode.most) + " dimensions"
                                : " dimensions") +
                           ", shape " + wick::to_string(x.sizes()) + " was given");
  }
  if (mode.floating && !is_differentiable(x.dtype())) {
    throw wick::DTypeError(command + "not defined for " + std::string(name(x.dtype())));
  }
  if (mode.surrounds && !lenient &&
      std::any_of(amounts.begin(), amounts.end(), [](auto n) { return n < 0; })) {
    throw wick::ShapeError(command + "-padding must not be negative, " + wick::to_string(amounts) +
                           " was given");
  }
  const auto& sizes = x.sizes();
  if (!mode.floating && std::find(sizes.end() - padded, sizes.end(), 0) != sizes.end()) {
    throw wick::ShapeError(command + "a padded dimension of the input has no elements, shape " +
                           wick::to_string(sizes) + " was given");
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
      .params = {{"input", required, "tensor to pad"},
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
