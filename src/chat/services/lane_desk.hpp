#pragma once
// LaneDesk: what the commit lane's thread works with: cached rows, the directory of live sessions, the batch being
// staged, and what is told after its commit. Lane thread only. Inside of lane*.cpp; nobody else includes it.
//
// One round: stage … stage → settle(): Store::commit → finish … finish → hints → ends, presence → replies. After a
// failed commit nothing that the batch had in hand can be trusted: it is read again, and the commands answer for
// themselves. What else is cached is still what the store has: other nodes' changes come with the log of commits. A
// command that meets a damaged row fails alone: it would meet it again for ever, and nobody else may wait for that.

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <span>
#include <string_view>

#include "chat/model/push.hpp"
#include "chat/services/batch_counts.hpp"
#include "chat/services/lane.hpp"
#include "chat/services/lane_cache.hpp"
#include "chat/services/lane_state.hpp"
#include "chat/services/pending_ledger.hpp"
#include "chat/services/push_done.hpp"

namespace chat {

class SendCommand;

class LaneDesk final : public LaneContext {
 public:
  LaneDesk(LaneParts parts, const LaneOptions& options);
  ~LaneDesk() override;

  // The round, driven by Lane.
  void run(std::unique_ptr<LaneCommand> command);
  /// Commits what is staged and tells everybody.
  void settle();
  /// For a command that is being staged: what came before it is committed, and the turn goes on. failed() tells that it
  /// does not.
  void settle_within();
  /// The client ids of sends that come next, looked up in one round trip where that is worth it.
  void look_up_client_ids(std::span<const std::unique_ptr<LaneCommand>> commands);
  /// What a failed commit left behind is to be tried again.
  [[nodiscard]] bool retry_due() const { return waits_for_retry() && steady_now() >= retry_at_; }
  /// False: nothing was due.
  bool run_deadlines();
  [[nodiscard]] base::SteadyTime next_deadline() const;
  /// Before the lane ends: every lastSeen that is owed, due or not. A store that is too slow or fails costs the exact
  /// times, not the end.
  void flush_all_last_seen();

  // LaneContext
  [[nodiscard]] const Store& store() const override { return parts_.store; }
  [[nodiscard]] CommitBatch& batch() override { return batch_; }
  [[nodiscard]] WallTime now() const override { return parts_.clock.wall_now(); }
  [[nodiscard]] base::RandomSource& random() override { return parts_.random; }
  MailboxSeq append_entry(MailboxEntry entry) override;
  [[nodiscard]] MailboxSeq head(const UserId& owner) override { return user(owner).head; }
  [[nodiscard]] Relation relation(const ConversationKey& pair) override { return conversation(pair).relation; }
  void put_relation(const Relation& relation) override;
  void erase_push_job(const PushJob& job) override;
  void forget_user(const UserId& user) override;
  void forget_conversation(const ConversationKey& conversation) override;
  void end_login(const LoginId& login, EndReason reason) override;
  void end_device(const UserId& user, const DeviceId& device, EndReason reason) override;
  void end_user(const UserId& user, EndReason reason, std::optional<LoginId> except_login) override;
  [[nodiscard]] bool is_online(const UserId& user) const override { return parts_.presence.is_online(user); }
  [[nodiscard]] std::vector<Presence::Found> look_up_devices(const UserId& user,
                                                             std::span<const DeviceId> devices) const override;
  [[nodiscard]] WallTime last_seen(const Device& row) const override;
  void friendship_changed(const ConversationKey& pair, bool friends_now) override;
  void reply(base::Executor& executor, base::Task task) override;

  // For the lane's own commands.
  [[nodiscard]] const LaneOptions& options() const { return options_; }
  [[nodiscard]] LaneMetrics& metrics() { return parts_.metrics; }
  [[nodiscard]] ContentCipher& cipher() { return parts_.cipher; }
  [[nodiscard]] base::SteadyTime steady_now() const { return parts_.clock.steady_now(); }
  [[nodiscard]] WallTime wall_time_of(base::SteadyTime time) const {
    return now() - std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - time);
  }
  [[nodiscard]] const std::vector<std::string>& epochs() const { return epochs_; }
  [[nodiscard]] PendingLedger& pending() { return pending_; }
  /// Counts while staging go here.
  [[nodiscard]] BatchCounts& counts() { return counts_; }
  /// Loaded, if nothing has failed; when the store cannot answer, failed() is set and the batch will not be committed.
  /// Rows' states are changed through these two only: forget_batch() goes by that.
  UserState& user(const UserId& id);
  ConversationState& conversation(const ConversationKey& pair);
  /// As above, for what a command can do without. nullptr: rows of it are damaged, and nothing has failed.
  UserState* undamaged_user(const UserId& id);
  ConversationState* undamaged_conversation(const ConversationKey& pair);
  /// As it is cached: sessions and what is remembered beside the rows; these may be old, or missing.
  [[nodiscard]] UserState& known_user(const UserId& id) { return users_.at(id); }
  [[nodiscard]] bool failed() const { return failed_.has_value(); }
  void fail(StoreError error) override {
    if (failed_) return;
    failed_ = error;
    failed_by_ = staging_;
  }
  /// Takes a read's value, or fails the batch and returns a default.
  template <class T>
  T take(Read<T> read) {
    if (read) return std::move(read).value();
    fail(read.error());
    return T{};
  }
  /// As take(), of what a command can do without: what is damaged counts as not there.
  template <class T>
  T take_undamaged(Read<T> read) {
    if (!read && read.error() == StoreError::kCorrupt) return T{};
    return take(std::move(read));
  }
  /// As append_entry; the hint carries `item` (its entry is completed here), so that live pumps need not read.
  MailboxSeq append_item(std::shared_ptr<LogItem> item);
  /// Is somebody connected, on this or another node? Answered into `to` before finish(), for the whole batch at once.
  void ask_presence(const UserId& user, bool& to);
  /// The newest own message of `author` with number <= up_to. Zero ids: none.
  struct Covered {
    ConversationSeq seq;
    MessageId message;
    std::uint64_t ordinal = 0;
  };
  Covered newest_covered(ConversationState& conversation, const UserId& author, ConversationSeq up_to);
  /// Moves a device's position forward: row, receipts, marks, trim.
  void advance(UserState& user, DeviceState& device, const Confirmation& confirmation);
  /// Of others, in (after, through].
  std::uint64_t messages_between(const UserState& user, MailboxSeq after, MailboxSeq through);
  /// Receipts of the message entries in (after, through], for a position that the client brought along.
  Confirmation derive_confirmation(const UserState& user, const DeviceState& device, MailboxSeq through,
                                   const std::vector<MailboxSeq>& skipped = {});
  /// kExpired or kUnreadable, once in a batch and once for ever. `entry` as its mailbox has it.
  [[nodiscard]] bool fail_message(const MailboxEntry& entry, FailureReason reason);
  /// Those of these entries that nobody has confirmed or read become failed (lane_expire.cpp).
  void expire(const UserId& recipient, const std::vector<MailboxEntry>& entries);

  /// Staged sends of this batch by client id. `request` is the command's own.
  [[nodiscard]] SendCommand* staged_send(const SendRequest& request) const;
  void stage_send(const SendRequest& request, SendCommand& command);

  // Push jobs (lane_push.cpp).
  /// Before the lane runs.
  void wake_pushes(std::shared_ptr<PushSignal> signal) { push_signal_ = std::move(signal); }
  /// The devices of `user` that have an address are owed a push for this message; in its own batch.
  void owe_pushes(UserState& user, const Message& message, MailboxSeq position);
  void erase_job(const UserState& user, DeviceState& device);
  /// What a provider answered, or what was found out before it was asked.
  void settle_push(const PushDone& done);
  /// The directory has changed for this device: its job is held or falls due after the commit under way. `written`:
  /// the last entry given to the socket that fell silent or went.
  void touch_push(UserState& user, const DeviceId& device, std::chrono::milliseconds grace, MailboxSeq written);

  // Directory and presence (lane_presence.cpp); in finish() only.
  void register_session(UserState& user, LiveRecord record);
  void drop_session(UserState& user, ConnectionId connection, MailboxSeq written = {});
  void end_session(UserState& user, ConnectionId connection, EndReason reason);
  /// As end_session(), but the client may come back.
  void cut_session(UserState& user, ConnectionId connection);
  void set_silent(UserState& user, LiveRecord& record, bool silent, MailboxSeq written);
  void announce(UserState& user);
  void tell(const UserState& to, const TransientEvent& event);
  void typing(const UserId& sender, const UserId& recipient, bool typing);
  /// From another node (lane_nodes.cpp).
  void hear(const NodeNote& note) { notes_.push_back(note); }
  /// Notes of this node may have been lost, or others have taken it for dead: after a while all who are online here are
  /// told to the other nodes once more.
  void announce_again();
  /// Notes of others may have been lost here.
  void ask_for_announcements();
  /// Somebody connected here has seen them online: those who are so on other nodes are missed when they go.
  void shown_online(std::span<const UserId> users);
  /// What is held for a device is looked at again: if it is not connected here, its push falls due.
  void rearm_pushes();
  /// They were connected to a node that has died: their friends are told once that is certain.
  void expect_departures(const std::vector<UserId>& users);
  [[nodiscard]] bool shared() const { return shared_; }

 private:
  struct StagedHint {
    UserState* owner;
    Hint hint;
  };
  struct ExecutorReplies {
    base::Executor* executor;
    std::vector<base::Task> tasks;
  };
  struct Due {
    base::SteadyTime at;
    UserId user;
  };
  struct TypingState {
    base::SteadyTime told{};
    std::optional<bool> waiting;
  };
  using TypingPair = std::pair<UserId, UserId>;
  struct TypingHash {
    std::size_t operator()(const TypingPair& pair) const noexcept {
      return std::hash<UserId>{}(pair.first) * 31 + std::hash<UserId>{}(pair.second);
    }
  };

  struct StagedId {
    UserId sender;
    UserId recipient;
    std::string_view client_id;  // of the staged command's request
    friend bool operator==(const StagedId&, const StagedId&) = default;
  };
  struct StagedIdHash {
    // Client ids are chosen by strangers: those that collide cost a comparison each, and a batch has a few hundred.
    std::size_t operator()(const StagedId& id) const noexcept {
      return std::hash<std::string_view>{}(id.client_id) ^ (std::hash<UserId>{}(id.sender) * 3) ^
             (std::hash<UserId>{}(id.recipient) * 7);
    }
  };

  /// What the directory's change means for one device's job and trace.
  struct PushTouch {
    UserId user;
    DeviceId device;
    WallTime due{};  // of a job that is no longer held
    MailboxSeq written;
  };

  void load(UserState& user);
  void load_push(DeviceState& state, const Device& row);
  void load_push_jobs(UserState& user);
  void load(ConversationState& conversation);
  void load_side(ConversationState& conversation, const UserId& author, const UserId& reader);
  [[nodiscard]] bool waits_for_retry() const { return !staged_.empty() || !touched_.empty(); }
  void stage(LaneCommand& command);
  template <class Part>
  [[nodiscard]] bool is_undamaged(Part read);
  void settle_once();
  void settle_through();
  std::optional<StoreError> commit();
  std::optional<StoreError> outcome_of(StoreError failed);
  [[nodiscard]] bool patient() const;  // with conflicts
  [[nodiscard]] bool met_damage(const LaneCommand& command) const;
  void keep_for_again(StoreError failed);
  void finish_staged(std::optional<StoreError> failed);
  void stage_failed_again();
  void raise_hints();
  void run_ending(const Ending& ending);
  void answer_presence();
  // Several nodes (lane_nodes.cpp).
  bool open_turn();
  void close_turn();
  void learn(const ForeignCommits& others);
  void learn(const BatchDigest& batch);
  void learn(const BatchDigest::Sent& sent);
  void cut_sessions(UserState& user);
  void cut_trimmed_sessions(UserState& user);
  void tell_nodes(const NodeNote& note);
  bool poll_commits();
  void run_notes();
  void hear_presence(const NodeNote& note);
  bool run_announcements();
  bool run_rearming();
  void note_heard(const UserId& user, bool by_friends);
  [[nodiscard]] bool friends_heard(const UserId& user) const;
  bool run_departures();
  bool tell_gone(const UserId& user, bool everywhere);
  bool review_heard();
  void run_friendships();
  void post_replies();
  void may_be_erased(const UserId& owner, bool count);
  bool run_recounts();
  void forget_everything();
  void forget_batch();
  void forget_changed_rows();
  void empty_batch();
  void trim_mailbox(UserState& user);
  void rearm_held_jobs();
  bool stage_touched();
  void put_job(const PushJob& job) { batch_.push_jobs.push_back(job); }
  void drop_confirmed_job(const UserState& user, DeviceState& device);
  void drop_dead_address(UserState& user, DeviceState& device, const PushDone& done);
  DeviceTrace& trace(const UserId& user, const DeviceId& device);
  [[nodiscard]] std::int64_t jobs_of_erased_rows();
  void pushes_committed(std::int64_t erased);
  void append_receipt(UserState& reader, const Receipt& receipt, base::SteadyTime confirmed);
  void append_skips(UserState& user, const DeviceState& device, const Confirmation& confirmation);
  bool mark_skipped(const UserState& user, const DeviceState& device, const MailboxEntry& entry);
  void rescue(const MessageId& message);
  void went_offline(UserState& user);
  void end_grace(UserState& user);
  void tell_friends(const UserId& user, const PresenceEvent& event);
  void tell_others_of(const UserId& user);
  void tell_typing(const UserId& sender, const UserId& recipient, bool typing);
  [[nodiscard]] bool online_elsewhere(const UserId& user) const;
  void owe_last_seen(UserState& user);
  bool flush_last_seen(bool all);
  void stage_last_seen(const UserId& id);
  [[nodiscard]] base::SteadyTime next_last_seen() const { return std::max(last_seen_.front().at, last_seen_again_); }
  bool run_grace();
  bool run_typing();

  LaneParts parts_;
  const LaneOptions& options_;
  const std::vector<std::string> epochs_;
  LaneCache<UserId, UserState> users_;
  LaneCache<ConversationKey, ConversationState> conversations_;
  PendingLedger pending_;
  CommitBatch batch_;
  std::vector<UserState*> batch_users_;  // in_batch; states are evicted between batches only
  std::vector<ConversationState*> batch_conversations_;
  BatchCounts counts_;                                                  // of this batch
  boost::unordered_flat_set<MessageId, std::hash<MessageId>> failing_;  // likewise, see fail_message()
  std::optional<StoreError> failed_;
  const LaneCommand* staging_ = nullptr;
  const LaneCommand* failed_by_ = nullptr;   // whose staging has set failed_, if any
  std::vector<const LaneCommand*> damaged_;  // of staged_: they met a damaged row and fail, whatever the others do
  bool again_at_once_ = false;               // what failed last need not wait for the store
  StoreError failed_last_{};                 // why the batch failed that left staged_ behind
  std::vector<std::unique_ptr<LaneCommand>> staged_;
  std::vector<std::unique_ptr<LaneCommand>> again_;  // of a failed batch: LaneCommand::stage_again()
  std::uint64_t rounds_ = 0;                         // commits tried
  std::uint32_t conflicts_ = 0;                      // in a row
  base::SteadyTime conflicts_since_{};               // the first of them
  base::SteadyTime retry_at_{};                      // when they are tried again if nothing else happens
  boost::unordered_flat_map<StagedId, SendCommand*, StagedIdHash> staged_sends_;
  std::vector<StagedHint> hints_;
  std::vector<Ending> ends_;
  const bool shared_;       // other nodes write the store too
  bool turn_open_ = false;  // of a shared store
  base::SteadyTime poll_at_{};
  base::SteadyTime no_turn_until_{};
  std::vector<std::pair<UserId, bool*>> presence_asked_;  // by commands that are staged
  std::vector<std::pair<ConversationKey, bool>> friendships_;
  std::vector<ExecutorReplies> replies_;
  std::vector<PushTouch> touched_;  // for the next batch
  std::vector<PushTouch> touches_staged_;
  std::int64_t job_change_ = 0;  // of this batch, for restante_push_jobs
  std::shared_ptr<PushSignal> push_signal_;
  struct Departure {
    base::SteadyTime at;
    base::SteadyTime give_up;
    UserId user;
  };
  std::deque<Departure> departed_;
  struct Rearming {
    base::SteadyTime at;
    UserId user;  // behind this job
    DeviceId device;
  };
  std::optional<Rearming> rearming_;
  /// Online on other nodes, as far as was heard.
  struct Heard {
    base::SteadyTime missing{};  // since when presence does not find the user there; zero: it does
    bool by_friends = false;     // all friends here were told; otherwise only one to whom it was news
  };
  boost::unordered_flat_map<UserId, Heard, std::hash<UserId>> heard_online_;
  base::SteadyTime review_at_{};
  std::vector<UserId> reviewing_;  // who is still to be looked up
  std::deque<UserId> recounts_;    // whose pending messages are to be counted anew
  std::vector<NodeNote> notes_;    // heard in the batch that is being finished
  base::SteadyTime again_at_ = base::SteadyTime::max();
  std::vector<UserId> announcing_;      // who is still to be told again
  bool announce_once_more_ = false;     // when that pass is over
  std::deque<Due> grace_;               // constant delays: these queues are in order of time
  std::deque<Due> last_seen_;           // users whose row or devices' rows are owed
  base::SteadyTime last_seen_again_{};  // not before, after a failure
  std::deque<std::pair<base::SteadyTime, TypingPair>> typing_due_;
  boost::unordered_flat_map<TypingPair, TypingState, TypingHash> typing_;
};

}  // namespace chat
