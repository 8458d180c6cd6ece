// Groups of points: Lloyd's algorithm. Three clouds are drawn and found again.
#include <wick/wick.h>
#include <iostream>

// The centers (k, d) of points (n, d), and to which each point belongs.
std::pair<wick::Tensor, wick::Tensor> kmeans(const wick::Tensor& x, int k, int rounds) {
  wick::Tensor centers = x.index_select(0, wick::randperm(x.size(0)).slice(0, 0, k));
  wick::Tensor labels;
  for (int round = 0; round < rounds; ++round) {
    labels = wick::cdist(x, centers).argmin(1);
    for (int j = 0; j < k; ++j) {
      const wick::Tensor mine = x.index({labels == j});
      if (mine.size(0) > 0) centers[j] = mine.mean(0);
    }
  }
  return {centers, labels};
}

int main() {
  wick::manual_seed(0);
  const wick::Tensor means = wick::tensor({{0.0, 0.0}, {6.0, 0.0}, {0.0, 6.0}});
  const wick::Tensor x = wick::cat(
      {wick::randn({100, 2}) + means[0], wick::randn({100, 2}) + means[1], wick::randn({100, 2}) + means[2]});
  const auto [centers, labels] = kmeans(x, 3, 20);
  const wick::Tensor sizes = wick::bincount(labels);
  std::cout << centers << "\n" << sizes << "\n";
  return wick::min(sizes).item<int>() > 80 ? 0 : 1;
}
