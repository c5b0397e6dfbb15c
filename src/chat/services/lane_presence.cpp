// The directory of live sessions and what follows from it: presence, endings, typing. Everything here is told, nothing
// is true: losing it costs latency only (I8).

#include <algorithm>

#include "chat/rules/may_send.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {
namespace {

bool present(const UserState& user) {
  return std::any_of(user.live.begin(), user.live.end(), [](const LiveRecord& record) { return !record.silent; });
}

}  // namespace

bool LaneDesk::lookup_presence(const UserId& user) {
  parts_.metrics.presence_hits.add();  // the embedded table always answers
  return parts_.presence.is_online(user);
}

void LaneDesk::register_session(UserState& user, LiveRecord record) {
  parts_.presence.set_online(user.key, record.connection);
  touch_push(user, record.device, options_.push_grace, {});
  user.live.push_back(std::move(record));
}

void LaneDesk::drop_session(UserState& user, ConnectionId connection, MailboxSeq written) {
  const auto gone = std::find_if(user.live.begin(), user.live.end(),
                                 [&](const LiveRecord& record) { return record.connection == connection; });
  if (gone == user.live.end()) return;
  parts_.presence.clear(user.key, connection);
  const bool was_present = present(user);
  touch_push(user, gone->device, options_.push_grace, written);
  if (auto* const device = user.device(gone->device)) {
    device->last_seen = now();
    device->seen = true;
  }
  user.live.erase(gone);
  if (was_present && !present(user)) went_offline(user);
}

void LaneDesk::end_session(UserState& user, ConnectionId connection, EndReason reason) {
  if (const auto* const record = user.record(connection)) {
    reply(record->session->executor(), [session = record->session, reason] { session->on_end(reason); });
  }
  drop_session(user, connection);
}

void LaneDesk::set_silent(UserState& user, LiveRecord& record, bool silent, MailboxSeq written) {
  if (record.silent == silent) return;
  record.silent = silent;
  touch_push(user, record.device, {}, silent ? written : MailboxSeq());
  if (!silent) {
    parts_.presence.set_online(user.key, record.connection);
    return announce(user);
  }
  parts_.presence.clear(user.key, record.connection);
  if (!present(user)) went_offline(user);
}

void LaneDesk::went_offline(UserState& user) {
  user.last_seen = now();
  user.offline_since = steady_now();
  if (!std::exchange(user.last_seen_dirty, true)) {
    last_seen_.push_back({steady_now() + options_.last_seen_every, user.key});
  }
  if (user.announced && !std::exchange(user.grace_queued, true)) {
    grace_.push_back({steady_now() + options_.offline_grace, user.key});
  }
}

void LaneDesk::announce(UserState& user) {
  if (!present(user) || std::exchange(user.announced, true)) return;
  tell_friends(user, {user.key, true, now(), {}});
}

bool LaneDesk::run_grace() {
  bool any = false;
  while (!grace_.empty() && grace_.front().at <= steady_now()) {
    auto* const user = users_.find(grace_.front().user);
    grace_.pop_front();
    any = true;
    if (user != nullptr) end_grace(*user);
  }
  return any;
}

void LaneDesk::end_grace(UserState& user) {
  user.grace_queued = false;
  if (present(user)) return;
  if (user.offline_since + options_.offline_grace > steady_now()) {
    // Came back and went again meanwhile: the grace counts from the later departure. The queue stays in order, because
    // nothing younger than now is in front of it.
    user.grace_queued = true;
    grace_.push_back({user.offline_since + options_.offline_grace, user.key});
    std::sort(grace_.begin(), grace_.end(), [](const Due& a, const Due& b) { return a.at < b.at; });
    return;
  }
  user.announced = false;
  tell_friends(user, {user.key, false, user.last_seen, {}});
}

void LaneDesk::tell(const UserState& to, const TransientEvent& event) {
  for (const auto& record : to.live) {
    reply(record.session->executor(), [session = record.session, event] { session->on_transient(event); });
  }
}

void LaneDesk::tell_friends(const UserState& user, const PresenceEvent& event) {
  const auto relations = store().relations(user.key);
  if (!relations) return;
  for (const auto& relation : relations.value()) {
    if (!are_friends(relation)) continue;
    const auto* const peer = users_.find(relation.pair.peer_of(user.key));
    if (peer != nullptr && !peer->live.empty()) tell(*peer, event);
  }
}

void LaneDesk::friendship_changed(const ConversationKey& pair, bool friends_now) {
  friendships_.emplace_back(pair, friends_now);
}

void LaneDesk::run_friendships() {
  for (const auto& [pair, friends_now] : friendships_) {
    if (!friends_now) continue;  // from now on tell_friends() passes them over
    for (const auto& [to, about] : {std::pair(pair.low, pair.high), std::pair(pair.high, pair.low)}) {
      const auto* const listener = users_.find(to);
      if (listener == nullptr || listener->live.empty()) continue;
      const auto& peer = user(about);
      const bool online = present(peer);
      tell(*listener, PresenceEvent{about, online, online ? now() : peer.last_seen, listener->head});
    }
  }
  friendships_.clear();
}

bool LaneDesk::device_is_live(const UserId& id, const DeviceId& device) const {
  const auto* const user = users_.find(id);
  return user != nullptr && std::any_of(user->live.begin(), user->live.end(),
                                        [&](const LiveRecord& record) { return record.device == device; });
}

void LaneDesk::end_login(const LoginId& login, EndReason reason) {
  const auto row = store().login(login);
  EndOrder order{.login = login, .user = {}, .device = {}, .except = {}, .reason = reason};
  if (row && row.value()) order.user = row.value()->user;
  ends_.push_back(std::move(order));
}

void LaneDesk::end_device(const UserId& user, const DeviceId& device, EndReason reason) {
  ends_.push_back({.login = {}, .user = user, .device = device, .except = {}, .reason = reason});
}

void LaneDesk::end_user(const UserId& user, EndReason reason, std::optional<LoginId> except_login) {
  ends_.push_back({.login = {}, .user = user, .device = {}, .except = except_login, .reason = reason});
}

void LaneDesk::run_end_orders() {
  const auto run = [this](UserState& user, const EndOrder& order) {
    std::vector<ConnectionId> meant;
    for (const auto& record : user.live) {
      const bool login = !order.login || record.login == *order.login;
      const bool device = !order.device || record.device == *order.device;
      const bool spared = order.except && record.login == *order.except;
      if (login && device && !spared) meant.push_back(record.connection);
    }
    for (const auto connection : meant) end_session(user, connection, order.reason);
  };
  for (const auto& order : ends_) {
    if (!order.user) {
      users_.for_each([&](UserState& user) { run(user, order); });  // the login's row is gone: look at everybody
    } else if (auto* const user = users_.find(*order.user)) {
      run(*user, order);
    }
  }
  ends_.clear();
}

bool LaneDesk::flush_last_seen() {
  if (last_seen_.empty() || last_seen_.front().at > steady_now() || !staged_.empty()) return false;
  for (std::size_t rows = 0; rows < options_.last_seen_rows && !last_seen_.empty(); ++rows) {
    if (last_seen_.front().at > steady_now()) break;
    auto* const state = users_.find(last_seen_.front().user);
    last_seen_.pop_front();
    if (state == nullptr) continue;
    state->last_seen_dirty = false;
    auto row = take(store().user(state->key));
    if (!row) continue;
    row->last_seen = state->last_seen;
    batch_.users.push_back(std::move(*row));
    for (auto& device : take(store().devices(state->key))) {
      const auto* const known = state->device(device.id);
      if (known == nullptr || known->last_seen <= device.last_seen) continue;
      device.last_seen = known->last_seen;
      batch_.devices.push_back(std::move(device));
    }
  }
  // For display only: a failure costs the exact time of a last visit.
  if (!batch_.empty() && !failed_) static_cast<void>(parts_.store.commit(batch_, Durability::kBuffered));
  batch_.clear();
  failed_.reset();
  return true;
}

void LaneDesk::typing(const UserId& sender, const UserId& recipient, bool typing) {
  if (sender == recipient) return;
  const auto* const listener = users_.find(recipient);
  if (listener == nullptr || listener->live.empty()) return;
  if (!are_friends(conversation(ConversationKey::of(sender, recipient)).relation)) return;
  const TypingPair pair{sender, recipient};
  const auto known = typing_.find(pair);
  if (known != typing_.end()) {
    known->second.waiting = typing;  // the latest wins; it is told when its time comes
    return;
  }
  if (typing_.size() >= options_.typing_pairs) return;
  typing_.emplace(pair, TypingState{steady_now(), std::nullopt});
  typing_due_.emplace_back(steady_now() + options_.typing_every, pair);
  tell(*listener, TypingEvent{sender, typing});
}

bool LaneDesk::run_typing() {
  bool any = false;
  while (!typing_due_.empty() && typing_due_.front().first <= steady_now()) {
    const auto pair = typing_due_.front().second;
    typing_due_.pop_front();
    any = true;
    const auto state = typing_.find(pair);
    if (state == typing_.end()) continue;
    const auto waiting = std::exchange(state->second.waiting, std::nullopt);
    if (!waiting) {
      typing_.erase(state);
      continue;
    }
    typing_due_.emplace_back(steady_now() + options_.typing_every, pair);
    const auto* const listener = users_.find(pair.second);
    const bool friends = are_friends(conversation(ConversationKey::of(pair.first, pair.second)).relation);
    if (listener != nullptr && friends) tell(*listener, TypingEvent{pair.first, *waiting});
  }
  return any;
}

}  // namespace chat
