#pragma once
// HoldBack: the order of a sender's own messages survives refusals (docs/protocol.md, "Order").
//
// Problem: a client pipelines A, B, C. A is refused because of a passing condition (rate limit, full queue, unknown
// outcome); B a moment later is fine. The client repeats A, and the recipient sees B before A for ever.
// Answer: a refused send with a client id is remembered; later sends with an id to the same recipient are refused alike
// and queue up behind it, until the first of the queue comes again, 10 s have passed since it last did, or the socket
// closes. Sends without an id are exempt: their client cannot repeat them safely anyway.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat/model/failure.hpp"
#include "chat/model/ids.hpp"

namespace chat {

/// True for refusals that a client answers by repeating the same send.
[[nodiscard]] bool holds_back(ErrorCode code);

/// One per socket; owned by whoever decides on its sends, on that one's thread. Bounded: kMaxRecipients queues of
/// kMaxIds ids; ids beyond are refused alike while their queue lasts, but not remembered. What has waited too long goes
/// with the next send or refusal, whoever is its recipient.
class HoldBack {
 public:
  static constexpr std::size_t kMaxRecipients = 64;
  static constexpr std::size_t kMaxIds = 256;
  static constexpr std::chrono::seconds kPatience{10};

  struct Held {
    ErrorCode code = ErrorCode::kRetry;
    std::uint32_t retry_after_seconds = 0;
  };
  /// When a send arrived, and when it is judged. What a socket sends in one second is judged in that order, but perhaps
  /// much later, while a store does not answer: patience counts between arrivals.
  struct When {
    SteadyTime arrived;
    SteadyTime now;
    When(SteadyTime at) : arrived(at), now(at) {}
    When(SteadyTime came, SteadyTime judged) : arrived(came), now(judged) {}
  };
  /// A send arrives. nullopt: it may be tried (and if it is the awaited one, its place is given up). Otherwise it is
  /// refused alike and has taken its place in the queue.
  [[nodiscard]] std::optional<Held> check(const UserId& recipient, std::string_view client_id, When when);
  /// The send that check() has just let through was refused on the spot.
  void refused(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when);
  /// Sends that were let through earlier failed at their commit; called in their order, without check() in between.
  void failed(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when);

  /// A send failed before check() could see it: it takes its place behind those who wait.
  void unseen(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when);

  /// A repeat was answered from the store: nobody needs to wait for this id any more.
  void answered(const UserId& recipient, std::string_view client_id);

  [[nodiscard]] bool empty() const { return queues_.empty(); }

 private:
  struct Id {
    std::string id;
    SteadyTime since;  // its last refusal
  };
  struct Queue {
    UserId recipient;
    ErrorCode code;
    SteadyTime retry_at;  // what the first refusal said, zero if it said nothing
    std::deque<Id> ids;
    std::size_t failed = 0;  // how many at the front came from the commit that is failing now
  };
  enum class Place : std::uint8_t { kFirst, kBehindFailed, kLast };
  void insert(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when, Place where);
  /// Of those who still waited when a send arrived; the others are forgotten.
  Queue* find(const UserId& recipient, SteadyTime arrived);

  std::vector<Queue> queues_;
};

}  // namespace chat
