#include "tclext/commands/areas.h"
#include "tclext/commands/common.h"

namespace commands {

const Area& distributed() {
  static const Area area{
      "distributed", "Several processes",
      {
          Command{
              .name = "distributed_gather",
              .summary = "Gathers one tensor from every process into a new leading dimension.",
              .details = "The first size of the result is the number of processes, and slice r is what rank r passed. In a single "
                         "process that is a copy of the input under a new dimension of size 1; any dst and any group are accepted "
                         "there.",
              .params = {{"tensor", required, "what this process contributes"},
                         {"dst", std::int64_t{0}, "rank that receives the result"},
                         {"group", "", "which processes take part; empty means all"}},
              .positional = {"tensor ?dst? ?group?"},
              .returns = "the world size, then the input's shape",
              .call = bind([](const Tensor& x, std::int64_t, std::string_view) { return wick::stack({x}); }),
          },
      }};
  return area;
}

}  // namespace commands
