#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {

const Area& random() {
  static const Area area{
      "random",
      "Random numbers",
      {
          Command{
              .name = "manual_seed",
              .summary = "Restarts the generator of the process from a seed: equal seeds and equal calls "
                         "give equal values.",
              .details = "The generator is behind every random command. Its values are those of PyTorch's "
                         "CPU generator.",
              .params = {{"seed s", required, "0 or greater"}},
              .positional = {"seed"},
              .returns = "ok",
              .call = bind([](std::int64_t seed) {
                if (seed < 0)
                  throw wick::Error("Seed must be non-negative, " + std::to_string(seed) + " was given");
                wick::manual_seed(static_cast<std::uint64_t>(seed));
                return "ok";
              }),
          },
      }};
  return area;
}

}  // namespace commands
