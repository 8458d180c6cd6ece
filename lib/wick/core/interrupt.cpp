#include "wick/core/interrupt.h"

#include <utility>

namespace wick {
namespace {

struct Installed {
  InterruptHandler handler = nullptr;
  void* context = nullptr;
};
thread_local Installed installed;

}  // namespace

InterruptScope::InterruptScope(InterruptHandler handler, void* context) noexcept
    : handler_(std::exchange(installed.handler, handler)),
      context_(std::exchange(installed.context, context)) {}

InterruptScope::~InterruptScope() { installed = {handler_, context_}; }

bool interruptible() noexcept { return installed.handler != nullptr; }

void check_interrupt(const Progress& progress) {
  if (!installed.handler) return;
  // The handler is not asked about what it does itself.
  const Installed asked = installed;
  const Uninterrupted meanwhile;
  if (!asked.handler(asked.context, progress)) throw Interrupted("interrupted");
}

}  // namespace wick
