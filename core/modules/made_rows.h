#ifndef MODBOUND_CORE_MODULES_MADE_ROWS_H_
#define MODBOUND_CORE_MODULES_MADE_ROWS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/base/check.h"
#include "core/modules/weights.h"

namespace modbound {

// Rows of weights that are not stored: made in the order in which links will be
// asked for, many together.
class MadeRows : public Weights::Rows {
 public:
  void Begin(const std::vector<int32_t>& order,
             const Execution& execution) override {
    order_ = order;
    execution_ = execution;
    first_ = made_ = next_ = 0;
  }

 protected:
  // at_once: rows made together.
  explicit MadeRows(int64_t at_once) : at_once_(at_once) {}

  // Where among those made last the row of `node` is, the next of the order.
  int64_t Take(int32_t node) {
    if (next_ == first_ + made_) {
      const auto size = static_cast<int64_t>(order_.size());
      first_ = next_;
      made_ = std::min(at_once_, size - first_);
      Make(order_.subspan(static_cast<std::size_t>(first_),
                          static_cast<std::size_t>(made_)),
           execution_);
    }
    MODBOUND_CHECK(order_[static_cast<std::size_t>(next_)] == node);
    return next_++ - first_;
  }

 private:
  // Makes the rows of these nodes. Half done when execution.stopped().
  virtual void Make(absl::Span<const int32_t> nodes,
                    const Execution& execution) = 0;

  const int64_t at_once_;
  absl::Span<const int32_t> order_;
  Execution execution_;
  // Rows first_ ... first_ + made_ - 1 of the order are made; next_ is read
  // next.
  int64_t first_ = 0;
  int64_t made_ = 0;
  int64_t next_ = 0;
};

}  // namespace modbound

#endif  // MODBOUND_CORE_MODULES_MADE_ROWS_H_
