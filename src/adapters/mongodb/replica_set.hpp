#pragma once
// Makes one replica set of servers that were just started on this machine (`./run --cluster`): initiates a new one, and
// tells one that moved to other ports its new addresses. Only for sets that nobody else administers: where the
// addresses differ it reconfigures by force, without the consent of a majority.
//
// A server that is still starting may take a connection and then not answer, or close it: whatever step that hits is
// taken again, from a fresh look at the configuration, until patience is over. What no waiting changes is told at once.
//
// Any thread; blocks until the set has a primary, or patience is over.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace adapters::mongodb {

inline constexpr const char* kReplicaSetName = "restante";

struct ReplicaSetOptions {
  std::vector<std::string> members;  // "host:port"; the position is the member's id in the set
  /// Of all steps together: a loaded machine recovers journals slowly.
  std::chrono::milliseconds patience{120'000};
  /// Of one command; less than patience, so that a server that swallowed one is asked again.
  std::chrono::milliseconds answer_within{15'000};
};

/// The error is one line that tells an operator what to do.
base::Result<void, std::string> prepare_replica_set(const ReplicaSetOptions& options);

}  // namespace adapters::mongodb
