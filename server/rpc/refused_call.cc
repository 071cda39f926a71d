#include "server/rpc/refused_call.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "grpcpp/alarm.h"

namespace modbound {
namespace {

constexpr std::chrono::seconds kSlowAnswer(1);
// Each holds its call open.
constexpr int kMostSlowAnswers = 500;

std::atomic<int> slow_answers{0};

}  // namespace

void AnswerRefused(bool slow, std::function<void()> answer) {
  if (!slow || slow_answers.fetch_add(1) >= kMostSlowAnswers) {
    if (slow) {
      slow_answers.fetch_sub(1);
    }
    answer();
    return;
  }
  // Lives until its callback.
  auto* alarm = new grpc::Alarm;
  alarm->Set(std::chrono::system_clock::now() + kSlowAnswer,
             [alarm, answer = std::move(answer)](bool /*passed*/) {
               slow_answers.fetch_sub(1);
               answer();
               delete alarm;
             });
}

grpc::ServerUnaryReactor* RefuseCall(grpc::CallbackServerContext* context,
                                     const Admitted& refused) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  AnswerRefused(refused.slow, [reactor, status = ToGrpcStatus(refused.status)] {
    reactor->Finish(status);
  });
  return reactor;
}

}  // namespace modbound
