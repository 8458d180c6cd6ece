#include "wick/vision/interpolate.h"

#include <algorithm>
#include <cmath>

#include "wick/autograd/node.h"
#include "wick/core/fail.h"
#include "wick/core/interrupt.h"
#include "wick/ops/creation.h"
#include "wick/ops/elementwise.h"
#include "wick/ops/extrema.h"
#include "wick/ops/indexing.h"
#include "wick/ops/loop.h"
#include "wick/ops/taps.h"
#include "wick/ops/views.h"

namespace wick {
namespace {

constexpr auto operation = "interpolate";

enum class Mode { Nearest, NearestExact, Linear, Cubic, Area };

struct Name {
  std::string_view name;
  Mode mode;
  int dims;  // behind the channels, 0 for any
};
constexpr Name modes[] = {{"nearest", Mode::Nearest, 0},  {"nearest-exact", Mode::NearestExact, 0},
                          {"linear", Mode::Linear, 1},    {"bilinear", Mode::Linear, 2},
                          {"trilinear", Mode::Linear, 3}, {"bicubic", Mode::Cubic, 2},
                          {"area", Mode::Area, 0}};

// One dimension: n places become m, which are `step` apart, given by a factor or by the sizes.
struct Side {
  std::int64_t n, m;
  double factor;  // 0: from the sizes

  double step() const { return factor > 0 ? 1 / factor : static_cast<double>(n) / static_cast<double>(m); }
};

double cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// What follows is of the results [begin, end) of a side.

// Which place each is a copy of. In float32, as PyTorch has it; of float64 the product alone is rounded.
Tensor nearest_places(const Side& side, bool exact, bool wide, std::int64_t begin, std::int64_t end) {
  const Tensor out = empty({end - begin}, int64);
  auto* to = out.data<std::int64_t>();
  const double step = side.step();
  const auto narrow_step = side.factor > 0 ? static_cast<float>(1 / side.factor)
                                           : static_cast<float>(side.n) / static_cast<float>(side.m);
  for (std::int64_t d = begin; d < end; ++d) {
    const double at = static_cast<double>(d) + (exact ? 0.5 : 0);
    const float place = wide ? static_cast<float>(at * step) : static_cast<float>(at) * narrow_step;
    to[d - begin] = std::min(static_cast<std::int64_t>(std::floor(place)), side.n - 1);
  }
  return out;
}

SharedTaps area_taps(const Side& s, std::int64_t begin, std::int64_t end) {
  const auto table = std::make_shared<TapTable>();
  table->size = s.n;
  for (std::int64_t d = begin; d < end; ++d) {
    const std::int64_t from = d * s.n / s.m, to = ((d + 1) * s.n + s.m - 1) / s.m;
    table->add(from,
               std::vector<double>(static_cast<std::size_t>(to - from), 1.0 / static_cast<double>(to - from)),
               true);
  }
  return table;
}

// As PIL does it: a filter that is stretched where the dimension shrinks, cut at the ends and scaled to
// sum 1.
SharedTaps antialias_taps(const Side& s, Mode mode, bool align_corners, std::int64_t begin,
                          std::int64_t end) {
  const auto table = std::make_shared<TapTable>();
  table->size = s.n;
  const double step = !align_corners ? s.step()
                      : s.m > 1      ? static_cast<double>(s.n - 1) / static_cast<double>(s.m - 1)
                                     : 0;
  const double stretch = std::max(step, 1.0), support = (mode == Mode::Linear ? 1 : 2) * stretch;
  std::vector<double> taps;
  for (std::int64_t d = begin; d < end; ++d) {
    const double centre = step * (static_cast<double>(d) + 0.5);
    const std::int64_t from =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0, s.n - 1);
    const std::int64_t to =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(centre + support + 0.5), from + 1, s.n);
    taps.clear();
    double sum = 0;
    for (std::int64_t j = from; j < to; ++j) {
      const double x = (static_cast<double>(j) - centre + 0.5) / stretch;
      taps.push_back(mode == Mode::Linear ? std::max(1 - std::fabs(x), 0.0) : cubic(x, -0.5));
      sum += taps.back();
    }
    if (sum != 0) {
      for (double& t : taps) t /= sum;
    }
    table->add(from, taps, true);
  }
  return table;
}

SharedTaps smooth_taps(const Side& s, Mode mode, bool align_corners, std::int64_t begin, std::int64_t end) {
  const auto table = std::make_shared<TapTable>();
  table->size = s.n;
  const double step = s.step();
  for (std::int64_t d = begin; d < end; ++d) {
    double place = (static_cast<double>(d) + 0.5) * step - 0.5;
    if (align_corners) {
      // As a quotient, so that the last place is met.
      place = s.m > 1 ? static_cast<double>(d * (s.n - 1)) / static_cast<double>(s.m - 1) : 0;
    } else if (mode == Mode::Linear) {
      place = std::max(place, 0.0);
    }
    // Factors that do not belong to the number of results may lead beyond the end.
    place = std::min(place, static_cast<double>(s.n) + 2);
    const auto whole = static_cast<std::int64_t>(std::floor(place));
    const double t = place - static_cast<double>(whole);
    if (mode == Mode::Linear) {
      table->add(whole, {1 - t, t}, true);
    } else {
      table->add(whole - 1, {cubic(t + 1, -0.75), cubic(t, -0.75), cubic(1 - t, -0.75), cubic(2 - t, -0.75)},
                 true);
    }
  }
  return table;
}

std::vector<Side> sides_of(const Tensor& x, const InterpolateOptions& o) {
  const int count = x.dim() - 2;
  std::vector<Side> sides;
  if (o.size.empty() && o.scale_factor.empty()) fail(operation, "either size or scale_factor must be given");
  const int given = o.size.empty() ? static_cast<int>(o.scale_factor.size()) : o.size.size();
  if (given != count) {
    fail<ShapeError>(operation, "It is expected output_size equals to {}, but got size {}", count, given);
  }
  for (int i = 0; i < count; ++i) {
    Side side{x.sizes()[i + 2], 0, 0};
    if (!o.size.empty()) {
      side.m = o.size[i];
    } else {
      side.factor = o.scale_factor[static_cast<std::size_t>(i)];
      if (!(side.factor > 0) || std::isinf(side.factor))
        fail(operation, "a scale_factor must be above 0, {} was given", side.factor);
      const double size = std::floor(static_cast<double>(side.n) * side.factor);
      if (size > 1e15) fail<ShapeError>(operation, "a factor of {} makes too many places", side.factor);
      side.m = static_cast<std::int64_t>(size);
    }
    if (side.m < 1 || side.n < 1) {
      fail<ShapeError>(
          operation, "Input and output sizes should be greater than 0, but got size {} for a dimension of {}",
          side.m, side.n);
    }
    sides.push_back(side);
  }
  return sides;
}

// Copies of the nearest places along a dimension; a long one goes piece by piece where no gradient is wanted,
// for the list of its places takes more memory than a line of results.
Tensor nearest(const Tensor& x, int dim, const Side& s, bool exact) {
  constexpr std::int64_t piece = long_taps;
  const auto part = [&](std::int64_t begin, std::int64_t end) {
    return index_select(x, dim, nearest_places(s, exact, x.dtype() == float64, begin, end));
  };
  if (s.m <= piece || autograd::wanted({x})) return part(0, s.m);
  Shape shape = x.sizes();
  shape[dim] = s.m;
  const Tensor out = empty(shape, x.dtype());
  for (std::int64_t begin = 0; begin < s.m; begin += piece) {
    check_interrupt({begin, s.m});
    const std::int64_t end = std::min(begin + piece, s.m);
    copy_into(narrow(out, dim, begin, end - begin), part(begin, end));
  }
  return out;
}

}  // namespace

Tensor interpolate(const Tensor& x, const InterpolateOptions& o) {
  const Name* name = nullptr;
  for (const Name& m : modes) {
    if (m.name == o.mode) name = &m;
  }
  if (!name) {
    fail(
        operation,
        "the mode must be nearest, nearest-exact, linear, bilinear, trilinear, bicubic or area, {} was given",
        o.mode);
  }
  if (x.dim() < 3 || x.dim() > 5 || (name->dims > 0 && x.dim() != name->dims + 2)) {
    fail<ShapeError>(operation, "the mode needs {} input, mode {} was given shape {}",
                     name->dims > 0 ? std::to_string(name->dims + 2) + "-D" : std::string("3-D to 5-D"),
                     o.mode, x.sizes());
  }
  const Mode mode = name->mode;
  const bool smooth = mode == Mode::Linear || mode == Mode::Cubic;
  if (o.align_corners && !smooth)
    fail(operation, "align_corners needs a linear or cubic mode, {} was given", o.mode);
  if (o.antialias && !(smooth && name->dims == 2))
    fail(operation, "antialias needs the mode bilinear or bicubic, {} was given", o.mode);
  const std::vector<Side> sides = sides_of(x, o);
  // Before the tables are made: there may be no memory for the result.
  Shape result = x.sizes();
  for (std::size_t i = 0; i < sides.size(); ++i) result[static_cast<int>(i) + 2] = sides[i].m;
  static_cast<void>(empty(result, x.dtype()));
  if (mode == Mode::Nearest || mode == Mode::NearestExact) {
    Tensor out = x;
    // What shrinks comes first, so that what lies between is no larger than it has to be.
    for (const bool grows : {false, true}) {
      for (std::size_t i = 0; i < sides.size(); ++i) {
        if ((sides[i].m > sides[i].n) == grows)
          out = nearest(out, static_cast<int>(i) + 2, sides[i], mode == Mode::NearestExact);
      }
    }
    return out;
  }
  if (!is_floating(x.dtype()) && x.dtype() != uint8)
    fail<DTypeError>(operation, "mode {} is not defined for {}", o.mode, x.dtype());

  // Sums of uint8 and half precision are rounded once, at the end.
  Tensor out = x.dtype() == float64 ? x : x.to(float32);
  std::vector<TapsAlong> maps;
  std::vector<int> long_shrinking, long_growing;
  const auto make = [&](const Side& s, std::int64_t begin, std::int64_t end) {
    return mode == Mode::Area ? area_taps(s, begin, end)
           : o.antialias      ? antialias_taps(s, mode, o.align_corners, begin, end)
                              : smooth_taps(s, mode, o.align_corners, begin, end);
  };
  for (int i = 0; i < static_cast<int>(sides.size()); ++i) {
    const Side& s = sides[static_cast<std::size_t>(i)];
    // A factor that leaves the size as it is counts all the same in some modes, as in PyTorch.
    if (s.n == s.m && (s.factor == 0 || (mode != Mode::Cubic && !o.antialias))) continue;
    if (s.m > long_taps && !autograd::wanted({x})) {
      (s.m < s.n ? long_shrinking : long_growing).push_back(i);
    } else {
      maps.push_back({i + 2, make(s, 0, s.m)});
    }
  }
  const auto piece_by_piece = [&](const std::vector<int>& long_sides) {
    for (const int i : long_sides) {
      const Side& s = sides[static_cast<std::size_t>(i)];
      out = apply_taps(operation, out, i + 2, s.m,
                       [&](std::int64_t begin, std::int64_t end) { return make(s, begin, end); });
    }
  };
  // In this order, too.
  piece_by_piece(long_shrinking);
  if (!maps.empty()) out = apply_taps(operation, out, std::move(maps));
  piece_by_piece(long_growing);
  if (x.dtype() == uint8) return out.round_().clamp_(0, 255).to(uint8);
  return out.is_same(x) ? x.clone() : out.to(x.dtype());
}

namespace {

void check_factor(const char* name, std::int64_t factor) {
  if (factor < 1) fail(name, "the factor must be at least 1, {} was given", factor);
}
void check_image(const char* name, const Tensor& x) {
  if (x.dim() < 3) fail<ShapeError>(name, "expects at least 3 dimensions, shape {} was given", x.sizes());
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, std::int64_t r) {
  constexpr auto name = "pixel_shuffle";
  check_factor(name, r);
  check_image(name, x);
  const int c = x.dim() - 3;
  const std::int64_t channels = x.sizes()[c], h = x.sizes()[c + 1], w = x.sizes()[c + 2];
  if (r > 3'000'000'000 || channels % (r * r) != 0)
    fail<ShapeError>(name, "{} channels are not divisible by the square of {}", channels, r);
  Shape apart, joined;
  Dims order;
  for (int d = 0; d < c; ++d) {
    apart.push_back(x.sizes()[d]);
    joined.push_back(x.sizes()[d]);
    order.push_back(d);
  }
  for (const auto s : {channels / (r * r), r, r, h, w}) apart.push_back(s);
  for (const auto s : {channels / (r * r), h * r, w * r}) joined.push_back(s);
  for (const int d : {0, 3, 1, 4, 2}) order.push_back(c + d);
  return permute(x.reshape(apart), order).reshape(joined);
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t r) {
  constexpr auto name = "pixel_unshuffle";
  check_factor(name, r);
  check_image(name, x);
  const int c = x.dim() - 3;
  const std::int64_t channels = x.sizes()[c], h = x.sizes()[c + 1], w = x.sizes()[c + 2];
  if (h % r != 0 || w % r != 0)
    fail<ShapeError>(name, "a height of {} and a width of {} are not divisible by {}", h, w, r);
  Shape apart, joined;
  Dims order;
  for (int d = 0; d < c; ++d) {
    apart.push_back(x.sizes()[d]);
    joined.push_back(x.sizes()[d]);
    order.push_back(d);
  }
  for (const auto s : {channels, h / r, r, w / r, r}) apart.push_back(s);
  std::int64_t more;
  if (__builtin_mul_overflow(channels, r, &more) || __builtin_mul_overflow(more, r, &more))
    fail<ShapeError>(name, "a factor of {} makes too many channels", r);
  for (const auto s : {more, h / r, w / r}) joined.push_back(s);
  for (const int d : {0, 2, 4, 1, 3}) order.push_back(c + d);
  return permute(x.reshape(apart), order).reshape(joined);
}

Tensor channel_shuffle(const Tensor& x, std::int64_t groups) {
  constexpr auto name = "channel_shuffle";
  check_factor(name, groups);
  check_image(name, x);
  const std::int64_t channels = x.sizes()[1];
  if (channels % groups != 0)
    fail<ShapeError>(name, "{} channels are not divisible into {} groups", channels, groups);
  Shape apart = x.sizes();
  apart[1] = groups;
  apart.insert(2, channels / groups);
  return transpose(x.reshape(apart), 1, 2).reshape(x.sizes());
}

}  // namespace wick
