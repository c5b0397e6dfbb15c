#include "adapters/redis/redis_throttle.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "adapters/redis/impatient.hpp"
#include "adapters/redis/throttle_scripts.hpp"
#include "aio/shard.hpp"
#include "base/check.hpp"
#include "base/log.hpp"
#include "redis/cluster_router.hpp"
#include "redis/commands.hpp"

namespace adapters::redis {

namespace {

std::string milliseconds_of(std::chrono::seconds time) {
  return std::to_string(std::chrono::milliseconds(time).count());
}

/// nullopt: not a number that our scripts answer.
std::optional<std::uint32_t> number_in(const ::redis::Reply& reply) {
  if (reply.kind != ::redis::ReplyKind::kInteger || reply.integer < 0) return std::nullopt;
  return static_cast<std::uint32_t>(std::min<std::int64_t>(reply.integer, UINT32_MAX));
}

std::optional<chat::SharedThrottle::Admission> admission_in(const ::redis::Reply& reply) {
  const auto wait = number_in(reply);
  if (!wait) return std::nullopt;
  return chat::SharedThrottle::Admission{.wait_seconds = *wait};
}

std::optional<chat::SharedThrottle::Attempt> attempt_in(const ::redis::Reply& reply) {
  if (!reply.is_array() || reply.elements.size() != 2) return std::nullopt;
  const auto wait = number_in(reply.elements[0]);
  const auto failures = number_in(reply.elements[1]);
  if (!wait || !failures) return std::nullopt;
  return chat::SharedThrottle::Attempt{.wait_seconds = *wait, .failures = *failures};
}

struct Question {
  std::optional<ThrottleScript> script;  // nullopt: the key is deleted
  std::string key;
  std::vector<std::string> arguments;
  /// Null: no answer. True: it was one. Empty: nobody waits, or nobody any more.
  base::Function<bool(const ::redis::Reply*)> answer;
  base::SteadyTime deadline{};
};
using SharedQuestion = std::shared_ptr<Question>;

}  // namespace

/// The thread and its connection, or its connections to all masters of a Redis Cluster.
class RedisThrottle::Wire {
 public:
  explicit Wire(const ThrottleOptions& options)
      : options_(options), shard_(aio::ShardIndex{0}, clock_), overdue_(aio::Timer::member<&Wire::on_overdue>(*this)) {
    const auto hear = [this](bool connected) { on_state(connected); };
    if (options.server.endpoint.seeds.empty()) {
      server_ = std::make_unique<::redis::Commands>(shard_, impatient(options.server), hear);
    } else {
      cluster_ = std::make_unique<::redis::ClusterRouter>(shard_, impatient(options.server), hear);
    }
    shard_.start();
    shard_.post([this] { cluster_ ? cluster_->start() : server_->start(); });
  }
  ~Wire() { stop(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void ask(const SharedQuestion& question) {
    const bool waits = static_cast<bool>(question->answer);
    if (waits && !up()) return give_up(question);
    question->deadline = clock_.steady_now() + options_.answer_within;
    if (!enqueue(question) && waits) give_up(question);
  }
  void stop() {
    std::vector<SharedQuestion> waiting;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopped_, true)) return;
      waiting.swap(waiting_);
    }
    shard_.stop();
    overdue_.cancel();
    for (const auto& question : std::exchange(asked_, {})) give_up(question);
    for (const auto& question : waiting) give_up(question);
  }

  [[nodiscard]] bool up() const {
    return connected_.load(std::memory_order_relaxed) &&
           clock_.steady_now() >= rest_until_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t unanswered() const { return unanswered_.load(std::memory_order_relaxed); }

 private:
  using Outcome = base::Result<::redis::Reply, ::redis::CommandError>;

  bool enqueue(const SharedQuestion& question) {
    const std::lock_guard lock(mutex_);
    if (stopped_ || waiting_.size() >= options_.max_waiting) return false;
    waiting_.push_back(question);
    if (waiting_.size() == 1) shard_.post([this] { send_waiting(); });
    return true;
  }
  /// Only whoever holds the answer may give it: the shard, or the caller of something that was not enqueued.
  void give_up(const SharedQuestion& question) {
    if (!question->answer) return;
    unanswered_.fetch_add(1, std::memory_order_relaxed);
    std::exchange(question->answer, {})(nullptr);
  }

  /// In a cluster true comes again for each master that is connected to again, and false when none is left.
  void on_state(bool connected) {
    connected_ = connected;
    if (!connected) return;
    rest_until_ = base::SteadyTime{};
    complained_ = false;
    for (std::size_t i = 0; i < kThrottleScripts; ++i) {
      if (!hashes_[i].empty()) continue;  // a text has the same hash everywhere
      const std::string_view words[] = {"SCRIPT", "LOAD", text_of(static_cast<ThrottleScript>(i))};
      const auto learn = [this, i](const Outcome& outcome) {
        if (outcome && outcome->kind == ::redis::ReplyKind::kBulk) hashes_[i] = outcome->text;
      };
      cluster_ ? cluster_->command_anywhere(words, learn) : server_->command(words, learn);
    }
  }

  void send_waiting() {
    std::vector<SharedQuestion> questions;
    {
      const std::lock_guard lock(mutex_);
      questions.swap(waiting_);
    }
    for (const auto& question : questions) {
      if (question->answer) asked_.push_back(question);
      send(question, !question->script || !hash_of(*question).empty());
    }
    watch();
  }

  [[nodiscard]] const std::string& hash_of(const Question& question) const {
    return hashes_[static_cast<std::size_t>(*question.script)];
  }

  void send(const SharedQuestion& question, bool by_hash) {
    std::vector<std::string_view> words;
    if (!question->script) {
      words = {"DEL", question->key};
    } else if (by_hash) {
      words = {"EVALSHA", hash_of(*question), "1", question->key};
    } else {
      words = {"EVAL", text_of(*question->script), "1", question->key};
    }
    words.insert(words.end(), question->arguments.begin(), question->arguments.end());
    auto hear = [this, question, by_hash](const Outcome& outcome) {
      if (outcome && outcome->is_error() && by_hash && outcome->text.starts_with("NOSCRIPT")) {
        return send(question, false);  // it has forgotten the text, or is another server
      }
      on_reply(question, outcome);
    };
    cluster_ ? cluster_->command(question->key, words, std::move(hear)) : server_->command(words, std::move(hear));
  }

  void on_reply(const SharedQuestion& question, const Outcome& outcome) {
    if (!outcome && outcome.error() == ::redis::CommandError::kStopped) return;  // stop() has told everybody
    if (outcome && outcome->is_error()) complain(outcome->text);
    if (question->answer) {
      auto answer = std::exchange(question->answer, {});
      if (!answer(outcome ? &*outcome : nullptr)) unanswered_.fetch_add(1, std::memory_order_relaxed);
    }
    watch();
  }

  /// Those who still wait are in the order of their deadlines, or nearly.
  void watch() {
    while (!asked_.empty() && !asked_.front()->answer) asked_.pop_front();
    if (asked_.empty()) return overdue_.cancel();
    shard_.timers().arm(overdue_, asked_.front()->deadline);
  }

  void on_overdue() {
    const auto now = clock_.steady_now();
    while (!asked_.empty() && (!asked_.front()->answer || asked_.front()->deadline <= now)) {
      const auto question = std::move(asked_.front());
      asked_.pop_front();
      if (!question->answer) continue;
      rest_until_ = now + options_.rest_after_silence;
      give_up(question);
    }
    watch();
  }

  /// Once a connection: whoever guesses passwords must not fill the log.
  void complain(const std::string& cause) {
    if (std::exchange(complained_, true)) return;
    base::log::warning("limits_refused_by_redis", {{"cause", cause}});
  }

  const ThrottleOptions& options_;
  std::atomic<bool> connected_{false};
  std::atomic<base::SteadyTime> rest_until_{base::SteadyTime{}};
  std::atomic<std::uint64_t> unanswered_{0};
  std::mutex mutex_;
  std::vector<SharedQuestion> waiting_;  // guarded; empty or send_waiting is posted
  bool stopped_ = false;                 // guarded

  // On the shard.
  std::deque<SharedQuestion> asked_;
  std::array<std::string, kThrottleScripts> hashes_;
  bool complained_ = false;

  base::SystemClock clock_;
  aio::Shard shard_;
  aio::Timer overdue_;
  // One of the two; destroyed first: it calls back what still waits.
  std::unique_ptr<::redis::Commands> server_;
  std::unique_ptr<::redis::ClusterRouter> cluster_;
};

RedisThrottle::RedisThrottle(ThrottleOptions options) : options_(std::move(options)) {
  CHECK(options_.name_of);
  wire_ = std::make_unique<Wire>(options_);
}
RedisThrottle::~RedisThrottle() = default;

void RedisThrottle::admit(const chat::ThrottleKey& key, const chat::WindowPolicy& policy, Answer<Admission> answer) {
  auto question = std::make_shared<Question>();
  question->script = ThrottleScript::kAdmit;
  question->key = throttle_key(options_.name_of(key));
  question->arguments = {std::to_string(policy.limit), milliseconds_of(policy.window)};
  question->answer = [answer = std::move(answer)](const ::redis::Reply* reply) mutable {
    const auto said = reply != nullptr ? admission_in(*reply) : std::nullopt;
    answer(said);
    return said.has_value();
  };
  wire_->ask(question);
}

void RedisThrottle::begin(const chat::ThrottleKey& key, const chat::FailurePolicy& policy, Answer<Attempt> answer) {
  auto question = std::make_shared<Question>();
  question->script = ThrottleScript::kBegin;
  question->key = throttle_key(options_.name_of(key));
  question->arguments = {std::to_string(policy.free), milliseconds_of(policy.first_wait),
                         milliseconds_of(policy.longest_wait), milliseconds_of(policy.forget_after)};
  question->answer = [answer = std::move(answer)](const ::redis::Reply* reply) mutable {
    const auto said = reply != nullptr ? attempt_in(*reply) : std::nullopt;
    answer(said);
    return said.has_value();
  };
  wire_->ask(question);
}

void RedisThrottle::succeeded(const chat::ThrottleKey& key) {
  auto question = std::make_shared<Question>();
  question->key = throttle_key(options_.name_of(key));
  wire_->ask(question);
}

void RedisThrottle::withdrawn(const chat::ThrottleKey& key) {
  auto question = std::make_shared<Question>();
  question->script = ThrottleScript::kWithdraw;
  question->key = throttle_key(options_.name_of(key));
  wire_->ask(question);
}

void RedisThrottle::stop() {
  wire_->stop();
}
bool RedisThrottle::up() const {
  return wire_->up();
}
std::uint64_t RedisThrottle::unanswered() const {
  return wire_->unanswered();
}

}  // namespace adapters::redis
