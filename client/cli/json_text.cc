#include "client/cli/json_text.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/error.h"

namespace modbound {
namespace {

constexpr size_t kMostText = size_t{64} << 20;

// "line 3, column 7" of a byte, both from 1.
std::string Place(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_begin = before.rfind('\n');
  const size_t column = line_begin == std::string_view::npos
                            ? before.size()
                            : before.size() - line_begin - 1;
  return absl::StrCat("line ", line, ", column ", std::max<size_t>(column, 1));
}

// The library's message without its own id and place, which count otherwise.
std::string Reason(const std::string& what) {
  const size_t colon = what.find(": ");
  return colon == std::string::npos ? what : what.substr(colon + 2);
}

// Notices a key that comes twice in one object: the parser itself would keep
// the last value silently.
class RepeatedKeys {
 public:
  bool operator()(int /*depth*/, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      keys_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      keys_.pop_back();
    } else if (event == Json::parse_event_t::key && repeated_.empty()) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        repeated_ = key;
        found_ = true;
      }
    }
    return true;
  }

  bool found() const { return found_; }
  const std::string& repeated() const { return repeated_; }

 private:
  std::vector<std::set<std::string>> keys_;
  std::string repeated_;
  bool found_ = false;
};

}  // namespace

absl::StatusOr<std::string> ReadText(const std::string& path) {
  const auto close = [](FILE* file) {
    if (file != stdin) {
      std::fclose(file);
    }
  };
  std::unique_ptr<FILE, decltype(close)> file(
      path == "-" ? stdin : std::fopen(path.c_str(), "re"), close);
  if (file == nullptr) {
    return UsageError(path + ": " + std::strerror(errno));
  }
  std::string text;
  std::vector<char> block(size_t{64} * 1024);
  size_t count = 0;
  while ((count = std::fread(block.data(), 1, block.size(), file.get())) > 0) {
    text.append(block.data(), count);
    if (text.size() > kMostText) {
      return UsageError(path + ": is larger than 64 MiB");
    }
  }
  if (std::ferror(file.get()) != 0) {
    return UsageError(path + ": " + std::strerror(errno));
  }
  return text;
}

absl::StatusOr<Json> ParseJson(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return UsageError("no JSON: the text is empty");
  }
  RepeatedKeys repeated;
  try {
    Json json = Json::parse(text.begin(), text.end(), std::ref(repeated));
    if (repeated.found()) {
      return UsageError("\"" + repeated.repeated() +
                        "\" comes twice in one object");
    }
    return json;
  } catch (const Json::parse_error& error) {
    return UsageError(absl::StrCat(
        "no JSON at ", Place(text, error.byte), ": ", Reason(error.what())));
  } catch (const Json::exception& error) {
    return UsageError(absl::StrCat("no JSON: ", Reason(error.what())));
  }
}

}  // namespace modbound
