#include "adapters/redis/redis_bus.hpp"

#include <algorithm>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "adapters/redis/note_codec.hpp"
#include "aio/shard.hpp"
#include "base/check.hpp"
#include "redis/commands.hpp"
#include "redis/subscriber.hpp"

namespace adapters::redis {

namespace {
/// Nodes look for themselves as long as the bus is down: it is not left down for long.
constexpr std::chrono::milliseconds kReconnectLast{1'000};
constexpr std::chrono::milliseconds kCommandTimeout{2'000};
/// Where more is to be said than can leave, the loss of some is no reason to say still more at once.
constexpr std::chrono::milliseconds kBetweenLosses{1'000};

BusOptions impatient(BusOptions options) {
  options.server.reconnect_last = std::min(options.server.reconnect_last, kReconnectLast);
  options.server.command_timeout = std::min(options.server.command_timeout, kCommandTimeout);
  return options;
}
}  // namespace

/// The bus' thread and its two connections.
class RedisBus::Wire {
 public:
  explicit Wire(const BusOptions& options)
      : options_(impatient(options)),
        shard_(aio::ShardIndex{0}, clock_),
        commands_(shard_, options_.server, [this](bool ready) { on_connected(ready); }),
        subscriber_(
            shard_, options_.server, [this](const ::redis::Message& message) { hear(message.payload); },
            [this](bool live) { on_live(live); }) {
    CHECK(!options_.node.empty() && options_.node.size() <= kMaxNodeName);
  }
  /// Stopped first, so that nothing is heard any more and the connections may go.
  ~Wire() { shard_.stop(); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void listen(std::function<void(const chat::NodeNote&)> hear) {
    hear_ = std::move(hear);
    shard_.start();
    shard_.post([this] {
      commands_.start();
      subscriber_.subscribe(::redis::SubscriptionKind::kChannel, options_.channel);
      subscriber_.start();
    });
  }

  void publish(const chat::NodeNote& note) {
    if (!connected_.load(std::memory_order_relaxed)) return drop(1, is_repeated(note));
    const bool is_commit = note.kind == chat::NodeNote::Kind::kCommitted;
    const std::lock_guard lock(mutex_);
    if (is_commit && commit_waits_) return;  // one says it for all
    if (waiting_.size() >= options_.max_waiting) return drop(1, is_repeated(note));
    commit_waits_ = commit_waits_ || is_commit;
    waiting_.push_back(note);
    if (waiting_.size() == 1) shard_.post([this] { send_waiting(); });
  }

  [[nodiscard]] bool up() const { return connected_ && live_; }

  std::atomic<std::uint64_t> drops{0};
  std::atomic<std::uint64_t> rubbish{0};
  std::atomic<std::uint64_t> heard{0};

 private:
  /// `repeated`: one of them is.
  void drop(std::size_t notes, bool repeated) {
    drops.fetch_add(notes, std::memory_order_relaxed);
    if (repeated) missed_ = true;
  }
  /// Nobody would find out otherwise: commits are looked for, typing is over soon.
  static bool is_repeated(const chat::NodeNote& note) {
    return note.kind == chat::NodeNote::Kind::kPresence || note.kind == chat::NodeNote::Kind::kRepeat;
  }

  void send_waiting() {
    std::vector<chat::NodeNote> notes;
    {
      const std::lock_guard lock(mutex_);
      notes.swap(waiting_);
      commit_waits_ = false;
    }
    for (std::span<const chat::NodeNote> left(notes); !left.empty();) {
      const auto part = left.first(std::min(left.size(), kMaxNotesPerPayload));
      left = left.subspan(part.size());
      commands_.command({"PUBLISH", options_.channel, encode_notes(options_.node, part)},
                        [this, count = part.size(),
                         repeated = std::any_of(part.begin(), part.end(), is_repeated)](const auto& reply) {
                          if (!reply || reply->is_error()) return drop(count, repeated);
                          tell_missed();
                        });
    }
  }

  void hear(std::string_view payload) {
    const auto decoded = decode_notes(payload);
    if (!decoded) {
      rubbish.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (decoded->node == options_.node) return;
    heard.fetch_add(decoded->notes.size(), std::memory_order_relaxed);
    for (const auto& note : decoded->notes) hear_(note);
  }

  void on_live(bool live) {
    if (live) tell_reconnected();
    live_ = live;
  }
  void on_connected(bool ready) {
    connected_ = ready;
    if (ready) tell_missed();
  }
  /// This connection was away for a moment, or slow, while the other one heard everything.
  void tell_missed() {
    if (!missed_.load(std::memory_order_relaxed)) return;
    const auto now = clock_.steady_now();
    if (now < next_loss_) return;  // a later answer tells
    next_loss_ = now + kBetweenLosses;
    missed_ = false;
    tell_reconnected();
  }
  void tell_reconnected() {
    hear_({.kind = chat::NodeNote::Kind::kReconnected, .user = {}, .peer = {}, .on = false, .at = {}});
  }

  const BusOptions options_;
  std::function<void(const chat::NodeNote&)> hear_;
  std::atomic<bool> connected_{false};
  std::atomic<bool> live_{false};
  std::atomic<bool> missed_{false};  // some note was dropped that has to be said again
  base::SteadyTime next_loss_{};     // its thread's own
  std::mutex mutex_;
  std::vector<chat::NodeNote> waiting_;  // guarded; empty or send_waiting is posted
  bool commit_waits_ = false;            // guarded; one of `waiting_` is a kCommitted
  base::SystemClock clock_;
  aio::Shard shard_;
  ::redis::Commands commands_;
  ::redis::Subscriber subscriber_;
};

RedisBus::RedisBus(const BusOptions& options) : wire_(std::make_unique<Wire>(options)) {}
RedisBus::~RedisBus() = default;

void RedisBus::publish(const chat::NodeNote& note) {
  wire_->publish(note);
}
void RedisBus::listen(std::function<void(const chat::NodeNote&)> hear) {
  wire_->listen(std::move(hear));
}
bool RedisBus::up() const {
  return wire_->up();
}
std::uint64_t RedisBus::drops() const {
  return wire_->drops.load(std::memory_order_relaxed);
}
std::uint64_t RedisBus::rubbish() const {
  return wire_->rubbish.load(std::memory_order_relaxed);
}
std::uint64_t RedisBus::heard() const {
  return wire_->heard.load(std::memory_order_relaxed);
}

}  // namespace adapters::redis
