#pragma once

// Private: operands as they are while automatic mixed precision is on.

namespace wick::autocast {

// Nothing is converted within the block, on this thread: in backward passes, whose operands have been, and in
// functions such as the pseudoinverse, whose products are their own concern.
class Suspended {
 public:
  Suspended() noexcept { ++count(); }
  ~Suspended() { --count(); }
  Suspended(const Suspended&) = delete;
  Suspended& operator=(const Suspended&) = delete;

  static int& count() noexcept;
};

}  // namespace wick::autocast
