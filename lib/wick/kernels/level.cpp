#include "wick/core/half.h"
#include "wick/kernels/registration.h"

namespace wick {
inline namespace WICK_LEVEL {

void fill_table(kernels::Table& table) {
  add_copies(table);
  add_unary(table);
  add_functions(table);
  add_powers(table);
  add_binary(table);
  add_remainders(table);
  add_ternary(table);
  add_activations(table);
  add_softmax(table);
  add_reductions(table);
  add_extremes(table);
  add_random(table);
  add_products(table);
  add_distances(table);
  add_matrix_kernels(table);
  add_losses(table);
  add_updates(table);
  add_sparse(table);
  add_quantization(table);
  add_fft(table);
  add_taps(table);
  add_sampling(table);
  add_boxes(table);
  add_normalizations(table);
  add_recurrent(table);
  add_convolutions(table);
  add_pooling(table);
}

}  // namespace WICK_LEVEL
}  // namespace wick
