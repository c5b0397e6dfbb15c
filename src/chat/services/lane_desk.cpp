// The round of the commit lane: stage, commit, tell.

#include "chat/services/lane_desk.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "chat/services/lane_commands.hpp"

namespace chat {
namespace {

constexpr std::chrono::milliseconds kRetryPause{50};  // after a failed commit
// Each of them means that another node got through: with so many in a row something else is wrong.
constexpr std::uint32_t kMostConflicts = 16;

}  // namespace

LaneDesk::LaneDesk(LaneParts parts, const LaneOptions& options)
    : parts_(parts),
      options_(options),
      epochs_(parts.store.epochs()),
      pending_(parts.metrics),
      shared_(parts.store.shared()) {
  CHECK(!epochs_.empty());
  rearm_held_jobs();
}

LaneDesk::~LaneDesk() = default;

void LaneDesk::run(std::unique_ptr<LaneCommand> command) {
  const bool alone = command->exclusive();
  if (alone) settle_through();
  if (alone && !staged_.empty() && !command->stage_again()) {
    // The store takes nothing, and a device's word waits for it: behind that this one would not be alone. Of other ends
    // of that batch than a full disk it needs to know no more than that it was not tried.
    command->finish(*this, failed_last_ == StoreError::kFull ? StoreError::kFull : StoreError::kUnavailable);
    return post_replies();
  }
  // Once it is certain that nothing will be committed, reading is in vain, and may be slow.
  if ((!command->needs_turn() || open_turn()) && !failed()) stage(*command);
  staged_.push_back(std::move(command));
  if (alone) settle_through();
}

/// One that meets a damaged row is left out of the batch. If it has staged something before, which nobody can tell from
/// what the others have staged, the batch fails and they are staged again without it.
void LaneDesk::stage(LaneCommand& command) {
  const auto rows = batch_.rows();
  const auto round = rounds_;
  const auto* const outer = std::exchange(staging_, &command);
  command.stage(*this);
  staging_ = outer;
  if (failed_ != StoreError::kCorrupt || failed_by_ != &command) return;
  damaged_.push_back(&command);
  if (!command.exclusive() && round == rounds_ && batch_.rows() == rows) failed_.reset();
}

/// Until nothing is staged, or what is has to wait for the store: a batch that another node was ahead of is tried again
/// at once, so that nobody else's command gets into the batch of one that has to be alone.
void LaneDesk::settle_through() {
  do settle();
  while (!staged_.empty() && retry_due());
}

void LaneDesk::settle_within() {
  if (staged_.empty()) return;  // what has been looked at so far holds for as long as the turn is kept
  settle();
  static_cast<void>(open_turn());
}

void LaneDesk::settle() {
  settle_once();
  // What the directory's changes mean for pushes is a batch of its own, which need not be synced.
  if (!staged_.empty()) return;  // of a failed batch, and staged again: its turn goes on
  if (!touched_.empty() && !open_turn()) {
    failed_.reset();
    retry_at_ = steady_now() + kRetryPause;
    return;
  }
  if (stage_touched()) settle_once();
  if (staged_.empty()) close_turn();
}

void LaneDesk::settle_once() {
  if (staged_.empty() && batch_.empty() && !failed_) return;
  again_at_once_ = false;
  const auto failed = commit();
  ++rounds_;
  turn_open_ = false;
  if (failed == StoreError::kConflict) {
    if (++conflicts_ == 1) conflicts_since_ = steady_now();
  } else if (failed != StoreError::kCorrupt) {
    conflicts_ = 0;  // damage says nothing of the other nodes: nothing was tried
  }
  if (failed) {
    failed_last_ = *failed;
    hints_.clear();
    ends_.clear();
    friendships_.clear();
    touched_.insert(touched_.begin(), touches_staged_.begin(), touches_staged_.end());
    retry_at_ = steady_now() + kRetryPause;
    forget_batch();
  } else {
    counts_.tell(pending_);
    forget_changed_rows();
  }
  answer_presence();
  finish_staged(failed);
  raise_hints();
  if (!failed) {
    for (const auto& row : batch_.erased_conversations) {
      for (const auto& id : {row.low, row.high})
        may_be_erased(id, true);  // behind the hints: they may carry some of it
    }
  }
  for (const auto& ending : std::exchange(ends_, {})) run_ending(ending);
  run_friendships();
  if (!notes_.empty()) {
    post_replies();  // what was heard may take some reads, and no answer waits for those
    run_notes();
  }
  post_replies();
  empty_batch();
  users_.trim(options_.cached_users);
  conversations_.trim(options_.cached_conversations);
  stage_failed_again();
}

void LaneDesk::empty_batch() {
  batch_.clear();
  for (auto* const user : batch_users_) user->in_batch = false;
  for (auto* const conversation : batch_conversations_) conversation->in_batch = false;
  batch_users_.clear();
  batch_conversations_.clear();
  counts_.clear();
  failing_.clear();
  failed_.reset();
  damaged_.clear();
  staged_sends_.clear();
  touches_staged_.clear();
  job_change_ = 0;
}

void LaneDesk::stage_failed_again() {
  if (again_.empty()) return;
  // What another node has written can be read at once.
  retry_at_ = steady_now() + (again_at_once_ ? std::chrono::milliseconds(0) : kRetryPause);
  auto commands = std::exchange(again_, {});
  look_up_client_ids(commands);
  for (auto& command : commands) {
    if ((!command->needs_turn() || open_turn()) && !failed()) stage(*command);
    staged_.push_back(std::move(command));
  }
}

std::optional<StoreError> LaneDesk::commit() {
  if (!staged_.empty()) parts_.metrics.batch_commands.observe(static_cast<double>(staged_.size()));
  const auto erased = jobs_of_erased_rows();
  if (shared_) batch_.endings.insert(batch_.endings.end(), ends_.begin(), ends_.end());
  if (failed_ || batch_.empty()) {
    close_turn();
    return failed_;
  }
  const auto before = steady_now();
  const auto durability = batch_.may_be_lost() ? Durability::kBuffered : Durability::kSynced;
  const auto done = parts_.store.commit(batch_, durability);
  parts_.metrics.commit_seconds.observe(std::chrono::duration<double>(steady_now() - before).count());
  if (!done) {
    if (const auto failed = outcome_of(done.error())) return failed;
  }
  if (shared_) tell_nodes({.kind = NodeNote::Kind::kCommitted, .user = {}, .peer = {}, .on = false, .at = {}});
  pushes_committed(erased);
  return std::nullopt;
}

/// Not every client can repeat what it does not know the outcome of (a registration's name is taken then, by itself):
/// the store is asked before anybody is answered.
std::optional<StoreError> LaneDesk::outcome_of(StoreError failed) {
  if (failed != StoreError::kUnknown) return failed;
  const auto written = parts_.store.find_outcome();
  if (!written) return failed;
  if (*written) return std::nullopt;
  return StoreError::kConflict;  // nothing is written: staged again
}

bool LaneDesk::patient() const {
  return conflicts_ <= kMostConflicts && steady_now() - conflicts_since_ < options_.conflict_patience;
}

bool LaneDesk::met_damage(const LaneCommand& command) const {
  return std::find(damaged_.begin(), damaged_.end(), &command) != damaged_.end();
}

void LaneDesk::keep_for_again(StoreError failed) {
  // Each round that fails for damage has one command less; if none is to blame, it is as any other failure.
  const bool damage = failed == StoreError::kCorrupt && !damaged_.empty();
  again_at_once_ = damage || (failed == StoreError::kConflict && patient());
  boost::unordered_flat_map<std::uint64_t, ConfirmCommand*> confirms;
  for (auto& command : staged_) {
    if (met_damage(*command)) continue;
    bool again = again_at_once_ ? command->stage_after_conflict(*this) : command->stage_again();
    // Gone from the directory, a connection has no word any more: it goes when what it said is stored. Not on a full
    // disk, which may stay so: a word that is kept makes every batch fail, also those that would write nothing.
    if (const auto leaving = command->detaches(); leaving && failed != StoreError::kFull) {
      again = again || confirms.contains(leaving->value);
    }
    if (!again) continue;
    // However long the store refuses, no more of them wait than there are connections. One may so come before a report
    // of an unreadable message that it passes over, which then counts as pending until its reader reaches the head.
    if (auto* const confirm = command->as_confirm()) {
      const auto [first, fresh] = confirms.try_emplace(confirm->connection().value, confirm);
      if (!fresh) {
        first->second->absorb(std::move(*confirm));
        command.reset();
        continue;
      }
    }
    again_.push_back(std::move(command));
  }
  std::erase(staged_, nullptr);
}

void LaneDesk::finish_staged(std::optional<StoreError> failed) {
  if (failed) keep_for_again(*failed);
  if (!damaged_.empty()) {
    parts_.metrics.commands_damaged.add(damaged_.size());
    base::log::warning("a row of the store is damaged, and what needs it fails",
                       {{"commands", static_cast<std::int64_t>(damaged_.size())}});
  }
  for (auto& command : staged_) {
    command->finish(*this, met_damage(*command) ? std::optional(StoreError::kCorrupt) : failed);
  }
  // Handed over only now: a repeat in the same batch answers out of the command that it repeats.
  for (auto& command : staged_) {
    base::Executor* const on = command->answers_on();
    if (on != nullptr) reply(*on, [done = std::move(command)] { done->answer(); });
  }
  staged_.clear();
}

void LaneDesk::raise_hints() {
  for (auto& [owner, hint] : hints_) {
    for (auto& record : owner->live) {
      reply(record.session->executor(), [session = record.session, hint] { session->on_hint(hint); });
    }
  }
  hints_.clear();
}

void LaneDesk::reply(base::Executor& executor, base::Task task) {
  for (auto& each : replies_) {
    if (each.executor == &executor) {
      each.tasks.push_back(std::move(task));
      return;
    }
  }
  replies_.push_back({&executor, {}});
  replies_.back().tasks.push_back(std::move(task));
}

void LaneDesk::post_replies() {
  for (auto& each : replies_) {
    if (!each.tasks.empty()) each.executor->post_all(each.tasks);
  }
  // Shards are few and stay; an executor that lives shorter must not be kept.
  constexpr std::size_t kKeptExecutors = 16;
  if (replies_.size() > kKeptExecutors) replies_.clear();
}

bool LaneDesk::run_deadlines() {
  const bool polled = poll_commits();
  const bool rearmed = run_rearming();
  const bool departed = run_departures();
  const bool reviewed = review_heard();
  const bool announced = run_announcements();
  const bool recounted = run_recounts();
  const bool grace = run_grace();
  const bool typed = run_typing();
  const bool seen = flush_last_seen(false);
  post_replies();  // also what another node's commits have to tell while this one's own fail
  return polled || rearmed || departed || reviewed || announced || recounted || grace || typed || seen;
}

base::SteadyTime LaneDesk::next_deadline() const {
  if (waits_for_retry()) return retry_at_;
  auto at = shared_ ? std::max(poll_at_, no_turn_until_) : base::SteadyTime::max();
  if (!heard_online_.empty()) at = std::min(at, review_at_);
  if (!recounts_.empty()) at = {};
  at = std::min(at, again_at_);
  if (rearming_) at = std::min(at, rearming_->at);
  if (!departed_.empty()) at = std::min(at, departed_.front().at);
  if (!grace_.empty()) at = std::min(at, grace_.front().at);
  if (!last_seen_.empty()) at = std::min(at, next_last_seen());
  if (!typing_due_.empty()) at = std::min(at, typing_due_.front().first);
  return at;
}

void LaneDesk::forget_everything() {
  users_.for_each([](UserState& user) { user.loaded = false; });
  conversations_.for_each([](ConversationState& conversation) { conversation.loaded = false; });
}

/// What the staging of a failed batch may have changed, and what cold commands have written past the cache: nobody may
/// know yet whether that is in the store.
void LaneDesk::forget_batch() {
  for (auto* const user : batch_users_) user->loaded = false;
  for (auto* const conversation : batch_conversations_) conversation->loaded = false;
  const auto written = digest_of(batch_);
  for (const auto& user : written.users) forget_user(user);
  for (const auto& conversation : written.conversations) forget_conversation(conversation);
}

/// Messages of somebody else in this mailbox may be gone. What was read of them must not be written any more, and with
/// `count` they do not wait any more either.
void LaneDesk::may_be_erased(const UserId& owner, bool count) {
  if (const auto* const user = users_.find(owner)) {
    for (const auto& record : user->live) {
      reply(record.session->executor(), [session = record.session] { session->on_hint({{}, nullptr, true}); });
    }
  }
  if (!count || pending_.of(owner) == 0) return;
  pending_.forget(owner);
  forget_user(owner);
  recounts_.push_back(owner);
}

/// Few at a time, each may read thousands of entries. Whoever cannot be read now is counted when loaded again.
bool LaneDesk::run_recounts() {
  constexpr std::size_t kAtOnce = 8;
  if (recounts_.empty()) return false;
  const bool failed_before = failed();
  for (std::size_t i = 0; i < kAtOnce && !recounts_.empty(); ++i) {
    static_cast<void>(undamaged_user(recounts_.front()));
    recounts_.pop_front();
  }
  if (!failed_before) failed_.reset();  // it belongs to no batch
  return true;
}

/// Rows that cold commands wrote past the cache.
void LaneDesk::forget_changed_rows() {
  for (const auto& row : batch_.users) forget_user(row.id);
  for (const auto& row : batch_.erased_users) {
    forget_user(row);
    pending_.forget(row);
  }
  for (const auto& row : batch_.erased_conversations) forget_conversation(row);
  for (const auto& [user, device] : batch_.erased_devices) forget_user(user);
}

}  // namespace chat
