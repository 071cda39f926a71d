#include "client/cli/mat_file.h"

#include <matio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/array_variable.h"
#include "client/cli/error.h"
#include "client/cli/mat_check.h"
#include "client/cli/npy.h"
#include "client/cli/npy_layout.h"
#include "client/cli/number_type.h"

namespace modbound {
namespace {

struct CloseMat {
  void operator()(mat_t* mat) const { Mat_Close(mat); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using MatVariable = std::unique_ptr<matvar_t, FreeVariable>;

absl::Status DamagedVariable(const ArrayVariable& variable) {
  return UsageError("is damaged: " + variable.name + " cannot be read");
}

// What MATLAB calls numbers of the type; no value for what are none.
std::optional<NumberType> NumbersOfClass(matio_classes type) {
  switch (type) {
    case MAT_C_DOUBLE:
    case MAT_C_SPARSE:
      return NumberType::kFloat64;
    case MAT_C_SINGLE:
      return NumberType::kFloat32;
    case MAT_C_INT8:
      return NumberType::kInt8;
    case MAT_C_UINT8:
      return NumberType::kUint8;
    case MAT_C_INT16:
      return NumberType::kInt16;
    case MAT_C_UINT16:
      return NumberType::kUint16;
    case MAT_C_INT32:
      return NumberType::kInt32;
    case MAT_C_UINT32:
      return NumberType::kUint32;
    case MAT_C_INT64:
      return NumberType::kInt64;
    case MAT_C_UINT64:
      return NumberType::kUint64;
    default:
      return std::nullopt;
  }
}

// How the library holds them once it has read them.
std::optional<NumberType> NumbersInMemory(matio_types type) {
  switch (type) {
    case MAT_T_DOUBLE:
      return NumberType::kFloat64;
    case MAT_T_SINGLE:
      return NumberType::kFloat32;
    case MAT_T_INT8:
      return NumberType::kInt8;
    case MAT_T_UINT8:
      return NumberType::kUint8;
    case MAT_T_INT16:
      return NumberType::kInt16;
    case MAT_T_UINT16:
      return NumberType::kUint16;
    case MAT_T_INT32:
      return NumberType::kInt32;
    case MAT_T_UINT32:
      return NumberType::kUint32;
    case MAT_T_INT64:
      return NumberType::kInt64;
    case MAT_T_UINT64:
      return NumberType::kUint64;
    default:
      return std::nullopt;
  }
}

std::string RefusedClass(const matvar_t& variable) {
  switch (variable.class_type) {
    case MAT_C_CELL:
      return "a cell array";
    case MAT_C_STRUCT:
      return "a struct";
    case MAT_C_CHAR:
      return "text";
    case MAT_C_FUNCTION:
      return "a function";
    case MAT_C_OBJECT:
    case MAT_C_OPAQUE:
      return "an object (a table or string of MATLAB's)";
    case MAT_C_EMPTY:
      return "of an unknown class";
    default:
      break;
  }
  if (variable.isComplex != 0) {
    return "complex";
  }
  return variable.dims == nullptr ? "damaged" : "";
}

ArrayVariable DescribeVariable(const matvar_t& variable) {
  ArrayVariable description;
  description.name = variable.name == nullptr ? "" : variable.name;
  if (variable.dims != nullptr && variable.rank > 0) {
    description.shape.assign(variable.dims, variable.dims + variable.rank);
  }
  description.refused = RefusedClass(variable);
  for (const int64_t extent : description.shape) {
    if (extent < 0) {
      description.refused = "damaged";
    }
  }
  return description;
}

v1::DType::Type DTypeOfVariable(const matvar_t& variable) {
  if (variable.isLogical != 0) {
    return v1::DType::BOOL;
  }
  return DTypeFor(
      NumbersOfClass(variable.class_type).value_or(NumberType::kFloat64));
}

// Column-major bytes of a full array.
absl::StatusOr<std::string> FullElements(const matvar_t& variable,
                                         const ArrayVariable& description,
                                         v1::DType::Type dtype,
                                         int64_t count) {
  const std::optional<NumberType> stored = NumbersInMemory(variable.data_type);
  if (!stored || variable.data_size <= 0 || variable.data == nullptr ||
      variable.nbytes != static_cast<size_t>(count) *
                             static_cast<size_t>(variable.data_size) ||
      Mat_SizeOf(variable.data_type) !=
          static_cast<size_t>(variable.data_size)) {
    return DamagedVariable(description);
  }
  return ConvertNumbers(variable.data, count, *stored, dtype);
}

// Column-major bytes of a sparse matrix, zeros filled in. Columns are those of
// "Sparse Matrices in MATLAB" (Gilbert, Moler & Schreiber 1992): the entries
// jc[j] to jc[j + 1] are those of column j, in rows ir.
absl::StatusOr<std::string> SparseElements(const matvar_t& variable,
                                           const ArrayVariable& description,
                                           v1::DType::Type dtype,
                                           int64_t bytes) {
  const auto* sparse = static_cast<const mat_sparse_t*>(variable.data);
  const std::optional<NumberType> stored = NumbersInMemory(variable.data_type);
  if (description.shape.size() != 2) {
    return DamagedVariable(description);
  }
  const auto rows = static_cast<size_t>(description.shape[0]);
  const auto columns = static_cast<size_t>(description.shape[1]);
  if (sparse == nullptr || !stored || sparse->jc == nullptr ||
      sparse->njc != columns + 1 ||
      (sparse->ndata > 0 &&
       (sparse->data == nullptr || sparse->ir == nullptr))) {
    return DamagedVariable(description);
  }
  MODBOUND_ASSIGN_OR_RETURN(
      const std::string values,
      ConvertNumbers(sparse->data, sparse->ndata, *stored, dtype));
  const auto item_size = static_cast<size_t>(ItemSize(dtype));
  std::string full(static_cast<size_t>(bytes), '\0');
  for (size_t j = 0; j < columns; ++j) {
    if (sparse->jc[j + 1] > std::min(sparse->ndata, sparse->nir)) {
      return DamagedVariable(description);
    }
    for (size_t k = sparse->jc[j]; k < sparse->jc[j + 1]; ++k) {
      if (sparse->ir[k] >= rows) {
        return DamagedVariable(description);
      }
      values.copy(full.data() + (j * rows + sparse->ir[k]) * item_size,
                  item_size,
                  k * item_size);
    }
  }
  return full;
}

absl::StatusOr<v1::Array> CopyVariable(mat_t* mat,
                                       MatVariable variable,
                                       const ArrayVariable& description,
                                       const TemporaryFile& elements) {
  v1::Array array;
  array.set_dtype(DTypeOfVariable(*variable));
  array.mutable_shape()->Assign(description.shape.begin(),
                                description.shape.end());
  const int item_size = ItemSize(array.dtype());
  MODBOUND_ASSIGN_OR_RETURN(const int64_t bytes,
                            CheckedBytes(description.shape, item_size));
  if (bytes == 0) {
    return array;
  }
  if (Mat_VarReadDataAll(mat, variable.get()) != 0) {
    return DamagedVariable(description);
  }
  absl::StatusOr<std::string> columns =
      variable->class_type == MAT_C_SPARSE
          ? SparseElements(*variable, description, array.dtype(), bytes)
          : FullElements(
                *variable, description, array.dtype(), bytes / item_size);
  // The library's copy: the one in another order takes its place.
  variable.reset();
  if (!columns.ok()) {
    return columns.status();
  }
  MODBOUND_RETURN_IF_ERROR(elements.Write(
      RowMajorFromColumnMajor(*columns, description.shape, item_size), 0));
  return array;
}

}  // namespace

absl::StatusOr<v1::Array> ConvertMat(const InputPath& path,
                                     const TemporaryFile& elements) {
  MODBOUND_RETURN_IF_ERROR(CheckMatFile(path.file));
  const std::unique_ptr<mat_t, CloseMat> mat(
      Mat_Open(path.file.c_str(), MAT_ACC_RDONLY));
  if (mat == nullptr) {
    return UsageError("is no .mat file, or a damaged or truncated one");
  }
  std::vector<MatVariable> variables;
  std::vector<ArrayVariable> descriptions;
  while (MatVariable variable{Mat_VarReadNextInfo(mat.get())}) {
    descriptions.push_back(DescribeVariable(*variable));
    variables.push_back(std::move(variable));
  }
  MODBOUND_ASSIGN_OR_RETURN(const size_t chosen,
                            ChooseVariable(descriptions, path.variable));
  return CopyVariable(
      mat.get(), std::move(variables[chosen]), descriptions[chosen], elements);
}

}  // namespace modbound
