// An image convolved by hand: shifted views, weighted and added up, against conv2d.
#include <wick/wick.h>
#include <iostream>

// Of an image (rows, columns) and a kernel, at the places where the kernel lies within the image.
wick::Tensor convolve(const wick::Tensor& image, const wick::Tensor& kernel) {
  const auto rows = image.size(0) - kernel.size(0) + 1, columns = image.size(1) - kernel.size(1) + 1;
  const wick::Tensor out = wick::zeros({rows, columns});
  for (int i = 0; i < kernel.size(0); ++i)
    for (int j = 0; j < kernel.size(1); ++j)
      out.add_(image.slice(0, i, i + rows).slice(1, j, j + columns) * kernel[i][j]);
  return out;
}

int main() {
  const wick::Tensor image = wick::zeros({8, 8});
  image.slice(0, 2, 6).slice(1, 2, 6).fill_(1);
  const wick::Tensor edges = wick::tensor({{-1.0, 0.0, 1.0}, {-2.0, 0.0, 2.0}, {-1.0, 0.0, 1.0}});
  const wick::Tensor by_hand = convolve(image, edges);
  std::cout << by_hand << "\n";
  const wick::Tensor direct = wick::conv2d(image.reshape({1, 1, 8, 8}), edges.reshape({1, 1, 3, 3}));
  const bool same = direct.reshape({6, 6}).allclose(by_hand);
  std::cout << std::boolalpha << same << "\n";
  return same ? 0 : 1;
}
