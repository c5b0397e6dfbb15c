// The PushStore part of MongoStore.

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

Document in_order(std::initializer_list<const char*> fields) {
  Document order;
  for (const char* const field : fields) order.add(field, 1);
  Document options;
  options.add("sort", order);
  return options;
}

}  // namespace

chat::Read<std::vector<chat::PushJob>> MongoStore::due_push_jobs(std::string_view kind, chat::WallTime until,
                                                                 std::size_t limit) const {
  if (limit == 0) return std::vector<chat::PushJob>();  // which the server would take for "all"
  Document filter;
  filter.add("kind", kind).add("due", Document().add("$lte", until));
  Document options = in_order({"due", "user", "device"});
  options.add("limit", limit);
  return reader_->find_readable<chat::PushJob>(kPushJobs, filter, options);
}

chat::Read<std::vector<chat::PushJob>> MongoStore::push_jobs(const chat::UserId& user) const {
  Document filter;
  filter.add("user", user);
  return reader_->find_all<chat::PushJob>(kPushJobs, filter, in_order({"device"}));
}

chat::Read<std::vector<chat::PushJob>> MongoStore::push_jobs_after(const chat::UserId& user,
                                                                   const chat::DeviceId& device,
                                                                   std::size_t limit) const {
  if (limit == 0) return std::vector<chat::PushJob>();
  Document later_device;
  later_device.add("user", user).add("device", Document().add("$gt", device));
  Document later_user;
  later_user.add("user", Document().add("$gt", user));
  std::vector<Document> either;
  either.push_back(std::move(later_device));
  either.push_back(std::move(later_user));
  Document filter;
  filter.add_array("$or", either);
  Document options = in_order({"user", "device"});
  options.add("limit", limit);
  return reader_->find_readable<chat::PushJob>(kPushJobs, filter, options);
}

chat::Read<chat::DeviceTrace> MongoStore::device_trace(const chat::UserId& user, const chat::DeviceId& device) const {
  auto found = reader_->find_one<chat::DeviceTrace>(kDeviceTraces, device_filter(user, device));
  if (!found) return base::fail(found.error());
  if (*found) return std::move(**found);
  chat::DeviceTrace none;
  none.user = user;
  none.device = device;
  return none;
}

}  // namespace adapters::mongodb
