#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/json_text.h"
#include "client/cli/one_line.h"
#include "client/cli/text_output.h"

namespace modbound {
namespace {

std::string FirstSentence(const std::string& comment) {
  const std::string line = OneLine(comment);
  const size_t end = line.find(". ");
  return end == std::string::npos ? line : line.substr(0, end + 1);
}

// "(N,I)".
template <typename Axes>
std::string AxesText(const Axes& axes) {
  std::string text = "(";
  for (const std::string& axis : axes) {
    absl::StrAppend(&text, text.size() > 1 ? "," : "", axis);
  }
  return text + ")";
}

std::string FieldsText(const v1::KindInfo& kind) {
  std::vector<std::vector<std::string>> table = {
      {"  FIELD", "TYPE", "DEFAULT", "RANGE", "UNIT", "MEANING"}};
  const auto or_dash = [](const std::string& text) {
    return text.empty() ? std::string("-") : text;
  };
  for (const v1::KindInfo::Field& field : kind.fields()) {
    table.push_back({"  " + field.name(),
                     field.type(),
                     or_dash(field.default_value()),
                     or_dash(field.range()),
                     or_dash(field.unit()),
                     field.comment()});
  }
  return AlignTable(table);
}

// What the words of the fields stand for, a table a field.
std::string WordsText(const v1::KindInfo& kind) {
  std::string text;
  for (const v1::KindInfo::Field& field : kind.fields()) {
    Rows rows;
    for (const v1::KindInfo::Word& word : field.words()) {
      rows.emplace_back("  " + word.name(), word.comment());
    }
    if (!rows.empty()) {
      absl::StrAppend(&text, "\n", field.name(), "\n", AlignRows(rows));
    }
  }
  return text;
}

std::string InputsText(const v1::KindInfo& kind) {
  Rows rows;
  for (const v1::KindInfo::Input& input : kind.inputs()) {
    std::string text = AxesText(input.axes());
    for (const v1::KindInfo::Axes& axes : input.more_axes()) {
      absl::StrAppend(&text, " or ", AxesText(axes.names()));
    }
    absl::StrAppend(&text, input.optional() ? " optional" : "");
    if (!input.group().empty()) {
      absl::StrAppend(&text, " of ", input.group());
    }
    absl::StrAppend(&text, "  ", input.comment());
    rows.emplace_back("  " + input.name(), text);
  }
  return AlignRows(rows);
}

std::string OutputsText(const v1::KindInfo& kind) {
  Rows rows;
  for (const v1::KindInfo::Output& output : kind.outputs()) {
    rows.emplace_back(
        "  " + output.name(),
        absl::StrCat(AxesText(output.axes()), "  ", output.comment()));
  }
  return AlignRows(rows);
}

}  // namespace

std::string KindTable(const v1::ListKindsResponse& kinds) {
  Rows rows;
  for (const v1::KindInfo& kind : kinds.kinds()) {
    rows.emplace_back(kind.kind(), FirstSentence(kind.comment()));
  }
  return AlignRows(rows);
}

std::string KindText(const v1::KindInfo& kind) {
  std::string text =
      absl::StrCat(kind.kind(), ": ", OneLine(kind.comment()), "\n");
  if (kind.fields_size() > 0) {
    absl::StrAppend(&text, "\nfields\n", FieldsText(kind), WordsText(kind));
  }
  if (kind.inputs_size() > 0) {
    absl::StrAppend(&text, "\ninputs\n", InputsText(kind));
  }
  if (kind.outputs_size() > 0) {
    absl::StrAppend(&text, "\noutputs\n", OutputsText(kind));
  }
  if (kind.ensemble_tests_size() > 0) {
    absl::StrAppend(&text,
                    "\nan ensemble of networks is tested by (t, against 0)\n  ",
                    absl::StrJoin(kind.ensemble_tests(), ", "),
                    "\n");
  }
  return absl::StrCat(
      text, "\nexample spec\n  ", OneLine(kind.example_spec()), "\n");
}

}  // namespace modbound
