// Uses something of every public header that lies in the library, and catches what it throws: a header that
// exports nothing would not link. Exits with 1 when a result is not what it should be.
#include <wick/autograd/function.h>
#include <wick/autograd/functional.h>
#include <wick/autograd/gradient.h>
#include <wick/core/accessor.h>
#include <wick/core/allocator.h>
#include <wick/core/api.h>
#include <wick/core/autocast.h>
#include <wick/core/dims.h>
#include <wick/core/dtype.h>
#include <wick/core/error.h>
#include <wick/core/half.h>
#include <wick/core/interrupt.h>
#include <wick/core/operand.h>
#include <wick/core/parallel.h>
#include <wick/core/print.h>
#include <wick/core/profiler.h>
#include <wick/core/ref.h>
#include <wick/core/runtime.h>
#include <wick/core/scalar.h>
#include <wick/core/storage.h>
#include <wick/core/tensor.h>
#include <wick/data/batches.h>
#include <wick/data/sampler.h>
#include <wick/distributed/distributed.h>
#include <wick/fft/fft.h>
#include <wick/interop/dlpack.h>
#include <wick/io/checkpoint.h>
#include <wick/io/csv.h>
#include <wick/io/npy.h>
#include <wick/io/npz.h>
#include <wick/io/pt.h>
#include <wick/io/safetensors.h>
#include <wick/io/wav.h>
#include <wick/linalg/decompositions.h>
#include <wick/linalg/diagonals.h>
#include <wick/linalg/einsum.h>
#include <wick/linalg/lu.h>
#include <wick/linalg/norms.h>
#include <wick/linalg/products.h>
#include <wick/linalg/solvers.h>
#include <wick/nn/attention.h>
#include <wick/nn/clip.h>
#include <wick/nn/container.h>
#include <wick/nn/convolution.h>
#include <wick/nn/distributed_data_parallel.h>
#include <wick/nn/dropout.h>
#include <wick/nn/embedding.h>
#include <wick/nn/fold.h>
#include <wick/nn/init.h>
#include <wick/nn/linear.h>
#include <wick/nn/loss.h>
#include <wick/nn/module.h>
#include <wick/nn/nn.h>
#include <wick/nn/normalization.h>
#include <wick/nn/pooling.h>
#include <wick/nn/recurrent.h>
#include <wick/nn/transformer.h>
#include <wick/ops/activation.h>
#include <wick/ops/complex.h>
#include <wick/ops/counting.h>
#include <wick/ops/covariance.h>
#include <wick/ops/creation.h>
#include <wick/ops/distance.h>
#include <wick/ops/elementwise.h>
#include <wick/ops/extrema.h>
#include <wick/ops/generator.h>
#include <wick/ops/indexing.h>
#include <wick/ops/join.h>
#include <wick/ops/masked.h>
#include <wick/ops/norm.h>
#include <wick/ops/padding.h>
#include <wick/ops/random.h>
#include <wick/ops/rearrange.h>
#include <wick/ops/reduction.h>
#include <wick/ops/scan.h>
#include <wick/ops/search.h>
#include <wick/ops/sort.h>
#include <wick/ops/statistics.h>
#include <wick/ops/subscript.h>
#include <wick/ops/tensor_data.h>
#include <wick/ops/views.h>
#include <wick/optim/grad_scaler.h>
#include <wick/optim/optim.h>
#include <wick/optim/optimizer.h>
#include <wick/optim/optimizers.h>
#include <wick/optim/scheduler.h>
#include <wick/quantized/quantized.h>
#include <wick/signal/audio.h>
#include <wick/signal/stft.h>
#include <wick/signal/windows.h>
#include <wick/sparse/functions.h>
#include <wick/sparse/sparse.h>
#include <wick/sparse/sparse_tensor.h>
#include <wick/vision/boxes.h>
#include <wick/vision/interpolate.h>
#include <wick/wick.h>
#if __has_include(<Eigen/Core>)
#include <wick/interop/eigen.h>
#include <wick/interop/eigen_sparse.h>
#endif

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>

namespace {

using namespace wick;

int wrong = 0;

void expect(const char* header, double got, double wanted) {
  if (std::abs(got - wanted) <= 1e-6 * std::max(1.0, std::abs(wanted))) return;
  std::fprintf(stderr, "%s: %.9g, expected %.9g\n", header, got, wanted);
  ++wrong;
}
// The sum of a result's magnitudes.
void expect(const char* header, const Tensor& got, double wanted) {
  expect(header, sum(abs(got.to(float64))).item().to_double(), wanted);
}

struct Doubled : autograd::Function<Doubled> {
  static Tensor forward(autograd::AutogradContext*, const Tensor& x) { return x * 2; }
  static Tensors backward(autograd::AutogradContext*, const Tensors& grads) { return {grads[0] * 2}; }
};

void core() {
  const Ref<Storage> storage = Storage::allocate(64);
  expect("storage.h", storage->data() != nullptr, 1);
  expect("allocator.h", allocator::statistics().used > 0, 1);
  expect("autocast.h", autocast::is_enabled(), 0);
  expect("dims.h", numel(broadcast_shapes({2, 1}, {3})), 6);
  expect("dtype.h", promote_types(int8, float32) == float32, 1);
  expect("half.h", static_cast<float>(*ones({1}, float16).data<Half>()), 1);
  expect("scalar.h", fits(300, uint8), 0);
  expect("tensor.h", to_string(ones({1})).empty(), 0);
  expect("accessor.h", ones({2, 3}).accessor<float, 2>()[1][2], 1);
  expect("print.h", to_string(ones({1}), {.precision = 1}) == "tensor([1.])", 1);
  expect("gradient.h", grad_enabled(), 1);
  const Tensor w = ones({3}).requires_grad_();
  expect("function.h", grad({sum(Doubled::apply(w))}, {w})[0], 6);
  expect("parallel.h", num_threads() >= 1, 1);
  std::int64_t done = 0;
  parallel_for(10, 100, [&](std::int64_t begin, std::int64_t end) { done += end - begin; });
  expect("parallel.h", static_cast<double>(done), 10);
  expect("distributed.h", distributed::world_size(), 1);
  expect("batches.h", static_cast<double>(Batches({ones({5})}, {.batch_size = 2}).size()), 3);
  expect("sampler.h", distributed_sampler(5), 10);
  expect("dlpack.h", from_dlpack(to_dlpack(ones({3}))), 3);
}

void operations() {
  const Tensor x = tensor({4., 1., 3., 2.}, float64), A = x.reshape({2, 2}), index = tensor({1, 0}, int64);
  expect("activation.h", elu(x), 10);
  expect("complex.h", real(complex(x, x)), 10);
  expect("counting.h", bincount(index), 2);
  expect("covariance.h", cov(x), 5. / 3);
  expect("creation.h", full({3}, 2), 6);
  expect("creation.h", to_vector<double>(ones({2}))[1] + to_vector<float>(ones({2}))[1], 2);
  expect("creation.h", to_vector<bool>(ones({2})).size() + to_vector<std::int64_t>(ones({2})).size(), 4);
  expect("creation.h", to_vector<std::complex<double>>(ones({2}))[0].real(), 1);
  expect("distance.h", cdist(A, A), 2 * std::sqrt(2));
  expect("elementwise.h", add(x, x), 20);
  expect("extrema.h", argmin(x), 1);
  expect("generator.h", Generator(1).next32(), 1791095845);
  expect("indexing.h", index_select(x, 0, index), 5);
  expect("join.h", cat({x, x}), 20);
  expect("masked.h", masked_select(x, x > 2), 7);
  expect("norm.h", norm(x), std::sqrt(30));
  expect("operand.h", as_tensors("add", x, 1).second, 1);
  expect("padding.h", pad(x, {1, 1}, "constant", 5), 20);
  manual_seed(1);
  expect("random.h", static_cast<double>(initial_seed()), 1);
  expect("rearrange.h", flip(x, {0}), 10);
  expect("reduction.h", mean(x), 2.5);
  expect("scan.h", cumsum(x, 0), 27);
  expect("search.h", searchsorted(tensor({1., 2., 3.}, float64), x), 6);
  expect("sort.h", argsort(x), 6);
  expect("statistics.h", median(x), 2);
  expect("subscript.h", A[{Ellipsis, Slice(1)}], 3);
  expect("tensor.h", (x.clone() *= 2).add_(1), 24);
  expect("tensor.h", x.sum(0) + x.max(0).values, 14);
  expect("views.h", permute(A, {1, 0}), 10);
  expect("decompositions.h", linalg::svdvals(A).select(0, 0) * linalg::svdvals(A).select(0, 1), 5);
  expect("diagonals.h", trace(A), 6);
  expect("einsum.h", einsum("ij->", {A}), 10);
  expect("lu.h", linalg::lu(A).P, 2);
  expect("norms.h", linalg::vector_norm(x, 1), 10);
  expect("products.h", dot(x, x), 30);
  expect("solvers.h", linalg::det(A), 5);
#if __has_include(<Eigen/Core>)
  expect("eigen.h", matrix_map<double>(A).sum(), 10);
  expect("eigen_sparse.h", csr_map<double>(to_sparse(A, Layout::Csr)).sum(), 10);
#endif
}

void signals_and_images() {
  const Tensor x = tensor({1., 2., 3., 4.});
  expect("fft.h", fft::irfft(fft::rfft(x)), 10);
  expect("windows.h", hann_window(4), 2);
  StftOptions o;
  o.center = false;
  expect("stft.h", spectrogram(x, 4, o), 112);
  expect("audio.h", mfcc(ones({3, 2}), 2), 0);
  InterpolateOptions larger;
  larger.size = {8};
  expect("interpolate.h", interpolate(x.reshape({1, 1, 4}), larger), 20);
  const Tensor box = tensor({0., 0., 2., 2.}).reshape({1, 4});
  expect("boxes.h", box_iou(box, box), 1);
}

// Whether f throws an E, and not just something that derives from the same.
template <class E, class F>
void throws(const char* what, F f) {
  try {
    f();
    expect(what, 0, 1);
  } catch (const E&) {
  } catch (...) {
    expect(what, 2, 1);
  }
}

void training() {
  const auto layer = nn::make<nn::Linear>(2, 1);
  nn::Sequential net(layer, relu, nn::make<nn::Dropout>(0.0), nn::make<nn::Flatten>(0));
  nn::init::ones_(layer->weight);
  nn::init::zeros_(layer->bias);
  const Tensor x = tensor({1., 2.}).reshape({1, 2});
  expect("container.h", net(x), 3);
  expect("module.h", static_cast<double>(net.state_dict().size()), 2);
  expect("module.h", nn::functional_call(net, {{"0.bias", ones({1})}}, x), 4);
  expect("convolution.h", conv1d(ones({1, 1, 4}), ones({1, 1, 2})), 6);
  expect("pooling.h", max_pool1d(ones({1, 1, 4}), 2), 2);
  expect("linear.h", linear(x, layer->weight, layer->bias), 3);
  const Tensor loss = mse_loss(net(x), zeros({1}));
  expect("loss.h", loss, 9);
  loss.backward();
  expect("clip.h", nn::clip_grad_norm_({layer->bias}, 100), 6);
  optim::SGD sgd(net.parameters(), {.lr = 0.5});
  optim::StepLR scheduler(sgd, 1);
  sgd.step();
  expect("optimizers.h", layer->bias, 3);
  scheduler.step();
  expect("scheduler.h", sgd.lr(), 0.05);
  expect("optimizer.h", static_cast<double>(sgd.parameters().size()), 2);
  expect("optimizers.h", optim::LAMB(net.parameters()).lr(), 1e-3);
  expect("optimizers.h", optim::LBFGS(net.parameters()).lr(), 1);
  expect("grad_scaler.h", optim::GradScaler().get_scale(), 65536);
  throws<GradientError>("module.h", [&] {
    net.to(float64);
    sgd.step();
  });
}

void sparse_and_quantized() {
  const SparseTensor x = sparse_coo_tensor(tensor({0, 0}).reshape({1, 2}), tensor({2., 3.}), Shape{2});
  expect("sparse_tensor.h", sum(x.to_dense()), 5);
  expect("functions.h", sparse::sum(x), 5);
  const QuantizedTensor q = quantize_per_tensor(tensor({1.}), 0.5, 3, quint8);
  expect("quantized.h", q.dequantize(), 1);
  expect("quantized.h", quantized::add(q, q, 1, 0).dequantize(), 2);
  const FlushDenormalScope scope;
  expect("runtime.h", static_cast<double>(build_info().size()), 6);
  profiler::start();
  { const profiler::Range range("range"); }
  profiler::stop();
  expect("profiler.h", static_cast<double>(profiler::report().size()), 1);
}

void layers() {
  const Tensor x = tensor({1., 3.}).reshape({1, 2});
  expect("normalization.h", sum(square(layer_norm(x, {2}, {}, {}, 0))), 2);
  expect("normalization.h", static_cast<double>(nn::BatchNorm2d(3).state_dict().size()), 5);
  expect("embedding.h", sum(embedding(tensor({1, 1}), tensor({2., 5.}).reshape({2, 1}))), 10);
  expect("fold.h", sum(im2col(ones({1, 3, 3}), 2)), 16);
  expect("recurrent.h", static_cast<double>(nn::LSTM(2, 3).run(ones({4, 2})).c.numel()), 3);
  expect("recurrent.h", sum(rnn_relu(x, {}, {ones({1, 2}), ones({1, 1})}, {.bias = false}).output), 4);
  expect("attention.h", sum(scaled_dot_product_attention(zeros({1, 2}), zeros({2, 2}), ones({2, 1}))), 1);
  expect("transformer.h", static_cast<double>(nn::TransformerEncoder(2, 1, 3).layers.size()), 3);
  expect("functional.h", sum(autograd::jacobian([](const Tensor& v) { return mul(v, 3); }, x)), 6);
}

void exceptions() {
  const Tensor x = ones({2, 3});
  throws<ShapeError>("ShapeError", [&] { x + ones({4}); });
  throws<IndexError>("IndexError", [&] { x[7]; });
  throws<DTypeError>("DTypeError", [&] { x.data<double>(); });
  throws<GradientError>("GradientError", [&] { sum(x).backward(); });
  throws<FileError>("FileError", [] { load_npy("/nowhere/there.npy"); });
  throws<FileError>("safetensors.h", [] { load_safetensors("/nowhere/there.safetensors"); });
  throws<FileError>("checkpoint.h", [] { load_checkpoint_info("/nowhere/there.safetensors"); });
  throws<Error>("pt.h", [] { load_pt("/nowhere/there.pt"); });
  throws<Error>("npz.h", [] { load_npz("/nowhere/there.npz"); });
  throws<FileError>("csv.h", [] { load_csv("/nowhere/there.csv"); });
  throws<FileError>("wav.h", [] { load_wav("/nowhere/there.wav"); });
  throws<DistributedError>("DistributedError", [] { distributed::recv({1}, 0); });
  throws<Interrupted>("Interrupted", [] {
    const InterruptScope scope([](void*, const Progress&) { return false; });
    check_interrupt();
  });
}

}  // namespace

int main() {
  core();
  operations();
  signals_and_images();
  training();
  sparse_and_quantized();
  layers();
  exceptions();
  return wrong ? 1 : 0;
}
