// Handwritten digits of 8 x 8 pixels, told apart by a network of one hidden layer.
//
// Four fifths of the images, drawn at random, train it; the others are held out. It prints the loss of some
// epochs as a bar and at the end the share of held-out digits that it got right, and fails below 97 %. With
// seed 0 the share is 99.4 %; with seeds 1 to 9 it is from 97.8 to 99.4 %.
//
//     c++ -std=c++20 -O2 digits_mlp.cpp $(pkg-config --cflags --libs wick) -o digits_mlp
//     ./digits_mlp ?digits.npy? ?seed?
#include "digits.h"

struct Net : wick::nn::Module {
  wick::nn::Dropout& noise = child<wick::nn::Dropout>("noise", 0.1);
  wick::nn::Linear& hidden = child<wick::nn::Linear>("hidden", 64, 512);
  wick::nn::Dropout& dropout = child<wick::nn::Dropout>("dropout", 0.3);
  wick::nn::Linear& out = child<wick::nn::Linear>("out", 512, 10);

  wick::Tensor forward(const wick::Tensor& x) override { return out(dropout(relu(hidden(noise(x / 16))))); }
};

int main(int count, char** words) {
  return learn_digits<Net>(count, words, {.epochs = 100, .lr = 2e-3, .shown = 10});
}
