#include "wick/ops/fused.h"

#include <algorithm>

#include "wick/core/fail.h"
#include "wick/core/parallel.h"
#include "wick/ops/loop.h"

namespace wick::fused {

using kernels::Block;

int Chain::add(const Value& value) {
  values_.push_back(value);
  return static_cast<int>(values_.size()) - 1;
}

int Chain::input(const Tensor& x) {
  inputs_.push_back(x);
  return add({.kind = Value::Kind::Input, .input = inputs_.size() - 1});
}

int Chain::number(double value) { return add({.kind = Value::Kind::Number, .number = value}); }

int Chain::apply(kernels::Unary op, int x, int cost) {
  cost_ += cost;
  return add({.kind = Value::Kind::Operation, .unary = true, .op = static_cast<int>(op), .x = x});
}

int Chain::apply(kernels::Binary op, int x, int y, int cost) {
  cost_ += cost;
  return add({.kind = Value::Kind::Operation, .op = static_cast<int>(op), .x = x, .y = y});
}

namespace {

// Memory of a thread for what stands between two operations, within the second-level cache; longer blocks
// interrupt the reading ahead of memory less.
constexpr std::int64_t buffer_bytes = 64 << 10;
constexpr std::int64_t longest_block = 16 << 10;  // bytes
constexpr std::int64_t alignment = 64;

// Where an operand of a step comes from.
struct Place {
  enum class Kind { Input, Number, Buffer, Result } kind = Kind::Result;
  std::size_t index = 0;
};

struct Step {
  kernels::Loop loop;
  Place out, x, y;
  bool unary;
};

}  // namespace

// The operations with buffers for their results, which are used again after the last one that reads them.
struct Chain::Plan {
  std::vector<Step> steps;
  std::vector<double> numbers;
  std::size_t buffers = 0;
};

Chain::Plan Chain::plan(int value) const {
  Plan plan;
  const std::size_t dtype = index_of(inputs_[0].dtype());
  std::vector<Place> places(values_.size());
  std::vector<int> last_use(values_.size(), -1);
  for (int i = 0; i <= value; ++i) {
    const Value& v = values_[static_cast<std::size_t>(i)];
    if (v.kind != Value::Kind::Operation) continue;
    last_use[static_cast<std::size_t>(v.x)] = i;
    if (!v.unary) last_use[static_cast<std::size_t>(v.y)] = i;
  }
  std::vector<std::size_t> free;
  const auto release = [&](int operand, int reader) {
    const auto at = static_cast<std::size_t>(operand);
    if (last_use[at] != reader || places[at].kind != Place::Kind::Buffer) return;
    free.push_back(places[at].index);
    last_use[at] = -1;
  };
  for (int i = 0; i <= value; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Value& v = values_[at];
    if (v.kind == Value::Kind::Input) {
      places[at] = {Place::Kind::Input, v.input};
    } else if (v.kind == Value::Kind::Number) {
      places[at] = {Place::Kind::Number, plan.numbers.size()};
      plan.numbers.push_back(v.number);
    } else if (i == value || last_use[at] >= 0) {
      const kernels::Table& table = kernels::table();
      Step step{v.unary ? table.unary[v.op][dtype] : table.binary[v.op][dtype], {}, {}, {}, v.unary};
      checked_kernel(step.loop, "a fused operation", inputs_[0].dtype());
      step.x = places[static_cast<std::size_t>(v.x)];
      if (!v.unary) step.y = places[static_cast<std::size_t>(v.y)];
      // The result may stand where an operand did: kernels read an element before they write it.
      release(v.x, i);
      if (!v.unary) release(v.y, i);
      if (i != value) {
        if (free.empty()) free.push_back(plan.buffers++);
        places[at] = {Place::Kind::Buffer, free.back()};
        free.pop_back();
      }
      step.out = places[at];
      plan.steps.push_back(step);
    }
  }
  return plan;
}

Tensor Chain::run(int value) const {
  if (inputs_.empty() || values_[static_cast<std::size_t>(value)].kind != Value::Kind::Operation)
    fail("fused", "there is nothing to compute");
  const Plan plan = this->plan(value);
  const Tensor out = empty(inputs_[0].sizes(), inputs_[0].dtype());
  const std::int64_t itemsize = out.itemsize();
  const auto buffers = std::max<std::int64_t>(static_cast<std::int64_t>(plan.buffers), 1);
  const std::int64_t stride =
      std::max(std::min(longest_block, buffer_bytes / buffers) / alignment * alignment, alignment);
  const std::int64_t length = stride / itemsize;

  // Numbers in the inputs' dtype.
  std::vector<double> doubles = plan.numbers;
  std::vector<float> floats(doubles.begin(), doubles.end());
  char* const numbers = out.dtype() == float32 ? reinterpret_cast<char*>(floats.data())
                                               : reinterpret_cast<char*>(doubles.data());
  constexpr kernels::UnaryParameters none{};

  const auto compute = [&](std::int64_t begin, std::int64_t end) {
    std::vector<char> memory(static_cast<std::size_t>(buffers * stride + alignment));
    char* const first =
        memory.data() + alignment - reinterpret_cast<std::uintptr_t>(memory.data()) % alignment;
    for (std::int64_t at = begin; at < end; at += length) {
      Block block{};
      block.n = std::min(length, end - at);
      block.rows = 1;
      const auto set = [&](int operand, const Place& place) {
        block.step[operand] = place.kind == Place::Kind::Number ? 0 : itemsize;
        switch (place.kind) {
          case Place::Kind::Input:
            block.data[operand] = inputs_[place.index].raw_data() + at * itemsize;
            break;
          case Place::Kind::Number:
            block.data[operand] = numbers + static_cast<std::int64_t>(place.index) * itemsize;
            break;
          case Place::Kind::Buffer:
            block.data[operand] = first + static_cast<std::int64_t>(place.index) * stride;
            break;
          case Place::Kind::Result:
            block.data[operand] = out.raw_data() + at * itemsize;
            break;
        }
      };
      for (const Step& step : plan.steps) {
        set(0, step.out);
        set(1, step.x);
        if (!step.unary) set(2, step.y);
        step.loop(block, step.unary ? &none : nullptr);
      }
    }
  };
  parallel_for(out.numel(), std::max<std::int64_t>(parallel::grain / std::max(cost_, 1), length), compute);
  return out;
}

}  // namespace wick::fused
