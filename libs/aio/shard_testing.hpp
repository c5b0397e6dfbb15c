#pragma once
// What tests do on a shard's thread. Test code only.

#include <future>

#include "aio/shard.hpp"

namespace aio::testing {

/// Runs `work` on the shard, which has been started, and waits for it. Never on the shard's own thread.
template <class Work>
void run_on(Shard& shard, Work work) {
  std::promise<void> done;
  shard.post([&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

}  // namespace aio::testing
