#include "chat/services/accounts_device.hpp"

#include <algorithm>

#include "chat/services/device_room.hpp"
#include "chat/services/push_address.hpp"

namespace chat {
namespace {

/// Of devices that have gone, too. One that has confirmed nothing yet has no row of its position, only its start.
MailboxSeq highest_position(const DeviceRows& rows) {
  MailboxSeq highest;
  for (const auto& each : rows.devices) highest = std::max(highest, each.start);
  for (const auto& each : rows.positions) highest = std::max(highest, each.position);
  return highest;
}

bool contains(const std::vector<LoginId>& logins, const LoginId& login) {
  return std::find(logins.begin(), logins.end(), login) != logins.end();
}

/// Two rows of one device in a batch would be one too many, and one of a device that goes would bring it back.
void unstage_device(LaneContext& context, const UserId& user, const DeviceId& device) {
  std::erase_if(context.batch().devices, [&](const Device& row) { return row.user == user && row.id == device; });
}

std::optional<Refusal> take_over(LaneContext& context, const Device& device, const LoginId& login,
                                 const std::vector<Login>& logins) {
  if (device.login == login) return std::nullopt;
  context.end_device(device.user, device.id, EndReason::kReplaced);
  std::vector<LoginId> ended;
  for (const auto& each : logins) {
    if (each.device != device.id || each.id == login) continue;
    ended.push_back(each.id);
    context.end_login(each.id, EndReason::kReplaced);
  }
  if (auto refusal = erase_logins(context, device.user, ended)) return refusal;
  // Of a login that goes on, with another device as its own, or of one that has gone long ago.
  if (!device.push || contains(ended, device.login)) return std::nullopt;
  const auto error = put_push_address(context, device, std::nullopt);
  return error ? std::optional(refusal_of(*error)) : std::nullopt;
}

/// The devices that have to go so that one more fits.
Outcome<std::vector<DeviceId>> devices_to_drop(const LaneContext& context, const UserId& user,
                                               const std::vector<Device>& devices, std::int64_t limit) {
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(limit, 0));
  if (most == 0 || devices.size() < most) return std::vector<DeviceId>();
  std::vector<RoomCandidate> candidates;
  for (const auto& each : devices) candidates.push_back({each.id, context.last_seen(each)});
  return find_room(context, user, std::move(candidates), devices.size() + 1 - most);
}

}  // namespace

std::optional<Refusal> check_caller(const LaneContext& context, const UserId& user, const LoginId& login) {
  const auto row = context.store().login(login);
  if (!row) return refusal_of(row.error());
  if (!row.value() || row.value()->user != user) return refusal_unauthorized("the session has ended", "revoked");
  return std::nullopt;
}

std::optional<Refusal> erase_logins(LaneContext& context, const UserId& user, const std::vector<LoginId>& logins) {
  auto devices = context.store().devices(user);
  // A login ends though a row beside it is damaged: while these rows cannot be read, nobody is pushed to.
  if (!devices && devices.error() != StoreError::kCorrupt) return refusal_of(devices.error());
  for (auto& device : devices ? devices.value() : std::vector<Device>()) {
    const auto& gone = context.batch().erased_devices;
    if (!device.push || !contains(logins, device.login)) continue;
    if (std::find(gone.begin(), gone.end(), std::pair(user, device.id)) != gone.end()) continue;
    if (const auto error = put_push_address(context, std::move(device), std::nullopt)) return refusal_of(*error);
  }
  context.batch().erased_logins.insert(context.batch().erased_logins.end(), logins.begin(), logins.end());
  return std::nullopt;
}

std::optional<Refusal> drop_login(LaneContext& context, const UserId& user, const LoginId& login, EndReason reason) {
  context.end_login(login, reason);
  return erase_logins(context, user, {login});
}

Outcome<DeviceRows> read_device_rows(const LaneContext& context, const UserId& user) {
  auto devices = context.store().devices(user);
  if (!devices) return refusal_of(devices.error());
  auto logins = context.store().logins(user);
  if (!logins) return refusal_of(logins.error());
  auto positions = context.store().positions(user);
  if (!positions) return refusal_of(positions.error());
  return DeviceRows{std::move(devices.value()), std::move(logins.value()), std::move(positions.value())};
}

std::optional<Refusal> drop_device(LaneContext& context, const Device& device, const DeviceRows& rows) {
  const auto highest = highest_position(rows);
  if (highest > MailboxSeq()) context.batch().positions.push_back({device.user, DeviceId{}, highest});
  context.batch().erased_devices.emplace_back(device.user, device.id);
  unstage_device(context, device.user, device.id);
  context.end_device(device.user, device.id, EndReason::kDeviceRemoved);
  context.forget_user(device.user);
  for (const auto& login : rows.logins) {
    if (login.device != device.id) continue;
    if (auto refusal = drop_login(context, device.user, login.id, EndReason::kDeviceRemoved)) return refusal;
  }
  return std::nullopt;
}

Outcome<Device> admit_device(LaneContext& context, const UserId& user, const DeviceId& device, const LoginId& login,
                             std::int64_t limit) {
  const auto read = read_device_rows(context, user);
  if (const auto* const refusal = std::get_if<Refusal>(&read)) return *refusal;
  const auto& rows = std::get<DeviceRows>(read);
  const auto known =
      std::find_if(rows.devices.begin(), rows.devices.end(), [&](const Device& d) { return d.id == device; });
  Device admitted;
  if (known != rows.devices.end()) {
    admitted = *known;
    admitted.push.reset();
    if (auto refusal = take_over(context, *known, login, rows.logins)) return std::move(*refusal);
  } else {
    const auto dropped = devices_to_drop(context, user, rows.devices, limit);
    if (const auto* const refusal = std::get_if<Refusal>(&dropped)) return *refusal;
    const auto& gone = std::get<std::vector<DeviceId>>(dropped);
    for (const auto& old : rows.devices) {
      if (std::find(gone.begin(), gone.end(), old.id) == gone.end()) continue;
      if (auto refusal = drop_device(context, old, rows)) return std::move(*refusal);
    }
    admitted.user = user;
    admitted.id = device;
    admitted.created = context.now();
    admitted.start = highest_position(rows);
  }
  admitted.login = login;
  admitted.last_seen = context.now();
  unstage_device(context, user, device);
  context.batch().devices.push_back(admitted);
  context.forget_user(user);
  return admitted;
}

}  // namespace chat
