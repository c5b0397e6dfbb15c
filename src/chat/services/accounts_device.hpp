#pragma once
// Rows of devices and logins as the commit lane changes them; shared by login, removal and CONNECT. Lane thread, in an
// exclusive command.

#include <cstdint>

#include "chat/services/accounts_decision.hpp"

namespace chat {

/// Nothing when the caller's login still stands; checked again at the commit, whatever the access token says (I13).
[[nodiscard]] std::optional<Refusal> check_caller(const LaneContext& context, const UserId& user, const LoginId& login);

/// What the store has of a user's devices.
struct DeviceRows {
  std::vector<Device> devices;
  std::vector<Login> logins;
  std::vector<DevicePosition> positions;
};
[[nodiscard]] Outcome<DeviceRows> read_device_rows(const LaneContext& context, const UserId& user);

/// Stages the device bound to `login`. A device that exists is taken over: its live socket ends `replaced`, and so does
/// the session whose own device it was; it has no push address any more. A new one starts at the highest position that
/// any device of the user has confirmed, also one that has gone, else 0. Above `limit` (0: none) the least recently
/// used device that is offline goes; `conflict` when all are online.
[[nodiscard]] Outcome<Device> admit_device(LaneContext& context, const UserId& user, const DeviceId& device,
                                           const LoginId& login, std::int64_t limit);

/// Stages the removal of a device of `rows`: its socket ends `device_removed`, and so does the session whose own device
/// it is. How far the user's devices have come is kept: what this one has confirmed is neither sent to the next new one
/// nor given up as unconfirmed.
[[nodiscard]] std::optional<Refusal> drop_device(LaneContext& context, const Device& device, const DeviceRows& rows);

/// Stages the end of logins of one user, each of which ends in here. Push addresses of their devices and jobs of these
/// go, too: whoever logs in next on such a device must not wake what somebody else has named. Device rows and positions
/// stay. The sockets are the caller's.
[[nodiscard]] std::optional<Refusal> erase_logins(LaneContext& context, const UserId& user,
                                                  const std::vector<LoginId>& logins);

/// The same of one login; its sockets end with `reason`.
[[nodiscard]] std::optional<Refusal> drop_login(LaneContext& context, const UserId& user, const LoginId& login,
                                                EndReason reason);

}  // namespace chat
