#pragma once
// RedisThrottle: what all nodes count together of those who ask too often, in Redis (throttle_scripts.hpp). Under
// `restante:limit:{name}`; the names come from the application, because nobody who reads Redis shall learn who was
// here.
//
// Owner: the application. All verbs are for any thread and never wait. An answer comes inside the call while Redis is
// not there (of a Redis Cluster: no master), else from this object's thread, after ThrottleOptions::answer_within at
// the latest. What is told without an answer (a success, a withdrawal) is lost while Redis is not there. The
// constructor returns at once, whether or not there is a server.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "chat/ports/shared_throttle.hpp"
#include "redis/options.hpp"

namespace adapters::redis {

struct ThrottleOptions {
  ::redis::Options server;
  /// What stands for a key in Redis: printable, without braces, the same on all nodes, and not to be traced back to the
  /// key. Any thread.
  std::function<std::string(const chat::ThrottleKey&)> name_of;
  /// Somebody waits for each answer: later than this is too late.
  std::chrono::milliseconds answer_within{100};
  /// After an answer that did not come in time nobody is asked for so long, unless a connection is made meanwhile.
  std::chrono::milliseconds rest_after_silence{1'000};
  /// Questions that wait for the thread; more hear at once that nobody answers.
  std::size_t max_waiting = 4'096;
};

class RedisThrottle final : public chat::SharedThrottle {
 public:
  explicit RedisThrottle(ThrottleOptions options);
  ~RedisThrottle() override;
  RedisThrottle(const RedisThrottle&) = delete;
  RedisThrottle& operator=(const RedisThrottle&) = delete;

  void admit(const chat::ThrottleKey& key, const chat::WindowPolicy& policy, Answer<Admission> answer) override;
  void begin(const chat::ThrottleKey& key, const chat::FailurePolicy& policy, Answer<Attempt> answer) override;
  void succeeded(const chat::ThrottleKey& key) override;
  void withdrawn(const chat::ThrottleKey& key) override;

  /// Whoever waits hears, inside this call, that nobody answers; later questions hear it inside theirs. When it returns
  /// this object's thread has ended. Idempotent; also the first thing that the destructor does.
  void stop();
  /// There is a connection, and its last answers came in time.
  [[nodiscard]] bool up() const;
  /// Questions without an answer of Redis, for a metric.
  [[nodiscard]] std::uint64_t unanswered() const;

 private:
  class Wire;
  const ThrottleOptions options_;
  std::unique_ptr<Wire> wire_;
};

}  // namespace adapters::redis
