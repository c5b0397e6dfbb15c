#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "chat/ports/key_checks.hpp"

namespace adapters::mongodb {

struct Options {
  /// `mongodb://…` or `mongodb+srv://…`; its own time-outs win over those below. A replica set or a sharded cluster:
  /// a stand-alone server has no transactions and is refused.
  std::string uri;
  /// Empty: the one that the URI names, else "restante".
  std::string database;
  /// Connections; a read that finds none waits for one, at most `wait_for_connection`.
  std::size_t pool_size = 32;
  std::chrono::milliseconds wait_for_connection{2000};
  /// Fail-over of a healthy set takes two to four seconds: an operation outlives one, and not much more.
  std::chrono::milliseconds server_selection{6000};
  /// Of one read in the server.
  std::chrono::milliseconds read_time{5000};
  /// How long a majority may take to confirm a write before its outcome counts as unknown.
  std::chrono::milliseconds majority_time{5000};
  /// How long commit() tries in all before it gives up; it returns at most one operation's time-out later.
  std::chrono::milliseconds commit_time{10000};
  /// true: append an epoch, as a node does that is alone or that restored a backup. false: use the newest one (several
  /// nodes share it: what a majority has journaled does not roll back when one of them restarts).
  bool append_epoch = true;
  /// This node among those that share the database; empty: a random one.
  std::string node;
  /// Not renewed for so long, a node counts as dead; renewed every second.
  std::chrono::milliseconds node_lease{5000};
  /// May the store be opened with the keys at hand? Empty: whoever opens it seals nothing. Not asked for reading only.
  chat::KeyAdmission admit;
  /// Set by MongoStore::open_read_only.
  bool read_only = false;

  /// For tests: called at the named points of commit(): "begun" (nothing is written), "written" (before the commit is
  /// sent), "committed" (before commit() returns ok).
  std::function<void(std::string_view point)> at_point;
};

/// Why a store does not open. `message` tells an operator what to do; it holds no credentials.
struct OpenError {
  enum Cause : std::uint8_t {
    kInvalidUri,
    kWrongFormat,  // made by another version, or not a database of ours, or a server without transactions
    kUnavailable,  // no primary within the time-out, or it refuses us
    kNotAdmitted,  // Options::admit
  };
  Cause cause = kUnavailable;
  std::string message;
};

}  // namespace adapters::mongodb
