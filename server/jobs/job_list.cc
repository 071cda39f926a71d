#include "server/jobs/job_list.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/error.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_state.h"
#include "server/jobs/job_view.h"
#include "server/jobs/submit_rules.h"

namespace modbound {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
constexpr int kMaxFilterWords = 100;

// Text of a query and the values of its parameters, in their order.
struct Query {
  std::string sql;
  std::vector<std::variant<int64_t, std::string>> values;

  // Appends a parameter.
  void Add(std::variant<int64_t, std::string> value) {
    values.push_back(std::move(value));
    absl::StrAppend(&sql, "?", values.size());
  }
};

// First part of every token of this owner and filter.
std::string TokenPrefix(const std::string& owner,
                        const v1::ListJobsRequest::Filter& filter) {
  constexpr std::size_t kPrefixDigits = 16;
  return BodyDigest(owner + '\n', filter).substr(0, kPrefixDigits);
}

// Jobs submitted before this number come next.
absl::StatusOr<int64_t> ParsePageToken(const std::string& token,
                                       const std::string& prefix) {
  if (token.empty()) {
    return std::numeric_limits<int64_t>::max();
  }
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  int64_t number = 0;
  if (parts.size() != 2 || parts[0] != prefix ||
      !absl::SimpleAtoi(parts[1], &number) || number < 1) {
    return Refuse("BAD_TOKEN",
                  "page_token",
                  "page_token is not one that this server gave for this "
                  "filter");
  }
  return number;
}

absl::Status CheckRequest(const v1::ListJobsRequest& request) {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return Refuse(reason::kOutOfRange,
                  "page_size",
                  absl::StrCat("page_size is ",
                               request.page_size(),
                               "; allowed: 1 to ",
                               kMaxPageSize));
  }
  if (!v1::ListJobsRequest::View_IsValid(request.view())) {
    return Refuse(reason::kOutOfRange,
                  "view",
                  absl::StrCat("view is ",
                               static_cast<int>(request.view()),
                               "; allowed: BASIC|FULL"));
  }
  const v1::ListJobsRequest::Filter& filter = request.filter();
  for (const int state : filter.states()) {
    if (state == 0 || !v1::JobState::State_IsValid(state)) {
      return Refuse(
          reason::kOutOfRange,
          "filter.states",
          absl::StrCat(
              "filter.states has ", state, "; allowed: the states of a job"));
    }
  }
  if (filter.states_size() > kMaxFilterWords ||
      filter.kinds_size() > kMaxFilterWords ||
      filter.labels_size() > kMaxFilterWords) {
    return MakeError(
        absl::StatusCode::kResourceExhausted,
        "TOO_LARGE",
        "filter",
        absl::StrCat("filter has a list of more than ", kMaxFilterWords));
  }
  return absl::OkStatus();
}

template <typename Word, typename List>
void AddChoice(const char* column, const List& words, Query& query) {
  if (words.empty()) {
    return;
  }
  const char* separator = "";
  absl::StrAppend(&query.sql, " AND ", column, " IN (");
  for (const auto& word : words) {
    absl::StrAppend(&query.sql, separator);
    query.Add(Word(word));
    separator = ", ";
  }
  absl::StrAppend(&query.sql, ")");
}

Query MakeQuery(const std::string& owner,
                const v1::ListJobsRequest::Filter& filter,
                int64_t before,
                int64_t count) {
  Query query;
  query.sql = absl::StrCat("SELECT ", kJobColumns, " FROM job WHERE owner = ");
  query.Add(owner);
  absl::StrAppend(&query.sql, " AND number < ");
  query.Add(before);
  AddChoice<int64_t>("state", filter.states(), query);
  AddChoice<std::string>("kind", filter.kinds(), query);
  for (const auto& [key, value] : filter.labels()) {
    absl::StrAppend(&query.sql,
                    " AND EXISTS(SELECT 1 FROM job_label WHERE job_label.job = "
                    "job.id AND key = ");
    query.Add(key);
    absl::StrAppend(&query.sql, " AND value = ");
    query.Add(value);
    absl::StrAppend(&query.sql, ")");
  }
  absl::StrAppend(&query.sql, " ORDER BY number DESC LIMIT ");
  query.Add(count);
  return query;
}

absl::StatusOr<Statement> Prepare(Connection& connection, const Query& query) {
  MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(query.sql));
  int index = 0;
  for (const auto& value : query.values) {
    ++index;
    std::visit([&](const auto& one) { statement.Bind(index, one); }, value);
  }
  return statement;
}

}  // namespace

absl::StatusOr<v1::ListJobsResponse> ListJobRows(
    Connection& connection,
    const std::string& owner,
    const v1::ListJobsRequest& request) {
  MODBOUND_RETURN_IF_ERROR(CheckRequest(request));
  const std::string prefix = TokenPrefix(owner, request.filter());
  MODBOUND_ASSIGN_OR_RETURN(const int64_t before,
                            ParsePageToken(request.page_token(), prefix));
  const int page_size =
      request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  // One more than the page tells whether another page follows.
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      Prepare(connection,
              MakeQuery(owner, request.filter(), before, page_size + 1)));
  v1::ListJobsResponse page;
  int64_t bytes = 0;
  int64_t last = 0;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return page;
    }
    MODBOUND_ASSIGN_OR_RETURN(StoredJob stored, LoadRow(statement));
    if (request.view() != v1::ListJobsRequest::FULL) {
      LeaveOutDetails(stored.job);
    }
    stored.job = FitIntoMessage(std::move(stored.job));
    bytes += ListedBytes(stored.job);
    if (page.jobs_size() == page_size ||
        (!page.jobs().empty() && bytes > kMaxPageBytes)) {
      page.set_next_page_token(absl::StrCat(prefix, ".", last));
      return page;
    }
    last = stored.number;
    *page.add_jobs() = std::move(stored.job);
  }
}

}  // namespace modbound
