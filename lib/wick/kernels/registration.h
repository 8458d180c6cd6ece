#pragma once

#include "wick/kernels/table.h"

// Each source of kernels enters what it defines into the level's table.
namespace wick {
inline namespace WICK_LEVEL {

void add_copies(kernels::Table& table);
void add_unary(kernels::Table& table);
void add_functions(kernels::Table& table);
void add_powers(kernels::Table& table);
void add_binary(kernels::Table& table);
void add_remainders(kernels::Table& table);
void add_ternary(kernels::Table& table);
void add_activations(kernels::Table& table);
void add_softmax(kernels::Table& table);
void add_reductions(kernels::Table& table);
void add_extremes(kernels::Table& table);
void add_random(kernels::Table& table);
void add_distances(kernels::Table& table);
void add_products(kernels::Table& table);
void add_matrix_kernels(kernels::Table& table);
void add_losses(kernels::Table& table);
void add_updates(kernels::Table& table);
void add_sparse(kernels::Table& table);
void add_quantization(kernels::Table& table);
void add_fft(kernels::Table& table);
void add_taps(kernels::Table& table);
void add_sampling(kernels::Table& table);
void add_boxes(kernels::Table& table);
void add_normalizations(kernels::Table& table);
void add_recurrent(kernels::Table& table);
void add_convolutions(kernels::Table& table);
void add_pooling(kernels::Table& table);

}  // namespace WICK_LEVEL
}  // namespace wick
