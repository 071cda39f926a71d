#include "server/jobs/job_list.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
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
  template <typename Value>
  void Add(const Value& value) {
    values.emplace_back(value);
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

// What a list asks for, but for the filter.
struct Place {
  const std::string& owner;
  int64_t before = 0;
  int64_t count = 0;
};

// Conditions on a row of job.
void AddJobConditions(const Place& place,
                      const v1::ListJobsRequest::Filter& filter,
                      Query& query) {
  absl::StrAppend(&query.sql, "job.owner = ");
  query.Add(place.owner);
  AddChoice<int64_t>("job.state", filter.states(), query);
  AddChoice<std::string>("job.kind", filter.kinds(), query);
}

// The index that has all that these conditions read.
const char* IndexFor(const v1::ListJobsRequest::Filter& filter) {
  if (filter.kinds_size() > 0) {
    return "job_owner_kind";
  }
  return filter.states_size() > 0 ? "job_owner_state" : "job_owner";
}

// With every state, where it has kinds and no state: an index by kind goes on
// by state.
v1::ListJobsRequest::Filter WithStates(v1::ListJobsRequest::Filter filter) {
  if (filter.kinds_size() > 0 && filter.states_size() == 0) {
    for (int state = 1; state <= v1::JobState::State_MAX; ++state) {
      filter.add_states(static_cast<JobStateEnum>(state));
    }
  }
  return filter;
}

// Numbers of jobs with all the labels, along the index of the first one.
void AddByLabel(const Place& place,
                const v1::ListJobsRequest::Filter& filter,
                Query& query) {
  auto label = filter.labels().begin();
  absl::StrAppend(&query.sql,
                  "SELECT one.number FROM job_label one WHERE one.key = ");
  query.Add(label->first);
  absl::StrAppend(&query.sql, " AND one.value = ");
  query.Add(label->second);
  absl::StrAppend(&query.sql, " AND one.number < ");
  query.Add(place.before);
  // Told which index: by itself SQLite reads the rows, which are large.
  absl::StrAppend(&query.sql,
                  " AND EXISTS(SELECT 1 FROM job INDEXED BY ",
                  IndexFor(filter),
                  " WHERE job.number = one.number AND ");
  AddJobConditions(place, filter, query);
  absl::StrAppend(&query.sql, ")");
  for (++label; label != filter.labels().end(); ++label) {
    absl::StrAppend(&query.sql,
                    " AND EXISTS(SELECT 1 FROM job_label more WHERE more.job = "
                    "one.job AND more.key = ");
    query.Add(label->first);
    absl::StrAppend(&query.sql, " AND more.value = ");
    query.Add(label->second);
    absl::StrAppend(&query.sql, ")");
  }
  absl::StrAppend(&query.sql, " ORDER BY one.number DESC");
}

// Numbers of jobs of each kind and state, each along its index, merged.
void AddByKindAndState(const Place& place,
                       const v1::ListJobsRequest::Filter& filter,
                       Query& query) {
  const std::set<int64_t> states(filter.states().begin(),
                                 filter.states().end());
  const std::set<std::string> kinds(filter.kinds().begin(),
                                    filter.kinds().end());
  const char* separator = "";
  const auto add = [&](int64_t state, const std::string* kind) {
    absl::StrAppend(
        &query.sql, separator, "SELECT number FROM job WHERE owner = ");
    query.Add(place.owner);
    absl::StrAppend(&query.sql, " AND state = ");
    query.Add(state);
    if (kind != nullptr) {
      absl::StrAppend(&query.sql, " AND kind = ");
      query.Add(*kind);
    }
    absl::StrAppend(&query.sql, " AND number < ");
    query.Add(place.before);
    separator = " UNION ALL ";
  };
  for (const int64_t state : states) {
    if (kinds.empty()) {
      add(state, nullptr);
    }
    for (const std::string& kind : kinds) {
      add(state, &kind);
    }
  }
  absl::StrAppend(&query.sql, " ORDER BY number DESC");
}

// Among the jobs of kind and state, which are few, those with all the labels.
void AddFewWithLabels(const Place& place,
                      const v1::ListJobsRequest::Filter& filter,
                      Query& query) {
  absl::StrAppend(&query.sql, "SELECT few.number FROM (");
  AddByKindAndState(place, filter, query);
  absl::StrAppend(&query.sql, ") few WHERE TRUE");
  for (const auto& [key, value] : filter.labels()) {
    absl::StrAppend(&query.sql,
                    " AND EXISTS(SELECT 1 FROM job_label WHERE job_label.key "
                    "= ");
    query.Add(key);
    absl::StrAppend(&query.sql, " AND job_label.value = ");
    query.Add(value);
    absl::StrAppend(&query.sql, " AND job_label.number = few.number)");
  }
  absl::StrAppend(&query.sql, " ORDER BY few.number DESC");
}

// The whole history, newest first.
void AddWalk(const Place& place,
             const v1::ListJobsRequest::Filter& filter,
             Query& query) {
  absl::StrAppend(&query.sql, "SELECT number FROM job WHERE ");
  AddJobConditions(place, filter, query);
  absl::StrAppend(&query.sql, " AND number < ");
  query.Add(place.before);
  absl::StrAppend(&query.sql, " ORDER BY number DESC");
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

// Whether so few jobs are of kind and state that to look at the labels of each
// costs less than to go along a label, which half of the history may have.
absl::StatusOr<bool> AreFew(Connection& connection,
                            const Place& place,
                            const v1::ListJobsRequest::Filter& filter) {
  constexpr int64_t kFew = 1000;
  Query query;
  query.sql = "SELECT COUNT(*) FROM (";
  AddByKindAndState(place, filter, query);
  absl::StrAppend(&query.sql, " LIMIT ");
  query.Add(kFew + 1);
  absl::StrAppend(&query.sql, ")");
  MODBOUND_ASSIGN_OR_RETURN(Statement statement, Prepare(connection, query));
  MODBOUND_RETURN_IF_ERROR(statement.Step().status());
  return statement.Int(0) <= kFew;
}

// Each way reads about as many rows of an index as the page has, or a thousand,
// where the filter allows, however long the history is.
absl::StatusOr<Query> MakeQuery(Connection& connection,
                                const Place& place,
                                const v1::ListJobsRequest::Filter& asked) {
  // SQLite takes 500 parts, but each costs a little.
  constexpr int kMostParts = 100;
  const v1::ListJobsRequest::Filter filter = WithStates(asked);
  const int parts = std::max(filter.kinds_size(), 1) * filter.states_size();
  const bool has_parts = parts > 0 && parts <= kMostParts;
  bool few = false;
  if (has_parts && !filter.labels().empty()) {
    MODBOUND_ASSIGN_OR_RETURN(few, AreFew(connection, place, filter));
  }
  Query query;
  query.sql = absl::StrCat("SELECT ",
                           kJobColumns,
                           " FROM job WHERE number IN (SELECT number FROM (");
  if (few) {
    AddFewWithLabels(place, filter, query);
  } else if (!filter.labels().empty()) {
    AddByLabel(place, filter, query);
  } else if (has_parts) {
    AddByKindAndState(place, filter, query);
  } else {
    AddWalk(place, filter, query);
  }
  absl::StrAppend(&query.sql, " LIMIT ");
  query.Add(place.count);
  absl::StrAppend(&query.sql, ")) ORDER BY number DESC");
  return query;
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
      const Query query,
      MakeQuery(connection, {owner, before, page_size + 1}, request.filter()));
  MODBOUND_ASSIGN_OR_RETURN(Statement statement, Prepare(connection, query));
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
