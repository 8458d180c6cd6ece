// What digits_mlp.cpp and digits_cnn.cpp share: the images, the loop, and the share that is right.
#pragma once

#include <wick/wick.h>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

struct Training {
  int epochs;
  double lr;
  int shown;  // every so many epochs the loss is printed
};

// Mean loss of an epoch.
inline double train(wick::nn::Module& net, wick::optim::Optimizer& optimizer, const wick::Tensor& x,
                    const wick::Tensor& y) {
  net.train();
  double sum = 0;
  for (const wick::Tensors& batch : wick::Batches({x, y}, {.batch_size = 64, .shuffle = true})) {
    optimizer.zero_grad();
    const wick::Tensor loss = cross_entropy(net(batch[0]), batch[1]);
    loss.backward();
    optimizer.step();
    sum += loss.item<double>() * static_cast<double>(batch[0].size(0));
  }
  return sum / static_cast<double>(x.size(0));
}

inline double accuracy(wick::nn::Module& net, const wick::Tensor& x, const wick::Tensor& y) {
  const wick::NoGrad no_grad;
  net.eval();
  return mean(eq(argmax(net(x), 1), y).to(wick::float64)).item<double>();
}

// A Net takes rows of 64 pixels from 0 to 16. Four fifths of the images, drawn at random, train it.
template <class Net>
double run(const char* path, std::uint64_t seed, const Training& o) {
  wick::manual_seed(seed);
  // Rows of 64 pixels, and the digit.
  const wick::Tensor rows = wick::load_npy(path);
  const std::int64_t count = rows.size(0), held_out = count / 5;
  const wick::Tensor mixed = index_select(rows, 0, wick::randperm(count));
  const wick::Tensor x = mixed.slice(1, 0, 64).to(wick::float32), y = mixed.select(1, 64).to(wick::int64);
  Net net;
  wick::optim::AdamW optimizer(net.parameters(), {.lr = o.lr});
  wick::optim::CosineAnnealingLR schedule(optimizer, o.epochs);
  for (int epoch = 1; epoch <= o.epochs; ++epoch) {
    const double loss = train(net, optimizer, x.slice(0, held_out, count), y.slice(0, held_out, count));
    schedule.step();
    if (epoch == 1 || epoch % o.shown == 0) {
      std::printf("epoch %3d  loss %.4f  %s\n", epoch, loss,
                  std::string(static_cast<std::size_t>(loss * 40), '#').c_str());
    }
  }
  return accuracy(net, x.slice(0, 0, held_out), y.slice(0, 0, held_out));
}

// PROGRAM ?digits.npy? ?seed?
template <class Net>
int learn_digits(int count, char** words, const Training& o) {
  try {
    const std::uint64_t seed = count > 2 ? std::strtoull(words[2], nullptr, 10) : 0;
    const double share = run<Net>(count > 1 ? words[1] : "digits.npy", seed, o);
    std::printf("%.1f %% of the held-out digits are right\n", 100 * share);
    return share >= 0.97 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
