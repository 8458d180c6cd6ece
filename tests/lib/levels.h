#pragma once

#include <string>

#include "wick/kernels/table.h"

namespace wick::test {

// Goes through the instruction-set levels of this machine; the one in use comes back at the end.
class EachLevel {
 public:
  template <class F>
  void operator()(F f) const {
    for (int i = 0; i < kernels::level_count(); ++i) {
      kernels::use_level(i);
      f(std::string(kernels::level_name(i)));
    }
  }
  ~EachLevel() {
    for (int i = 0; i < kernels::level_count(); ++i) {
      if (before_ == kernels::level_name(i)) kernels::use_level(i);
    }
  }

 private:
  std::string before_ = kernels::table().level;
};

}  // namespace wick::test
