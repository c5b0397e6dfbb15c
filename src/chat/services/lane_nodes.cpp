// Several nodes on one store: the turn that a batch needs, and what other nodes' batches mean here. With a store of
// one's own there is nothing in here that does anything.

#include <algorithm>

#include "chat/rules/may_send.hpp"
#include "chat/services/lane_commands.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {

namespace {

constexpr std::chrono::milliseconds kPollWithBus{1000};    // a note that was lost costs no more than this
constexpr std::chrono::milliseconds kPollWithoutBus{250};  // where no notes come
constexpr std::chrono::seconds kLongestLease{30};          // of presence: after that somebody else has renewed it
constexpr std::chrono::milliseconds kLookAgain{2000};
constexpr std::chrono::milliseconds kReviewEvery{5000};
constexpr std::chrono::milliseconds kReviewPause{100};
constexpr std::size_t kReviewedAtOnce = 256;  // of one look-up
constexpr std::size_t kGoneAtOnce = 64;       // users of one pass, some reads each: commands come between two passes
/// Users on other nodes, some 64 bytes each. Of more than these, friends hear the end from their node only.
constexpr std::size_t kMostHeard = 65'536;
constexpr std::chrono::milliseconds kNoTurnPause{1000};
constexpr std::size_t kJobsAtOnce = 100;  // of one pass: each costs the reads of its user
// After a loss of notes: the others listen again by then, and this node's leases are written.
constexpr std::chrono::milliseconds kAnnounceAgain{6000};
constexpr std::chrono::milliseconds kAnnouncePause{100};
constexpr std::size_t kAnnouncedAtOnce = 8;  // each costs a read of every other node that has not heard of that user

}  // namespace

bool LaneDesk::open_turn() {
  if (!shared_ || turn_open_) return true;
  if (failed()) return false;
  // A store that does not answer takes its time to say so: nobody else waits for that again at once.
  if (steady_now() < no_turn_until_) {
    fail(StoreError::kUnavailable);
    return false;
  }
  auto others = parts_.store.begin_turn();
  if (!others) {
    no_turn_until_ = steady_now() + kNoTurnPause;
    fail(others.error());
    return false;
  }
  turn_open_ = true;
  learn(*others);
  return true;
}

void LaneDesk::close_turn() {
  if (std::exchange(turn_open_, false)) parts_.store.end_turn();
}

void LaneDesk::look_up_client_ids(std::span<const std::unique_ptr<LaneCommand>> commands) {
  if (!shared_) return;
  std::vector<MailStore::ClientIdQuestion> questions;
  std::vector<SendCommand*> asking;
  for (const auto& command : commands) {
    auto* const send = command->as_send();
    if (send == nullptr || send->request().client_id.empty()) continue;
    auto* const sender = users_.find(send->request().sender);
    if (sender != nullptr && send->may_assume_new(*sender, steady_now())) {
      send->assume_new();
      continue;
    }
    questions.push_back({send->request().sender, send->request().recipient, send->request().client_id});
    asking.push_back(send);
  }
  if (questions.empty() || !open_turn()) return;
  auto found = store().messages_by_client_ids(questions);
  if (!found) return;  // each asks for itself then
  for (std::size_t i = 0; i < asking.size(); ++i) asking[i]->know_stored(std::move((*found)[i]));
}

void LaneDesk::learn(const ForeignCommits& others) {
  if (others.lost) {
    forget_everything();
    users_.for_each([this](UserState& user) { cut_sessions(user); });
  }
  for (const auto& batch : others.batches) learn(batch);
}

void LaneDesk::learn(const BatchDigest& batch) {
  for (const auto& user : batch.users) forget_user(user);
  for (const auto& conversation : batch.conversations) {
    forget_conversation(conversation);
    for (const auto& id : {conversation.low, conversation.high}) {
      const bool changed = std::binary_search(batch.users.begin(), batch.users.end(), conversation.peer_of(id));
      may_be_erased(id, changed);
    }
  }
  for (const auto& sent : batch.sent) learn(sent);
  for (const auto& step : batch.steps) {
    auto* const conversation = conversations_.find(ConversationKey::of(step.author, step.reader));
    if (conversation == nullptr || !conversation->loaded) continue;
    auto& side = conversation->author(step.author);
    auto& mark = step.kind == WatermarkKind::kRead ? side.read : side.delivered;
    if (mark.advances_to(step.up_to)) mark.take(step);
  }
  for (const auto& row : batch.positions) {
    auto* const user = users_.find(row.user);
    if (user == nullptr || !user->loaded) continue;
    auto* const device = user->device(row.device);
    if (device == nullptr) {
      user->loaded = false;
      continue;
    }
    device->position = std::max(device->position, row.position);
    if (user->highest_position() >= user->head) pending_.set(user->key, 0);
  }
  for (const auto& trim : batch.trims) {
    auto* const user = users_.find(trim.owner);
    if (user == nullptr) continue;
    user->first = std::max(user->first, trim.below);
    cut_trimmed_sessions(*user);
  }
  for (const auto& head : batch.heads) {
    auto* const user = users_.find(head.owner);
    if (user == nullptr) continue;
    if (user->head < head.head) user->newest_known = 0;
    user->head = std::max(user->head, head.head);
    for (const auto& record : user->live) {
      reply(record.session->executor(),
            [session = record.session, at = head.head] { session->on_hint({at, nullptr}); });
    }
  }
  // A message that has failed names its conversation, among others: pumps here may have written it before.
  for (const auto& conversation : batch.conversations) {
    for (const auto& id : {conversation.low, conversation.high}) {
      auto* const user = users_.find(id);
      if (user != nullptr && !user->live.empty()) user->expired = std::max(user->expired, user->head);
    }
  }
  for (const auto& ending : batch.endings) run_ending(ending);
}

void LaneDesk::learn(const BatchDigest::Sent& sent) {
  // Of a limit per minute it counts wherever it was sent, also when the sender comes here later.
  if (options_.limits.messages_per_minute != 0) {
    static_cast<void>(users_.at(sent.sender).rate.take(steady_now(), options_.limits.messages_per_minute));
  }
  if (pending_.known(sent.recipient)) pending_.add(sent.recipient, 1);
  auto* const conversation = conversations_.find(ConversationKey::of(sent.sender, sent.recipient));
  if (conversation == nullptr || !conversation->loaded || sent.seq <= conversation->last) return;
  conversation->last = sent.seq;
  conversation->last_at = sent.timestamp;
  conversation->author(sent.recipient).ordinal = sent.recipient_ordinal;
  auto& author = conversation->author(sent.sender);
  author.ordinal = sent.sender_ordinal;
  author.newest_known = true;
  author.newest_seq = sent.seq;
  author.newest = sent.id;
}

/// No telling what has happened to them: they come back by themselves and are checked then.
void LaneDesk::cut_sessions(UserState& user) {
  while (!user.live.empty()) cut_session(user, ConnectionId(user.live.front().connection));
}

/// Their pumps stand before what is kept: they come back and are told `reset` (I10).
void LaneDesk::cut_trimmed_sessions(UserState& user) {
  for (;;) {
    const auto behind = std::find_if(user.live.begin(), user.live.end(), [&](const LiveRecord& session) {
      return session.reads_after.next() < user.first;
    });
    if (behind == user.live.end()) return;
    cut_session(user, ConnectionId(behind->connection));
  }
}

void LaneDesk::rearm_pushes() {
  rearming_ = Rearming{steady_now(), {}, {}};
}

/// A page at a time, each behind the batch of the one before it. What cannot be read is tried again: nobody else will.
bool LaneDesk::run_rearming() {
  if (!rearming_ || rearming_->at > steady_now() || !touched_.empty()) return false;
  const auto page = store().push_jobs_after(rearming_->user, rearming_->device, kJobsAtOnce);
  if (!page) {
    rearming_->at = steady_now() + kLookAgain;
    return true;
  }
  if (page->empty()) {
    rearming_.reset();
    return true;
  }
  rearming_->user = page->back().user;
  rearming_->device = page->back().device;
  for (const auto& job : *page) {
    if (job.due == kPushHeld) touched_.push_back({job.user, job.device, now() + options_.push_grace, {}});
  }
  return true;
}

void LaneDesk::tell_nodes(const NodeNote& note) {
  if (parts_.bus != nullptr) parts_.bus->publish(note);
}

/// When all commands of the batch are finished: what others have committed may be about a session that one of them
/// registers.
void LaneDesk::run_notes() {
  for (const auto& note : std::exchange(notes_, {})) {
    switch (note.kind) {
      case NodeNote::Kind::kRepeat:
        announce_again();
        break;
      case NodeNote::Kind::kReconnected:
        announce_again();
        ask_for_announcements();
        [[fallthrough]];
      case NodeNote::Kind::kCommitted:
        poll_at_ = {};
        poll_commits();  // at once: what is heard next may be about it
        break;
      case NodeNote::Kind::kPresence:
        hear_presence(note);
        break;
      case NodeNote::Kind::kTyping:
        tell_typing(note.user, note.peer, note.on);
        break;
    }
  }
}

void LaneDesk::ask_for_announcements() {
  tell_nodes({.kind = NodeNote::Kind::kRepeat, .user = {}, .peer = {}, .on = false, .at = {}});
}

void LaneDesk::announce_again() {
  if (parts_.bus == nullptr) return;
  // A pass that is under way or awaited is not put off, or nodes that come and go would never see it; another follows.
  announce_once_more_ = again_at_ != base::SteadyTime::max();
  if (!announce_once_more_) again_at_ = steady_now() + kAnnounceAgain;
}

/// Most others have heard of most of them, and to those it is no news.
bool LaneDesk::run_announcements() {
  if (steady_now() < again_at_) return false;
  if (announcing_.empty()) {
    users_.for_each([this](const UserState& user) {
      if (user.announced) announcing_.push_back(user.key);
    });
  }
  for (std::size_t i = 0; i < kAnnouncedAtOnce && !announcing_.empty(); ++i) {
    const auto id = announcing_.back();
    announcing_.pop_back();
    const auto* const user = users_.find(id);
    // Also who is silent just now: if that lasts, the end is told.
    if (user != nullptr && user->announced) tell_others_of(id);
  }
  if (!announcing_.empty()) {
    again_at_ = steady_now() + kAnnouncePause;
  } else if (std::exchange(announce_once_more_, false)) {
    again_at_ = steady_now() + kAnnounceAgain;
  } else {
    again_at_ = base::SteadyTime::max();
  }
  return true;
}

void LaneDesk::shown_online(std::span<const UserId> users) {
  for (const auto& id : users) {
    const auto* const user = users_.find(id);
    if (user == nullptr || user->live.empty()) note_heard(id, false);
  }
}

void LaneDesk::hear_presence(const NodeNote& note) {
  auto* const user = users_.find(note.user);
  const bool to_all = note.peer == UserId{};
  if (!note.on && user != nullptr && user->present()) {
    // That node looked before this user came here and spoke after it: others have heard it last.
    if (to_all && user->announced) tell_others_of(note.user);
    return;
  }
  // All have been told that this one went, on every node: who comes back within the grace here is news again.
  if (to_all && !note.on && user != nullptr) user->announced = false;
  const bool known = note.on && (friends_heard(note.user) || (user != nullptr && user->announced));
  if (note.on) {
    note_heard(note.user, to_all);
  } else {
    heard_online_.erase(note.user);
  }
  if (to_all && known) return;  // there as well now, or come from one node to another
  PresenceEvent event{note.user, note.on, note.at, {}};
  if (to_all) return tell_friends(note.user, event);
  const auto* const listener = users_.find(note.peer);
  if (listener == nullptr || listener->live.empty()) return;
  event.after = listener->head;  // behind the `friend_accepted` that it follows
  tell(*listener, event);
}

/// Whoever was told that somebody came is told when that one goes, though nobody says so.
void LaneDesk::note_heard(const UserId& user, bool by_friends) {
  if (heard_online_.size() >= kMostHeard && !heard_online_.contains(user)) return;
  auto& heard = heard_online_[user];
  heard.missing = {};
  heard.by_friends = heard.by_friends || by_friends;
}

bool LaneDesk::friends_heard(const UserId& user) const {
  const auto found = heard_online_.find(user);
  return found != heard_online_.end() && found->second.by_friends;
}

void LaneDesk::expect_departures(const std::vector<UserId>& users) {
  const auto at = steady_now() + options_.offline_grace;
  for (const auto& user : users) departed_.push_back({at, at + kLongestLease, user});
}

/// Their node has died. Presence believes in them until their leases have run out, unless they have come back.
bool LaneDesk::run_departures() {
  const auto started = steady_now();
  bool any = false;
  std::vector<Departure> due;
  std::vector<UserId> users;
  while (!departed_.empty() && departed_.front().at <= started && due.size() < kGoneAtOnce) {
    const auto next = departed_.front();
    departed_.pop_front();
    any = true;
    if (const auto* const state = users_.find(next.user); state != nullptr && !state->live.empty()) continue;
    due.push_back(next);
    users.push_back(next.user);
  }
  if (due.empty()) return any;
  const auto found = parts_.presence.look_up(users);
  bool answers = true;  // the store: who finds that it does not asks it no more
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (!found[i].online && answers) {
      answers = tell_gone(users[i], true);
      if (answers) continue;
    }
    const auto again = started + kLookAgain;
    if (again < due[i].give_up) departed_.push_back({again, due[i].give_up, users[i]});
  }
  return true;
}

/// To their friends here, or on all nodes. False: the store does not answer, and nobody is told.
bool LaneDesk::tell_gone(const UserId& user, bool everywhere) {
  const auto row = store().user(user);
  if (!row && row.error() != StoreError::kCorrupt) return false;
  heard_online_.erase(user);
  if (!row || !*row) return true;
  const auto last_seen = (*row)->last_seen;
  tell_friends(user, {user, false, last_seen, {}});
  if (everywhere)
    tell_nodes({.kind = NodeNote::Kind::kPresence, .user = user, .peer = {}, .on = false, .at = last_seen});
  return true;
}

/// A node that dies says nothing, and notes get lost: those who were heard of are looked up from time to time.
bool LaneDesk::review_heard() {
  if (heard_online_.empty() || steady_now() < review_at_) return false;
  if (reviewing_.empty()) {
    for (const auto& [user, heard] : heard_online_) reviewing_.push_back(user);
  }
  const auto page = std::span(reviewing_).last(std::min(reviewing_.size(), kReviewedAtOnce));
  const auto found = parts_.presence.look_up(page);
  bool answers = true;  // the store
  std::size_t gone = 0;
  std::size_t reviewed = 0;
  for (; reviewed < page.size() && gone < kGoneAtOnce; ++reviewed) {
    const auto heard = heard_online_.find(page[reviewed]);
    if (!found[reviewed].hit || heard == heard_online_.end()) continue;
    auto& [missing, by_friends] = heard->second;
    if (found[reviewed].online) {
      missing = {};
    } else if (missing == base::SteadyTime{}) {
      missing = steady_now();
    } else if (steady_now() - missing > 2 * options_.offline_grace) {
      // Its own node would have said so by now. Whoever saw it in a list may be connected to a node that never heard.
      answers = tell_gone(page[reviewed], !by_friends);
      if (!answers) break;
      ++gone;
    }
  }
  reviewing_.erase(reviewing_.end() - static_cast<std::ptrdiff_t>(page.size()),
                   reviewing_.end() - static_cast<std::ptrdiff_t>(page.size() - reviewed));
  review_at_ = steady_now() + (!answers ? kLookAgain : reviewing_.empty() ? kReviewEvery : kReviewPause);
  return gone > 0;
}

bool LaneDesk::poll_commits() {
  if (!shared_ || steady_now() < std::max(poll_at_, no_turn_until_)) return false;
  poll_at_ = steady_now() + (parts_.bus != nullptr && parts_.bus->up() ? kPollWithBus : kPollWithoutBus);
  const auto others = parts_.store.foreign_commits();
  if (!others) no_turn_until_ = steady_now() + kNoTurnPause;
  if (!others || (others->batches.empty() && !others->lost)) return false;
  learn(*others);
  return true;
}

}  // namespace chat
