#include "chat/services/push_metrics.hpp"

namespace chat {
namespace {

constexpr const char* kOutcomes[] = {nullptr,        "accepted",    "address_dead", "payload_refused", "throttled",
                                     "server_error", "unavailable", "lane_stopped", "not_needed"};
/// From a healthy provider's answer to the end of a long outage.
constexpr double kPushBounds[] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 7200, 21'600, 86'400};

}  // namespace

PushMetrics::PushMetrics(base::Registry& registry) : registry_(registry) {
  for (const char* known : {"fcm", "webpush"}) static_cast<void>(lane(known));
}

const PushMetrics::Lane& PushMetrics::lane(std::string_view provider) {
  const auto known = lanes_.find(provider);
  if (known != lanes_.end()) return known->second;
  const std::string name(provider);
  Lane lane;
  for (std::size_t i = 1; i < std::size(kOutcomes); ++i) {
    lane.outcomes[i] = &registry_.counter("restante_push_total", "Push attempts, by provider and outcome",
                                          {{"provider", name}, {"outcome", kOutcomes[i]}});
  }
  lane.stopped = &registry_.gauge("restante_push_lane_stopped", "1: the provider refuses this server's credentials",
                                  {{"provider", name}});
  lane.seconds = &registry_.histogram("restante_push_seconds", "From a push falling due to its acceptance, seconds",
                                      kPushBounds, {{"provider", name}});
  return lanes_.emplace(name, lane).first->second;
}

}  // namespace chat
