// Handwritten digits of 8 x 8 pixels, told apart by a convolutional network.
//
// Four fifths of the images, drawn at random, train it; the others are held out. It prints the loss of some
// epochs as a bar and at the end the share of held-out digits that it got right, and fails below 97 %.
//
//     c++ -std=c++20 -O2 digits_cnn.cpp $(pkg-config --cflags --libs wick) -o digits_cnn
//     ./digits_cnn ?digits.npy? ?seed?
#include "digits.h"

// Each convolution is followed by a normalization over the batch and a pooling that halves the sides.
struct Net : wick::nn::Module {
  wick::nn::Conv2d& conv1 = child<wick::nn::Conv2d>("conv1", 1, 16, 3, wick::nn::ConvOptions{.padding = 1});
  wick::nn::BatchNorm2d& norm1 = child<wick::nn::BatchNorm2d>("norm1", 16);
  wick::nn::Conv2d& conv2 = child<wick::nn::Conv2d>("conv2", 16, 32, 3, wick::nn::ConvOptions{.padding = 1});
  wick::nn::BatchNorm2d& norm2 = child<wick::nn::BatchNorm2d>("norm2", 32);
  wick::nn::Dropout& dropout = child<wick::nn::Dropout>("dropout", 0.2);
  wick::nn::Linear& out = child<wick::nn::Linear>("out", 128, 10);

  wick::Tensor forward(const wick::Tensor& x) override {
    const wick::Tensor images = x.reshape({-1, 1, 8, 8}) / 4;
    const wick::Tensor half = max_pool2d(relu(norm1(conv1(images))), 2);
    const wick::Tensor quarter = max_pool2d(relu(norm2(conv2(half))), 2);
    return out(dropout(flatten(quarter, 1)));
  }
};

int main(int count, char** words) {
  return learn_digits<Net>(count, words, {.epochs = 20, .lr = 4e-3, .shown = 5});
}
