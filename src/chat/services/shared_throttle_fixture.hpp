#pragma once
// A SharedThrottle that several nodes of a test share: it counts without a clock, can answer late or not at all, and
// writes down what it was asked. Test code only.

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "chat/ports/shared_throttle.hpp"

namespace chat::testing {

class FakeSharedThrottle final : public SharedThrottle {
 public:
  enum class Mode { kPrompt, kLate, kDown };
  static constexpr std::uint32_t kWait = 77;  // what everybody is told who has to wait

  Mode mode = Mode::kPrompt;
  std::vector<std::string> asked;  // "<verb> <subject> <who>"
  std::map<std::string, std::int64_t> counts;
  std::map<std::string, int> failures;

  void admit(const ThrottleKey& key, const WindowPolicy& policy, Answer<Admission> answer) override {
    const auto name = note("admit", key);
    respond<Admission>(std::move(answer), [this, name, limit = policy.limit] {
      auto& count = counts[name];
      if (count >= limit) return Admission{kWait};
      ++count;
      return Admission{0};
    });
  }
  void begin(const ThrottleKey& key, const FailurePolicy& policy, Answer<Attempt> answer) override {
    const auto name = note("begin", key);
    respond<Attempt>(std::move(answer), [this, name, free = policy.free] {
      auto& count = failures[name];
      if (count >= free) return Attempt{kWait, static_cast<std::uint32_t>(count)};
      return Attempt{0, static_cast<std::uint32_t>(++count)};
    });
  }
  void succeeded(const ThrottleKey& key) override { failures.erase(note("succeeded", key)); }
  void withdrawn(const ThrottleKey& key) override { --failures[note("withdrawn", key)]; }

  /// What was asked in kLate is answered now.
  void answer_late_ones() {
    for (auto& each : std::exchange(late_, {})) each();
  }
  [[nodiscard]] std::int64_t count_of(const std::string& question) const {
    return std::count(asked.begin(), asked.end(), question);
  }

 private:
  std::string note(const std::string& verb, const ThrottleKey& key) {
    const auto name = std::string(key.subject) + " " + key.who;
    asked.push_back(verb + " " + name);
    return name;
  }
  template <class T, class Decide>
  void respond(Answer<T> answer, Decide decide) {
    if (mode == Mode::kDown) return answer(std::nullopt);
    if (mode == Mode::kPrompt) return answer(decide());
    late_.push_back([answer = std::move(answer), decide]() mutable { answer(decide()); });
  }

  std::deque<base::Task> late_;
};

}  // namespace chat::testing
