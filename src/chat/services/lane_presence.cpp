// The directory of live sessions and what follows from it: presence, endings, typing. Everything here is told, nothing
// is true: losing it costs latency only (I8).

#include <algorithm>

#include "chat/rules/friendship.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {

void LaneDesk::ask_presence(const UserId& user, bool& to) {
  presence_asked_.emplace_back(user, &to);
}

void LaneDesk::answer_presence() {
  if (presence_asked_.empty()) return;
  std::vector<UserId> users;
  users.reserve(presence_asked_.size());
  for (const auto& [user, to] : presence_asked_) users.push_back(user);
  const auto found = parts_.presence.look_up(users);
  for (std::size_t i = 0; i < found.size() && i < presence_asked_.size(); ++i) {
    *presence_asked_[i].second = found[i].online;
    (found[i].hit ? parts_.metrics.presence_hits : parts_.metrics.presence_misses).add();
  }
  presence_asked_.clear();
}

bool LaneDesk::online_elsewhere(const UserId& user) const {
  if (!shared_) return false;
  const auto found = parts_.presence.look_up({&user, 1}).front();
  (found.hit ? parts_.metrics.presence_hits : parts_.metrics.presence_misses).add();
  return found.online;
}

void LaneDesk::register_session(UserState& user, LiveRecord record) {
  parts_.presence.set_online(user.key, record.connection, record.device);
  touch_push(user, record.device, options_.push_grace, {});
  user.live.push_back(std::move(record));
}

void LaneDesk::drop_session(UserState& user, ConnectionId connection, MailboxSeq written) {
  const auto gone = std::find_if(user.live.begin(), user.live.end(),
                                 [&](const LiveRecord& record) { return record.connection == connection; });
  if (gone == user.live.end()) return;
  parts_.presence.clear(user.key, connection);
  const bool was_present = user.present();
  touch_push(user, gone->device, options_.push_grace, written);
  if (auto* const device = user.device(gone->device)) {
    device->last_seen = now();
    device->seen = true;
    if (parts_.owed != nullptr) parts_.owed->left(user.key, device->id, device->last_seen);
    owe_last_seen(user);
  }
  user.live.erase(gone);
  if (was_present && !user.present()) went_offline(user);
}

void LaneDesk::end_session(UserState& user, ConnectionId connection, EndReason reason) {
  if (const auto* const record = user.record(connection)) {
    reply(record->session->executor(), [session = record->session, reason] { session->on_end(reason); });
  }
  drop_session(user, connection);
}

void LaneDesk::cut_session(UserState& user, ConnectionId connection) {
  if (const auto* const record = user.record(connection)) {
    reply(record->session->executor(), [session = record->session] { session->on_cut(); });
  }
  drop_session(user, connection);
}

void LaneDesk::set_silent(UserState& user, LiveRecord& record, bool silent, MailboxSeq written) {
  if (record.silent == silent) return;
  record.silent = silent;
  touch_push(user, record.device, {}, silent ? written : MailboxSeq());
  if (!silent) {
    parts_.presence.set_online(user.key, record.connection, record.device);
    return announce(user);
  }
  parts_.presence.clear(user.key, record.connection);
  if (!user.present()) went_offline(user);
}

void LaneDesk::went_offline(UserState& user) {
  user.last_seen = now();
  user.offline_since = steady_now();
  if (parts_.owed != nullptr) parts_.owed->left(user.key, user.last_seen);
  owe_last_seen(user);
  // Also when nobody was announced: who asked for the list of friends, or became one, has seen this user online.
  if (!std::exchange(user.grace_queued, true)) {
    grace_.push_back({steady_now() + options_.offline_grace, user.key});
  }
}

void LaneDesk::announce(UserState& user) {
  if (!user.present() || std::exchange(user.announced, true)) return;
  // Come from another node, or there as well: that is no news to the friends here.
  if (!friends_heard(user.key)) tell_friends(user.key, {user.key, true, now(), {}});
  tell_others_of(user.key);
}

void LaneDesk::tell_others_of(const UserId& user) {
  tell_nodes({.kind = NodeNote::Kind::kPresence, .user = user, .peer = {}, .on = true, .at = now()});
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
  if (user.present()) return;
  if (user.offline_since + options_.offline_grace > steady_now()) {
    // Came back and went again meanwhile: the grace counts from the later departure. The queue stays in order, because
    // nothing younger than now is in front of it.
    user.grace_queued = true;
    grace_.push_back({user.offline_since + options_.offline_grace, user.key});
    std::sort(grace_.begin(), grace_.end(), [](const Due& a, const Due& b) { return a.at < b.at; });
    return;
  }
  const bool announced = std::exchange(user.announced, false);
  if (online_elsewhere(user.key)) {
    if (announced) note_heard(user.key, true);
    return;
  }
  heard_online_.erase(user.key);
  tell_friends(user.key, {user.key, false, user.last_seen, {}});
  tell_nodes({.kind = NodeNote::Kind::kPresence, .user = user.key, .peer = {}, .on = false, .at = user.last_seen});
}

void LaneDesk::tell(const UserState& to, const TransientEvent& event) {
  for (const auto& record : to.live) {
    reply(record.session->executor(), [session = record.session, event] { session->on_transient(event); });
  }
}

void LaneDesk::tell_friends(const UserId& user, const PresenceEvent& event) {
  const auto relations = store().relations(user);
  if (!relations) return;
  for (const auto& relation : relations.value()) {
    if (!are_friends(relation)) continue;
    const auto* const peer = users_.find(relation.pair.peer_of(user));
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
      const bool here = listener != nullptr && !listener->live.empty();
      if (!here && parts_.bus == nullptr) continue;
      const auto& peer = user(about);
      const bool elsewhere = !peer.present() && online_elsewhere(about);
      const bool online = peer.present() || elsewhere;
      if (here && elsewhere) note_heard(about, false);
      const auto at = online ? now() : peer.last_seen;
      if (here) tell(*listener, PresenceEvent{about, online, at, listener->head});
      tell_nodes({.kind = NodeNote::Kind::kPresence, .user = about, .peer = to, .on = online, .at = at});
    }
  }
  friendships_.clear();
}

std::vector<Presence::Found> LaneDesk::look_up_devices(const UserId& id, std::span<const DeviceId> devices) const {
  std::vector<Presence::Found> found(devices.size());
  if (shared_) found = parts_.presence.look_up_devices(id, devices);
  const auto* const user = users_.find(id);
  if (user == nullptr) return found;
  for (const auto& record : user->live) {
    const auto here = std::find(devices.begin(), devices.end(), record.device);
    if (here != devices.end()) found[static_cast<std::size_t>(here - devices.begin())] = {.online = true, .hit = true};
  }
  return found;
}

void LaneDesk::end_login(const LoginId& login, EndReason reason) {
  const auto row = store().login(login);
  Ending order{.login = login, .user = {}, .device = {}, .except = {}, .handshake = {}, .reason = reason};
  if (row && row.value()) order.user = row.value()->user;
  ends_.push_back(std::move(order));
}

void LaneDesk::end_device(const UserId& user, const DeviceId& device, EndReason reason) {
  ends_.push_back({.login = {}, .user = user, .device = device, .except = {}, .handshake = {}, .reason = reason});
}

void LaneDesk::end_user(const UserId& user, EndReason reason, std::optional<LoginId> except_login) {
  ends_.push_back({.login = {}, .user = user, .device = {}, .except = except_login, .handshake = {}, .reason = reason});
}

void LaneDesk::run_ending(const Ending& ending) {
  const auto run = [&](UserState& user) {
    std::vector<ConnectionId> meant;
    for (const auto& record : user.live) {
      const bool login = !ending.login || record.login == *ending.login;
      const bool device = !ending.device || record.device == *ending.device;
      const bool spared = ending.except && record.login == *ending.except;
      if (login && device && !spared) meant.push_back(record.connection);
    }
    for (const auto connection : meant) {
      const bool younger = ending.handshake && wall_time_of(user.record(connection)->handshake) > *ending.handshake;
      younger ? cut_session(user, connection) : end_session(user, connection, ending.reason);
    }
  };
  if (!ending.user) {
    users_.for_each(run);  // the login's row is gone: look at everybody
  } else if (auto* const user = users_.find(*ending.user)) {
    run(*user);
  }
}

WallTime LaneDesk::last_seen(const Device& row) const {
  auto* const user = users_.find(row.user);
  const auto* const known = user == nullptr ? nullptr : user->device(row.id);
  return known == nullptr ? row.last_seen : std::max(row.last_seen, known->last_seen);
}

void LaneDesk::owe_last_seen(UserState& user) {
  if (std::exchange(user.last_seen_dirty, true)) return;
  last_seen_.push_back({steady_now() + options_.last_seen_every, user.key});
}

void LaneDesk::flush_all_last_seen() {
  const auto until = steady_now() + options_.last_seen_every;
  while (steady_now() < until && flush_last_seen(true)) {
  }
}

/// For display, but of several users at once: what could not be written stays owed. False: nothing was written.
bool LaneDesk::flush_last_seen(bool all) {
  if (!staged_.empty() || last_seen_.empty()) return false;
  if (!all && next_last_seen() > steady_now()) return false;
  failed_.reset();  // of something told since the last batch; it is none of this one's
  std::size_t users = 0;
  while (users < last_seen_.size() && users < options_.last_seen_rows &&
         (all || last_seen_[users].at <= steady_now())) {
    if (open_turn()) stage_last_seen(last_seen_[users].user);
    if (failed_) break;
    ++users;
  }
  if (!failed_ && !batch_.empty()) {
    const auto done = parts_.store.commit(batch_, Durability::kBuffered);
    turn_open_ = false;
    if (!done) fail(done.error());
  }
  close_turn();
  batch_.clear();
  if (std::exchange(failed_, std::nullopt)) {
    last_seen_again_ = steady_now() + options_.last_seen_every;
    return false;
  }
  for (; users > 0; --users) {
    if (auto* const state = users_.find(last_seen_.front().user)) state->last_seen_dirty = false;
    if (parts_.owed != nullptr) parts_.owed->written(last_seen_.front().user);
    last_seen_.pop_front();
  }
  return true;
}

void LaneDesk::stage_last_seen(const UserId& id) {
  auto* const state = users_.find(id);
  if (state == nullptr) return;
  auto user = take_undamaged(store().user(id));  // a damaged row would hold up everybody else's for ever
  if (!user) return;
  if (user->last_seen < state->last_seen) {  // another node may have seen the user since
    user->last_seen = state->last_seen;
    batch_.users.push_back(std::move(*user));
  }
  for (auto& device : take_undamaged(store().devices(id))) {
    const auto* const known = state->device(device.id);
    if (known == nullptr || known->last_seen <= device.last_seen) continue;
    device.last_seen = known->last_seen;
    batch_.devices.push_back(std::move(device));
  }
}

void LaneDesk::typing(const UserId& sender, const UserId& recipient, bool typing) {
  if (sender == recipient) return;
  const auto* const listener = users_.find(recipient);
  const bool here = listener != nullptr && !listener->live.empty();
  if (!here && parts_.bus == nullptr) return;
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
  tell_typing(sender, recipient, typing);
  tell_nodes({.kind = NodeNote::Kind::kTyping, .user = sender, .peer = recipient, .on = typing, .at = {}});
}

void LaneDesk::tell_typing(const UserId& sender, const UserId& recipient, bool typing) {
  const auto* const listener = users_.find(recipient);
  if (listener == nullptr || listener->live.empty()) return;
  if (are_friends(conversation(ConversationKey::of(sender, recipient)).relation)) {
    tell(*listener, TypingEvent{sender, typing});
  }
}

bool LaneDesk::run_typing() {
  const bool failed_before = failed();
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
    tell_typing(pair.first, pair.second, *waiting);
    tell_nodes({.kind = NodeNote::Kind::kTyping, .user = pair.first, .peer = pair.second, .on = *waiting, .at = {}});
  }
  if (!failed_before) failed_.reset();  // it belongs to no batch
  return any;
}

}  // namespace chat
