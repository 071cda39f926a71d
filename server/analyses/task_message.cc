#include "server/analyses/task_message.h"

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"

namespace modbound {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

// The periods that a message gives lengths for: all but the last, which follows
// from another.
std::vector<Period> LengthPeriods() {
  std::vector<Period> periods;
  for (std::size_t i = 0; i < kPeriods; ++i) {
    if (static_cast<Period>(i) != Period::kProduction) {
      periods.push_back(static_cast<Period>(i));
    }
  }
  return periods;
}

// Fields and words of the contract have core's names.
const FieldDescriptor& FieldNamed(const std::string& name) {
  const FieldDescriptor* field = v1::Task::descriptor()->FindFieldByName(name);
  MODBOUND_CHECK(field != nullptr);
  return *field;
}

const FieldDescriptor& LengthField(Period period) {
  return FieldNamed(absl::StrCat(PeriodName(period), "_ms"));
}

v1::RandomLength::Period WordOf(Period period) {
  v1::RandomLength::Period word = v1::RandomLength::UNSPECIFIED;
  MODBOUND_CHECK(v1::RandomLength::Period_Parse(
      absl::AsciiStrToUpper(PeriodName(period)), &word));
  return word;
}

std::string NameOf(const v1::Task& task) {
  return v1::Task::Name_Name(task.name());
}

bool IsSet(const v1::Task& task, const FieldDescriptor& field) {
  const auto* reflection = task.GetReflection();
  return field.is_repeated() ? reflection->FieldSize(task, &field) > 0
                             : reflection->HasField(task, &field);
}

// What is written for a field that the task does not have.
absl::Status RefuseForeign(const std::string& path,
                           const FieldDescriptor& field,
                           const v1::Task& task) {
  const std::string full = absl::StrCat(path, ".", field.name());
  std::string given;
  if (field.is_repeated()) {
    given = absl::StrCat(
        " has ", task.GetReflection()->FieldSize(task, &field), " elements");
  } else {
    TextFormat::PrintFieldValueToString(task, &field, -1, &given);
    given = absl::StrCat(" is ", given);
  }
  return Refuse(reason::kOutOfRange,
                full,
                absl::StrCat(full,
                             given,
                             "; ",
                             NameOf(task),
                             " has no such field: leave it unset"));
}

absl::Status CheckRandom(const std::string& path, const v1::Task& task) {
  for (int i = 0; i < task.random_size(); ++i) {
    const v1::RandomLength& random = task.random(i);
    const std::string field = absl::StrCat(path, ".random[", i, "]");
    const std::string word = v1::RandomLength::Period_Name(random.period());
    if (random.distribution_case() == v1::RandomLength::DISTRIBUTION_NOT_SET) {
      return Refuse(reason::kMissingField,
                    field,
                    absl::StrCat(field,
                                 " has no distribution; give one of uniform, "
                                 "choice, truncated_exponential"));
    }
    bool twice = false;
    for (int j = 0; j < i; ++j) {
      twice = twice || task.random(j).period() == random.period();
    }
    const FieldDescriptor& length =
        FieldNamed(absl::StrCat(absl::AsciiStrToLower(word), "_ms"));
    if (twice || IsSet(task, length)) {
      return Refuse(reason::kContradiction,
                    field,
                    absl::StrCat(field,
                                 " gives a length for ",
                                 word,
                                 ", which has one by ",
                                 twice ? "an earlier element" : length.name(),
                                 " already"));
    }
  }
  return absl::OkStatus();
}

// Which element of `random` is of a period; -1 when none is.
int RandomOf(const v1::Task& task, Period period) {
  for (int i = 0; i < task.random_size(); ++i) {
    if (task.random(i).period() == WordOf(period)) {
      return i;
    }
  }
  return -1;
}

absl::Status RefuseForeignPeriods(const std::string& path,
                                  const v1::Task& task) {
  for (const Period period : LengthPeriods()) {
    if (TaskHas(NameOf(task), period)) {
      continue;
    }
    if (IsSet(task, LengthField(period))) {
      return RefuseForeign(path, LengthField(period), task);
    }
    if (const int random = RandomOf(task, period); random >= 0) {
      const std::string field = absl::StrCat(path, ".random[", random, "]");
      return Refuse(reason::kOutOfRange,
                    field,
                    absl::StrCat(field,
                                 " is of ",
                                 v1::RandomLength::Period_Name(WordOf(period)),
                                 "; ",
                                 NameOf(task),
                                 " has no such period"));
    }
  }
  return absl::OkStatus();
}

void AddRandom(Period period, const Duration& length, v1::Task& task) {
  v1::RandomLength& random = *task.add_random();
  random.set_period(WordOf(period));
  switch (length.kind()) {
    case Duration::Kind::kUniform:
      random.mutable_uniform()->set_min_ms(length.shortest());
      random.mutable_uniform()->set_max_ms(length.longest());
      return;
    case Duration::Kind::kChoice:
      random.mutable_choice()->mutable_lengths_ms()->Assign(
          length.choices().begin(), length.choices().end());
      return;
    default:
      random.mutable_truncated_exponential()->set_mean_ms(length.mean());
      random.mutable_truncated_exponential()->set_min_ms(length.shortest());
      random.mutable_truncated_exponential()->set_max_ms(length.longest());
  }
}

void FillLengths(const TaskSpec& defaults, v1::Task& task) {
  for (const Period period : LengthPeriods()) {
    if (!TaskHas(defaults.name, period) || IsSet(task, LengthField(period)) ||
        RandomOf(task, period) >= 0) {
      continue;
    }
    const Duration& length = defaults.LengthOf(period);
    if (length.is_random()) {
      AddRandom(period, length, task);
    } else {
      task.GetReflection()->SetDouble(
          &task, &LengthField(period), length.longest());
    }
  }
}

void FillField(const TaskSpec& defaults, TaskField field, v1::Task& task) {
  switch (field) {
    case TaskField::kSigma:
      return task.set_sigma(defaults.sigma);
    case TaskField::kCoherences:
      return task.mutable_coherences()->Assign(defaults.coherences.begin(),
                                               defaults.coherences.end());
    case TaskField::kDimRing:
      return task.set_dim_ring(static_cast<int32_t>(defaults.dim_ring));
    case TaskField::kAnti:
      return task.set_anti(defaults.anti);
    case TaskField::kValuePairs:
      for (const ValuePair& pair : defaults.value_pairs) {
        v1::ValuePair& message = *task.add_value_pairs();
        message.set_larger(pair.larger);
        message.set_smaller(pair.smaller);
      }
      return;
    case TaskField::kGain:
      return task.set_gain(defaults.gain);
    case TaskField::kProdMargin:
      return task.set_prod_margin(defaults.prod_margin);
    default:
      return task.set_association(defaults.association);
  }
}

Duration LengthOf(const v1::Task& task, Period period) {
  const int index = RandomOf(task, period);
  if (index < 0) {
    return task.GetReflection()->GetDouble(task, &LengthField(period));
  }
  const v1::RandomLength& random = task.random(index);
  if (random.has_uniform()) {
    return Duration::Uniform(random.uniform().min_ms(),
                             random.uniform().max_ms());
  }
  if (random.has_choice()) {
    const auto& lengths = random.choice().lengths_ms();
    return Duration::Choice({lengths.begin(), lengths.end()});
  }
  const v1::RandomLength::TruncatedExponential& exponential =
      random.truncated_exponential();
  return Duration::TruncatedExponential(
      exponential.mean_ms(), exponential.min_ms(), exponential.max_ms());
}

}  // namespace

absl::Status FillTaskDefaults(const std::string& path, v1::Task& task) {
  MODBOUND_ASSIGN_OR_RETURN(const TaskSpec defaults,
                            DefaultTaskSpec(NameOf(task), path));
  MODBOUND_RETURN_IF_ERROR(RefuseForeignPeriods(path, task));
  MODBOUND_RETURN_IF_ERROR(CheckRandom(path, task));
  FillLengths(defaults, task);
  if (!task.has_fixation()) {
    task.set_fixation(v1::Task::TONIC);
  }
  for (const TaskField field : kTaskFields) {
    const FieldDescriptor& descriptor = FieldNamed(TaskFieldName(field));
    const bool given = IsSet(task, descriptor);
    const bool has = TaskHas(defaults.name, field);
    if (given && !has) {
      return RefuseForeign(path, descriptor, task);
    }
    if (has && !given) {
      FillField(defaults, field, task);
    }
  }
  return absl::OkStatus();
}

TaskSpec CoreTaskSpec(const v1::Task& task) {
  TaskSpec spec;
  spec.name = NameOf(task);
  for (const Period period : LengthPeriods()) {
    spec.LengthOf(period) = LengthOf(task, period);
  }
  spec.sigma = task.sigma();
  spec.coherences.assign(task.coherences().begin(), task.coherences().end());
  spec.fixation = task.fixation() == v1::Task::PERIOD ? Fixation::kPeriod
                                                      : Fixation::kTonic;
  spec.dim_ring = task.dim_ring();
  spec.anti = task.anti();
  for (const v1::ValuePair& pair : task.value_pairs()) {
    spec.value_pairs.push_back({pair.larger(), pair.smaller()});
  }
  spec.gain = task.gain();
  spec.prod_margin = task.prod_margin();
  spec.association = task.association();
  return spec;
}

}  // namespace modbound
