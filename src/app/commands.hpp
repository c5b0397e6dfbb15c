#pragma once
// The commands behind the command line. Each prints what it did on standard output, one clear line on standard error
// when it could not, and answers the exit status.

#include <cstdint>
#include <string>
#include <vector>

#include "app/settings.hpp"

namespace app {

/// The one clear line on standard error, control characters escaped; answers `status`.
int complain(const std::string& what, int status = 1);

/// Serves until SIGTERM, SIGINT or SIGHUP (not under nohup), then drains.
int serve(const Settings& settings);

struct SeedOptions {
  std::uint64_t users = 0;
  std::uint64_t friends = 0;  // 0: pairs (i with i xor 1); K: each with K neighbours
  std::string tokens_file;
};
int seed(const Settings& settings, const SeedOptions& options);

/// After a restore from backup: a new epoch, so that clients' newer positions are recognised as foreign.
int new_epoch(const Settings& settings);
/// Adds a fresh encryption and signing key to those that there are; new writes use them at the next start.
int rotate_keys(const Settings& settings);

/// Explains where the message with this id is and what it waits for. Changes nothing; the server may run.
int why(const Settings& settings, const std::string& message);

/// Would a server start with these settings, at this address, as far as can be seen (refuse_to_start())? Says nothing
/// but the values of `keys`, a line "key=value" each. Changes nothing; servers may run.
int check(const Settings& settings, const std::vector<std::string>& keys);

/// Makes one replica set of MongoDB servers ("host:port") that were just started on this machine, and waits for its
/// primary (adapters/mongodb/replica_set.hpp).
int prepare_replica_set(const std::vector<std::string>& members);

/// Sends a test to every device of the user that has a push address and says of each hop whether it holds. 0 only if a
/// provider took at least one. Changes nothing; the server may run.
int push_test(const Settings& settings, const std::string& username);

}  // namespace app
