// Push jobs: the row of a job says where it stands in the order of dues, so that it is read before it moves. That is a
// read per job and batch, and only devices with an address have jobs.

#include <algorithm>
#include <tuple>

#include "adapters/rocksdb/batch_writer.hpp"
#include "adapters/rocksdb/row_codec.hpp"

namespace adapters::rocksdb {

BatchWriter::Done BatchWriter::put_push(const chat::CommitBatch& batch) {
  for (const auto& trace : batch.device_traces) {
    const Key key = device_trace_key(trace.user, trace.device);
    put(key, encode(trace, key.view(), buffer_));
  }
  // Of two rows for one device the later one counts, and only that one gets a place.
  jobs_.clear();
  for (const auto& job : batch.push_jobs) jobs_.push_back(&job);
  std::sort(jobs_.begin(), jobs_.end(), [](const chat::PushJob* a, const chat::PushJob* b) {
    return std::tie(a->user, a->device, a) < std::tie(b->user, b->device, b);
  });
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    const chat::PushJob& job = *jobs_[i];
    if (i + 1 < jobs_.size() && jobs_[i + 1]->user == job.user && jobs_[i + 1]->device == job.device) continue;
    if (auto done = forget_push_job(job.user, job.device); !done) return done;
    const Key key = push_job_key(job.user, job.device);
    put(key, encode(job, key.view(), buffer_));
    put(push_due_key(job), {});
  }
  return {};
}

BatchWriter::Done BatchWriter::forget_push_job(const chat::UserId& user, const chat::DeviceId& device) {
  const Key key = push_job_key(user, device);
  const auto row = database_.find<chat::PushJob>(key.view(), kDecode);
  if (!row && row.error() == chat::StoreError::kCorrupt) {
    delete_key(key);
    return forget_push_places(key.view().substr(1));
  }
  if (!row) return base::fail(row.error());
  if (!*row) return {};
  delete_key(key);
  delete_key(push_due_key(**row));
  return {};
}

BatchWriter::Done BatchWriter::forget_push_jobs(const chat::UserId& user) {
  auto row = database_.prefix(Key(Table::kPushJob).add(user).view());
  chat::PushJob job;
  for (row.to_first(); row.valid(); row.next()) {
    delete_key(Key(Table::kPushJob).add(row.key().substr(1)));
    if (decode(row.key(), row.row(), job)) {
      delete_key(push_due_key(job));
    } else if (auto done = forget_push_places(row.key().substr(1)); !done) {
      return done;
    }
  }
  if (const auto error = row.error()) return base::fail(*error);
  return {};
}

/// The place of a damaged job is unknown: all places are looked through. As rare as damage.
BatchWriter::Done BatchWriter::forget_push_places(std::string_view owner) {
  auto place = database_.prefix(Key(Table::kPushDue).view());
  for (place.to_first(); place.valid(); place.next()) {
    if (owner_of_place(place.key()) == owner) delete_key(Key(Table::kPushDue).add(place.key().substr(1)));
  }
  if (const auto error = place.error()) return base::fail(*error);
  return {};
}

}  // namespace adapters::rocksdb
