#pragma once
// RecentKeys: a value for each of the latest keys, bounded, at a cost that does not grow with their number. Two
// generations: who is looked for moves to the younger one; when that has its half, the older one is forgotten as a
// whole. A key is remembered at least until half as many others have come as may be kept. One thread at a time.

#include <cstddef>
#include <map>
#include <string>
#include <utility>

namespace chat {

template <class Value>
class RecentKeys {
 public:
  explicit RecentKeys(std::size_t most) : half_(most / 2) {}

  /// Null: not known, or forgotten. Valid until the next call.
  [[nodiscard]] Value* find(const std::string& key) {
    if (const auto found = younger_.find(key); found != younger_.end()) return &found->second;
    auto node = older_.extract(key);
    if (node.empty()) return nullptr;
    make_room();
    return &younger_.insert(std::move(node)).position->second;
  }
  /// The value of the key, `fresh` if there is none.
  Value& find_or_add(const std::string& key, Value fresh) {
    if (Value* const known = find(key)) return *known;
    make_room();
    return younger_.emplace(key, std::move(fresh)).first->second;
  }
  void erase(const std::string& key) {
    younger_.erase(key);
    older_.erase(key);
  }
  [[nodiscard]] std::size_t size() const { return younger_.size() + older_.size(); }

 private:
  void make_room() {
    if (younger_.size() < half_) return;
    older_ = std::exchange(younger_, {});
  }

  const std::size_t half_;
  std::map<std::string, Value> younger_;  // trees: the keys are chosen by strangers
  std::map<std::string, Value> older_;
};

}  // namespace chat
