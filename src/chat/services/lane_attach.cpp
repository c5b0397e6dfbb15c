// CONNECT and `sync`: who may attach as which device, where its pump starts, and which older session has to go.

#include <algorithm>

#include "chat/services/device_room.hpp"
#include "chat/services/lane_commands.hpp"

namespace chat {
namespace {

Refusal unauthorized(const char* message, const char* reason) {
  return {
      .code = ErrorCode::kUnauthorized, .message = message, .retry_after_seconds = 0, .field = {}, .reason = reason};
}

/// Epoch of the entry at the client's position. A superseded entry may be gone, or a damaged one unreadable, while its
/// neighbours are retained: its epoch is then at most the next one's.
std::optional<EpochNumber> epoch_at(LaneDesk& desk, const UserState& user, MailboxSeq position) {
  if (position == MailboxSeq(0) || position < user.first || position > user.head) return std::nullopt;
  if (auto epoch = desk.take_undamaged(desk.store().entry_epoch(user.key, position))) return epoch;
  const auto page = desk.take(desk.store().read_mailbox(user.key, position, {.entries = 1, .bytes = 1}));
  if (page.rows.empty()) return std::nullopt;
  return page.rows.front().entry.epoch;
}

void clear_address(LaneDesk& desk, UserState& user, DeviceState& device, Device& row) {
  if (device.push) desk.erase_job(user, device);
  device.push.reset();
  row.push.reset();
}

/// Of devices that these logins leave behind.
void clear_addresses(LaneDesk& desk, UserState& user, const std::vector<LoginId>& ended) {
  const auto meant = [&](const DeviceState& device) {
    return device.push != nullptr && std::find(ended.begin(), ended.end(), device.login) != ended.end();
  };
  if (std::none_of(user.devices.begin(), user.devices.end(), meant)) return;
  for (auto& row : desk.take(desk.store().devices(user.key))) {
    auto* const device = user.device(row.id);
    if (device == nullptr || !meant(*device)) continue;
    clear_address(desk, user, *device, row);
    desk.batch().devices.push_back(std::move(row));
  }
}

/// False: another device's confirmation in the same batch has had it trimmed.
bool retained(const UserState& user, MailboxSeq position) {
  return position.next() >= user.first;
}

}  // namespace

ResumeDecision resume_device(LaneDesk& desk, UserState& user, DeviceState& device, const ResumePoint& point) {
  const ResumeQuestion question{.client_epoch = find_epoch(desk.epochs(), point.epoch),
                                .client = point.position,
                                .stored = device.position,
                                .bounds = {.first = user.first, .head = user.head},
                                .entry_epoch = epoch_at(desk, user, point.position)};
  const auto decision = decide_resume(question);
  if (desk.failed() || decision.confirm <= device.position) return decision;
  desk.advance(user, device, desk.derive_confirmation(user, device, decision.confirm));
  return decision;
}

bool AttachCommand::login_is_valid(LaneDesk& desk) {
  const auto login = desk.take(desk.store().login(request_.login));
  if (desk.failed()) return false;
  if (!login || login->user != request_.user) {
    set(unauthorized("the session has ended", "revoked"));
  } else if (login->expires <= desk.now()) {
    set(unauthorized("the session has expired", "expired"));
  } else {
    own_device_ = login->device;
  }
  return !refused();
}

/// A new device, and there are as many as there may be.
bool AttachCommand::needs_room(LaneDesk& desk) const {
  const std::size_t limit = desk.options().limits.devices_per_user;
  auto& user = desk.user(request_.user);
  return limit != 0 && user.devices.size() >= limit && user.device(request_.device) == nullptr;
}

/// Frees one place for a new device: the least recently used one that is offline goes, be it of this session or of
/// another. This session's own device stays, because the session would end with it. False: the outcome is set, none can
/// go.
bool AttachCommand::make_room(LaneDesk& desk, UserState& user) {
  const std::size_t limit = desk.options().limits.devices_per_user;
  if (limit == 0 || user.devices.size() < limit) return true;
  std::vector<RoomCandidate> candidates;
  for (const auto& each : user.devices) {
    if (each.id != own_device_) candidates.push_back({each.id, each.last_seen});
  }
  auto room = find_room(desk, user.key, std::move(candidates), user.devices.size() + 1 - limit);
  if (auto* const refusal = std::get_if<Refusal>(&room)) {
    set(std::move(*refusal));
    return false;
  }
  user.gone = user.highest_position();
  if (user.gone > MailboxSeq()) desk.batch().positions.push_back({user.key, DeviceId{}, user.gone});
  std::vector<LoginId> ended;
  for (const auto& id : std::get<std::vector<DeviceId>>(room)) {
    auto* const oldest = user.device(id);
    desk.erase_job(user, *oldest);  // what this batch has staged of it would outlive the device
    desk.batch().erased_devices.emplace_back(user.key, oldest->id);
    const auto login = desk.take(desk.store().login(oldest->login));
    if (login && login->device == oldest->id) {
      desk.end_login(oldest->login, EndReason::kDeviceRemoved);
      desk.batch().erased_logins.push_back(oldest->login);
      ended.push_back(oldest->login);
    }
    user.devices.erase(user.devices.begin() + (oldest - user.devices.data()));
  }
  clear_addresses(desk, user, ended);  // behind the erasures: the row of a device that goes must not come back
  return true;
}

/// The device's state; it is created or bound to this login if it may. nullptr: the outcome is set (or a read failed).
DeviceState* AttachCommand::admit_device(LaneDesk& desk, UserState& user) {
  auto* const known = user.device(request_.device);
  if (known != nullptr && known->login == request_.login) return known;
  Device row;
  row.user = user.key;
  row.id = request_.device;
  row.login = request_.login;
  row.created = row.last_seen = desk.now();
  if (known != nullptr) {
    const auto other = desk.take(desk.store().login(known->login));
    if (other && other->expires > desk.now()) {
      set(unauthorized("this device belongs to another session", "invalid"));
      return nullptr;
    }
    // Its session is gone: whoever of the same user asks for it first may have it.
    for (auto& each : desk.take(desk.store().devices(user.key))) {
      if (each.id == row.id) row = std::move(each);
    }
    row.login = known->login = request_.login;
    clear_address(desk, user, *known, row);  // the other session named it, and cannot take it back any more
    desk.batch().devices.push_back(std::move(row));
    return known;
  }
  row.start = user.highest_position();
  if (!make_room(desk, user)) return nullptr;
  DeviceState state;
  state.id = row.id;
  state.login = row.login;
  state.position = row.start;
  state.last_seen = row.last_seen;
  desk.batch().positions.push_back({user.key, row.id, row.start});
  desk.batch().devices.push_back(std::move(row));
  user.devices.push_back(std::move(state));
  return &user.devices.back();
}

void AttachCommand::stage_hot(LaneDesk& desk) {
  const bool crowded = needs_room(desk);
  if (desk.failed()) return;
  // Who comes in this same batch is not in the directory yet and would pass for offline. Before anything is looked at:
  // the others may have ended this login.
  if (crowded) desk.settle_within();
  auto& user = desk.user(request_.user);
  if (desk.failed()) return;
  if (!user.exists || user.deactivated) return set(unauthorized("the session has ended", "revoked"));
  if (!login_is_valid(desk)) return;
  DeviceState* const device = admit_device(desk, user);
  if (device == nullptr || desk.failed()) return;
  if (desk.shared()) {
    // Where another node has a session of this device, it ends there.
    desk.batch().endings.push_back({.login = {},
                                    .user = request_.user,
                                    .device = request_.device,
                                    .except = {},
                                    .handshake = desk.wall_time_of(request_.handshake_accepted),
                                    .reason = EndReason::kReplaced});
  }
  if (!request_.resume) return;
  const auto decision = resume_device(desk, user, *device, *request_.resume);
  recovered_ = decision.valid;
  reset_ = !decision.valid;
  start_ = decision.start;
}

void AttachCommand::finish_hot(LaneDesk& desk, std::optional<StoreError> failed) {
  if (refused()) return;
  if (failed) return set(store_refusal(*failed));
  auto& user = desk.user(request_.user);
  auto* const device = user.device(request_.device);
  if (device == nullptr) return set(unauthorized("the device was removed", "revoked"));
  Attached attached;
  for (const auto& other : user.live) {
    if (other.device != request_.device) continue;
    if (other.handshake > request_.handshake_accepted) {
      attached.replaced = true;
      return set(std::move(attached));
    }
    desk.end_session(user, ConnectionId(other.connection), EndReason::kReplaced);
    break;  // there is at most one (I11)
  }
  if (recovered_ && !retained(user, start_)) {
    recovered_ = false;
    reset_ = true;
  }
  attached.epoch = desk.epochs().back();
  attached.head = user.head;
  attached.position = recovered_ ? start_ : device->position;
  attached.recovered = recovered_;
  attached.reset = reset_;
  attached.returning = device->seen;
  if (device->poison_count >= desk.options().poison_alone) attached.poison = device->poison;
  attached.skip_poison = device->poison_count >= desk.options().poison_skip;
  attached.batch_halvings = device->halvings;
  LiveRecord record;
  record.connection = request_.connection;
  record.device = request_.device;
  record.login = request_.login;
  record.handshake = request_.handshake_accepted;
  record.reads_after = attached.position;
  record.session = std::move(request_.session);
  desk.register_session(user, std::move(record));
  set(std::move(attached));
}

void SyncCommand::stage_hot(LaneDesk& desk) {
  auto& user = desk.user(user_);
  auto* const record = user.record(connection_);
  auto* const device = user.device(device_);
  if (desk.failed()) return;
  if (record == nullptr || device == nullptr || record->device != device_) {
    return set(unauthorized("the session has ended", "revoked"));
  }
  const auto decision = resume_device(desk, user, *device, point_);
  valid_ = decision.valid;
  start_ = decision.start;
}

void SyncCommand::finish_hot(LaneDesk& desk, std::optional<StoreError> failed) {
  if (refused()) return;
  if (failed) return set(store_refusal(*failed));
  auto& user = desk.user(user_);
  auto* const record = user.record(connection_);
  auto* const device = user.device(device_);
  if (record == nullptr || device == nullptr) return set(unauthorized("the session has ended", "revoked"));
  if (!retained(user, start_)) {
    valid_ = false;
    start_ = device->position;
  }
  record->reads_after = start_;
  ++record->syncs;
  set(SyncAnswer{desk.epochs().back(), user.head, start_, !valid_});
}

}  // namespace chat
