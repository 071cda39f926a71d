#include "server/analyses/stacked_outputs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/analyses/ensemble_inputs.h"
#include "server/arrays/missing.h"

namespace modbound {
namespace {

constexpr char kStepAxis[] = "step";

bool IsDefinite(const std::vector<int64_t>& shape) {
  return std::all_of(
      shape.begin(), shape.end(), [](int64_t extent) { return extent >= 0; });
}

void CopyBytes(const std::byte* from, int64_t bytes, std::byte* to) {
  if (bytes > 0) {
    std::memcpy(to, from, static_cast<std::size_t>(bytes));
  }
}

std::vector<int64_t> WithNetworks(int64_t networks,
                                  const std::vector<int64_t>& shape) {
  std::vector<int64_t> stacked = {networks};
  stacked.insert(stacked.end(), shape.begin(), shape.end());
  return stacked;
}

std::vector<std::string> WithNetworkAxis(const std::vector<std::string>& axes) {
  std::vector<std::string> stacked = {kNetworkAxis};
  stacked.insert(stacked.end(), axes.begin(), axes.end());
  return stacked;
}

// Copies `array`, row by row, into the corner of a larger one of `shape` at
// `to`.
void CopyCorner(const HostArray& array,
                const std::vector<int64_t>& shape,
                std::byte* to) {
  const std::vector<int64_t>& from = array.shape();
  if (from.empty() || array.size() == 0) {
    return CopyBytes(array.data(), array.size_bytes(), to);
  }
  const int64_t element = ElementSize(array.dtype());
  const int64_t row_bytes = from.back() * element;
  const int64_t rows = array.size() / from.back();
  for (int64_t row = 0; row < rows; ++row) {
    // The row's indices on the other axes, innermost first.
    int64_t rest = row;
    int64_t offset = 0;
    int64_t stride = shape.back();
    for (std::size_t axis = from.size() - 1; axis-- > 0;) {
      offset += rest % from[axis] * stride;
      rest /= from[axis];
      stride *= shape[axis];
    }
    CopyBytes(array.data() + row * row_bytes, row_bytes, to + offset * element);
  }
}

// Extents that hold the arrays of all networks; a network that failed has none.
std::vector<int64_t> LargestShape(const PlannedOutput& planned,
                                  const std::vector<HostArray>& arrays) {
  std::vector<int64_t> shape = planned.shape;
  for (int64_t& extent : shape) {
    extent = std::max<int64_t>(extent, 0);
  }
  for (const HostArray& array : arrays) {
    for (std::size_t axis = 0; axis < array.shape().size(); ++axis) {
      shape[axis] = std::max(shape[axis], array.shape()[axis]);
    }
  }
  return shape;
}

absl::Status NotPlanned(const std::string& name, const char* what) {
  return MakeError(absl::StatusCode::kInternal,
                   reason::kInternal,
                   "",
                   absl::StrCat("output ", name, " ", what));
}

}  // namespace

StackedOutputs::StackedOutputs(const std::vector<PlannedOutput>& planned,
                               int64_t networks)
    : networks_(networks) {
  for (const PlannedOutput& one : planned) {
    Output output;
    output.planned = one;
    if (IsDefinite(one.shape)) {
      output.stacked = HostArray(one.dtype,
                                 WithNetworks(networks, one.shape),
                                 WithNetworkAxis(one.axes));
    } else {
      output.each.resize(static_cast<std::size_t>(networks));
    }
    outputs_.push_back(std::move(output));
  }
}

absl::Status StackedOutputs::SetOne(Output& output,
                                    int64_t network,
                                    HostArray array) const {
  const PlannedOutput& planned = output.planned;
  bool fits = array.dtype() == planned.dtype &&
              array.shape().size() == planned.shape.size();
  for (std::size_t axis = 0; fits && axis < planned.shape.size(); ++axis) {
    const int64_t extent = array.shape()[axis];
    fits = planned.shape[axis] < 0 || planned.shape[axis] == extent ||
           (planned.axes[axis] == kStepAxis && extent < planned.shape[axis]);
  }
  if (!fits) {
    return NotPlanned(planned.name, "has another shape than was planned");
  }
  if (output.each.empty()) {
    const int64_t count = NumElements(planned.shape);
    std::byte* to = output.stacked.mutable_data() +
                    network * count * ElementSize(planned.dtype);
    if (array.size() < count) {
      FillMissing(planned.dtype, count, to);
    }
    CopyCorner(array, planned.shape, to);
  } else {
    output.each[static_cast<std::size_t>(network)] = std::move(array);
  }
  return absl::OkStatus();
}

absl::Status StackedOutputs::Set(int64_t network,
                                 std::map<std::string, HostArray> outputs) {
  for (Output& output : outputs_) {
    const auto found = outputs.find(output.planned.name);
    if (found == outputs.end()) {
      return NotPlanned(output.planned.name, "was planned and not made");
    }
    MODBOUND_RETURN_IF_ERROR(SetOne(output, network, std::move(found->second)));
    outputs.erase(found);
  }
  return outputs.empty()
             ? absl::OkStatus()
             : NotPlanned(outputs.begin()->first, "was made and not planned");
}

void StackedOutputs::SetMissing(int64_t network) {
  for (Output& output : outputs_) {
    if (!output.each.empty()) {
      output.each[static_cast<std::size_t>(network)] = HostArray();
      continue;
    }
    const int64_t count = NumElements(output.planned.shape);
    FillMissing(output.planned.dtype,
                count,
                output.stacked.mutable_data() +
                    network * count * ElementSize(output.planned.dtype));
  }
}

void StackedOutputs::Save(int64_t network, StateWriter& state) const {
  for (const Output& output : outputs_) {
    if (output.each.empty()) {
      const int64_t bytes =
          NumElements(output.planned.shape) * ElementSize(output.planned.dtype);
      state.Add(reinterpret_cast<const char*>(output.stacked.data()) +
                    network * bytes,
                bytes);
      continue;
    }
    const HostArray& array = output.each[static_cast<std::size_t>(network)];
    state.Add(array.shape().data(), static_cast<int64_t>(array.shape().size()));
    state.Add(reinterpret_cast<const char*>(array.data()), array.size_bytes());
  }
}

bool StackedOutputs::Load(int64_t network, StateReader& state) {
  for (Output& output : outputs_) {
    const PlannedOutput& planned = output.planned;
    const int64_t element = ElementSize(planned.dtype);
    if (output.each.empty()) {
      const int64_t bytes = NumElements(planned.shape) * element;
      if (!state.Read(reinterpret_cast<char*>(output.stacked.mutable_data()) +
                          network * bytes,
                      bytes)) {
        return false;
      }
      continue;
    }
    std::vector<int64_t> shape(planned.shape.size());
    if (!state.Read(shape.data(), static_cast<int64_t>(shape.size()))) {
      return false;
    }
    const int64_t count = NumElements(shape);
    // Before an array of whatever a torn state says is made.
    if (count < 0 || count * element > state.left()) {
      return false;
    }
    HostArray array(planned.dtype, shape, planned.axes);
    if (!state.Read(reinterpret_cast<char*>(array.mutable_data()),
                    array.size_bytes())) {
      return false;
    }
    output.each[static_cast<std::size_t>(network)] = std::move(array);
  }
  return true;
}

std::map<std::string, HostArray> StackedOutputs::Take() && {
  std::map<std::string, HostArray> taken;
  for (Output& output : outputs_) {
    const PlannedOutput& planned = output.planned;
    if (output.each.empty()) {
      taken[planned.name] = std::move(output.stacked);
      continue;
    }
    const std::vector<int64_t> shape = LargestShape(planned, output.each);
    HostArray stacked(planned.dtype,
                      WithNetworks(networks_, shape),
                      WithNetworkAxis(planned.axes));
    FillMissing(planned.dtype, stacked.size(), stacked.mutable_data());
    const int64_t bytes = NumElements(shape) * ElementSize(planned.dtype);
    for (int64_t network = 0; network < networks_; ++network) {
      HostArray& array = output.each[static_cast<std::size_t>(network)];
      if (array.dtype() != v1::DType::UNSPECIFIED) {
        CopyCorner(array, shape, stacked.mutable_data() + network * bytes);
        array = HostArray();
      }
    }
    taken[planned.name] = std::move(stacked);
  }
  return taken;
}

PlannedOutput StackedOutput(const PlannedOutput& output, int64_t networks) {
  PlannedOutput stacked = output;
  stacked.shape = WithNetworks(networks, output.shape);
  stacked.axes = WithNetworkAxis(output.axes);
  return stacked;
}

double StackedBytes(const PlannedOutput& output, int64_t networks) {
  double bytes = static_cast<double>(networks) *
                 static_cast<double>(ElementSize(output.dtype));
  for (const int64_t extent : output.shape) {
    bytes *= static_cast<double>(extent < 0 ? output.most_extent : extent);
  }
  return IsDefinite(output.shape) ? bytes : 2 * bytes;
}

}  // namespace modbound
