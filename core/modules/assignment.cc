#include "core/modules/assignment.h"

#include <limits>

#include "core/base/error.h"

namespace modbound {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Shortest augmenting paths for rows <= columns: adds one row at a time and
// keeps potentials such that every reduced cost is >= 0. Columns count from 1;
// column 0 stands for the row being added.
class Assignment {
 public:
  explicit Assignment(const Matrix& cost)
      : cost_(cost),
        row_potential_(static_cast<std::size_t>(cost.rows()) + 1, 0),
        column_potential_(static_cast<std::size_t>(cost.cols()) + 1, 0),
        row_of_(static_cast<std::size_t>(cost.cols()) + 1, 0),
        previous_(static_cast<std::size_t>(cost.cols()) + 1, 0) {}

  absl::Status Solve(const Execution& execution) {
    for (std::size_t row = 1; row < row_potential_.size(); ++row) {
      MODBOUND_RETURN_IF_ERROR(AddRow(row, execution));
    }
    return absl::OkStatus();
  }

  // Row of each column (1-based, 0 = none) in elements 1 ... columns.
  const std::vector<std::size_t>& row_of() const { return row_of_; }

 private:
  absl::Status AddRow(std::size_t row, const Execution& execution) {
    const std::size_t columns = row_of_.size();
    std::vector<double> distance(columns, kInfinity);
    std::vector<bool> done(columns, false);
    row_of_[0] = row;
    std::size_t column = 0;
    while (row_of_[column] != 0) {
      if (execution.stopped()) {
        return StoppedError();
      }
      done[column] = true;
      column = Relax(column, distance, done);
    }
    while (column != 0) {
      row_of_[column] = row_of_[previous_[column]];
      column = previous_[column];
    }
    return absl::OkStatus();
  }

  // Extends the shortest-path tree by the nearest column, the first of equals.
  std::size_t Relax(std::size_t column,
                    std::vector<double>& distance,
                    const std::vector<bool>& done) {
    const std::size_t row = row_of_[column];
    double delta = kInfinity;
    std::size_t nearest = 0;
    for (std::size_t j = 1; j < distance.size(); ++j) {
      if (done[j]) {
        continue;
      }
      const double reduced = cost_(static_cast<Eigen::Index>(row - 1),
                                   static_cast<Eigen::Index>(j - 1)) -
                             row_potential_[row] - column_potential_[j];
      if (reduced < distance[j]) {
        distance[j] = reduced;
        previous_[j] = column;
      }
      if (distance[j] < delta) {
        delta = distance[j];
        nearest = j;
      }
    }
    for (std::size_t j = 0; j < distance.size(); ++j) {
      if (done[j]) {
        row_potential_[row_of_[j]] += delta;
        column_potential_[j] -= delta;
      } else {
        distance[j] -= delta;
      }
    }
    return nearest;
  }

  const Matrix& cost_;
  std::vector<double> row_potential_;
  std::vector<double> column_potential_;
  std::vector<std::size_t> row_of_;
  std::vector<std::size_t> previous_;
};

}  // namespace

absl::StatusOr<std::vector<int32_t>> BestAssignment(
    const Matrix& score, const Execution& execution) {
  const bool wide = score.rows() <= score.cols();
  const Matrix cost = wide ? Matrix(-score) : Matrix(-score.transpose());
  std::vector<int32_t> column_of(static_cast<std::size_t>(score.rows()), -1);
  Assignment assignment(cost);
  MODBOUND_RETURN_IF_ERROR(assignment.Solve(execution));
  const std::vector<std::size_t>& row_of = assignment.row_of();
  for (std::size_t j = 1; j < row_of.size(); ++j) {
    if (row_of[j] == 0) {
      continue;
    }
    if (wide) {
      column_of[row_of[j] - 1] = static_cast<int32_t>(j - 1);
    } else {
      column_of[j - 1] = static_cast<int32_t>(row_of[j] - 1);
    }
  }
  return column_of;
}

}  // namespace modbound
