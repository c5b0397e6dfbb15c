#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/metrics.hpp"
#include "chat/model/push.hpp"

namespace chat {

/// What the outbox counts (names: docs/operations.md). The families of the known providers are there from the start,
/// so that dashboards and alerts find them. lane() is for start-up and the outbox's thread; the instruments for any.
class PushMetrics {
 public:
  struct Lane {
    base::Counter* outcomes[9] = {};  // by PushOutcome; none for kNone
    base::Gauge* stopped = nullptr;
    base::Histogram* seconds = nullptr;  // due -> accepted
    void count(PushOutcome outcome) const { outcomes[static_cast<std::size_t>(outcome)]->add(); }
  };

  explicit PushMetrics(base::Registry& registry);
  [[nodiscard]] const Lane& lane(std::string_view provider);

 private:
  base::Registry& registry_;
  std::map<std::string, Lane, std::less<>> lanes_;
};

}  // namespace chat
