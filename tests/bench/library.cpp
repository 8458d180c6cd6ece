// Benchmarks of the library. The counter `floor` is the ratio to a memcpy that moves the same bytes, measured
// in the same run; products tell their rate of operations instead.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "wick/wick.h"

namespace {

using wick::Tensor;

// Seconds of a warm copy that reads and writes `bytes` bytes all in all: the best of several.
double copy_seconds(std::int64_t bytes) {
  const auto half = static_cast<std::size_t>(bytes / 2);
  const std::vector<char> source(half, 1);
  std::vector<char> target(half);
  double best = 1e9;
  for (int i = 0; i < 50; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    std::memcpy(target.data(), source.data(), half);
    benchmark::DoNotOptimize(target.data());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

// Times `body`, which reads and writes `bytes` bytes of memory.
template <class Body>
void measure(benchmark::State& state, std::int64_t bytes, Body body) {
  const double floor = copy_seconds(bytes);
  const auto begin = std::chrono::steady_clock::now();
  for (auto _ : state) benchmark::DoNotOptimize(body());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  state.counters["floor"] = seconds / static_cast<double>(state.iterations()) / floor;
}

void gather(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor x = wick::rand({n});
  measure(state, 8 * n, [&] { return wick::stack({x}); });
}
BENCHMARK(gather)->Arg(1'000'000)->Arg(16'000'000);

void gather_transposed(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor x = wick::rand({n, n}).t();
  measure(state, 8 * n * n, [&] { return wick::stack({x}); });
}
BENCHMARK(gather_transposed)->Arg(1000)->Arg(4000);

void gather_many(benchmark::State& state) {
  const wick::Tensors parts(static_cast<std::size_t>(state.range(0)), wick::rand({64, 64}));
  measure(state, 8 * 4096 * state.range(0), [&] { return wick::stack(parts); });
}
BENCHMARK(gather_many)->Arg(16)->Arg(1024);

template <Tensor (*function)(const Tensor&)>
void unary(benchmark::State& state) {
  const Tensor x = wick::rand({state.range(0)});
  measure(state, 8 * state.range(0), [&] { return function(x); });
}
BENCHMARK(unary<wick::exp>)->Arg(1'000'000);
BENCHMARK(unary<wick::log>)->Arg(1'000'000);
BENCHMARK(unary<wick::tanh>)->Arg(1'000'000);
BENCHMARK(unary<wick::sigmoid>)->Arg(1'000'000);

void add(benchmark::State& state) {
  const Tensor x = wick::rand({state.range(0)}), y = wick::rand({state.range(0)});
  measure(state, 12 * state.range(0), [&] { return wick::add(x, y); });
}
BENCHMARK(add)->Arg(6)->Arg(1000)->Arg(1'000'000);

void sum(benchmark::State& state) {
  const Tensor x = wick::rand({1000, 1000});
  const auto dim = state.range(0);
  measure(state, 4'000'000, [&] { return dim < 0 ? wick::sum(x) : wick::sum(x, {dim}); });
}
BENCHMARK(sum)->Arg(-1)->Arg(0)->Arg(1);

void matmul(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  const Tensor x = wick::rand({n, n}), y = wick::rand({n, n});
  for (auto _ : state) benchmark::DoNotOptimize(wick::matmul(x, y));
  state.counters["flops"] =
      benchmark::Counter(2.0 * static_cast<double>(n * n * n), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(matmul)->Arg(64)->Arg(512)->Arg(1024);

void forward_backward(benchmark::State& state) {
  const Tensor x = wick::rand({1000});
  x.requires_grad_();
  for (auto _ : state) {
    Tensor y = x;
    for (int i = 0; i < 5; ++i) y = wick::tanh(y * 1.5);
    wick::sum(y).backward();
    x.set_grad(Tensor());
  }
}
BENCHMARK(forward_backward);

}  // namespace

BENCHMARK_MAIN();
