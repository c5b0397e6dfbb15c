#pragma once
// Collections, their indexes and the format mark (docs/data-model.md, "In MongoDB"). Inside of this room.

#include <optional>
#include <string>
#include <vector>

#include "adapters/mongodb/connection.hpp"
#include "adapters/mongodb/options.hpp"

namespace adapters::mongodb {

inline constexpr char kMessages[] = "messages";
inline constexpr char kEntries[] = "entries";
inline constexpr char kPositions[] = "positions";
inline constexpr char kWatermarks[] = "watermarks";
inline constexpr char kConversations[] = "conversations";
inline constexpr char kKeys[] = "keys";
inline constexpr char kUsers[] = "users";
inline constexpr char kDevices[] = "devices";
inline constexpr char kLogins[] = "logins";
inline constexpr char kRelations[] = "relations";
inline constexpr char kPushJobs[] = "pushJobs";
inline constexpr char kDeviceTraces[] = "deviceTraces";
inline constexpr char kEpochs[] = "epochs";
inline constexpr char kMeta[] = "meta";
inline constexpr char kCommits[] = "commits";  // the order of all nodes' batches
inline constexpr char kNodes[] = "nodes";

/// Checks the server and the format mark, creates what is missing. Many nodes may do it at once.
std::optional<OpenError> prepare_database(Connection& connection);

/// The server and the format mark of a database that is there; writes nothing.
std::optional<OpenError> check_database(Connection& connection);

/// The list of epochs as it is.
base::Result<std::vector<std::string>, OpenError> existing_epochs(Connection& connection);

/// The list of epochs; `append` adds one, and so does an empty list.
base::Result<std::vector<std::string>, OpenError> open_epochs(Connection& connection, bool append);

}  // namespace adapters::mongodb
