#pragma once
// The body of messages:send. https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages

#include <chrono>
#include <cstddef>
#include <string>

#include "adapters/fcm/fcm_address.hpp"
#include "base/result.hpp"
#include "chat/ports/push_provider.hpp"

namespace adapters::fcm {

inline constexpr std::chrono::seconds kMaxTtl{2'419'200};  // 28 days; FCM refuses more
inline constexpr std::size_t kMaxPayloadBytes = 4096;

/// The body, for Android, iOS and browsers alike; a TTL out of FCM's range is brought into it. The error is the
/// DeviceTrace::detail of a message that FCM would refuse: too large, or a data key that it keeps for itself.
base::Result<std::string, std::string> render_message(const FcmAddress& to, const chat::PushRequest& request,
                                                      chat::WallTime now);

}  // namespace adapters::fcm
