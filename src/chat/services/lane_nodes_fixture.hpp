#pragma once
// A lane whose store is a memory store that says it is shared; the other node is the test. Test code only.

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {

class AmongNodes : public LaneTest {
 protected:
  AmongNodes() {
    store.among_others = true;
    start();
  }
  BatchDigest& other() { return store.others.batches.emplace_back(); }
  /// Time enough for a look at the log.
  void look() {
    clock.advance(std::chrono::seconds(2));
    run();
  }

  UserId alice = person("alice");
  UserId bob = person("bob");
};

}  // namespace chat::testing
