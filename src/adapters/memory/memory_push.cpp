// The PushStore part of MemoryStore.

#include "adapters/memory/memory_store.hpp"

namespace adapters::memory {

chat::Read<std::vector<chat::PushJob>> MemoryStore::due_push_jobs(std::string_view kind, chat::WallTime until,
                                                                  std::size_t limit) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::PushJob> found;
    const auto& all = state.due_push_jobs;
    for (auto at = all.lower_bound({std::string(kind), chat::WallTime::min(), {}, {}}); at != all.end(); ++at) {
      const auto& [its_kind, due, user, device] = *at;
      if (its_kind != kind || due > until || found.size() == limit) break;
      found.push_back(state.push_jobs.at(user).at(device));
    }
    return found;
  });
}

chat::Read<std::vector<chat::PushJob>> MemoryStore::push_jobs(const chat::UserId& user) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::PushJob> found;
    if (const auto rows = state.push_jobs.find(user); rows != state.push_jobs.end()) {
      for (const auto& [device, job] : rows->second) found.push_back(job);
    }
    return found;
  });
}

chat::Read<std::vector<chat::PushJob>> MemoryStore::push_jobs_after(const chat::UserId& user,
                                                                    const chat::DeviceId& device,
                                                                    std::size_t limit) const {
  return reading([&](const MemoryState& state) {
    std::vector<chat::PushJob> found;
    for (auto rows = state.push_jobs.lower_bound(user); rows != state.push_jobs.end(); ++rows) {
      const auto& jobs = rows->second;
      for (auto at = rows->first == user ? jobs.upper_bound(device) : jobs.begin(); at != jobs.end(); ++at) {
        if (found.size() == limit) return found;
        found.push_back(at->second);
      }
    }
    return found;
  });
}

chat::Read<chat::DeviceTrace> MemoryStore::device_trace(const chat::UserId& user, const chat::DeviceId& device) const {
  return reading([&](const MemoryState& state) {
    chat::DeviceTrace none;
    none.user = user;
    none.device = device;
    const auto rows = state.device_traces.find(user);
    if (rows == state.device_traces.end()) return none;
    const auto found = rows->second.find(device);
    return found == rows->second.end() ? none : found->second;
  });
}

}  // namespace adapters::memory
