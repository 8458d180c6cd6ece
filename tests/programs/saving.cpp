// Tensors and models in files.
#include <wick/wick.h>
#include <filesystem>
#include <iostream>

int main() {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / "wick_saving.safetensors";
  wick::nn::Linear net(3, 2), other(3, 2);
  wick::save_safetensors(path, net.state_dict());
  other.load_state_dict(wick::load_safetensors(path).tensors);
  std::cout << net.weight.equal(other.weight) << "\n";

  const std::filesystem::path array = path.parent_path() / "wick_saving.npy";
  wick::save_npy(array, wick::tensor({{1, 2}, {3, 4}}));
  std::cout << wick::load_npy(array) << "\n";
  std::filesystem::remove(path);
  std::filesystem::remove(array);
}
