#include <cmath>
#include <sstream>

#include "gradcheck.h"
#include "operations.h"

// Images against the values of PyTorch and torchvision, and gradients against numeric differences.

namespace wick::test {
namespace {

// "[1.5,2.0]"
std::vector<double> reals(const Argument& a) {
  std::vector<double> out;
  if (a.text == "none") return out;
  std::istringstream in(a.text.substr(1, a.text.size() - 2));
  for (std::string part; std::getline(in, part, ',');) out.push_back(std::stod(part));
  return out;
}

template <class F>
Tensors gradient_by_maps(const Arguments& a, std::size_t last, F f) {
  const Tensor x = t(a, 0).detach();
  x.requires_grad_();
  return {grad({f(x)}, {x}, {t(a, last)})[0]};
}

Tensor align(const Tensor& x, const Arguments& a) {
  return roi_align(x, t(a, 1), a[2].list(), a[3].real(), a[4].whole(), a[5].flag());
}
Tensor pool(const Tensor& x, const Arguments& a) { return roi_pool(x, t(a, 1), a[2].list(), a[3].real()); }

const Operations images = registered({
    {"interpolate",
     [](const Arguments& a) {
       InterpolateOptions o;
       if (a[1].text != "none") o.size = a[1].list();
       o.scale_factor = reals(a[2]);
       o.mode = a[3].text;
       o.align_corners = a[4].flag();
       o.antialias = a[5].flag();
       return Tensors{interpolate(t(a, 0), o)};
     }},
    {"grid_sample",
     [](const Arguments& a) {
       return Tensors{grid_sample(t(a, 0), t(a, 1), a[2].text, a[3].text, a[4].flag())};
     }},
    {"affine_grid",
     [](const Arguments& a) { return Tensors{affine_grid(t(a, 0), a[1].list(), a[2].flag())}; }},
    {"pixel_shuffle", with_one<pixel_shuffle>},
    {"pixel_unshuffle", with_one<pixel_unshuffle>},
    {"channel_shuffle", with_one<channel_shuffle>},
    {"box_iou", binary<box_iou>},
    {"nms", [](const Arguments& a) { return Tensors{nms(t(a, 0), t(a, 1), a[2].real())}; }},
    {"roi_align", [](const Arguments& a) { return Tensors{align(t(a, 0), a)}; }},
    {"roi_pool", [](const Arguments& a) { return Tensors{pool(t(a, 0), a)}; }},
    {"roi_align_gradient",
     [](const Arguments& a) { return gradient_by_maps(a, 6, [&](const Tensor& x) { return align(x, a); }); }},
    {"roi_pool_gradient",
     [](const Arguments& a) { return gradient_by_maps(a, 4, [&](const Tensor& x) { return pool(x, a); }); }},
});

InterpolateOptions to_size(const Dims& size, std::string_view mode, bool align_corners = false,
                           bool antialias = false) {
  InterpolateOptions o;
  o.size = size;
  o.mode = mode;
  o.align_corners = align_corners;
  o.antialias = antialias;
  return o;
}

}  // namespace

TEST_CASE("vision: as PyTorch and torchvision compute it") { check_reference("vision.txt", images); }

TEST_CASE("vision: gradients of resizing, twice") {
  for (const char* mode : {"nearest", "bilinear", "bicubic", "area"}) {
    for (const Tensor& x : orders(values({1, 2, 3, 4}))) {
      check_gradients(mode,
                      [&](const Tensors& in) {
                        return interpolate(in[0], to_size({5, 2}, mode));
                      },
                      {x});
    }
  }
  check_gradients("antialias",
                  [](const Tensors& in) {
                    return interpolate(in[0], to_size({2, 3}, "bicubic", false, true));
                  },
                  {values({1, 1, 5, 4})});
  check_gradients("corners",
                  [](const Tensors& in) { return interpolate(in[0], to_size({4}, "linear", true)); },
                  {values({2, 1, 3})});
}

TEST_CASE("vision: resized lines do not depend on their number, nor much on the precision") {
  for (const auto& [mode, n, m] : {std::tuple{"linear", 300, 77},
                                   {"linear", 300, 290},
                                   {"linear", 131, 517},
                                   {"linear", 3, 400},
                                   {"area", 300, 150},
                                   {"area", 140, 293}}) {
    const Tensor x = rand({1, 19, n}, float64), narrow = x.to(float32);
    const Tensor wide = interpolate(x, to_size({m}, mode)), out = interpolate(narrow, to_size({m}, mode));
    CHECK(allclose(out.to(float64), wide, 1e-6, 1e-6));
    const Tensor weights = rand({1, 19, m}, float64);
    const auto gradient = [&, size = m, how = mode](const Tensor& of) {
      const Tensor leaf = of.clone().requires_grad_();
      sum(mul(interpolate(leaf, to_size({size}, how)), weights.to(of.dtype()))).backward();
      return leaf.grad();
    };
    CHECK(allclose(gradient(narrow).to(float64), gradient(x), 1e-5, 1e-6));
    for (std::int64_t l = 0; l < 19; ++l) {
      const Tensor line = narrow.slice(1, l, l + 1);
      CHECK(equal(interpolate(line, to_size({m}, mode)), out.slice(1, l, l + 1)));
    }
  }
}

TEST_CASE("vision: gradients of sampling, by map and grid, twice") {
  const Tensor grid =
      filled({1, 2, 3, 2}, float64, [](std::int64_t i) { return 0.9 * apart(i) / 2.4 + 0.013; });
  for (const char* mode : {"bilinear", "bicubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      for (const bool corners : {false, true}) {
        check_gradients(std::string(mode) + " " + padding,
                        [&](const Tensors& in) { return grid_sample(in[0], in[1], mode, padding, corners); },
                        {values({1, 2, 4, 5}), grid});
      }
    }
  }
  check_gradients("trilinear", [](const Tensors& in) { return grid_sample(in[0], in[1]); },
                  {values({1, 1, 3, 4, 2}), filled({1, 1, 2, 2, 3}, float64, [](std::int64_t i) {
                     return 0.8 * apart(i) / 2.4 + 0.017;
                   })});
  check_gradients("affine grid",
                  [](const Tensors& in) {
                    return affine_grid(in[0], {2, 1, 2, 3});
                  },
                  {values({2, 2, 3})});
}

TEST_CASE("vision: gradients of boxes and regions, twice") {
  const Tensor boxes = tensor({0, 0.3, 0.4, 2.9, 3.1, 0, 1.2, 0.7, 4.4, 2.6}, float64).reshape({2, 5});
  for (const bool aligned : {false, true}) {
    check_gradients("roi_align",
                    [&](const Tensors& in) {
                      return roi_align(in[0], boxes, {2, 3}, 1, -1, aligned);
                    },
                    {values({1, 2, 4, 5})});
  }
  check_gradients("roi_pool",
                  [&](const Tensors& in) {
                    return roi_pool(in[0], boxes, {2, 2});
                  },
                  {values({1, 2, 4, 5})});
  check_gradients("box_iou", [](const Tensors& in) { return box_iou(in[0], in[1]); },
                  {tensor({0, 0, 4.1, 3.2, 1, 1.3, 2.2, 2.7}, float64).reshape({2, 4}),
                   tensor({2.1, 1.1, 6, 5, 0.4, 0.2, 3.7, 3}, float64).reshape({2, 4})});
}

TEST_CASE("vision: uint8 is rounded once and does not wrap") {
  const Tensor x = tensor({0, 255, 255, 0, 255, 0, 0, 255}, float32).to(uint8).reshape({1, 1, 2, 4});
  for (const char* mode : {"bilinear", "bicubic", "area"}) {
    const Tensor got = interpolate(x, to_size({5, 9}, mode));
    const Tensor wanted = clamp(round(interpolate(x.to(float32), to_size({5, 9}, mode))), 0, 255).to(uint8);
    CHECK(identical(got, wanted));
  }
}

TEST_CASE("vision: long dimensions go piece by piece, which changes nothing") {
  for (const char* mode : {"nearest", "nearest-exact", "linear", "area", "bilinear", "bicubic"}) {
    const bool flat = mode == std::string("linear");
    for (const bool antialias : {false, true}) {
      if (antialias && mode[0] != 'b') continue;
      for (const bool last : {false, true}) {
        const Tensor x = flat ? values({2, 3, 5}) : last ? values({2, 1, 3, 5}) : values({2, 1, 5, 3});
        InterpolateOptions o = to_size(flat ? Dims{140001} : last ? Dims{2, 140001} : Dims{140001, 2}, mode);
        o.antialias = antialias;
        const Tensor whole = interpolate(x.detach().requires_grad_(), o);
        CHECK_MESSAGE(identical(interpolate(x, o), whole.detach()), mode);
      }
    }
  }
}

TEST_CASE("vision: resizing a line needs little more memory than its result") {
  for (const char* mode : {"nearest", "linear", "area"}) {
    const std::int64_t size = std::int64_t{1} << 22;
    const Tensor x = ones({1, 1, 1000});
    const InterpolateOptions o = to_size({size}, mode);
    allocator::trim();  // a block that was freed may be larger than needed
    const std::size_t before = allocator::statistics().used, bytes = static_cast<std::size_t>(size) * 4;
    allocator::reset_peak();
    const Tensor y = interpolate(x, o);
    CHECK(allocator::statistics().peak - before < bytes + bytes / 4);
    CHECK(y.numel() == size);
  }
}

TEST_CASE("vision: a long dimension that shrinks goes first, and in the same bits piece by piece") {
  const Tensor line = rand({1, 3, 300000});
  for (const char* mode : {"linear", "area"}) {
    const InterpolateOptions o = to_size({140001}, mode);
    const Tensor whole = interpolate(line.clone().requires_grad_(), o).detach();
    CHECK_MESSAGE(identical(interpolate(line, o), whole), mode);
  }
  const Tensor x = ones({1, 1, 2, 1000000});
  for (const char* mode : {"bilinear", "nearest", "area"}) {
    allocator::trim();
    const std::size_t before = allocator::statistics().used;
    allocator::reset_peak();
    const Tensor y = interpolate(x, to_size({50, 70000}, mode));
    // Grown first, the image would have 200 MB in between.
    CHECK_MESSAGE(allocator::statistics().peak - before < 3 * static_cast<std::size_t>(y.numel()) * 4, mode);
  }
}

TEST_CASE("vision: half precision is computed in float32") {
  for (const DType dtype : {float16, bfloat16}) {
    const Tensor x = values({1, 2, 4, 5}).to(dtype), grid = mul(values({1, 3, 2, 2}), Scalar(0.4)).to(dtype);
    CHECK(identical(interpolate(x, to_size({3, 7}, "bilinear")),
                    interpolate(x.to(float32), to_size({3, 7}, "bilinear")).to(dtype)));
    CHECK(identical(grid_sample(x, grid), grid_sample(x.to(float32), grid.to(float32)).to(dtype)));
  }
}

TEST_CASE("vision: positions that are no places lead nowhere") {
  const Tensor x = values({1, 2, 3, 4});
  for (const double far : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300, -1e300, 1e18, 3e9}) {
    const Tensor grid = full({1, 1, 1, 2}, far, float64);
    for (const char* mode : {"bilinear", "nearest", "bicubic"}) {
      CHECK(equal(grid_sample(x, grid, mode), zeros({1, 2, 1, 1}, float64)));
      for (const char* padding : {"border", "reflection"})
        CHECK(grid_sample(x, grid, mode, padding).numel() == 2);
    }
    Tensor box = zeros({1, 5}, float64);
    for (int edge = 1; edge < 5; ++edge) {
      box.select(1, edge).fill_(far);
      CHECK(roi_align(x, box, {2, 2}).numel() == 8);
      CHECK(roi_align(x, box, {2, 2}, 1, 3, true).numel() == 8);
      CHECK(roi_pool(x, box, {2, 2}).numel() == 8);
      box.select(1, edge).fill_(1);
    }
  }
}

TEST_CASE("vision: the index of a map is cut off as it was given") {
  const Tensor x = filled({2, 1, 3, 3}, float32, [](std::int64_t i) { return i < 9 ? 1.0 : 2.0; });
  // In float32 these would be 1 and, of a lone map, one too many.
  const Tensor boxes = tensor({0.99999999999, 0, 0, 2, 2}, float64).reshape({1, 5});
  for (const Tensor& maps : {x, x.narrow(0, 0, 1)}) {
    CHECK(equal(roi_align(maps, boxes, {1, 1}), ones({1, 1, 1, 1})));
    CHECK(equal(roi_pool(maps, boxes, {1, 1}), ones({1, 1, 1, 1})));
  }
}

TEST_CASE("vision: no boxes, and maps of no elements, have gradients of zeros") {
  for (const Shape& shape : {Shape{1, 2, 3, 3}, Shape{1, 0, 3, 3}, Shape{1, 2, 0, 3}}) {
    for (const std::int64_t count : {0, 2}) {
      const Tensor boxes = zeros({count, 5}, float32);
      for (const bool align : {false, true}) {
        const Tensor x = ones(shape).requires_grad_();
        const Tensor y = align ? roi_align(x, boxes, {2, 2}) : roi_pool(x, boxes, {2, 2});
        CHECK(y.sizes() == Shape{count, shape[1], 2, 2});
        sum(y).backward();
        if (count == 0 || x.numel() == 0) CHECK(equal(x.grad(), zeros(shape)));
      }
    }
  }
}

TEST_CASE("vision: boxes of other dtypes") {
  const Tensor boxes = tensor({0, 0, 10, 10, 1, 1, 11, 11, 20, 20, 30, 30}, float32).reshape({3, 4});
  const Tensor scores = tensor({0.5, 0.9, NAN}, float32);
  for (const DType dtype : {int64, float16, float64}) {
    CHECK(equal(nms(boxes.to(dtype), scores, 0.5), tensor({2, 1})));
  }
  CHECK(box_iou(boxes.to(int64), boxes).dtype() == float32);
  CHECK(box_iou(boxes.to(float16), boxes.to(float64)).dtype() == float64);
}

TEST_CASE("vision: errors") {
  const Tensor x = ones({1, 2, 3, 3});
  CHECK_THROWS_AS(interpolate(ones({2, 3}), to_size({3}, "nearest")), ShapeError);
  CHECK_THROWS_AS(interpolate(ones({1, 2, 3, 3}, int64), to_size({3, 4}, "bilinear")), DTypeError);
  CHECK_THROWS_AS(interpolate(x, to_size({3, 4}, "nearest", true)), Error);
  CHECK_THROWS_AS(interpolate(x, to_size({3, 4}, "area", false, true)), Error);
  CHECK_THROWS_AS(grid_sample(x, ones({1, 1, 1, 3})), ShapeError);
  CHECK_THROWS_AS(grid_sample(x, ones({1, 1, 1, 2}), "cubic"), Error);
  CHECK_THROWS_AS(grid_sample(ones({1, 2, 3, 3}, int64), ones({1, 1, 1, 2}, int64)), DTypeError);
  CHECK_THROWS_AS(affine_grid(ones({2, 2, 3}), {1, 1, 2, 2}), ShapeError);
  CHECK_THROWS_AS(affine_grid(ones({1, 2, 3}), {1, 1, 0, 2}), ShapeError);
  CHECK_THROWS_AS(pixel_shuffle(x, -1), Error);
  CHECK_THROWS_AS(pixel_shuffle(ones({4, 4}), 2), ShapeError);
  CHECK_THROWS_AS(nms(ones({2, 5}), ones({2}), 0.5), ShapeError);
  CHECK_THROWS_AS(nms(ones({2, 4}), ones({3}), 0.5), ShapeError);
  CHECK_THROWS_AS(box_iou(ones({2, 4}, complex64), ones({2, 4})), DTypeError);
}

TEST_CASE("absurd sizes of images are refused at once") {
  const Tensor x = ones({1, 1, 4, 4});
  InterpolateOptions o;
  o.size = {std::int64_t{1} << 50, 4};
  for (const char* mode : {"nearest", "bilinear", "bicubic", "area"}) {
    o.mode = mode;
    CHECK_THROWS_AS(interpolate(x, o), Error);
  }
  CHECK_THROWS_AS(roi_align(x, ones({1, 4}), {2, 2}, 1, 1'000'000'000), Error);
}

}  // namespace wick::test
