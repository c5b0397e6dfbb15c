// The PushStore part of RocksDbStore.
//
// A damaged job is noted and left out: it costs one device one wake-up, and must not cost the others theirs.

#include <limits>

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "adapters/rocksdb/row_codec.hpp"
#include "adapters/rocksdb/row_key.hpp"

namespace adapters::rocksdb {

namespace {

chat::Read<std::vector<chat::PushJob>> read_jobs(const Database& database, Range& rows, std::size_t limit) {
  std::vector<chat::PushJob> found;
  for (rows.to_first(); rows.valid() && found.size() < limit; rows.next()) {
    if (!decode(rows.key(), rows.row(), found.emplace_back())) {
      database.note_damage(rows.key());
      found.pop_back();
    }
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return found;
}

}  // namespace

chat::Read<std::vector<chat::PushJob>> RocksDbStore::due_push_jobs(std::string_view kind, chat::WallTime until,
                                                                   std::size_t limit) const {
  auto index =
      database_->range(std::string(push_kind_prefix(kind).view()), end_of(push_due_prefix(kind, until).view()));
  std::vector<chat::PushJob> found;
  for (index.to_first(); index.valid() && found.size() < limit; index.next()) {
    const Key key = Key(Table::kPushJob).add(owner_of_place(index.key()));
    auto job = database_->find<chat::PushJob>(key.view(), kDecode);
    if (!job && job.error() != chat::StoreError::kCorrupt) return base::fail(job.error());
    if (!job || !*job) continue;  // damaged, or gone since the index was opened
    // Moved since then: it is in the answer of a later call.
    const Key its_place = push_due_key(**job);
    if (its_place.view() == index.key()) found.push_back(std::move(**job));
  }
  if (const auto error = index.error()) return base::fail(*error);
  return found;
}

chat::Read<std::vector<chat::PushJob>> RocksDbStore::push_jobs(const chat::UserId& user) const {
  auto rows = database_->prefix(Key(Table::kPushJob).add(user).view());
  return read_jobs(*database_, rows, std::numeric_limits<std::size_t>::max());
}

chat::Read<std::vector<chat::PushJob>> RocksDbStore::push_jobs_after(const chat::UserId& user,
                                                                     const chat::DeviceId& device,
                                                                     std::size_t limit) const {
  // The smallest key behind the given one is that one with a zero byte.
  const Key behind = push_job_key(user, device).add_byte(0);
  auto rows = database_->range(std::string(behind.view()), end_of(Key(Table::kPushJob).view()));
  return read_jobs(*database_, rows, limit);
}

chat::Read<chat::DeviceTrace> RocksDbStore::device_trace(const chat::UserId& user, const chat::DeviceId& device) const {
  auto row = database_->find<chat::DeviceTrace>(device_trace_key(user, device).view(), kDecode);
  if (!row) return base::fail(row.error());
  if (*row) return std::move(**row);
  chat::DeviceTrace none;
  none.user = user;
  none.device = device;
  return none;
}

}  // namespace adapters::rocksdb
