// Devices and logins of a user: list, remove, log out, push addresses.

#include <algorithm>

#include "chat/services/accounts_device.hpp"
#include "chat/services/accounts_service.hpp"
#include "chat/services/push_address.hpp"

namespace chat {
namespace {

Refusal no_such_device() {
  return not_found("no device of this id");
}

Outcome<Device> find_device(const LaneContext& context, const UserId& user, const DeviceId& id) {
  auto devices = context.store().devices(user);
  if (!devices) return refusal_of(devices.error());
  for (auto& device : devices.value()) {
    if (device.id == id) return std::move(device);
  }
  return no_such_device();
}

Outcome<std::monostate> decide_removal(LaneContext& context, const Caller& caller, const DeviceId& id) {
  if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
  auto read = read_device_rows(context, caller.user);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  const auto& rows = std::get<DeviceRows>(read);
  const auto found =
      std::find_if(rows.devices.begin(), rows.devices.end(), [&](const Device& each) { return each.id == id; });
  if (found == rows.devices.end()) return no_such_device();
  if (auto refusal = drop_device(context, *found, rows)) return std::move(*refusal);
  return std::monostate{};
}

Outcome<std::monostate> decide_end(LaneContext& context, const Caller& caller, const LoginId& login, EndReason reason) {
  if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
  const auto row = context.store().login(login);
  if (!row) return refusal_of(row.error());
  if (!row.value() || row.value()->user != caller.user) {
    return not_found("no session of this id");
  }
  if (auto refusal = drop_login(context, caller.user, login, reason)) return std::move(*refusal);
  return std::monostate{};
}

}  // namespace

/// On the pool: presence may have to ask other nodes.
Outcome<std::vector<DeviceView>> AccountService::read_devices(const UserId& user) const {
  const auto owed = parts_.owed == nullptr ? std::vector<OwedLastSeen::OfDevice>() : parts_.owed->of_devices(user);
  const auto devices = parts_.store.devices(user);
  if (!devices) return refusal_of(devices.error());
  const auto positions = parts_.store.positions(user);
  if (!positions) return refusal_of(positions.error());
  std::vector<DeviceId> ids;
  for (const auto& device : devices.value()) ids.push_back(device.id);
  const auto found = parts_.presence.look_up_devices(user, ids);
  std::vector<DeviceView> views;
  for (const auto& device : devices.value()) {
    DeviceView view{device, device.start, found[views.size()].online};
    for (const auto& each : positions.value()) {
      if (each.device == device.id) view.position = std::max(view.position, each.position);
    }
    for (const auto& each : owed) {
      if (each.device == device.id) view.device.last_seen = std::max(view.device.last_seen, each.at);
    }
    views.push_back(std::move(view));
  }
  return views;
}

/// On the pool, as above.
Outcome<std::vector<Login>> AccountService::read_logins(const UserId& user) const {
  auto found = parts_.store.logins(user);
  if (!found) return refusal_of(found.error());
  auto& logins = found.value();
  const auto over = [now = parts_.clock.wall_now()](const Login& each) { return each.expires <= now; };
  if (std::none_of(logins.begin(), logins.end(), over)) return std::move(logins);
  const auto devices = read_devices(user);
  if (const auto* refusal = std::get_if<Refusal>(&devices)) return *refusal;
  const auto& views = std::get<std::vector<DeviceView>>(devices);
  // A socket outlives its login's time until the session ends, and here is where one finds what to end.
  const auto lives_on = [&views](const Login& login) {
    return std::any_of(views.begin(), views.end(),
                       [&login](const DeviceView& view) { return view.online && view.device.login == login.id; });
  };
  std::erase_if(logins, [&](const Login& each) { return over(each) && !lives_on(each); });
  return std::move(logins);
}

void AccountService::devices(const Caller& caller, base::Executor& on, Reply<std::vector<DeviceView>> reply) {
  read_on<std::vector<DeviceView>>(parts_.reads, on, std::move(reply),
                                   [this, user = caller.user] { return read_devices(user); });
}

void AccountService::remove_device(const Caller& caller, DeviceId device, base::Executor& on,
                                   Reply<std::monostate> reply) {
  decide<std::monostate>(parts_.lane, on, std::move(reply), [caller, device = std::move(device)](LaneContext& context) {
    return decide_removal(context, caller, device);
  });
}

void AccountService::set_push(const Caller& caller, DeviceId device, std::optional<PushAddress> address,
                              base::Executor& on, Reply<std::monostate> reply) {
  auto choose = [caller, id = std::move(device),
                 address = std::move(address)](LaneContext& context) -> Outcome<std::monostate> {
    if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
    auto found = find_device(context, caller.user, id);
    if (auto* refusal = std::get_if<Refusal>(&found)) return std::move(*refusal);
    // An address goes with the session that its device is bound to: one that another had put would outlive that one.
    if (address && std::get<Device>(found).login != caller.login) return no_such_device();
    const auto error = put_push_address(context, std::get<Device>(std::move(found)), address);
    if (error) return refusal_of(*error);
    return std::monostate{};
  };
  decide<std::monostate>(parts_.lane, on, std::move(reply), std::move(choose));
}

void AccountService::logins(const Caller& caller, base::Executor& on, Reply<std::vector<Login>> reply) {
  read_on<std::vector<Login>>(parts_.reads, on, std::move(reply),
                              [this, user = caller.user] { return read_logins(user); });
}

void AccountService::log_out(const Caller& caller, base::Executor& on, Reply<std::monostate> reply) {
  decide<std::monostate>(parts_.lane, on, std::move(reply), [caller](LaneContext& context) {
    return decide_end(context, caller, caller.login, EndReason::kLogout);
  });
}

void AccountService::revoke_login(const Caller& caller, LoginId login, base::Executor& on,
                                  Reply<std::monostate> reply) {
  const auto reason = login == caller.login ? EndReason::kLogout : EndReason::kRevoked;
  decide<std::monostate>(parts_.lane, on, std::move(reply), [caller, login, reason](LaneContext& context) {
    return decide_end(context, caller, login, reason);
  });
}

}  // namespace chat
