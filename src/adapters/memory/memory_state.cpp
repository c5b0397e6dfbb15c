#include "adapters/memory/memory_state.hpp"

#include <algorithm>

namespace adapters::memory {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

void MemoryState::apply(const chat::CommitBatch& batch) {
  for (const auto& user : batch.erased_users) erase_user(user);
  for (const auto& conversation : batch.erased_conversations) erase_conversation(conversation);
  for (const auto& [user, device] : batch.erased_devices) erase_device(user, device);
  for (const auto& [user, device] : batch.erased_push_jobs) erase_push_job(user, device);
  for (const auto& login : batch.erased_logins) logins.erase(login);

  for (const auto& message : batch.messages) put_message(message);
  for (const auto& entry : batch.entries) mailboxes[entry.owner][entry.position] = entry;
  for (const auto& position : batch.positions) positions[position.user][position.device] = position.position;
  for (const auto& step : batch.watermark_steps) watermarks[{step.author, step.reader, step.kind}][step.up_to] = step;
  for (const auto& key : batch.keys) {
    keys[key.id] = key;
    current_keys[key.conversation] = key.id;
  }
  put_users(batch.users);
  for (const auto& device : batch.devices) devices[device.user][device.id] = device;
  for (const auto& login : batch.logins) logins[login.id] = login;
  for (const auto& relation : batch.relations) {
    relations[relation.pair.low][relation.pair.high] = relation;
    relations[relation.pair.high][relation.pair.low] = relation;
  }
  for (const auto& job : batch.push_jobs) put_push_job(job);
  for (const auto& trace : batch.device_traces) device_traces[trace.user][trace.device] = trace;
  for (const auto& each : batch.trims) trim(each);
}

void MemoryState::erase_device(const chat::UserId& user, const chat::DeviceId& device) {
  if (const auto found = devices.find(user); found != devices.end()) found->second.erase(device);
  if (const auto found = positions.find(user); found != positions.end()) found->second.erase(device);
  if (const auto found = device_traces.find(user); found != device_traces.end()) found->second.erase(device);
  erase_push_job(user, device);
}

void MemoryState::erase_push_job(const chat::UserId& user, const chat::DeviceId& device) {
  const auto jobs = push_jobs.find(user);
  if (jobs == push_jobs.end()) return;
  const auto found = jobs->second.find(device);
  if (found == jobs->second.end()) return;
  due_push_jobs.erase({found->second.kind, found->second.due, user, device});
  jobs->second.erase(found);
}

void MemoryState::put_push_job(const chat::PushJob& job) {
  erase_push_job(job.user, job.device);
  push_jobs[job.user][job.device] = job;
  due_push_jobs.insert({job.kind, job.due, job.user, job.device});
}

void MemoryState::erase_conversation(const chat::ConversationKey& conversation) {
  const auto& [low, high] = conversation;
  if (const auto found = conversations.find(conversation); found != conversations.end()) {
    for (const auto& [seq, message] : found->second) {
      message_places.erase(message.id);
      client_ids.erase({message.sender, message.recipient, message.client_id});
    }
    conversations.erase(found);
  }
  for (const auto kind : {chat::WatermarkKind::kDelivered, chat::WatermarkKind::kRead}) {
    watermarks.erase({low, high, kind});
    watermarks.erase({high, low, kind});
  }
  std::erase_if(keys, [&](const auto& row) { return row.second.conversation == conversation; });
  current_keys.erase(conversation);
  peers[low].erase(high);
  peers[high].erase(low);
}

void MemoryState::erase_user(const chat::UserId& user) {
  forget_names(user);
  users.erase(user);
  devices.erase(user);
  positions.erase(user);
  if (const auto jobs = push_jobs.find(user); jobs != push_jobs.end()) {
    for (const auto& [device, job] : jobs->second) due_push_jobs.erase({job.kind, job.due, user, device});
    push_jobs.erase(jobs);
  }
  device_traces.erase(user);
  mailboxes.erase(user);
  std::erase_if(logins, [&](const auto& row) { return row.second.user == user; });
  if (const auto found = relations.find(user); found != relations.end()) {
    for (const auto& [peer, relation] : found->second) relations[peer].erase(user);
    relations.erase(user);
  }
}

void MemoryState::forget_names(const chat::UserId& user) {
  const auto found = users.find(user);
  if (found == users.end()) return;
  // A name may have passed to another user meanwhile.
  const auto forget = [&](auto& index, const std::string& name) {
    const auto entry = index.find(lower_case(name));
    if (entry != index.end() && entry->second == user) index.erase(entry);
  };
  forget(usernames, found->second.username);
  forget(emails, found->second.email);
}

void MemoryState::put_message(const chat::Message& message) {
  const auto conversation = message.conversation();
  conversations[conversation][message.seq] = message;
  message_places[message.id] = {conversation, message.seq};
  if (!message.client_id.empty()) {
    client_ids[{message.sender, message.recipient, message.client_id}] = message.seq;
  }
  peers[message.sender].insert(message.recipient);
  peers[message.recipient].insert(message.sender);
}

void MemoryState::put_users(const std::vector<chat::User>& changed) {
  for (const auto& user : changed) forget_names(user.id);
  for (const auto& user : changed) {
    users[user.id] = user;
  }
  for (const auto& user : changed) {
    const auto& last = users[user.id];  // of two rows for one user in a batch the later one counts
    usernames[lower_case(last.username)] = user.id;
    emails[lower_case(last.email)] = user.id;
  }
}

void MemoryState::trim(const chat::MailboxTrim& trim) {
  const auto found = mailboxes.find(trim.owner);
  if (found == mailboxes.end() || found->second.empty()) return;
  auto& entries = found->second;
  const auto head = std::prev(entries.end())->first;
  entries.erase(entries.begin(), entries.lower_bound(std::min(trim.below, head)));
}

}  // namespace adapters::memory
