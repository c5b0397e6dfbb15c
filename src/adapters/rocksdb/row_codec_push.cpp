// Rows of push: jobs and traces.

#include <algorithm>

#include "adapters/rocksdb/row_codec.hpp"

namespace adapters::rocksdb {

namespace {

/// key = letter user device-id
bool decode_owner(std::string_view key, chat::UserId& user, chat::DeviceId& device) {
  if (key.size() <= 1 + user.bytes.size()) return false;
  const std::string_view id = key.substr(1, user.bytes.size());
  std::copy(id.begin(), id.end(), user.bytes.begin());
  device.value = key.substr(1 + id.size());
  return true;
}

}  // namespace

// job = kind position message-id due expires attempts
std::string_view encode(const chat::PushJob& job, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .text(job.kind)
      .number(job.position.value)
      .id(job.message)
      .time(job.due)
      .time(job.expires)
      .number(job.attempts)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::PushJob& out) {
  RowReader reader(key, row);
  out.kind = reader.text();
  out.position = chat::MailboxSeq(reader.number());
  out.message = reader.id<chat::MessageId>();
  out.due = reader.time();
  out.expires = reader.time();
  out.attempts = static_cast<std::uint32_t>(reader.number());
  return reader.done() && decode_owner(key, out.user, out.device);
}

// trace = written written-at pushed pushed-at outcome detail
std::string_view encode(const chat::DeviceTrace& trace, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .number(trace.written.value)
      .time(trace.written_at)
      .number(trace.pushed.value)
      .time(trace.pushed_at)
      .byte(static_cast<std::uint8_t>(trace.outcome))
      .text(trace.detail)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::DeviceTrace& out) {
  RowReader reader(key, row);
  out.written = chat::MailboxSeq(reader.number());
  out.written_at = reader.time();
  out.pushed = chat::MailboxSeq(reader.number());
  out.pushed_at = reader.time();
  out.outcome = reader.choice(chat::PushOutcome::kNone, chat::PushOutcome::kNotNeeded);
  out.detail = reader.text();
  return reader.done() && decode_owner(key, out.user, out.device);
}

}  // namespace adapters::rocksdb
