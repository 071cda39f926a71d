#include "client/cli/hdf5_file.h"

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/array_variable.h"
#include "client/cli/error.h"
#include "client/cli/npy.h"
#include "client/cli/number_type.h"

namespace modbound {
namespace {

// Something of the library's that `close` gives back.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept
      : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
  Handle& operator=(Handle&&) = delete;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (ok()) {
      close_(id_);
    }
  }

  bool ok() const { return id_ >= 0; }
  hid_t id() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

absl::Status Damaged(const std::string& what) {
  return UsageError("is damaged: " + what);
}

// How the library gives numbers, and what they become.
struct MemoryType {
  hid_t id = H5I_INVALID_HID;
  NumberType type = NumberType::kFloat64;
  v1::DType::Type dtype = v1::DType::UNSPECIFIED;
};

MemoryType OfNumbers(hid_t id, NumberType type) {
  return {.id = id, .type = type, .dtype = DTypeFor(type)};
}

std::optional<MemoryType> IntegerType(size_t size, bool is_signed) {
  switch (size) {
    case 1:
      return is_signed ? OfNumbers(H5T_NATIVE_INT8, NumberType::kInt8)
                       : OfNumbers(H5T_NATIVE_UINT8, NumberType::kUint8);
    case 2:
      return is_signed ? OfNumbers(H5T_NATIVE_INT16, NumberType::kInt16)
                       : OfNumbers(H5T_NATIVE_UINT16, NumberType::kUint16);
    case 4:
      return is_signed ? OfNumbers(H5T_NATIVE_INT32, NumberType::kInt32)
                       : OfNumbers(H5T_NATIVE_UINT32, NumberType::kUint32);
    case 8:
      return is_signed ? OfNumbers(H5T_NATIVE_INT64, NumberType::kInt64)
                       : OfNumbers(H5T_NATIVE_UINT64, NumberType::kUint64);
    default:
      return std::nullopt;
  }
}

// h5py keeps truth values as an enum of FALSE = 0, TRUE = 1 over int8.
bool IsBoolean(hid_t type) {
  int8_t no = 0;
  int8_t yes = 1;
  return H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2 &&
         H5Tenum_valueof(type, "FALSE", &no) >= 0 && no == 0 &&
         H5Tenum_valueof(type, "TRUE", &yes) >= 0 && yes == 1;
}

bool IsComplex(hid_t type) {
  return H5Tget_nmembers(type) == 2 &&
         H5Tget_member_class(type, 0) == H5T_FLOAT &&
         H5Tget_member_class(type, 1) == H5T_FLOAT;
}

// What keeps values of `type` from being an input, as ArrayVariable says it.
std::string RefusedType(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return IsComplex(type) ? "complex" : "a table of records";
    case H5T_REFERENCE:
      return "references";
    case H5T_VLEN:
      return "lists of several lengths";
    case H5T_ENUM:
      return "words of an enum";
    case H5T_FLOAT:
      return "floats of more than 64 bits";
    default:
      return "of a type that holds no numbers";
  }
}

std::optional<MemoryType> MemoryTypeOf(hid_t type) {
  const size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return IntegerType(size, H5Tget_sign(type) == H5T_SGN_2);
    case H5T_FLOAT:
      if (size > sizeof(double)) {
        return std::nullopt;
      }
      return size > sizeof(float)
                 ? OfNumbers(H5T_NATIVE_DOUBLE, NumberType::kFloat64)
                 : OfNumbers(H5T_NATIVE_FLOAT, NumberType::kFloat32);
    case H5T_ENUM:
      if (!IsBoolean(type)) {
        return std::nullopt;
      }
      return MemoryType{.id = H5T_NATIVE_INT8,
                        .type = NumberType::kInt8,
                        .dtype = v1::DType::BOOL};
    default:
      return std::nullopt;
  }
}

std::vector<int64_t> ShapeOf(hid_t space) {
  const int rank = std::max(0, H5Sget_simple_extent_ndims(space));
  std::vector<hsize_t> extents(static_cast<size_t>(rank));
  H5Sget_simple_extent_dims(space, extents.data(), nullptr);
  return {extents.begin(), extents.end()};
}

ArrayVariable Describe(hid_t file, const std::string& name) {
  ArrayVariable variable{.name = name, .shape = {}};
  const Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
  const Handle type(H5Dget_type(dataset.id()), H5Tclose);
  const Handle space(H5Dget_space(dataset.id()), H5Sclose);
  if (!dataset.ok() || !type.ok() || !space.ok()) {
    variable.refused = "damaged";
  } else if (H5Sget_simple_extent_type(space.id()) == H5S_NULL) {
    variable.refused = "empty";
  } else {
    variable.shape = ShapeOf(space.id());
    if (!MemoryTypeOf(type.id())) {
      variable.refused = RefusedType(type.id());
    }
  }
  return variable;
}

bool IsDataset(hid_t file, const std::string& name) {
  return !name.empty() &&
         Handle(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose).ok();
}

// Adds each dataset to the list of ArrayVariable that `list` points to.
herr_t AddDataset(hid_t file,
                  const char* name,
                  const H5O_info_t* info,
                  void* list) {
  if (info->type != H5O_TYPE_DATASET) {
    return 0;
  }
  ArrayVariable variable = Describe(file, "/" + std::string(name));
  static_cast<std::vector<ArrayVariable>*>(list)->push_back(
      std::move(variable));
  return 0;
}

// Rows (of the first axis) to read at once: some megabytes, and whole chunks,
// which are unpacked anew for each piece.
int64_t RowsAtOnce(hid_t dataset, int64_t rows, int64_t row_bytes) {
  constexpr int64_t kPieceBytes = int64_t{16} * 1024 * 1024;
  int64_t at_once =
      std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, row_bytes));
  const Handle options(H5Dget_create_plist(dataset), H5Pclose);
  std::vector<hsize_t> chunk(H5S_MAX_RANK);
  if (H5Pget_layout(options.id()) == H5D_CHUNKED &&
      H5Pget_chunk(options.id(), H5S_MAX_RANK, chunk.data()) > 0) {
    const auto chunk_rows = static_cast<int64_t>(
        std::clamp<hsize_t>(chunk[0], 1, hsize_t(std::max<int64_t>(1, rows))));
    at_once = std::max(chunk_rows, at_once / chunk_rows * chunk_rows);
  }
  return std::min(rows, at_once);
}

// Copies a dataset of one axis or more piece by piece.
absl::Status CopyRows(hid_t dataset,
                      const MemoryType& memory,
                      const std::vector<int64_t>& shape,
                      int64_t bytes,
                      const TemporaryFile& elements) {
  const int64_t rows = shape.front();
  const int64_t row_elements = bytes / ItemSize(memory.dtype) / rows;
  const auto size = static_cast<int64_t>(H5Tget_size(memory.id));
  const int64_t at_once = RowsAtOnce(dataset, rows, row_elements * size);
  std::vector<char> piece(static_cast<size_t>(at_once * row_elements * size));
  const Handle space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> start(shape.size(), 0);
  std::vector<hsize_t> count(shape.begin(), shape.end());
  int64_t offset = 0;
  for (int64_t row = 0; row < rows; row += at_once) {
    start[0] = hsize_t(row);
    count[0] = hsize_t(std::min(at_once, rows - row));
    const int64_t numbers = int64_t(count[0]) * row_elements;
    const Handle target(
        H5Screate_simple(int(count.size()), count.data(), nullptr), H5Sclose);
    if (H5Sselect_hyperslab(space.id(),
                            H5S_SELECT_SET,
                            start.data(),
                            nullptr,
                            count.data(),
                            nullptr) < 0 ||
        H5Dread(dataset,
                memory.id,
                target.id(),
                space.id(),
                H5P_DEFAULT,
                piece.data()) < 0) {
      return Damaged("its elements cannot be read");
    }
    MODBOUND_ASSIGN_OR_RETURN(
        const std::string converted,
        ConvertNumbers(piece.data(), numbers, memory.type, memory.dtype));
    MODBOUND_RETURN_IF_ERROR(elements.Write(converted, offset));
    offset += int64_t(converted.size());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Array> CopyDataset(hid_t file,
                                      const ArrayVariable& variable,
                                      const TemporaryFile& elements) {
  const Handle dataset(H5Dopen2(file, variable.name.c_str(), H5P_DEFAULT),
                       H5Dclose);
  const Handle type(H5Dget_type(dataset.id()), H5Tclose);
  const std::optional<MemoryType> memory = MemoryTypeOf(type.id());
  if (!dataset.ok() || !memory) {
    return Damaged("its elements cannot be read");
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const int64_t bytes,
      CheckedBytes(variable.shape, ItemSize(memory->dtype)));
  v1::Array array;
  array.set_dtype(memory->dtype);
  array.mutable_shape()->Assign(variable.shape.begin(), variable.shape.end());
  if (variable.shape.empty()) {
    int64_t number = 0;  // of any type: no number is larger
    if (H5Dread(
            dataset.id(), memory->id, H5S_ALL, H5S_ALL, H5P_DEFAULT, &number) <
        0) {
      return Damaged("its elements cannot be read");
    }
    MODBOUND_ASSIGN_OR_RETURN(
        const std::string converted,
        ConvertNumbers(&number, 1, memory->type, memory->dtype));
    MODBOUND_RETURN_IF_ERROR(elements.Write(converted, 0));
  } else if (bytes > 0) {
    MODBOUND_RETURN_IF_ERROR(
        CopyRows(dataset.id(), *memory, variable.shape, bytes, elements));
  }
  return array;
}

}  // namespace

absl::StatusOr<v1::Array> ConvertHdf5(const InputPath& path,
                                      const TemporaryFile& elements) {
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  const Handle file(H5Fopen(path.file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT),
                    H5Fclose);
  if (!file.ok()) {
    return UsageError("is no HDF5 file, or a damaged or truncated one");
  }
  std::string wanted = path.variable;
  if (!wanted.empty() && wanted.front() != '/') {
    wanted.insert(wanted.begin(), '/');
  }
  std::vector<ArrayVariable> variables;
  // A visit gives each dataset one name only, and follows no links.
  if (IsDataset(file.id(), wanted)) {
    variables.push_back(Describe(file.id(), wanted));
  } else if (H5Ovisit2(file.id(),
                       H5_INDEX_NAME,
                       H5_ITER_INC,
                       AddDataset,
                       &variables,
                       H5O_INFO_BASIC) < 0) {
    return Damaged("its groups cannot be listed");
  }
  MODBOUND_ASSIGN_OR_RETURN(const size_t chosen,
                            ChooseVariable(variables, wanted));
  return CopyDataset(file.id(), variables[chosen], elements);
}

}  // namespace modbound
