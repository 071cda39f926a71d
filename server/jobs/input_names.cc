#include "server/jobs/input_names.h"

#include "server/analyses/input_rules.h"

namespace modbound {
namespace {

constexpr char kAnyName[] = "/*";

// "variables/" when the input is a prefix of the kind, "" when it is not.
std::string PrefixOf(const Analysis& analysis, const std::string& name) {
  for (const InputRule& rule : analysis.inputs) {
    if (rule.name.size() > 2 && rule.name.ends_with(kAnyName) &&
        (rule.name == name || rule.name == name + kAnyName)) {
      return rule.name.substr(0, rule.name.size() - 1);
    }
  }
  return "";
}

bool IsGroup(const Analysis& analysis, const std::string& name) {
  return ExpandInput(analysis, name) != std::vector<std::string>{name};
}

bool IsOptional(const Analysis& analysis, const std::string& input) {
  const InputRule* rule = FindInputRule(analysis, input);
  return rule != nullptr && rule->optional;
}

}  // namespace

bool StandsForMany(const Analysis& analysis, const std::string& name) {
  return IsGroup(analysis, name) || !PrefixOf(analysis, name).empty();
}

std::vector<TakenOutput> TakenOutputs(const Analysis& analysis,
                                      const std::string& name,
                                      const std::string& output,
                                      const Producer& producer) {
  std::vector<TakenOutput> taken;
  if (const std::string prefix = PrefixOf(analysis, name); !prefix.empty()) {
    for (const auto& [made, known] : producer.outputs) {
      if (made.starts_with(prefix)) {
        taken.push_back({made, made});
      }
    }
    return taken;
  }
  if (IsGroup(analysis, name)) {
    for (const std::string& member : ExpandInput(analysis, name)) {
      taken.push_back({member, member, IsOptional(analysis, member)});
    }
    return taken;
  }
  return {{name, output.empty() ? name : output}};
}

}  // namespace modbound
