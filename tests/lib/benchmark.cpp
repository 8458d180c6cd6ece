#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <sstream>

#include "operations.h"

// The wick side of ../bench/compare.py: runs the operations of the tests by name, and tells how long they
// take.

namespace wick::test {
namespace {

// A step of an optimizer over so many copies of the tensor, which are their own gradients. The optimizer of
// the last tensor is kept from call to call.
template <class O, class Options>
Tensors optimizer_step(const Arguments& a, const Options& options) {
  static Tensor of;
  static std::unique_ptr<O> optimizer;
  if (!of.defined() || !of.is_same(t(a, 0))) {
    of = t(a, 0);
    Tensors parameters;
    for (std::int64_t i = 0; i < a[1].whole(); ++i) {
      const Tensor p = of.detach().clone();
      p.set_grad(of.detach().clone());
      parameters.push_back(p.requires_grad_());
    }
    optimizer = std::make_unique<O>(parameters, options);
  }
  optimizer->step();
  return {of};
}

// A sparse tensor of indices, values and a size; with `kept` the last one again, with what it has found out
// about its places.
const SparseTensor& sparse_tensor(const Arguments& a, bool kept) {
  static Tensor of;
  static SparseTensor x;
  if (!kept || !of.defined() || !of.is_same(t(a, 0))) {
    of = t(a, 0);
    x = sparse_coo_tensor(of, t(a, 1), a[2].list());
    if (kept) x = x.coalesce();
  }
  return x;
}

// A loss of the first tensor; nothing is wanted of the target.
template <class Loss>
Tensors timed_loss(const Arguments& a, Loss loss) {
  return {loss(t(a, 0), t(a, 1).detach())};
}

// One layer and direction, from zeros; a net's input and weights.
template <class F>
Tensors timed_recurrent(const Arguments& a, F f) {
  return {f(t(a, 0), Tensors{t(a, 1), t(a, 2), t(a, 3), t(a, 4)})};
}

// An encoder layer in training, made once for an input.
Tensors timed_encoder_layer(const Arguments& a) {
  static std::unique_ptr<nn::TransformerEncoderLayer> layer;
  if (!layer)
    layer = std::make_unique<nn::TransformerEncoderLayer>(256, 8,
                                                          nn::TransformerOptions{.dim_feedforward = 1024});
  return {layer->forward(t(a, 0))};
}

// Convolutions of an image and weights, and maxima.
template <Tensor (*f)(const Tensor&, const Tensor&, const Tensor&, const ConvolutionOptions&)>
Tensors timed_convolution(const Arguments& a) {
  return {f(t(a, 0), t(a, 1), {}, {a[2].whole(), a[3].whole(), a[4].whole(), a[5].whole()})};
}
template <Tensor (*f)(const Tensor&, const Dims&, const MaxPoolOptions&)>
Tensors timed_maxima(const Arguments& a) {
  return {f(t(a, 0), a[1].whole(), {Dims(a[2].whole()), a[3].whole()})};
}

// Without the checks that the operations of the same name have for tests, and what tests know under
// invariants.
const Operations& timed_operations() {
  static const Operations table{
      {"sort", [](const Arguments& a) { return Tensors{sort(t(a, 0), a[1].whole()).values}; }},
      {"argsort", [](const Arguments& a) { return Tensors{argsort(t(a, 0), a[1].whole())}; }},
      {"topk", [](const Arguments& a) { return Tensors{topk(t(a, 0), a[1].whole(), a[2].whole()).values}; }},
      {"median_dim", [](const Arguments& a) { return Tensors{median(t(a, 0), a[1].whole()).values}; }},
      {"pow_number", with_number<pow>},
      {"unique", [](const Arguments& a) { return Tensors{unique(t(a, 0)).values}; }},
      {"clone", [](const Arguments& a) { return Tensors{t(a, 0).clone()}; }},
      {"contiguous", [](const Arguments& a) { return Tensors{t(a, 0).contiguous()}; }},
      {"dot", binary<dot>},
      {"outer", binary<outer>},
      {"tril", with_one<tril>},
      {"eigh",
       [](const Arguments& a) { return Tensors{linalg::eigh(matmul(t(a, 0), t(a, 0).t())).eigenvectors}; }},
      {"eigvalsh", [](const Arguments& a) { return Tensors{linalg::eigvalsh(t(a, 0))}; }},
      {"svd", [](const Arguments& a) { return Tensors{linalg::svd(t(a, 0), false).U}; }},
      {"svdvals", unary<linalg::svdvals>},
      {"qr", [](const Arguments& a) { return Tensors{linalg::qr(t(a, 0)).Q}; }},
      {"cholesky", [](const Arguments& a) { return Tensors{linalg::cholesky(t(a, 0))}; }},
      {"lu_factor", [](const Arguments& a) { return Tensors{linalg::lu_factor(t(a, 0)).LU}; }},
      {"solve", [](const Arguments& a) { return Tensors{linalg::solve(t(a, 0), t(a, 1))}; }},
      {"solve_triangular",
       [](const Arguments& a) { return Tensors{linalg::solve_triangular(t(a, 0), t(a, 1), true)}; }},
      {"inv", unary<linalg::inv>},
      {"det", unary<linalg::det>},
      {"lstsq", [](const Arguments& a) { return Tensors{linalg::lstsq(t(a, 0), t(a, 1)).solution}; }},
      {"pinv", [](const Arguments& a) { return Tensors{linalg::pinv(t(a, 0))}; }},
      {"matrix_exp", unary<linalg::matrix_exp>},
      {"sparse_coalesce",
       [](const Arguments& a) { return Tensors{sparse_tensor(a, false).coalesce().values()}; }},
      {"sparse_mm", [](const Arguments& a) { return Tensors{sparse::mm(sparse_tensor(a, false), t(a, 3))}; }},
      {"sparse_kept_mm",
       [](const Arguments& a) { return Tensors{sparse::mm(sparse_tensor(a, true), t(a, 3))}; }},
      {"sparse_kept_square",
       [](const Arguments& a) {
         const SparseTensor& x = sparse_tensor(a, true);
         return Tensors{sparse::mm(x, x).values()};
       }},
      {"sparse_kept_softmax",
       [](const Arguments& a) {
         return Tensors{sparse::softmax(sparse_tensor(a, true), a[3].whole()).values()};
       }},
      {"quantize",
       [](const Arguments& a) {
         return Tensors{quantize_per_tensor(t(a, 0), a[1].real(), a[2].whole(), quint8).int_repr()};
       }},
      {"quantize_and_back",
       [](const Arguments& a) {
         return Tensors{quantize_per_tensor(t(a, 0), a[1].real(), a[2].whole(), quint8).dequantize()};
       }},
      {"fake_quantize",
       [](const Arguments& a) {
         return Tensors{fake_quantize_per_tensor(t(a, 0), a[1].real(), a[2].whole(), -128, 127)};
       }},
      {"mse_loss",
       [](const Arguments& a) {
         return timed_loss(a, [](const Tensor& x, const Tensor& y) { return mse_loss(x, y); });
       }},
      {"smooth_l1_loss",
       [](const Arguments& a) {
         return timed_loss(a, [](const Tensor& x, const Tensor& y) { return smooth_l1_loss(x, y); });
       }},
      {"bce",
       [](const Arguments& a) {
         return timed_loss(a, [](const Tensor& x, const Tensor& y) { return binary_cross_entropy(x, y); });
       }},
      {"bce_logits",
       [](const Arguments& a) {
         return timed_loss(
             a, [](const Tensor& x, const Tensor& y) { return binary_cross_entropy_with_logits(x, y); });
       }},
      {"kl_div",
       [](const Arguments& a) {
         return timed_loss(a, [](const Tensor& x, const Tensor& y) { return kl_div(x, y); });
       }},
      {"cross_entropy",
       [](const Arguments& a) {
         return timed_loss(a, [](const Tensor& x, const Tensor& y) { return cross_entropy(x, y); });
       }},
      {"fft", [](const Arguments& a) { return Tensors{fft::fft(t(a, 0))}; }},
      {"fft_columns", [](const Arguments& a) { return Tensors{fft::fft(t(a, 0), {}, 0)}; }},
      {"fft2", [](const Arguments& a) { return Tensors{fft::fft2(t(a, 0))}; }},
      {"rfft", [](const Arguments& a) { return Tensors{fft::rfft(t(a, 0))}; }},
      {"irfft", [](const Arguments& a) { return Tensors{fft::irfft(t(a, 0))}; }},
      {"stft_512",
       [](const Arguments& a) {
         static const Tensor window = hann_window(512);
         StftOptions o;
         o.hop_length = 128;
         o.window = window;
         return Tensors{stft(t(a, 0), 512, o)};
       }},
      {"istft_512",
       [](const Arguments& a) {
         StftOptions o;
         o.hop_length = 128;
         return Tensors{istft(t(a, 0), 512, o)};
       }},
      {"hann_1024", [](const Arguments&) { return Tensors{hann_window(1024)}; }},
      {"resize",
       [](const Arguments& a) {
         InterpolateOptions o;
         o.size = a[1].list();
         o.mode = a[2].text;
         o.antialias = a[3].flag();
         return Tensors{interpolate(t(a, 0), o)};
       }},
      {"grid_sample_zeros", [](const Arguments& a) { return Tensors{grid_sample(t(a, 0), t(a, 1))}; }},
      {"pixel_shuffle_2", [](const Arguments& a) { return Tensors{pixel_shuffle(t(a, 0), 2)}; }},
      {"box_iou_of", binary<box_iou>},
      {"nms_of",
       [](const Arguments& a) {
         const Tensor corner = narrow(t(a, 0), 1, 0, 2), extent = narrow(t(a, 0), 1, 2, 2);
         return Tensors{nms(cat({corner, add(corner, mul(extent, Scalar(0.1)))}, 1), t(a, 1), 0.5)};
       }},
      {"roi_align_of",
       [](const Arguments& a) {
         const Tensor corner = narrow(t(a, 1), 1, 0, 2), extent = narrow(t(a, 1), 1, 2, 2);
         const Tensor boxes = mul(cat({corner, add(corner, extent)}, 1), Scalar(25));
         return Tensors{roi_align(t(a, 0), boxes, {7, 7}, 1, 2)};
       }},
      {"batch_norm",
       [](const Arguments& a) -> Tensors { return {batch_norm(t(a, 0), {}, {}, t(a, 1), t(a, 2), true)}; }},
      {"batch_norm_eval",
       [](const Arguments& a) -> Tensors {
         const Tensor mean = t(a, 1).detach(), var = t(a, 2).detach();
         return {batch_norm(t(a, 0), mean, var, t(a, 1), t(a, 2))};
       }},
      {"group_norm",
       [](const Arguments& a) -> Tensors { return {group_norm(t(a, 0), a[1].whole(), t(a, 2), t(a, 3))}; }},
      {"layer_norm",
       [](const Arguments& a) -> Tensors {
         return {layer_norm(t(a, 0), {t(a, 1).size(0)}, t(a, 1), t(a, 2))};
       }},
      {"embedding", [](const Arguments& a) -> Tensors { return {embedding(t(a, 0), t(a, 1))}; }},
      {"lstm",
       [](const Arguments& a) {
         return timed_recurrent(a,
                                [](const Tensor& x, const Tensors& w) { return lstm(x, {}, {}, w).output; });
       }},
      {"gru",
       [](const Arguments& a) {
         return timed_recurrent(a, [](const Tensor& x, const Tensors& w) { return gru(x, {}, w).output; });
       }},
      {"rnn_tanh",
       [](const Arguments& a) {
         return timed_recurrent(a,
                                [](const Tensor& x, const Tensors& w) { return rnn_tanh(x, {}, w).output; });
       }},
      {"attention",
       [](const Arguments& a) -> Tensors {
         return {scaled_dot_product_attention(t(a, 0), t(a, 1), t(a, 2))};
       }},
      {"encoder_layer", timed_encoder_layer},
      {"conv1d", timed_convolution<conv1d>},
      {"conv2d", timed_convolution<conv2d>},
      {"conv3d", timed_convolution<conv3d>},
      {"max_pool1d", timed_maxima<max_pool1d>},
      {"max_pool2d", timed_maxima<max_pool2d>},
      {"avg_pool2d",
       [](const Arguments& a) {
         return Tensors{avg_pool2d(t(a, 0), a[1].whole(), {Dims(a[2].whole()), a[3].whole()})};
       }},
      {"adam_step", [](const Arguments& a) { return optimizer_step<optim::Adam>(a, optim::AdamOptions{}); }},
      {"sgd_step",
       [](const Arguments& a) { return optimizer_step<optim::SGD>(a, optim::SGDOptions{.momentum = 0.9}); }},
  };
  return table;
}

Operation find_operation(const std::string& name) {
  for (const Operations* table : {&timed_operations(), &all_operations()}) {
    if (const auto found = table->find(name); found != table->end()) return found->second;
  }
  FAIL("no operation " << name);
  return nullptr;
}

// "@KIND:SEED:SHAPE:DTYPE ?VIEW ...?": the tensor that compare.py makes of the same words with PyTorch.
Tensor described_tensor(const std::string& text) {
  std::istringstream words(text.substr(1));
  std::string kind, seed, shape, dtype;
  std::getline(words, kind, ':');
  std::getline(words, seed, ':');
  std::getline(words, shape, ':');
  std::getline(words, dtype, ' ');
  manual_seed(std::stoull(seed));
  const Dims sizes = Argument{{}, "[" + shape + "]"}.list();
  const DType type = dtype_by_name(dtype).value();
  Tensor x = kind == "rand"    ? rand(sizes).to(type)
             : kind == "randn" ? randn(sizes).to(type)
                               : randint(0, std::stoll(kind), sizes).to(type);
  for (std::string view; words >> view;) {
    if (view == "t") x = x.transpose(-2, -1);
    if (view == "spd") x = matmul(x, x.t()) + eye(x.size(0), -1, x.dtype()) * static_cast<double>(x.size(0));
    if (view == "mask") x = gt(x, scalar_tensor(0.5, x.dtype()));
    if (view == "+1") x = x + 1;
    if (view == "sorted") x = sort(x).values;
    if (view == "every_other") x = x.slice(-1, 0, x.size(-1), 2);
    if (view[0] == '[') x = x.permute(Argument{{}, view}.list());
  }
  return x;
}

double seconds(bool processor_time) {
  timespec now{};
  clock_gettime(processor_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// "forward|backward \t operation \t argument ...".
struct Timed {
  bool backward = false;
  Operation operation = nullptr;
  Arguments arguments;
  Tensors results, leaves, gradients;

  explicit Timed(const std::string& line) {
    std::istringstream parts(line);
    std::string part;
    std::getline(parts, part, '\t');
    backward = part == "backward";
    std::getline(parts, part, '\t');
    operation = find_operation(part);
    while (std::getline(parts, part, '\t')) {
      Argument argument{{}, part};
      if (part[0] == '@') argument.tensor = described_tensor(part);
      arguments.push_back(argument);
    }
    if (!backward) return;
    for (const Argument& a : arguments) {
      if (!a.tensor.defined() || is_integral(a.tensor.dtype())) continue;
      a.tensor.requires_grad_();
      leaves.push_back(a.tensor);
    }
    results = {operation(arguments)[0]};
    manual_seed(99);
    gradients = {randn(results[0].sizes()).to(results[0].dtype())};
  }

  Tensors run() const { return backward ? grad(results, leaves, gradients, true) : operation(arguments); }
};

double median_microseconds(const Timed& timed, int repeats, bool processor_time) {
  std::vector<double> times;
  for (int i = 0; i < repeats; ++i) {
    const double begin = seconds(processor_time);
    const Tensors kept = timed.run();
    times.push_back(1e6 * (seconds(processor_time) - begin));
  }
  std::nth_element(times.begin(), times.begin() + repeats / 2, times.end());
  return times[static_cast<std::size_t>(repeats / 2)];
}

}  // namespace

// A line describes a case, or asks "? THREADS REPEATS" for the median time of the last one described: the
// thread's processor time with one thread, else that of the clock on the wall.
TEST_CASE("benchmark" * doctest::skip(std::getenv("WICK_BENCHMARK") == nullptr)) {
  std::optional<Timed> timed;
  for (std::string line; std::getline(std::cin, line);) {
    if (line[0] != '?') {
      timed.emplace(line);
      continue;
    }
    std::istringstream words(line.substr(1));
    int threads = 1, repeats = 1;
    words >> threads >> repeats;
    set_num_threads(threads);
    std::cout << "= " << median_microseconds(*timed, repeats, threads == 1) << std::endl;
  }
}

}  // namespace wick::test
