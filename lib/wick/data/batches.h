#pragma once

#include <cstdint>
#include <iterator>

#include "wick/core/tensor.h"
#include "wick/ops/generator.h"

namespace WICK_API wick {

struct BatchOptions {
  std::int64_t batch_size = 64;  // positions in a batch; the last one may have fewer
  bool shuffle = false;          // in another order each time that one goes through
  bool drop_last = false;        // leaves out a last batch that is not full
  // int64: these positions and no others, as distributed_sampler() gives them; all when undefined.
  Tensor indices = {};
  // What orders are drawn from; the process's when null. It must live as long as it is drawn from.
  Generator* generator = nullptr;
};

// Tensors of one first size, such as samples and their labels, cut into mini-batches along it. Going through
// them makes each batch when its turn comes, so nothing is copied but, where positions are picked, the rows
// of one batch; without `shuffle` and `indices` a batch is a view.
//
//   for (const Tensors& batch : Batches({images, labels}, {.batch_size = 64, .shuffle = true})) {
//     const Tensor &x = batch[0], &y = batch[1];
//   }
//
// Shuffled, one pass through n positions takes those of randperm(n, generator), drawn when it begins.
class Batches {
 public:
  // Error without tensors and for a batch size below 1; ShapeError unless all tensors have the same first
  // size; DTypeError, ShapeError or IndexError for indices that are none.
  explicit Batches(Tensors tensors, const BatchOptions& options = {});

  // How many batches a pass has, and how many positions are in them.
  std::int64_t size() const;
  std::int64_t positions() const;

  // One pass; an input iterator.
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Tensors;
    using difference_type = std::ptrdiff_t;

    Tensors operator*() const { return batches_->at(order_, done_); }
    Iterator& operator++() {
      ++done_;
      return *this;
    }
    void operator++(int) { ++done_; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) {
      return at.done_ == at.batches_->size();
    }

   private:
    friend class Batches;
    Iterator(const Batches* batches, Tensor order) : batches_(batches), order_(std::move(order)) {}

    const Batches* batches_;
    Tensor order_;
    std::int64_t done_ = 0;
  };
  Iterator begin() const;
  std::default_sentinel_t end() const { return {}; }

 private:
  Tensors at(const Tensor& order, std::int64_t number) const;

  Tensors tensors_;
  BatchOptions options_;
};

}  // namespace wick
