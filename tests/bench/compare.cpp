// The wick side of compare.py: answers each line "CASE THREADS REPEATS" with the median microseconds of a
// call, and an empty line with the names of all cases.

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

#include "wick/wick.h"

namespace {

using wick::Tensor;

using Body = std::function<Tensor()>;

template <class F>
Body on(F f, Tensor x) {
  return [f, x] { return f(x); };
}

// Ten operations forward and backward.
Tensor expression() {
  static const Tensor x = [] {
    const Tensor leaf = wick::rand({1000});
    leaf.requires_grad_();
    return leaf;
  }();
  const Tensor a = wick::mul(x, x), b = wick::exp(wick::neg(a)), c = wick::add(b, x);
  const Tensor d = wick::tanh(c), e = wick::sigmoid(wick::mul(d, a));
  const Tensor loss = wick::mean(wick::square(wick::sub(e, x)));
  return wick::grad({loss}, {x})[0];
}

std::map<std::string, Body> cases() {
  using namespace wick;
  const Tensor flat = rand({1'000'000}), other = rand({1'000'000}), square = rand({1000, 1000});
  const Tensor normal = randn({1'000'000}), wide = normal.to(float64), whole = randint(0, 1000, {1'000'000});
  std::map<std::string, Body> all;
  const std::pair<const char*, Tensor (*)(const Tensor&)> maps[] = {{"exp", exp},
                                                                    {"tanh", tanh},
                                                                    {"log", log},
                                                                    {"sigmoid", sigmoid},
                                                                    {"sin", sin},
                                                                    {"cos", cos},
                                                                    {"tan", tan},
                                                                    {"sqrt", sqrt},
                                                                    {"expm1", expm1},
                                                                    {"log1p", log1p},
                                                                    {"atan", atan},
                                                                    {"relu", relu},
                                                                    {"asin", asin},
                                                                    {"sinh", sinh},
                                                                    {"floor", floor},
                                                                    {"rsqrt", rsqrt},
                                                                    {"square", wick::square}};
  for (const auto& [name, f] : maps) all[name] = on(f, flat);
  for (const auto& [name, f] :
       {std::pair<const char*, Tensor (*)(const Tensor&)>{"exp64", exp}, {"sin64", sin}, {"tanh64", tanh}})
    all[name] = on(f, wide);
  all["gelu"] = [=] { return gelu(normal); };
  all["silu"] = [=] { return silu(normal); };
  all["elu"] = [=] { return elu(normal); };
  all["softplus"] = [=] { return softplus(normal); };
  all["mish"] = [=] { return mish(normal); };
  all["add"] = [=] { return add(flat, other); };
  all["add_transposed"] = [=] { return add(square, square.t()); };
  all["mul_row"] = [=] { return mul(square, square[0]); };
  all["gt"] = [=] { return gt(flat, other); };
  all["pow"] = [=] { return pow(flat, other); };
  all["where"] = [=, mask = gt(flat, other)] { return where(mask, flat, other); };
  all["to_float64"] = [=] { return flat.to(float64); };
  all["to_int32"] = [=] { return flat.to(int32); };
  all["sum"] = [=] { return sum(flat); };
  all["sum64"] = [=] { return sum(wide); };
  all["sum_int64"] = [=] { return sum(whole); };
  all["max"] = [=] { return max(flat); };
  all["var"] = [=] { return var(flat); };
  all["cumsum"] = [=] { return cumsum(flat, 0); };
  all["cumprod"] = [=] { return cumprod(flat, 0); };
  for (const int d : {0, 1}) {
    const std::string dim = std::to_string(d);
    all["sum_" + dim] = [=] { return sum(square, {d}); };
    all["mean_" + dim] = [=] { return mean(square, {d}); };
    all["var_" + dim] = [=] { return var(square, {d}); };
    all["max_" + dim] = [=] { return max(square, d).values; };
    all["cumsum_" + dim] = [=] { return cumsum(square, d); };
    all["cummax_" + dim] = [=] { return cummax(square, d).values; };
    all["sort_" + dim] = [=] { return sort(square, d).values; };
    all["median_" + dim] = [=] { return median(square, d).values; };
    all["softmax_" + dim] = [=] { return softmax(square, d); };
    all["log_softmax_" + dim] = [=] { return log_softmax(square, d); };
    all["topk_" + dim] = [=] { return topk(square, 10, d).values; };
  }
  all["sort"] = [=] { return sort(flat).values; };
  all["sort_int64"] = [=] { return sort(whole).values; };
  all["median"] = [=] { return median(flat); };
  all["index_select"] = [=, i = randint(0, 1000, {1000})] { return index_select(square, 0, i); };
  all["transpose"] = [=] { return square.t().contiguous(); };
  all["rand"] = [] { return rand({1'000'000}); };
  all["randn"] = [] { return randn({1'000'000}); };
  all["randn64"] = [] { return randn({1'000'000}, float64); };
  all["bernoulli"] = [=] { return bernoulli(flat); };
  all["exponential"] = [] { return exponential(1, {1'000'000}); };
  all["randperm"] = [] { return randperm(100'000); };
  for (const int n : {64, 512, 1024}) {
    for (const DType dtype : {float32, float64}) {
      const Tensor a = rand({n, n}, dtype), b = rand({n, n}, dtype);
      all["matmul" + std::to_string(n) + (dtype == float64 ? "_64" : "")] = [=] { return matmul(a, b); };
    }
  }
  all["expression"] = expression;
  return all;
}

double median_time(const Body& body, int repeats) {
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Tensor kept = body();
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return times[static_cast<std::size_t>(repeats / 2)];
}

}  // namespace

int main() {
  const auto all = cases();
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) {
      for (const auto& [name, body] : all) std::cout << name << ' ';
    } else {
      std::istringstream words(line);
      std::string name;
      int threads = 1, repeats = 1;
      words >> name >> threads >> repeats;
      wick::set_num_threads(threads);
      std::cout << median_time(all.at(name), repeats);
    }
    std::cout << std::endl;
  }
}
