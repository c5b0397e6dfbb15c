#include "socketio/engineio/answer_gate.hpp"

#include <utility>

#include "socketio/engineio/http_conversation.hpp"
#include "socketio/engineio/shard_server.hpp"

namespace engineio {

namespace {

class Responder {
 public:
  Responder(std::shared_ptr<AnswerGate> gate, std::uint64_t number) : gate_(std::move(gate)), number_(number) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder() {
    if (!gate_) return;
    constexpr int kForgotten = 500;
    gate_->deliver(number_, HttpResponse{kForgotten, {}, {}});
  }
  void operator()(HttpResponse response) {
    if (const auto gate = std::exchange(gate_, nullptr)) gate->deliver(number_, std::move(response));
  }

 private:
  std::shared_ptr<AnswerGate> gate_;
  std::uint64_t number_;
};

}  // namespace

HttpResponder AnswerGate::responder(std::shared_ptr<AnswerGate> gate, std::uint64_t number) {
  return Responder(std::move(gate), number);
}

void AnswerGate::deliver(std::uint64_t number, HttpResponse response) {
  std::unique_lock lock(mutex_);
  if (server_ == nullptr) return;
  if (shard_.on_this_thread()) {
    lock.unlock();  // only this thread closes the gate
    return hand_over(number, std::move(response));
  }
  shard_.post([self = shared_from_this(), number, answer = std::move(response)]() mutable {
    self->hand_over(number, std::move(answer));
  });
}

void AnswerGate::hand_over(std::uint64_t number, HttpResponse response) {
  if (server_ == nullptr) return;
  if (auto* conversation = server_->answer_goes_to(number)) conversation->host_answered(number, std::move(response));
}

void AnswerGate::close() {
  const std::lock_guard lock(mutex_);
  server_ = nullptr;
}

}  // namespace engineio
