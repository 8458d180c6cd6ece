#include "reference.h"

namespace wick::test {

TEST_CASE("indexing: as PyTorch does it") { check_reference("indexing.txt"); }

TEST_CASE("indexing: rows by the thousand") {
  manual_seed(5);
  const Tensor x = randint(-100, 100, {500, 90}, int32), index = randint(0, 500, {2000});
  const Tensor rows = index_select(x, 0, index);
  const auto positions = to_vector<std::int64_t>(index);
  for (std::int64_t i = 0; i < 2000; ++i)
    REQUIRE(identical(rows[i], x[positions[static_cast<std::size_t>(i)]]));

  // Added back they are as many times x as each row was picked.
  const Tensor counts = index_add(zeros({500}, int32), 0, index, ones({2000}, int32));
  CHECK(identical(index_add(zeros({500, 90}, int32), 0, index, rows), x * counts.unsqueeze(1)));
  CHECK(identical(scatter_add(zeros({500, 90}, int32), 0,
                              index.unsqueeze(1).expand({2000, 90}).slice(0, 0, 500), rows.slice(0, 0, 500)),
                  index_add(zeros({500, 90}, int32), 0, index.slice(0, 0, 500), rows.slice(0, 0, 500))));
}

TEST_CASE("indexing: long rows of every dtype are added up") {
  const Tensor index = tensor({2, 0, 2, 2}, int64);
  for (const DType dtype : all_dtypes) {
    const Tensor rows = filled({4, 40}, dtype, [](std::int64_t i) { return std::abs(scattered(i, 20)); });
    const Tensor out = index_add(zeros({3, 40}, dtype), 0, index, rows);
    CHECK(identical(out[0], rows[1]));
    CHECK(identical(out[1], zeros({40}, dtype)));
    CHECK(identical(out[2], add(add(rows[0], rows[2]), rows[3])));
  }
}

TEST_CASE("indexing: the operands stay as they were") {
  const Tensor x = ones({3}), source = ones({2}), index = tensor({0, 0}, int64);
  CHECK(to_vector<double>(index_add(x, 0, index, source)) == std::vector<double>{3, 1, 1});
  CHECK(to_vector<double>(scatter_add(x, 0, index, source)) == std::vector<double>{3, 1, 1});
  CHECK(to_vector<double>(x) == std::vector<double>{1, 1, 1});
}

TEST_CASE("indexing: every position is checked before anything is written") {
  const Tensor x = zeros({3});
  for (const double bad : {-1.0, 3.0, 1e18, -1e18}) {
    const Tensor index = tensor({0, bad}, int64);
    CHECK_THROWS_AS(index_select(x, 0, index), IndexError);
    CHECK_THROWS_AS(gather(x, 0, index), IndexError);
    CHECK_THROWS_AS(index_add(x, 0, index, ones({2})), IndexError);
    CHECK_THROWS_AS(scatter_add(x, 0, index, ones({2})), IndexError);
  }
  // Wherever in a long list it stands.
  for (const std::int64_t n : {1, 7, 8, 9, 23}) {
    for (std::int64_t at = 0; at < n; ++at) {
      const Tensor index = zeros({n}, int64);
      CHECK(index_select(x, 0, index).numel() == n);
      for (const std::int64_t bad : {std::int64_t{-1}, std::int64_t{3}, INT64_MIN, INT64_MAX}) {
        index[at].fill_(bad);
        CHECK_THROWS_AS(index_select(x, 0, index), IndexError);
      }
    }
  }
  CHECK_THROWS_AS(scatter_add(x, 0, tensor({0, 1}, int64), ones({3})), ShapeError);
  CHECK_THROWS_AS(index_select(zeros({0}), 0, tensor({0}, int64)), IndexError);
  for (const DType dtype : {boolean, uint8, int16, float32, complex64}) {
    CHECK_THROWS_AS(index_select(x, 0, zeros({1}, dtype)), DTypeError);
    CHECK_THROWS_AS(gather(x, 0, zeros({1}, dtype)), DTypeError);
  }
  CHECK(index_select(x, 0, tensor({1}, int32)).numel() == 1);
}

TEST_CASE("indexing: indices of any layout") {
  const Tensor x = arange(12, int64).reshape({3, 4});
  const Tensor index = tensor({0, 2, 1, 1, 2, 0}, int64).reshape({2, 3}).t();
  CHECK(identical(gather(x, 0, index), gather(x, 0, index.contiguous())));
  CHECK(identical(index_select(x, 0, index.select(1, 0)), index_select(x, 0, tensor({0, 2, 1}, int64))));
  CHECK(identical(index_select(x, 1, tensor({3}, int64).expand({5})), x.slice(1, 3, 4).expand({3, 5})));
}

}  // namespace wick::test
