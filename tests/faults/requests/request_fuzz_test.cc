// Mutated requests for every RPC: bytes, parser, rules, handler, answer.

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "faults/requests/ending_executor.h"
#include "faults/requests/error_catalogue.h"
#include "faults/requests/message_mutator.h"
#include "faults/requests/pipelined_calls.h"
#include "faults/requests/seed_requests.h"
#include "google/protobuf/stubs/logging.h"
#include "gtest/gtest.h"
#include "modbound/v1/error.pb.h"
#include "server/files/resident_bytes.h"
#include "server/jobs/check_invariants.h"
#include "server/rpc/test_service.h"
#include "spdlog/spdlog.h"
#include "support/fault_row.h"

namespace modbound {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr uint64_t kSeed = 20260730;
// Accepted jobs are removed after so many inputs.
constexpr int64_t kInputsBetweenCleanUps = 2000;
constexpr int kCallsAtOnce = 32;
constexpr int kShownFailures = 5;
// Of a message; the server takes 1 MiB.
constexpr size_t kMostBytes = size_t{2} << 20;

// Requests that once broke something: method, messages in hexadecimal.
struct PermanentCase {
  const char* method;
  std::vector<const char*> messages;
};
const PermanentCase kPermanentCases[] = {
    // A group that is never closed.
    {"GetJob", {"0b"}},
    // A length beyond the end.
    {"SubmitJob", {"0a7f41"}},
    // A chunk before the header.
    {"Upload", {"1200"}},
};

double TimeFactor() {
  const char* factor = std::getenv("MODBOUND_TIME_FACTOR");
  return factor == nullptr ? 1 : std::atof(factor);
}

// MODBOUND_FUZZ_INPUTS, else what the form asks for.
int64_t InputsPerMethod() {
  if (const char* inputs = std::getenv("MODBOUND_FUZZ_INPUTS")) {
    return std::atoll(inputs);
  }
  return LongFaults() ? 1000000 : 20000;
}

std::unique_ptr<Message> NewMessage(const google::protobuf::Descriptor& type) {
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(&type)
          ->New());
}

class RequestFuzzTest : public testing::Test {
 protected:
  RequestFuzzTest()
      : service_([this](Database& database,
                        ArtifactStore& artifacts,
                        Executor& /*executor*/,
                        JobQueueOptions options) {
          database_ = &database;
          options.retention_seconds = 0.001;
          return MakeRealQueue(database, artifacts, executor_, options);
        }) {
    // Refused requests are no news here.
    google::protobuf::SetLogHandler(nullptr);
    spdlog::set_level(spdlog::level::err);
    v1::SubmitJobRequest request = QualityRequest();
    request.mutable_job()->set_pinned(true);
    done_ = service_.WaitFor(service_.Submit(request).id());
    executor_.EndAtOnce();
    seeds_ = std::make_unique<SeedRequests>(service_, done_);
  }
  ~RequestFuzzTest() override { service_.Stop(); }

  // Request `number` of a method; the same in every run.
  Messages Mutant(const MethodDescriptor& method,
                  const std::vector<Messages>& seeds,
                  int64_t number) {
    MessageMutator mutator(
        kSeed + static_cast<uint64_t>(number) * 64 +
            static_cast<uint64_t>(method.index()) +
            16 * static_cast<uint64_t>(method.service()->name().size()),
        seeds_->words());
    Messages messages = seeds[mutator.Below(seeds.size())];
    if (messages.size() > 1) {
      MutateOrder(mutator, messages);
    }
    std::string& bytes = messages[mutator.Below(messages.size())];
    if (mutator.OneIn(3)) {
      const Messages& other = seeds[mutator.Below(seeds.size())];
      for (size_t i = mutator.Below(3) + 1; i > 0; --i) {
        mutator.MutateBytes(bytes, other[mutator.Below(other.size())]);
      }
    } else {
      const auto message = NewMessage(*method.input_type());
      message->ParsePartialFromString(bytes);
      for (size_t i = mutator.Below(3) + 1; i > 0; --i) {
        mutator.MutateFields(*message);
      }
      message->SerializePartialToString(&bytes);
    }
    // Beyond 4 MiB gRPC itself refuses, without details: oversize_test.py.
    bytes.resize(std::min(bytes.size(), kMostBytes));
    return messages;
  }

  // Mostly leaves the order of a stream's messages as it is.
  static void MutateOrder(MessageMutator& mutator, Messages& messages) {
    const size_t at = mutator.Below(messages.size());
    switch (mutator.Below(8)) {
      case 0:
        messages.erase(messages.begin() + static_cast<int64_t>(at));
        break;
      case 1:
        messages.push_back(messages[at]);
        break;
      case 2:
        std::swap(messages[at], messages[0]);
        break;
      default:
        break;
    }
  }

  // Looks at an answer; what is wrong with it, "" = nothing.
  std::string Complaint(const MethodDescriptor& method,
                        const CallResult& result) {
    const std::string complaint = catalogue_.Complaint(result.status);
    if (!complaint.empty() || !result.status.ok()) {
      return complaint;
    }
    if (result.reply.Length() == 0) {
      return "";
    }
    grpc::ByteBuffer bytes = result.reply;
    grpc::ProtoBufferReader reader(&bytes);
    return NewMessage(*method.output_type())->ParseFromZeroCopyStream(&reader)
               ? ""
               : "the answer cannot be read";
  }

  void Show(const MethodDescriptor& method,
            int64_t number,
            const Messages& messages,
            const CallResult& result,
            const std::string& complaint) {
    if (++failures_ > kShownFailures) {
      return;
    }
    std::string text;
    for (const std::string& bytes : messages) {
      const auto message = NewMessage(*method.input_type());
      message->ParsePartialFromString(bytes);
      absl::StrAppend(&text,
                      "  \"",
                      absl::BytesToHexString(bytes.substr(0, 4000)),
                      "\"\n",
                      message->DebugString().substr(0, 2000),
                      "\n");
    }
    ADD_FAILURE() << method.full_name() << ", seed " << kSeed << ", input "
                  << number << ": " << complaint << "; code "
                  << result.status.error_code() << " \""
                  << result.status.error_message() << "\"\n"
                  << text;
  }

  // Sends inputs `first` to `end` - 1 of a method.
  void Send(const MethodDescriptor& method, int64_t first, int64_t end) {
    const std::vector<Messages> seeds = seeds_->For(method);
    ASSERT_FALSE(seeds.empty())
        << method.full_name() << " has no requests in seed_requests.h";
    std::vector<int64_t> slow;
    PipelinedCalls calls(service_.channel(), method);
    calls.Run(
        first,
        end,
        kCallsAtOnce,
        [&](int64_t i) { return Mutant(method, seeds, i); },
        [&](int64_t i, const CallResult& result) {
          ++inputs_;
          accepted_ += result.status.ok() ? 1 : 0;
          const std::string complaint = Complaint(method, result);
          if (!complaint.empty()) {
            Show(method, i, Mutant(method, seeds, i), result, complaint);
          }
          if (result.took > most_time_) {
            slow.push_back(i);
          } else {
            slowest_ = std::max(slowest_, result.took);
          }
        });
    // Others may have had the machine: it counts when it is slow by itself.
    for (const int64_t i : slow) {
      const Messages messages = Mutant(method, seeds, i);
      const CallResult result = calls.RunOne(messages);
      slowest_ = std::max(slowest_, result.took);
      if (result.took > most_time_) {
        Show(method, i, messages, result, "slow");
      }
    }
  }

  void RemoveJobs() {
    const absl::Status cleaned = service_.queue().CleanUp();
    EXPECT_TRUE(cleaned.ok()) << cleaned;
  }

  // Waits until what was accepted has ended.
  void AwaitIdle() {
    for (;;) {
      const auto state = service_.queue().State();
      ASSERT_TRUE(state.ok()) << state.status();
      if (state->waiting() + state->queued() + state->running() == 0) {
        return;
      }
      usleep(1000);
    }
  }

  const ErrorCatalogue catalogue_;
  const std::chrono::nanoseconds most_time_{
      static_cast<int64_t>(TimeFactor() * 1e9)};
  EndingExecutor executor_;
  Database* database_ = nullptr;
  TestService service_;
  v1::Job done_;
  std::unique_ptr<SeedRequests> seeds_;
  int64_t inputs_ = 0;
  int64_t accepted_ = 0;
  int failures_ = 0;
  std::chrono::nanoseconds slowest_{};
};

TEST_F(RequestFuzzTest, TheCatalogueIsRead) {
  EXPECT_EQ(
      catalogue_.size(),
      static_cast<size_t>(v1::ErrorReason::Reason_descriptor()->value_count()));
  EXPECT_EQ(catalogue_.Complaint({grpc::StatusCode::UNKNOWN, ""}),
            "no details, or others");
}

// Otherwise mutants of them would end at the first rule.
TEST_F(RequestFuzzTest, TheSeedsOfEveryKindAreAccepted) {
  for (const v1::KindInfo& kind : seeds_->kinds().kinds()) {
    v1::SubmitJobRequest request;
    *request.mutable_job() = SeedJob(kind, false);
    v1::Job job;
    const grpc::Status status =
        service_.jobs().SubmitJob(NewCall().get(), request, &job);
    EXPECT_TRUE(status.ok()) << kind.kind() << ": " << status.error_message();
  }
}

TEST_F(RequestFuzzTest, AnswersPermanentCases) {
  for (const PermanentCase& one : kPermanentCases) {
    for (const MethodDescriptor* method : AllMethods()) {
      if (method->name() != one.method) {
        continue;
      }
      Messages messages;
      for (const char* hex : one.messages) {
        messages.push_back(absl::HexStringToBytes(hex));
      }
      PipelinedCalls calls(service_.channel(), *method);
      EXPECT_EQ(Complaint(*method, calls.RunOne(messages)), "") << one.method;
    }
  }
}

TEST_F(RequestFuzzTest, AnswersEveryMutant) {
  const int64_t count = InputsPerMethod();
  const auto methods = AllMethods();
  std::cout << "seed " << kSeed << ", " << count << " inputs a method"
            << std::endl;
  // Rounds over all methods, so that each meets what the others left; the first
  // one fills caches and pools.
  int64_t resident = 0;
  for (int64_t first = 0; first < count && failures_ == 0;
       first += kInputsBetweenCleanUps) {
    for (const MethodDescriptor* method : methods) {
      Send(*method, first, std::min(first + kInputsBetweenCleanUps, count));
      if (HasFatalFailure()) {
        return;
      }
      RemoveJobs();
    }
    if (first == 0) {
      resident = ResidentBytes();
    }
  }
  const int64_t grown = ResidentBytes() - resident;
  AwaitIdle();
  CheckInvariants(*database_, true);
  v1::ServerInfo info;
  EXPECT_TRUE(service_.info().GetServerInfo(NewCall().get(), {}, &info).ok());
#ifndef MODBOUND_SANITIZED  // they keep what was freed
  EXPECT_LT(grown, int64_t{96} << 20);
#endif
  EXPECT_EQ(failures_, 0);
  if (HasFailure()) {
    return;
  }
  const std::string figure = absl::StrFormat(
      "over loopback %d inputs for each of %d RPCs (%d%% accepted): 0 crashes, "
      "0 INTERNAL or UNKNOWN, every INVALID_ARGUMENT of a message with its "
      "field; slowest %.3f s; RSS +%d MiB; store verifies",
      count,
      methods.size(),
      100 * accepted_ / inputs_,
      std::chrono::duration<double>(slowest_).count(),
      grown >> 20);
  std::cout << figure << std::endl;
  FaultRow(26, figure);
}

}  // namespace
}  // namespace modbound
