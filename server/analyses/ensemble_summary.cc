#include "server/analyses/ensemble_summary.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "core/statistics/summary.h"
#include "core/statistics/t_test.h"
#include "server/analyses/field_rules.h"

namespace modbound {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kFailuresShown = 100;

// Of Spec and Summary alike.
const FieldDescriptor& SummaryField(const std::string& kind) {
  const FieldDescriptor* field =
      v1::Summary::descriptor()->FindFieldByName(kind);
  MODBOUND_CHECK(field != nullptr);
  return *field;
}

const Message& KindSummary(const v1::Summary& summary,
                           const std::string& kind) {
  return summary.GetReflection()->GetMessage(summary, &SummaryField(kind));
}

void AddScalars(const Descriptor& message,
                const SummaryScalar& parent,
                std::vector<SummaryScalar>& scalars) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.is_repeated() ||
        field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      continue;
    }
    SummaryScalar scalar = parent;
    scalar.path.push_back(&field);
    absl::StrAppend(&scalar.name, scalar.name.empty() ? "" : ".", field.name());
    scalar.measured = scalar.measured || RuleOf(field).measured();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      AddScalars(*field.message_type(), scalar, scalars);
    } else {
      scalars.push_back(std::move(scalar));
    }
  }
}

double NumberIn(const Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->GetDouble(message, &field);
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<double>(reflection->GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->GetInt32(message, &field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(message, &field) ? 1 : 0;
    case FieldDescriptor::CPPTYPE_ENUM:
      return reflection->GetEnumValue(message, &field);
    default:
      // No summary has a field of another type: registry_test holds them to it.
      MODBOUND_CHECK(false);
      return 0;
  }
}

// Unset where an optional field, or a message around it, is.
std::optional<double> ValueOf(const SummaryScalar& scalar,
                              const Message& summary) {
  const Message* message = &summary;
  for (const FieldDescriptor* field : scalar.path) {
    if (field->has_presence() &&
        !message->GetReflection()->HasField(*message, field)) {
      return std::nullopt;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      message = &message->GetReflection()->GetMessage(*message, field);
    }
  }
  return NumberIn(*message, *scalar.path.back());
}

// Whether the messages around a scalar are there.
bool HasMessages(const SummaryScalar& scalar, const Message& summary) {
  const Message* message = &summary;
  for (const FieldDescriptor* field : scalar.path) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!message->GetReflection()->HasField(*message, field)) {
        return false;
      }
      message = &message->GetReflection()->GetMessage(*message, field);
    }
  }
  return true;
}

void SetMean(const SummaryScalar& scalar, double mean, Message& summary) {
  Message* message = &summary;
  for (const FieldDescriptor* field : scalar.path) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      message = message->GetReflection()->MutableMessage(message, field);
    }
  }
  const FieldDescriptor* field = scalar.path.back();
  const auto* reflection = message->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection->SetDouble(message, field, mean);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetInt64(message, field, std::llround(mean));
    default:
      return reflection->SetInt32(
          message, field, static_cast<int32_t>(std::lround(mean)));
  }
}

// Bytes of a field alone: equal for equal values, NaN too.
std::string FieldBytes(const Message& message, const FieldDescriptor& field) {
  const std::unique_ptr<Message> alone(message.New());
  alone->CopyFrom(message);
  const auto* reflection = alone->GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    if (message.GetDescriptor()->field(i) != &field) {
      reflection->ClearField(alone.get(), message.GetDescriptor()->field(i));
    }
  }
  return alone->SerializeAsString();
}

// Clears what has no mean and is not the same in `other`; messages by their
// fields.
void KeepEqual(const Message& other, Message& summary) {
  const auto* reflection = summary.GetReflection();
  for (int i = 0; i < summary.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *summary.GetDescriptor()->field(i);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        !field.is_repeated()) {
      if (reflection->HasField(summary, &field)) {
        KeepEqual(other.GetReflection()->GetMessage(other, &field),
                  *reflection->MutableMessage(&summary, &field));
      }
    } else if (FieldBytes(summary, field) != FieldBytes(other, field)) {
      reflection->ClearField(&summary, &field);
    }
  }
}

// What the networks have of a number.
Vector SampleOf(const SummaryScalar& scalar,
                const std::string& kind,
                const NetworkSummaries& summaries) {
  Vector sample(static_cast<Eigen::Index>(summaries.size()));
  Eigen::Index n = 0;
  for (const std::optional<v1::Summary>& summary : summaries) {
    const std::optional<double> value =
        summary.has_value() ? ValueOf(scalar, KindSummary(*summary, kind))
                            : std::nullopt;
    if (value.has_value() && !std::isnan(*value)) {
      sample(n++) = *value;
    }
  }
  return sample.head(n);
}

void FillTest(const Vector& sample, v1::EnsembleSummary::Scalar& scalar) {
  // DEGENERATE below two, NOT_FINITE: no test.
  const absl::StatusOr<TTest> test = OneSampleTTest(sample);
  if (!test.ok()) {
    return;
  }
  v1::EnsembleSummary::OneSampleTest& out = *scalar.mutable_test();
  out.set_null_value(0);
  out.set_t(test->t);
  out.set_df(test->df);
  out.set_p(test->p);
  out.set_effect_size(CohensD(sample, 0));
}

void FillFailures(const std::vector<absl::Status>& failures,
                  v1::EnsembleSummary& ensemble) {
  ensemble.set_networks(static_cast<int64_t>(failures.size()));
  int64_t failed = 0;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (failures[i].ok()) {
      continue;
    }
    ++failed;
    if (ensemble.failures_size() < kFailuresShown) {
      auto* failure = ensemble.add_failures();
      failure->set_network(static_cast<int64_t>(i));
      failure->set_reason(ReasonOf(failures[i]));
      failure->set_field(FieldOf(failures[i]));
      failure->set_message(std::string(failures[i].message()));
    }
  }
  ensemble.set_failed_networks(failed);
}

template <typename T>
void FillValues(const SummaryScalar& scalar,
                const std::string& kind,
                const NetworkSummaries& summaries,
                T missing,
                HostArray& array) {
  auto* out = reinterpret_cast<T*>(array.mutable_data());
  for (const std::optional<v1::Summary>& summary : summaries) {
    const std::optional<double> value =
        summary.has_value() ? ValueOf(scalar, KindSummary(*summary, kind))
                            : std::nullopt;
    *out++ = value.has_value() ? static_cast<T>(*value) : missing;
  }
}

}  // namespace

DTypeEnum SummaryScalar::dtype() const {
  switch (path.back()->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return v1::DType::FLOAT64;
    case FieldDescriptor::CPPTYPE_BOOL:
      return v1::DType::BOOL;
    case FieldDescriptor::CPPTYPE_ENUM:
      return v1::DType::INT32;
    default:
      return v1::DType::INT64;
  }
}

bool SummaryScalar::is_number() const {
  return dtype() == v1::DType::FLOAT64 || dtype() == v1::DType::INT64;
}

std::vector<SummaryScalar> ScalarsOf(const Analysis& analysis) {
  std::vector<SummaryScalar> scalars;
  AddScalars(*SummaryField(analysis.kind).message_type(), {}, scalars);
  return scalars;
}

HostArray PerNetwork(const SummaryScalar& scalar,
                     const std::string& kind,
                     const NetworkSummaries& summaries) {
  HostArray array(
      scalar.dtype(), {static_cast<int64_t>(summaries.size())}, {"network"});
  switch (scalar.dtype()) {
    case v1::DType::FLOAT64:
      FillValues<double>(scalar, kind, summaries, std::nan(""), array);
      break;
    case v1::DType::INT64:
      FillValues<int64_t>(scalar, kind, summaries, -1, array);
      break;
    case v1::DType::INT32:
      FillValues<int32_t>(scalar, kind, summaries, 0, array);
      break;
    default:
      FillValues<uint8_t>(scalar, kind, summaries, 0, array);
  }
  return array;
}

v1::Summary SummariseNetworks(const Analysis& analysis,
                              const NetworkSummaries& summaries,
                              const std::vector<absl::Status>& failures) {
  v1::Summary all;
  Message& summary =
      *all.GetReflection()->MutableMessage(&all, &SummaryField(analysis.kind));
  bool is_first = true;
  for (const std::optional<v1::Summary>& one : summaries) {
    if (!one.has_value()) {
      continue;
    }
    const Message& other = KindSummary(*one, analysis.kind);
    if (is_first) {
      summary.CopyFrom(other);
      is_first = false;
    } else {
      KeepEqual(other, summary);
    }
  }
  v1::EnsembleSummary& ensemble = *all.mutable_ensemble();
  FillFailures(failures, ensemble);
  for (const SummaryScalar& scalar : ScalarsOf(analysis)) {
    if (!scalar.is_number()) {
      continue;
    }
    const Vector sample = SampleOf(scalar, analysis.kind, summaries);
    const SampleSummary sampled = Summarise(sample);
    const bool has_presence = scalar.path.back()->has_presence();
    // NaN where no network has the number of a message that is there.
    if (sampled.n > 0 ||
        (!has_presence && scalar.dtype() == v1::DType::FLOAT64 &&
         HasMessages(scalar, summary))) {
      SetMean(scalar, sampled.mean, summary);
    }
    if (scalar.measured) {
      continue;
    }
    v1::EnsembleSummary::Scalar& out = *ensemble.add_scalars();
    out.set_name(scalar.name);
    out.set_mean(sampled.mean);
    out.set_n(sampled.n);
    if (sampled.n > 1) {
      out.set_sd(sampled.sd);
    }
    const auto& tests = analysis.ensemble_tests;
    if (std::find(tests.begin(), tests.end(), scalar.name) != tests.end()) {
      FillTest(sample, out);
    }
  }
  return all;
}

}  // namespace modbound
