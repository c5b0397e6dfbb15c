#include "chat/services/expiry.hpp"

#include <algorithm>
#include <map>

#include "chat/rules/message_status.hpp"

namespace chat {
namespace {

constexpr PageLimit kSweepPage{.entries = 256, .bytes = 256 * 1024};
constexpr std::size_t kMostPages = 16;  // of messages from the future, which are passed over, in one mailbox
constexpr std::size_t kUsersOfASweep = 256;
constexpr std::chrono::milliseconds kBetweenPages{1};  // a sweep is nobody's hurry
constexpr std::chrono::milliseconds kSweepWhenBusy{20};
constexpr std::chrono::milliseconds kShortest{200};
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
constexpr int kSweepsPerLife = 10;

/// The latest moment at which a message with this id can have been made.
WallTime made(const MessageId& id) {
  return id.made() + std::chrono::milliseconds(999);
}

}  // namespace

/// What one look at a mailbox has learnt of the watermarks over its authors' messages.
struct ExpirySweep::Seen {
  UserId reader;
  std::map<UserId, ConversationSeq> covered;
};

void ExpirySweep::begin(Bounds bounds) {
  bounds_ = bounds;
  oldest_.reset();
  decided_before_ = std::exchange(decided_, {});
}

/// Nothing is to become of it any more: it failed, or the recipient has it or has read it.
bool ExpirySweep::ended(const Message& message, Seen& seen) const {
  if (message.failure) return has_failed(message);
  auto known = seen.covered.find(message.sender);
  if (known == seen.covered.end()) {
    ConversationSeq covered;
    for (const auto kind : {WatermarkKind::kDelivered, WatermarkKind::kRead}) {
      const auto step = store_.watermark(message.sender, seen.reader, kind, std::nullopt);
      if (step && step.value()) covered = std::max(covered, step.value()->up_to);
    }
    known = seen.covered.emplace(message.sender, covered).first;
  }
  return message.seq <= known->second;
}

ExpiryOrder ExpirySweep::look(const UserId& recipient) {
  ExpiryOrder order{recipient, {}, {}};
  const auto bounds = store_.mailbox_bounds(recipient);
  const auto positions = store_.positions(recipient);
  if (!bounds || !positions) return order;
  MailboxSeq after;
  for (const auto& each : *positions) after = std::max(after, each.position);
  for (const auto* known : {&decided_before_, &decided_}) {
    if (const auto found = known->find(recipient); found != known->end()) after = std::max(after, found->second);
  }
  order.through = after;
  bool whole = true;  // nothing was passed over
  Seen seen{recipient, {}};
  bool more = after < bounds->head;
  for (std::size_t pages = 0; more && pages < kMostPages; ++pages) {
    const auto page = store_.read_mailbox(recipient, after, kSweepPage);
    if (!page || page->through <= after) break;
    after = page->through;
    more = after < bounds->head;
    for (const auto& [entry, message] : page->rows) {
      const bool waits = entry.kind == EntryKind::kMessage && !entry.own && message && !ended(*message, seen);
      const bool old = waits && bounds_.old && made(entry.message) <= *bounds_.old;
      if (old && order.entries.size() < kOrderEntries) {
        order.entries.push_back(entry);
      } else if (waits) {
        if (!old) oldest_ = oldest_ ? std::min(*oldest_, made(entry.message)) : made(entry.message);
        whole = false;
        // Behind it everything is younger, unless the clock has moved; and a full order comes back for the rest.
        more = !old && made(entry.message) > bounds_.now;
        if (!more) break;
      }
      if (whole) order.through = entry.position;
    }
    if (whole) order.through = after;
  }
  if (order.entries.empty() && order.through < bounds->head) settled(order);
  return order;
}

void ExpirySweep::settled(const ExpiryOrder& order) {
  if (order.through > MailboxSeq(0)) decided_[order.recipient] = order.through;
}

Expiry::Expiry(Parts parts, Options options) : parts_(parts), options_(options), reader_(parts.store) {
  parts_.registry.sampled("restante_undelivered_age_seconds", "Age of the oldest message that no device has confirmed.",
                          {}, [oldest = oldest_, &clock = parts_.clock] {
                            const auto since = oldest->load(std::memory_order_relaxed);
                            const auto now = clock.wall_now().time_since_epoch();
                            const std::chrono::duration<double> age = now - std::chrono::milliseconds(since);
                            return since == 0 ? 0.0 : std::max(0.0, age.count());
                          });
  thread_ = std::thread([this] { run(); });
}

Expiry::~Expiry() {
  {
    const std::lock_guard lock(progress_->mutex);
    progress_->stopping = true;
    progress_->changed.notify_all();
  }
  thread_.join();
}

std::chrono::milliseconds Expiry::interval(std::chrono::seconds life) {
  if (life.count() == 0) return kLongest;
  return std::clamp(std::chrono::milliseconds(life) / kSweepsPerLife, kShortest, kLongest);
}

bool Expiry::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(progress_->mutex);
  return !progress_->changed.wait_for(lock, time, [this] { return progress_->stopping; });
}

void Expiry::run() {
  const auto life = options_.life;
  const bool expires = life.count() != 0;
  ExpiryTime time(life, parts_.clock, parts_.shared_clock, parts_.witness);
  do {
    const auto now = time.read();
    if (!now) continue;  // the store does not answer: the next sweep
    reader_.begin({.old = expires ? std::optional(*now - life) : std::nullopt, .now = *now});
    if (!sweep()) break;
    const auto oldest = reader_.oldest();
    oldest_->store(oldest ? oldest->time_since_epoch().count() : 0, std::memory_order_relaxed);
  } while (pause(interval(options_.life)));
  // For the next start. A clock that others have may be long in answering, and the last sweep has asked it.
  if (expires && parts_.shared_clock == nullptr) static_cast<void>(time.read());
}

bool Expiry::sweep() {
  UserId last{};
  for (;;) {
    const auto page = parts_.store.users_after(last, kUsersOfASweep);
    if (!page || page->empty()) return true;
    last = page->back();
    for (const auto& user : *page) {
      if (!sweep_user(user)) return false;
    }
    if (!pause(kBetweenPages)) return false;
  }
}

bool Expiry::sweep_user(const UserId& user) {
  MailboxSeq last;
  for (;;) {
    const auto order = reader_.look(user);
    // Each order begins behind the one before it, or the store says something else than the lane.
    if (order.entries.empty() || order.entries.front().position <= last) return true;
    last = order.entries.front().position;
    switch (hand_over(order)) {
      case Verdict::kCommitted:
        reader_.settled(order);
        break;
      case Verdict::kFailed:
        return true;  // the next sweep finds it again
      case Verdict::kWaiting:
        return false;
    }
  }
}

Expiry::Verdict Expiry::hand_over(const ExpiryOrder& order) {
  std::unique_lock lock(progress_->mutex);
  while (!progress_->stopping) {
    progress_->verdict = Verdict::kWaiting;
    auto command = expire_command(order, [progress = progress_](bool committed) {
      const std::lock_guard decided(progress->mutex);
      progress->verdict = committed ? Verdict::kCommitted : Verdict::kFailed;
      progress->changed.notify_all();
    });
    lock.unlock();
    const bool taken = parts_.lane.submit(command);
    lock.lock();
    if (taken) {
      progress_->changed.wait(lock, [this] { return progress_->verdict != Verdict::kWaiting || progress_->stopping; });
      return progress_->stopping ? Verdict::kWaiting : progress_->verdict;
    }
    progress_->changed.wait_for(lock, kSweepWhenBusy, [this] { return progress_->stopping; });
  }
  return Verdict::kWaiting;
}

}  // namespace chat
