// Handwritten digits of 8 x 8 pixels, told apart by a convolutional network.
//
// Four fifths of the images, drawn at random, train it; the others are held out. It prints the loss of some
// epochs as a bar and at the end the share of held-out digits that it got right, and fails below 97 %.
//
//     c++ -std=c++20 -O2 digits_cnn.cpp $(pkg-config --cflags --libs wick) -o digits_cnn
//     ./digits_cnn ?digits.npy? ?seed?
#include <wick/wick.h>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

namespace {

// Each convolution is followed by a normalization over the batch and a pooling that halves the sides.
struct Net : wick::nn::Module {
  wick::nn::Conv2d& conv1 = child<wick::nn::Conv2d>("conv1", 1, 16, 3, wick::nn::ConvOptions{.padding = 1});
  wick::nn::BatchNorm2d& norm1 = child<wick::nn::BatchNorm2d>("norm1", 16);
  wick::nn::Conv2d& conv2 = child<wick::nn::Conv2d>("conv2", 16, 32, 3, wick::nn::ConvOptions{.padding = 1});
  wick::nn::BatchNorm2d& norm2 = child<wick::nn::BatchNorm2d>("norm2", 32);
  wick::nn::Dropout& dropout = child<wick::nn::Dropout>("dropout", 0.2);
  wick::nn::Linear& out = child<wick::nn::Linear>("out", 128, 10);

  wick::Tensor forward(const wick::Tensor& x) override {
    const wick::Tensor half = max_pool2d(relu(norm1(conv1(x))), 2);
    const wick::Tensor quarter = max_pool2d(relu(norm2(conv2(half))), 2);
    return out(dropout(flatten(quarter, 1)));
  }
};

// Mean loss of an epoch.
double train(Net& net, wick::optim::Optimizer& optimizer, const wick::Tensor& x, const wick::Tensor& y) {
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

double accuracy(Net& net, const wick::Tensor& x, const wick::Tensor& y) {
  const wick::NoGrad no_grad;
  net.eval();
  return mean(eq(argmax(net(x), 1), y).to(wick::float64)).item<double>();
}

double run(const char* path, std::uint64_t seed) {
  wick::manual_seed(seed);
  // Rows of 64 pixels from 0 to 16, and the digit.
  const wick::Tensor rows = wick::load_npy(path);
  const std::int64_t count = rows.size(0), held_out = count / 5;
  const wick::Tensor mixed = index_select(rows, 0, wick::randperm(count));
  const wick::Tensor x = mixed.slice(1, 0, 64).to(wick::float32).reshape({count, 1, 8, 8}) / 4;
  const wick::Tensor y = mixed.select(1, 64).to(wick::int64);

  constexpr int epochs = 20;
  Net net;
  wick::optim::AdamW optimizer(net.parameters(), {.lr = 4e-3});
  wick::optim::CosineAnnealingLR schedule(optimizer, epochs);
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const double loss = train(net, optimizer, x.slice(0, held_out, count), y.slice(0, held_out, count));
    schedule.step();
    if (epoch == 1 || epoch % 5 == 0) {
      std::printf("epoch %3d  loss %.4f  %s\n", epoch, loss,
                  std::string(static_cast<std::size_t>(loss * 40), '#').c_str());
    }
  }
  return accuracy(net, x.slice(0, 0, held_out), y.slice(0, 0, held_out));
}

}  // namespace

int main(int count, char** words) {
  try {
    const std::uint64_t seed = count > 2 ? std::strtoull(words[2], nullptr, 10) : 0;
    const double share = run(count > 1 ? words[1] : "digits.npy", seed);
    std::printf("%.1f %% of the held-out digits are right\n", 100 * share);
    return share >= 0.97 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
