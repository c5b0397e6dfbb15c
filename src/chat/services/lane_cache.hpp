#pragma once
// LaneCache: the lane's memory of rows, bounded. Second-chance ("clock") eviction: a touch sets a bit, the hand clears
// it; nothing moves on a hit. States have stable addresses and are evicted only by trim(), between batches, so a
// command may hold references to what it staged.

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <vector>

namespace chat {

/// `State` has: constructor from Key, member `key`, `bool touched`, `bool pinned() const`.
template <class Key, class State>
class LaneCache {
 public:
  /// Creates it when absent.
  State& at(const Key& key) {
    auto& slot = states_[key];
    if (!slot) {
      slot = std::make_unique<State>(key);
      ring_.push_back(slot.get());
    }
    slot->touched = true;
    return *slot;
  }
  [[nodiscard]] State* find(const Key& key) const {
    const auto found = states_.find(key);
    return found == states_.end() ? nullptr : found->second.get();
  }
  /// Evicts down to `limit` what is neither pinned nor recently touched; at most two rounds of the clock.
  void trim(std::size_t limit) {
    for (std::size_t steps = 2 * ring_.size(); ring_.size() > limit && steps > 0; --steps) {
      if (hand_ >= ring_.size()) hand_ = 0;
      State* const state = ring_[hand_];
      if (state->pinned() || std::exchange(state->touched, false)) {
        ++hand_;
        continue;
      }
      ring_[hand_] = ring_.back();
      ring_.pop_back();
      states_.erase(Key(state->key));
    }
  }
  template <class Visit>
  void for_each(Visit&& visit) {
    for (State* const state : ring_) visit(*state);
  }
  [[nodiscard]] std::size_t size() const { return ring_.size(); }

 private:
  boost::unordered_flat_map<Key, std::unique_ptr<State>, std::hash<Key>> states_;
  std::vector<State*> ring_;
  std::size_t hand_ = 0;
};

}  // namespace chat
