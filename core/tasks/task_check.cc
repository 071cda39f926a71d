#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/tasks/definition.h"

namespace modbound {
namespace {

// Values to compare; their differences must stay finite.
constexpr double kMostValue = 1e9;

constexpr double kMaxSteps = 2147483648.0;
constexpr int64_t kMaxRing = 1024;
constexpr double kMaxGain = 100;

// Refuses what one task may not be given; fields are those of `path`.
class TaskChecker {
 public:
  TaskChecker(const TaskDefinition& definition,
              const TaskSpec& spec,
              double dt_ms,
              const std::string& path)
      : definition_(definition), spec_(spec), dt_ms_(dt_ms), path_(path) {}

  absl::Status Check() const {
    for (std::size_t i = 0; i < kPeriods; ++i) {
      const auto period = static_cast<Period>(i);
      if (period != Period::kProduction) {
        MODBOUND_RETURN_IF_ERROR(CheckLength(period));
      }
    }
    for (const TaskField field : kTaskFields) {
      MODBOUND_RETURN_IF_ERROR(CheckField(field));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status OutOfRange(const std::string& field,
                          const std::string& why) const {
    const std::string full = absl::StrCat(path_, ".", field);
    return Refuse(reason::kOutOfRange, full, absl::StrCat(full, why));
  }

  absl::Status Foreign(const std::string& field) const {
    return OutOfRange(field,
                      absl::StrCat(" is set; ", spec_.name, " has none"));
  }

  absl::Status CheckLength(Period period) const {
    const Duration& length = spec_.LengthOf(period);
    const std::string own = absl::StrCat(PeriodName(period), "_ms");
    const auto rule = std::find_if(
        definition_.periods.begin(),
        definition_.periods.end(),
        [&](const PeriodRule& one) { return one.period == period; });
    const bool random = length.is_random();
    if (rule == definition_.periods.end()) {
      return random || length.longest() != 0 ? Foreign(random ? "random" : own)
                                             : absl::OkStatus();
    }
    const std::string field = absl::StrCat(path_, ".", random ? "random" : own);
    const std::string name =
        random ? absl::StrCat(
                     field, ": ", absl::AsciiStrToUpper(PeriodName(period)))
               : field;
    MODBOUND_RETURN_IF_ERROR(length.Check(field, name));
    if (length.longest() / dt_ms_ >= kMaxSteps) {
      return Refuse(reason::kOutOfRange,
                    field,
                    absl::StrCat(name,
                                 " is ",
                                 length.longest(),
                                 "; allowed: >= 0, fewer than 2^31 steps of "
                                 "dt = ",
                                 dt_ms_,
                                 " ms"));
    }
    if (rule->needs_step && StepsOf(length.shortest(), dt_ms_) < 1) {
      return Refuse(reason::kOutOfRange,
                    field,
                    absl::StrCat(name,
                                 random ? " may be " : " is ",
                                 length.shortest(),
                                 "; the period must hold at least one step of "
                                 "dt = ",
                                 dt_ms_,
                                 " ms"));
    }
    // Of a period that may be left out: a length is 0 or holds a step.
    for (const double given : {length.shortest(), length.longest()}) {
      if (given > 0 && StepsOf(given, dt_ms_) < 1) {
        return Refuse(reason::kOutOfRange,
                      field,
                      absl::StrCat(name,
                                   random ? " may be " : " is ",
                                   given,
                                   "; allowed: 0, or at least one step of "
                                   "dt = ",
                                   dt_ms_,
                                   " ms"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckField(TaskField field) const {
    if (!HasField(definition_, field)) {
      return IsSet(field) ? Foreign(TaskFieldName(field)) : absl::OkStatus();
    }
    switch (field) {
      case TaskField::kSigma:
        return CheckNotNegative("sigma", spec_.sigma);
      case TaskField::kCoherences:
        return CheckCoherences();
      case TaskField::kDimRing:
        return spec_.dim_ring >= 2 && spec_.dim_ring <= kMaxRing
                   ? absl::OkStatus()
                   : OutOfRange("dim_ring",
                                absl::StrCat(" is ",
                                             spec_.dim_ring,
                                             "; allowed: 2 to ",
                                             kMaxRing));
      case TaskField::kValuePairs:
        return CheckValuePairs();
      case TaskField::kGain:
        return CheckGain();
      case TaskField::kProdMargin:
        return CheckNotNegative("prod_margin", spec_.prod_margin);
      case TaskField::kAssociation:
        return spec_.association == 0 || spec_.association == 1
                   ? absl::OkStatus()
                   : OutOfRange(
                         "association",
                         absl::StrCat(
                             " is ", spec_.association, "; allowed: 0 and 1"));
      default:
        return absl::OkStatus();
    }
  }

  bool IsSet(TaskField field) const {
    switch (field) {
      case TaskField::kSigma:
        return spec_.sigma != 0;
      case TaskField::kCoherences:
        return !spec_.coherences.empty();
      case TaskField::kDimRing:
        return spec_.dim_ring != 0;
      case TaskField::kAnti:
        return spec_.anti;
      case TaskField::kValuePairs:
        return !spec_.value_pairs.empty();
      case TaskField::kGain:
        return spec_.gain != 0;
      case TaskField::kProdMargin:
        return spec_.prod_margin != 0;
      default:
        return spec_.association != 0;
    }
  }

  absl::Status CheckNotNegative(const char* field, double value) const {
    return std::isfinite(value) && value >= 0
               ? absl::OkStatus()
               : OutOfRange(field,
                            absl::StrCat(" is ", value, "; allowed: >= 0"));
  }

  absl::Status CheckCoherences() const {
    if (spec_.coherences.empty()) {
      return OutOfRange("coherences", " is empty; at least one is needed");
    }
    for (const double coherence : spec_.coherences) {
      if (!(coherence >= 0 && coherence <= 100)) {
        return OutOfRange(
            "coherences",
            absl::StrCat(" holds ", coherence, "; allowed: 0 to 100"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckValuePairs() const {
    if (spec_.value_pairs.empty()) {
      return OutOfRange("value_pairs", " is empty; at least one is needed");
    }
    for (const ValuePair& pair : spec_.value_pairs) {
      if (!(std::abs(pair.larger) <= kMostValue) ||
          !(std::abs(pair.smaller) <= kMostValue) ||
          pair.larger <= pair.smaller) {
        return OutOfRange(
            "value_pairs",
            absl::StrCat(" holds (",
                         pair.larger,
                         ", ",
                         pair.smaller,
                         "); allowed: larger > smaller, both within +-1e9"));
      }
    }
    return absl::OkStatus();
  }

  // The production period must hold its middle, where the target is.
  absl::Status CheckGain() const {
    const Duration& measure = spec_.measure_ms;
    if (!(spec_.gain > 0 && spec_.gain <= kMaxGain)) {
      return OutOfRange(
          "gain",
          absl::StrCat(
              " is ", spec_.gain, "; allowed: > 0, at most ", kMaxGain));
    }
    const double shortest =
        static_cast<double>(StepsOf(measure.shortest(), dt_ms_)) * dt_ms_;
    if (StepsOf(shortest * spec_.gain, dt_ms_) < 1 ||
        2 * measure.longest() * spec_.gain / dt_ms_ >= kMaxSteps) {
      return OutOfRange("gain",
                        absl::StrCat(" is ",
                                     spec_.gain,
                                     "; gain times the measured interval must "
                                     "hold 1 to 2^30 steps of dt = ",
                                     dt_ms_,
                                     " ms"));
    }
    return absl::OkStatus();
  }

  const TaskDefinition& definition_;
  const TaskSpec& spec_;
  double dt_ms_;
  const std::string& path_;
};

}  // namespace

absl::Status CheckTaskSpec(const TaskDefinition& definition,
                           const TaskSpec& spec,
                           double dt_ms,
                           const std::string& path) {
  return TaskChecker(definition, spec, dt_ms, path).Check();
}

}  // namespace modbound
