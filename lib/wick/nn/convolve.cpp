#include "wick/nn/convolve.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "wick/core/allocator.h"
#include "wick/core/interrupt.h"
#include "wick/core/parallel.h"
#include "wick/kernels/convolution.h"

namespace wick {
namespace {

using kernels::ConvolutionKernels;
using Index = std::int64_t;

Index floor_div(Index a, Index b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
Index ceil_div(Index a, Index b) { return -floor_div(-a, b); }

// Memory for the length of a computation.
class Scratch {
 public:
  explicit Scratch(Index bytes) : data_(allocator::allocate(static_cast<std::size_t>(bytes), &capacity_)) {}
  ~Scratch() { allocator::deallocate(data_, capacity_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  char* data() const { return static_cast<char*>(data_); }

 private:
  std::size_t capacity_ = 0;
  void* data_;
};

const kernels::ConvolutionFunctions& functions_of(DType dtype) {
  return kernels::table().convolution->of[static_cast<int>(dtype)];
}
// Bytes of what a dtype is computed in.
Index width_of(DType dtype) { return dtype == DType::Float32 || is_half(dtype) ? 4 : 8; }

// What a position of the result reads along one dimension: element `kernel` of the weights times element
// stride * (position + shift) + phase of the source.
struct Tap {
  Index kernel, phase, shift;
};

struct Axis {
  Index source, stride;  // the source's size, and the distance of the elements in a phase
  Index count;           // positions of the result, first, first + step, ... of its own
  Index first, step;
  std::vector<Tap> taps;

  std::vector<Index> phases = {};
  Index base = 0, span = 0;  // the smallest shift, and how much larger others are

  void finish() {
    if (taps.empty()) {
      phases = {0};
      return;
    }
    Index largest = taps[0].shift;
    base = largest;
    for (const Tap& tap : taps) {
      base = std::min(base, tap.shift);
      largest = std::max(largest, tap.shift);
      if (std::find(phases.begin(), phases.end(), tap.phase) == phases.end()) phases.push_back(tap.phase);
    }
    span = largest - base;
  }
  Index phase_number(Index phase) const {
    return std::find(phases.begin(), phases.end(), phase) - phases.begin();
  }
};

Axis forward_axis(const ConvolutionSizes& s, int d) {
  Axis axis{s.in[d], s.stride[d], s.out[d], 0, 1, {}};
  for (Index t = 0; t < s.kernel[d]; ++t) {
    const Index from = t * s.dilation[d] - s.padding[d], shift = floor_div(from, s.stride[d]);
    axis.taps.push_back({t, from - shift * s.stride[d], shift});
  }
  axis.finish();
  return axis;
}

// Of the positions of x whose distance from the beginning of the padding leaves `phase` over.
Axis transposed_axis(const ConvolutionSizes& s, int d, Index phase) {
  const Index stride = s.stride[d], padding = s.padding[d];
  const Index first = ceil_div(padding - phase, stride);
  const Index last = floor_div(s.in[d] - 1 + padding - phase, stride);
  Axis axis{s.out[d], 1, std::max<Index>(last - first + 1, 0), stride * first + phase - padding, stride, {}};
  for (Index t = 0; t < s.kernel[d]; ++t) {
    const Index distance = t * s.dilation[d] - phase;
    if (distance % stride == 0) axis.taps.push_back({t, 0, first - distance / stride});
  }
  axis.finish();
  return axis;
}

// How an image lies in the buffer, and in which pieces images are taken: some planes, which are images where
// these have a plane only, by some rows, or columns where there is one row only.
struct Layout {
  Axis axis[3];
  bool images_as_planes;
  int split;                   // the dimension of the pieces: rows or columns
  Index planes, lines;         // of a piece of the result, at most
  Index plane_groups, pieces;  // of an image, or of the batch
  Index rows, pitch, plane;    // of the buffer
  Index phase, channel;        // elements of one phase, of one channel
  Index border;                // zeros behind the last channel

  Layout(const ConvolutionSizes& s, Axis a0, Axis a1, Axis a2, Index channels, Index width, bool shares_out)
      : axis{std::move(a0), std::move(a1), std::move(a2)} {
    const auto& [a, b, c] = axis;
    images_as_planes = a.source == 1 && a.count == 1 && a.span == 0 && a.base == 0 && a.phases.size() == 1 &&
                       a.phases[0] == 0;
    split = b.count == 1 && b.span == 0 ? 2 : 1;
    const Index all_planes = images_as_planes ? s.batch : a.count, lines_all = axis[split].count;
    const Index line = split == 1 ? c.count + c.span : 1;
    const Index line_bytes =
        std::max<Index>(channels * phases() * line * (1 + (images_as_planes ? 0 : a.span)) * width, 1);
    constexpr Index budget = 512 << 10, wanted = 2048;
    const Index span = axis[split].span;
    const Index fitting =
        std::max(budget / line_bytes - span, std::max<Index>(2 * span, split == 1 ? 1 : 1024));
    lines = std::clamp<Index>(fitting, 1, std::max<Index>(lines_all, 1));
    if (shares_out && lines_all > 1) {
      // Some pieces for each thread, unless they become short.
      const Index tasks = s.batch * s.groups * (images_as_planes ? 1 : all_planes);
      const Index threads = num_threads(), least = std::max(4 * span, ceil_div(wanted, line));
      if (threads > 1 && tasks < 4 * threads) {
        lines = std::clamp(ceil_div(lines_all * tasks, 4 * threads), std::min(least, lines), lines);
      }
    }
    pieces = ceil_div(lines_all, lines);
    lines = ceil_div(lines_all, pieces);
    if (split == 2 && pieces > 1) {
      lines = ceil_div(lines, ConvolutionKernels::slack) * ConvolutionKernels::slack;
      pieces = ceil_div(lines_all, lines);
    }
    rows = split == 1 ? lines + b.span : 1;
    pitch = pitch_of(c, split == 2);
    plane = rows * pitch;
    planes = 1;
    if (pieces == 1) {
      const Index fit = budget / std::max<Index>(channels * phases() * plane * width, 1) - a.span;
      planes = std::clamp<Index>(std::min(fit, wanted / plane + 1), 1, std::max<Index>(all_planes, 1));
      if (shares_out && num_threads() > 1) {
        planes = std::min(planes, std::max<Index>(ceil_div(all_planes, 4 * num_threads()), 1));
      }
    }
    plane_groups = ceil_div(all_planes, planes);
    phase = (planes + (images_as_planes ? 0 : a.span)) * plane;
    channel = phases() * phase;
    border = std::max<Index>(-c.base, 0) + ConvolutionKernels::slack;
  }

  Index phases() const {
    return static_cast<Index>(axis[0].phases.size() * axis[1].phases.size() * axis[2].phases.size());
  }
  // Whether a dense image is its own buffer.
  bool reads_images() const {
    for (const Axis& one : axis) {
      if (one.stride != 1 || one.base != 0 || one.span != 0 || one.taps.size() != 1) return false;
    }
    return images_as_planes && split == 2 && axis[2].count == axis[2].source;
  }
  // Positions of a plane of a piece of so many lines.
  Index length(Index some_lines) const {
    return split == 1 ? (some_lines - 1) * pitch + axis[2].count : some_lines;
  }
  Index buffer_elements(Index channels) const { return channels * channel + border; }
  // For each of these channels and each tap, its place in the buffer.
  std::vector<Index> shifts(Index channels) const {
    std::vector<Index> out;
    each_tap(channels, [&](Index c, const Tap& i, const Tap& j, const Tap& k) {
      const Index number = (axis[0].phase_number(i.phase) * static_cast<Index>(axis[1].phases.size()) +
                            axis[1].phase_number(j.phase)) *
                               static_cast<Index>(axis[2].phases.size()) +
                           axis[2].phase_number(k.phase);
      out.push_back(c * channel + number * phase + (i.shift - axis[0].base) * plane +
                    (j.shift - axis[1].base) * pitch + k.shift - axis[2].base);
    });
    return out;
  }
  template <class F>
  void each_tap(Index channels, F f) const {
    for (Index c = 0; c < channels; ++c) {
      for (const Tap& i : axis[0].taps) {
        for (const Tap& j : axis[1].taps) {
          for (const Tap& k : axis[2].taps) f(c, i, j, k);
        }
      }
    }
  }

 private:
  // Positions behind the end of a row may lie at the beginning of the next one, where there are zeros as
  // well.
  Index pitch_of(const Axis& c, bool one_row) const {
    if (one_row) return lines + c.span;
    const Index whole = c.count + c.span, zeros = std::max<Index>(-c.base, 0);
    const Index filled = ceil_div(c.source, c.stride) - c.base;
    return std::min(whole, std::max({filled, whole - zeros, c.count}));
  }
};

// A piece of the images, or of one image.
struct Piece {
  Index image, plane, planes, line, lines;
};

Piece piece_of(const Layout& l, const ConvolutionSizes& s, Index number) {
  const Index strip = number % l.pieces, group = number / l.pieces % l.plane_groups;
  const Index image = l.images_as_planes ? group * l.planes : number / l.pieces / l.plane_groups;
  const Index plane = l.images_as_planes ? 0 : group * l.planes;
  const Index all = l.images_as_planes ? s.batch - image : l.axis[0].count - plane;
  const Index line = strip * l.lines;
  return {image, plane, std::min(l.planes, all), line, std::min(l.lines, l.axis[l.split].count - line)};
}
Index pieces_of(const Layout& l, const ConvolutionSizes& s) {
  return l.pieces * l.plane_groups * (l.images_as_planes ? 1 : s.batch);
}

// Copies what a piece reads of some channels, the first of which is at `from`.
void fill_buffer(const kernels::ConvolutionFunctions& f, const Layout& l, const Piece& piece,
                 const ImageArray& source, const char* from, Index itemsize, Index channels, char* buffer,
                 Index width) {
  const auto& axis = l.axis;
  kernels::CutArguments cut;
  const Index begin[3] = {piece.plane, l.split == 1 ? piece.line : 0, l.split == 2 ? piece.line : 0};
  for (int d = 0; d < 3; ++d) {
    cut.size[d] = axis[d].source;
    cut.step[d] = source.step[d];
    cut.stride[d] = axis[d].stride;
  }
  // All planes, also where the piece has fewer: what follows a row begins with zeros.
  cut.count[0] = l.planes + axis[0].span;
  cut.count[1] = l.rows;
  cut.count[2] = l.pitch;
  if (l.images_as_planes) {
    cut.size[0] = piece.planes;
    cut.step[0] = source.image;
    cut.stride[0] = 1;
  }
  for (Index c = 0; c < channels; ++c) {
    cut.from = from + (piece.image * source.image + c * source.channel) * itemsize;
    Index number = 0;
    for (const Index i : axis[0].phases) {
      for (const Index j : axis[1].phases) {
        for (const Index k : axis[2].phases) {
          const Index phase[3] = {i, j, k};
          for (int d = 0; d < 3; ++d) cut.origin[d] = axis[d].stride * (begin[d] + axis[d].base) + phase[d];
          if (l.images_as_planes) cut.origin[0] = 0;
          cut.to = buffer + (c * l.channel + number++ * l.phase) * width;
          f.cut(cut);
        }
      }
    }
  }
  std::fill_n(buffer + channels * l.channel * width, l.border * width, char{0});
}

// out[row] = bias[row] + sum over channels and taps, for each group.
struct Correlation {
  DType dtype;
  const ConvolutionSizes& sizes;
  Index rows, channels;  // of a group
  const ImageArray& source;
  Index source_group;
  const char* weights;
  Index w_group, w_row, w_channel, w_step[3];
  const char* bias;
  const ImageArray& out;

  void run(Axis a, Axis b, Axis c) const {
    if (a.count <= 0 || b.count <= 0 || c.count <= 0 || sizes.batch == 0 || rows == 0) return;
    const Index width = width_of(dtype), itemsize = size_of(dtype);
    const auto& f = functions_of(dtype);
    const Layout l(sizes, std::move(a), std::move(b), std::move(c), channels, width, true);
    const std::vector<Index> shift = l.shifts(channels);
    const Index depth = static_cast<Index>(shift.size());
    std::vector<Index> image_shift;
    // One image's distance from the next can be anything. Images that overlap are not told apart by it.
    const Index image_distance = sizes.batch == 1 ? l.axis[2].source : source.image;
    if (l.reads_images() && source.step[2] == 1 && image_distance >= l.axis[2].source &&
        (dtype == DType::Float32 || dtype == DType::Float64)) {
      for (Index channel = 0; channel < channels; ++channel) image_shift.push_back(channel * source.channel);
    }
    std::vector<Index> offset;
    l.each_tap(channels, [&](Index channel, const Tap& i, const Tap& j, const Tap& k) {
      offset.push_back(channel * w_channel + i.kernel * w_step[0] + j.kernel * w_step[1] +
                       k.kernel * w_step[2]);
    });
    // Output channels are shared out as well where there are few pieces.
    const Index pieces = pieces_of(l, sizes) * sizes.groups, threads = num_threads();
    const Index parts = pieces >= threads ? 1 : std::min(ceil_div(threads, pieces), ceil_div(rows, 16));
    const auto first_row = [&](Index part) { return rows * part / parts; };
    const Scratch packed(std::max<Index>(sizes.groups * rows * depth, 1) * width);
    const auto packed_at = [&](Index group, Index row) {
      return packed.data() + (group * rows + row) * depth * width;
    };
    const Index each_weights = std::max<Index>(rows * depth, 1);
    parallel_for(sizes.groups * parts, std::max<Index>(parallel::grain * parts / each_weights, 1),
                 [&](Index begin, Index end) {
                   for (Index i = begin; i < end; ++i) {
                     const Index group = i / parts, row = first_row(i % parts);
                     f.arrange({weights + (group * w_group + row * w_row) * itemsize, w_row, offset.data(),
                                first_row(i % parts + 1) - row, depth, packed_at(group, row)});
                   }
                 });
    const Index work = std::max<Index>(l.planes * l.length(l.lines) * rows / parts * (depth + 1) / 4, 1);
    const Index most_rows = ceil_div(rows, parts);
    parallel_for(pieces * parts, std::max<Index>(parallel::grain / work, 1), [&](Index begin, Index end) {
      const Scratch buffer(l.buffer_elements(channels) * width);
      const Scratch scratch(scratch_bytes(most_rows, width));
      Index filled = -1;
      for (Index i = begin; i < end; ++i) {
        const Index number = i / parts, part = i % parts;
        const Index group = number % sizes.groups;
        const Piece piece = piece_of(l, sizes, number / sizes.groups);
        const char* from = source.data + group * source_group * itemsize;
        const Index row = first_row(part), some_rows = first_row(part + 1) - row;
        // Of whole vectors, for nothing is read behind the image; and long, for between short planes all is
        // computed.
        if (!image_shift.empty() && piece.lines % ConvolutionKernels::slack == 0 &&
            piece.lines >= ConvolutionKernels::long_plane) {
          const char* at = from + (piece.image * source.image + piece.line) * itemsize;
          multiply(f, l, piece, group, row, some_rows, depth, packed_at(group, row), at, image_distance,
                   image_shift.data(), scratch.data());
          continue;
        }
        if (filled != number) {
          fill_buffer(f, l, piece, source, from, itemsize, channels, buffer.data(), width);
          filled = number;
        }
        multiply(f, l, piece, group, row, some_rows, depth, packed_at(group, row), buffer.data(), l.plane,
                 shift.data(), scratch.data());
      }
    });
  }

 private:
  static Index scratch_bytes(Index most_rows, Index width) {
    // A part has this many rows or one less.
    return std::max(ConvolutionKernels::scratch_elements(most_rows),
                    ConvolutionKernels::scratch_elements(std::max<Index>(most_rows - 1, 1))) *
           width;
  }

  void multiply(const kernels::ConvolutionFunctions& f, const Layout& l, const Piece& piece, Index group,
                Index row, Index some_rows, Index depth, const char* packed, const char* buffer, Index plane,
                const Index* shift, char* scratch) const {
    const Index itemsize = size_of(dtype), channel = group * rows + row;
    const auto& axis = l.axis;
    const Index begin[3] = {piece.plane, l.split == 1 ? piece.line : 0, l.split == 2 ? piece.line : 0};
    Index at = piece.image * out.image + channel * out.channel;
    kernels::ShiftedProduct product;
    for (int d = 0; d < 3; ++d) {
      at += (axis[d].first + begin[d] * axis[d].step) * out.step[d];
      product.count[d] = axis[d].count;
      product.out_step[d] = axis[d].step * out.step[d];
    }
    product.count[0] = piece.planes;
    product.count[l.split] = piece.lines;
    if (l.images_as_planes) product.out_step[0] = out.image;
    product.rows = some_rows;
    product.depth = depth;
    product.weights = packed;
    product.buffer = buffer;
    product.shift = shift;
    product.plane = plane;
    product.pitch = l.split == 1 ? l.pitch : std::max(l.pitch, axis[2].count);
    product.out = out.data + at * itemsize;
    product.out_row = out.channel;
    product.bias = bias ? bias + channel * itemsize : nullptr;
    product.scratch = scratch;
    f.product(product);
  }
};

// The gradient of the weights in double, of some rows and channels of a group.
struct GradientOfWeights {
  DType dtype;
  const ConvolutionSizes& s;
  const ImageArray& x;
  const ImageArray& gradient;
  const Layout& l;
  Index taps;

  void run(Index group, Index row, Index rows, Index channel, Index channels, double* sums) const {
    const auto& f = functions_of(dtype);
    const Index width = width_of(dtype), itemsize = size_of(dtype);
    constexpr Index slack = ConvolutionKernels::slack;
    const Index positions = ceil_div(l.length(l.lines), slack) * slack;
    const Index gradient_row = l.planes * positions;
    const std::vector<Index> shift = l.shifts(channels);
    const Scratch buffer(l.buffer_elements(channels) * width);
    const Scratch packed(rows * gradient_row * width);
    const char* from = x.data + (group * s.in_channels + channel) * x.channel * itemsize;
    const Index pieces = pieces_of(l, s);
    for (Index i = 0; i < pieces; ++i) {
      const Piece piece = piece_of(l, s, i);
      fill_buffer(f, l, piece, x, from, itemsize, channels, buffer.data(), width);
      const Index used = ceil_div(l.length(piece.lines), slack) * slack;
      for (Index k = 0; k < rows; ++k) {
        fill_gradient(f, piece, group * s.out_channels + row + k, used,
                      packed.data() + k * gradient_row * width);
      }
      f.weight_gradient({rows, static_cast<Index>(shift.size()), piece.planes, used, packed.data(),
                         gradient_row, positions, buffer.data(), l.plane, shift.data(), sums,
                         s.in_channels * taps});
    }
  }

 private:
  // One channel of the gradient, in the buffer's grid, with zeros in between.
  void fill_gradient(const kernels::ConvolutionFunctions& f, const Piece& piece, Index channel, Index used,
                     char* to) const {
    const Index width = width_of(dtype), itemsize = size_of(dtype);
    const Index positions =
        ceil_div(l.length(l.lines), ConvolutionKernels::slack) * ConvolutionKernels::slack;
    const Index begin[3] = {piece.plane, l.split == 1 ? piece.line : 0, l.split == 2 ? piece.line : 0};
    for (Index p = 0; p < piece.planes; ++p, to += positions * width) {
      Index at = piece.image * gradient.image + channel * gradient.channel;
      for (int d = 0; d < 3; ++d) at += begin[d] * gradient.step[d];
      at += p * (l.images_as_planes ? gradient.image : gradient.step[0]);
      const Index lines = l.split == 1 ? piece.lines : 1, columns = l.split == 1 ? s.out[2] : piece.lines;
      // All rows but the last one are filled up to the pitch, the last one to the end.
      const auto cut = [&](Index first, Index count, Index pitch) {
        f.cut({gradient.data + (at + first * gradient.step[1]) * itemsize,
               {1, count, columns},
               {0, gradient.step[1], gradient.step[2]},
               {0, 0, 0},
               {1, 1, 1},
               {1, count, pitch},
               to + first * l.pitch * width});
      };
      if (lines > 1) cut(0, lines - 1, l.pitch);
      cut(lines - 1, 1, used - (lines - 1) * l.pitch);
    }
  }
};

// Input channels are shared out among threads and, where they are few, output channels too. The sums do not
// depend on how.
void add_gradients(DType dtype, const ConvolutionSizes& s, const ImageArray& x, const ImageArray& gradient,
                   double* sums) {
  const Index taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  const Index positions = s.batch * s.out[0] * s.out[1] * s.out[2];
  if (positions == 0) return;
  const Index channels = std::min<Index>(s.in_channels, 32),
              channel_parts = ceil_div(s.in_channels, channels);
  const Layout l(s, forward_axis(s, 0), forward_axis(s, 1), forward_axis(s, 2), channels, width_of(dtype),
                 false);
  const Index units = s.groups * channel_parts, threads = num_threads();
  const Index parts =
      threads == 1 ? 1 : std::clamp<Index>(s.out_channels / 8, 1, ceil_div(2 * threads, units));
  const Index work = std::max<Index>(positions * s.out_channels / parts * channels * taps / 4, 1);
  const GradientOfWeights gradient_of{dtype, s, x, gradient, l, taps};
  parallel_for(units * parts, std::max<Index>(parallel::grain / work, 1), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Index group = i / parts / channel_parts, channel = i / parts % channel_parts * channels;
      const Index row = s.out_channels * (i % parts) / parts;
      const Index rows = s.out_channels * (i % parts + 1) / parts - row;
      gradient_of.run(group, row, rows, channel, std::min(channels, s.in_channels - channel),
                      sums + ((group * s.out_channels + row) * s.in_channels + channel) * taps);
    }
  });
}

// The sum for one element of the weights, in plain order. In the grid of the kernels zeros, too, are
// multiplied with what stands beside them, which makes NaN of infinities.
template <class T>
double plain_gradient(const ConvolutionSizes& s, const ImageArray& x, const ImageArray& gradient, Index group,
                      Index k, Index c, const Index (&t)[3]) {
  double sum = 0;
  for (Index n = 0; n < s.batch; ++n) {
    const T* from =
        reinterpret_cast<const T*>(x.data) + n * x.image + (group * s.in_channels + c) * x.channel;
    const T* g = reinterpret_cast<const T*>(gradient.data) + n * gradient.image +
                 (group * s.out_channels + k) * gradient.channel;
    const auto at = [&](int d, Index o) { return o * s.stride[d] - s.padding[d] + t[d] * s.dilation[d]; };
    for (Index a = 0; a < s.out[0]; ++a) {
      const Index i = at(0, a);
      if (i < 0 || i >= s.in[0]) continue;
      for (Index b = 0; b < s.out[1]; ++b) {
        const Index j = at(1, b);
        if (j < 0 || j >= s.in[1]) continue;
        for (Index q = 0; q < s.out[2]; ++q) {
          const Index m = at(2, q);
          if (m < 0 || m >= s.in[2]) continue;
          sum += static_cast<double>(from[i * x.step[0] + j * x.step[1] + m * x.step[2]]) *
                 static_cast<double>(g[a * gradient.step[0] + b * gradient.step[1] + q * gradient.step[2]]);
        }
        if (std::isnan(sum)) return sum;
      }
    }
  }
  return sum;
}

template <class T>
bool all_finite(const ConvolutionSizes& s, const ImageArray& w) {
  for (Index k = 0; k < s.groups * s.out_channels; ++k) {
    for (Index c = 0; c < s.in_channels; ++c) {
      const T* kernel = reinterpret_cast<const T*>(w.data) + k * w.image + c * w.channel;
      for (Index i = 0; i < s.kernel[0]; ++i) {
        for (Index j = 0; j < s.kernel[1]; ++j) {
          for (Index m = 0; m < s.kernel[2]; ++m) {
            const auto x = static_cast<double>(kernel[i * w.step[0] + j * w.step[1] + m * w.step[2]]);
            if (!(x - x == 0)) return false;
          }
        }
      }
    }
  }
  return true;
}

// The sum for one element of a transposed convolution, in plain order, for the same reason.
template <class T>
double plain_transposed(const ConvolutionSizes& s, const ImageArray& y, const ImageArray& w, Index image,
                        Index channel, const Index (&position)[3]) {
  const Index group = channel / s.in_channels;
  double sum = 0;
  // The positions of the source that reach this one with element t of the kernel, which are one or none.
  const auto source = [&](int d, Index t) -> Index {
    const Index distance = position[d] + s.padding[d] - t * s.dilation[d];
    if (distance < 0 || distance % s.stride[d] != 0 || distance / s.stride[d] >= s.out[d]) return -1;
    return distance / s.stride[d];
  };
  for (Index k = group * s.out_channels; k < (group + 1) * s.out_channels; ++k) {
    const T* from = reinterpret_cast<const T*>(y.data) + image * y.image + k * y.channel;
    const T* weight = reinterpret_cast<const T*>(w.data) + k * w.image + channel % s.in_channels * w.channel;
    for (Index a = 0; a < s.kernel[0]; ++a) {
      const Index i = source(0, a);
      for (Index b = 0; i >= 0 && b < s.kernel[1]; ++b) {
        const Index j = source(1, b);
        for (Index c = 0; j >= 0 && c < s.kernel[2]; ++c) {
          const Index m = source(2, c);
          if (m < 0) continue;
          sum += static_cast<double>(from[i * y.step[0] + j * y.step[1] + m * y.step[2]]) *
                 static_cast<double>(weight[a * w.step[0] + b * w.step[1] + c * w.step[2]]);
        }
      }
    }
    if (std::isnan(sum)) return sum;
  }
  return sum;
}

// Computes what is NaN once more, unless the weights, where they are the fewer numbers, are finite.
template <class T>
void mend_transposed(const ConvolutionSizes& s, const ImageArray& y, const ImageArray& w, const T* bias,
                     const ImageArray& x) {
  const Index channels = s.groups * s.in_channels, places = s.in[0] * s.in[1] * s.in[2];
  const Index count = s.batch * channels * places;
  const Index weights = s.out_channels * channels * s.kernel[0] * s.kernel[1] * s.kernel[2];
  if (weights <= count && all_finite<T>(s, w)) return;
  parallel_for(count, parallel::grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Index place = i % places, channel = i / places % channels, image = i / places / channels;
      const Index position[3] = {place / s.in[2] / s.in[1], place / s.in[2] % s.in[1], place % s.in[2]};
      T& out = reinterpret_cast<T*>(x.data)[image * x.image + channel * x.channel + position[0] * x.step[0] +
                                            position[1] * x.step[1] + position[2] * x.step[2]];
      if (!std::isnan(static_cast<float>(out))) continue;
      const double sum = plain_transposed<T>(s, y, w, image, channel, position);
      out = static_cast<T>(bias ? sum + static_cast<double>(bias[channel]) : sum);
    }
  });
}

// A kernel of one element that moves by one reads an image without regard to its shape.
ConvolutionSizes flattened(const ConvolutionSizes& s, ImageArray& a, ImageArray& b) {
  const auto dense = [](const ImageArray& i, const Index(&size)[3]) {
    return i.step[2] == 1 && (size[1] == 1 || i.step[1] == size[2]) &&
           (size[0] == 1 || i.step[0] == size[1] * size[2]);
  };
  for (int d = 0; d < 3; ++d) {
    if (s.kernel[d] != 1 || s.stride[d] != 1 || s.padding[d] != 0 || s.in[d] != s.out[d]) return s;
  }
  if (!dense(a, s.in) || !dense(b, s.in)) return s;
  ConvolutionSizes flat = s;
  flat.in[2] = flat.out[2] = s.in[0] * s.in[1] * s.in[2];
  flat.in[0] = flat.in[1] = flat.out[0] = flat.out[1] = 1;
  return flat;
}

}  // namespace

void convolve(DType dtype, const ConvolutionSizes& sizes, const ImageArray& from, const ImageArray& w,
              const char* bias, const ImageArray& to) {
  ImageArray x = from, out = to;
  const ConvolutionSizes s = flattened(sizes, x, out);
  const Correlation correlation{dtype,
                                s,
                                s.out_channels,
                                s.in_channels,
                                x,
                                s.in_channels * x.channel,
                                w.data,
                                s.out_channels * w.image,
                                w.image,
                                w.channel,
                                {w.step[0], w.step[1], w.step[2]},
                                bias,
                                out};
  correlation.run(forward_axis(s, 0), forward_axis(s, 1), forward_axis(s, 2));
}

void convolve_transposed(DType dtype, const ConvolutionSizes& sizes, const ImageArray& from,
                         const ImageArray& w, const char* bias, const ImageArray& to) {
  ImageArray y = from, x = to;
  const ConvolutionSizes s = flattened(sizes, y, x);
  const Correlation correlation{dtype,
                                s,
                                s.in_channels,
                                s.out_channels,
                                y,
                                s.out_channels * y.channel,
                                w.data,
                                s.out_channels * w.image,
                                w.channel,
                                w.image,
                                {w.step[0], w.step[1], w.step[2]},
                                bias,
                                x};
  // The phases that positions of x have: a stride may be longer than x.
  const auto phases = [&](int d) { return std::min(s.stride[d], s.in[d]); };
  const auto axis = [&](int d, Index position) {
    return transposed_axis(s, d, (position + s.padding[d]) % s.stride[d]);
  };
  for (Index i = 0; i < phases(0); ++i) {
    for (Index j = 0; j < phases(1); ++j) {
      for (Index k = 0; k < phases(2); ++k) {
        correlation.run(axis(0, i), axis(1, j), axis(2, k));
      }
    }
  }
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || std::is_floating_point_v<T>) {
      mend_transposed<T>(s, y, w, reinterpret_cast<const T*>(bias), x);
    }
  });
}

void convolve_weight_gradient(DType dtype, const ConvolutionSizes& sizes, const ImageArray& from,
                              const ImageArray& given, char* w) {
  ImageArray x = from, gradient = given;
  const ConvolutionSizes s = flattened(sizes, x, gradient);
  const Index taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
  const Index count = s.groups * s.out_channels * s.in_channels * taps;
  if (count == 0) return;
  const Scratch memory(count * static_cast<Index>(sizeof(double)));
  auto* sums = reinterpret_cast<double*>(memory.data());
  std::fill_n(sums, count, 0.0);
  add_gradients(dtype, s, x, gradient, sums);
  dispatch(dtype, [&]<class T>(TypeTag<T>) {
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16> || std::is_floating_point_v<T>) {
      parallel_for(count, 64, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
          double sum = sums[i];
          if (std::isnan(sum)) {
            check_interrupt({i, count});
            const Index k = i / taps / s.in_channels, tap = i % taps;
            const Index t[3] = {tap / s.kernel[2] / s.kernel[1], tap / s.kernel[2] % s.kernel[1],
                                tap % s.kernel[2]};
            sum = plain_gradient<T>(s, x, gradient, k / s.out_channels, k % s.out_channels,
                                    i / taps % s.in_channels, t);
          }
          reinterpret_cast<T*>(w)[i] = static_cast<T>(sum);
        }
      });
    }
  });
}

}  // namespace wick
