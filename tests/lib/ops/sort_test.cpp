#include "gradcheck.h"
#include "operations.h"

namespace wick::test {
namespace {

const Operations sorting = registered({
    {"sort",
     [](const Arguments& a) {
       const auto [values, indices] = sort(t(a, 0), a[1].whole(), a[2].flag());
       CHECK(identical(argsort(t(a, 0), a[1].whole(), a[2].flag()), indices));
       return Tensors{values, indices};
     }},
    // Which of equal elements are taken is anybody's choice; the indices must lead to them.
    {"topk_values",
     [](const Arguments& a) {
       const auto [values, indices] = topk(t(a, 0), a[1].whole(), a[2].whole(), a[3].flag());
       CHECK(identical(gather(t(a, 0), a[2].whole(), indices), values));
       return Tensors{values};
     }},
});

}  // namespace

TEST_CASE("sort: as PyTorch does it") { check_reference("sort.txt", sorting); }

TEST_CASE("sort: long rows, every element once and in order") {
  manual_seed(3);
  for (const DType dtype : {uint8, int16, int64, float16, float32, float64}) {
    const Tensor x = randint(0, 200, {3, 5000}, dtype);
    for (const bool descending : {false, true}) {
      const auto [values, indices] = sort(x, -1, descending);
      CHECK(identical(gather(x, -1, indices), values));
      CHECK(identical(sort(indices).values, arange(0, 5000, 1, int64).expand({3, 5000}).contiguous()));
      const Tensor before = narrow(values, 1, 0, 4999), after = narrow(values, 1, 1, 4999);
      const Tensor first = narrow(indices, 1, 0, 4999), second = narrow(indices, 1, 1, 4999);
      const Tensor in_order = bitwise_or(descending ? gt(before, after) : lt(before, after),
                                         bitwise_and(eq(before, after), lt(first, second)));
      CHECK(sum(in_order).item().to_int() == 3 * 4999);
    }
  }
}

TEST_CASE("sort: gradients") {
  const Tensor x = values({3, 4});
  check_gradients("sort", [](const Tensors& in) { return square(sort(in[0], 0, true).values); }, {x});
  check_gradients("topk", [](const Tensors& in) { return square(topk(in[0], 2, 1, false).values); }, {x});
}

}  // namespace wick::test
