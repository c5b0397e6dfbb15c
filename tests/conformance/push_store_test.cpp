// PushStore: jobs in the order of their due, and what is remembered of a device.

#include <algorithm>
#include <tuple>

#include "describe.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

template <class Harness>
class PushStore : public StoreSuite<Harness> {
 protected:
  chat::Store& store() { return under_test_.store(); }
  void commit(const chat::CommitBatch& batch) { ASSERT_TRUE(store().commit(batch, chat::Durability::kSynced).ok()); }
  void put(std::vector<chat::PushJob> jobs) {
    chat::CommitBatch batch;
    batch.push_jobs = std::move(jobs);
    commit(batch);
  }
  std::string due(std::int64_t until_ms, std::size_t limit = 100, std::string_view kind = "webpush") {
    return describe(store().due_push_jobs(kind, at_ms(until_ms), limit));
  }
  static std::string rows(const std::vector<chat::PushJob>& jobs) { return describe(jobs); }

  Harness under_test_;
  chat::UserId ann_ = user_id(1);
  chat::UserId bob_ = user_id(2);
};
TYPED_TEST_SUITE(PushStore, Stores, StoreNames);

TYPED_TEST(PushStore, GivesDueJobsInTheOrderOfTheirDue) {
  const auto first = push_job(this->bob_, "phone", at_ms(-5));
  const auto second = push_job(this->ann_, "laptop", at_ms(1'700'000'000'000));
  const auto third = push_job(this->ann_, "phone", at_ms(1'700'000'000'001));
  this->put({third, first, second});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(this->due(-6), "");
    EXPECT_EQ(this->due(-5), this->rows({first}));
    EXPECT_EQ(this->due(1'700'000'000'000), this->rows({first, second}));
    EXPECT_EQ(this->due(1'700'000'000'001), this->rows({first, second, third}));
    this->under_test_.reopen();
  }
}

TYPED_TEST(PushStore, GivesNoMoreDueJobsThanAskedForAndTheEarliestOnes) {
  std::vector<chat::PushJob> jobs;
  for (std::uint32_t n = 1; n <= 20; ++n) jobs.push_back(push_job(user_id(n), "phone", at_ms(1000 - n)));
  this->put(jobs);
  EXPECT_EQ(this->due(5000, 3), this->rows({jobs[19], jobs[18], jobs[17]}));
  EXPECT_EQ(this->due(5000, 0), "");
  EXPECT_EQ(this->store().due_push_jobs("webpush", at_ms(5000), 100)->size(), 20u);
}

TYPED_TEST(PushStore, OrdersJobsOfOneDueByTheirDevice) {
  auto one = push_job(this->ann_, "a", at_ms(9));
  auto two = push_job(this->ann_, "b", at_ms(9));
  this->put({two, one});
  EXPECT_EQ(this->due(9, 1), this->rows({one}));
  EXPECT_EQ(this->due(9), this->rows({one, two}));
}

TYPED_TEST(PushStore, KeepsHeldJobsBackUntilTheyAreAskedFor) {
  const auto held = push_job(this->ann_, "phone", chat::kPushHeld);
  this->put({held});
  EXPECT_EQ(this->due(std::int64_t{1} << 61), "");
  EXPECT_EQ(describe(this->store().due_push_jobs("webpush", chat::kPushHeld, 10)), this->rows({held}));
  EXPECT_EQ(describe(this->store().due_push_jobs("webpush", chat::WallTime::max(), 10)), this->rows({held}));
  EXPECT_EQ(describe(this->store().push_jobs(this->ann_)), this->rows({held}));
}

TYPED_TEST(PushStore, KeepsTheProvidersApart) {
  const auto fcm = push_job(this->ann_, "phone", at_ms(1), "fcm");
  const auto webpush = push_job(this->bob_, "phone", at_ms(1), "webpush");
  this->put({fcm, webpush});
  EXPECT_EQ(this->due(5, 10, "fcm"), this->rows({fcm}));
  EXPECT_EQ(this->due(5, 10, "webpush"), this->rows({webpush}));
  EXPECT_EQ(this->due(5, 10, "fc"), "");
  EXPECT_EQ(this->due(5, 10, "fcms"), "");
  EXPECT_EQ(this->due(5, 10, ""), "");
}

TYPED_TEST(PushStore, MovesAJobThatIsPutAgain) {
  this->put({push_job(this->ann_, "phone", at_ms(10), "fcm", 1)});
  for (const auto due : {at_ms(500), at_ms(3), chat::kPushHeld, at_ms(70)}) {
    const auto job = push_job(this->ann_, "phone", due, "webpush", 2);
    this->put({job});
    EXPECT_EQ(this->due(600, 10, "fcm"), "") << "the address was replaced by one of another provider";
    EXPECT_EQ(this->due(600), due == chat::kPushHeld ? "" : this->rows({job}));
    EXPECT_EQ(describe(this->store().due_push_jobs("webpush", chat::kPushHeld, 10)), this->rows({job}));
    EXPECT_EQ(describe(this->store().push_jobs(this->ann_)), this->rows({job}));
  }
}

TYPED_TEST(PushStore, KeepsTheLaterOfTwoJobsOfOneDeviceInABatch) {
  const auto later = push_job(this->ann_, "phone", at_ms(200), "webpush", 9);
  this->put({push_job(this->ann_, "phone", at_ms(1)), push_job(this->bob_, "phone", at_ms(300)), later});
  EXPECT_EQ(this->due(250), this->rows({later}));
  EXPECT_EQ(this->store().due_push_jobs("webpush", at_ms(300), 10)->size(), 2u);
}

TYPED_TEST(PushStore, ErasesAJobAndOnlyThatOne) {
  const auto phone = push_job(this->ann_, "phone", at_ms(1));
  const auto laptop = push_job(this->ann_, "laptop", at_ms(1));
  this->put({phone, laptop});
  chat::CommitBatch erase;
  erase.erased_push_jobs = {{this->ann_, phone.device}, {this->bob_, phone.device}};
  EXPECT_TRUE(erase.may_be_lost());
  EXPECT_FALSE(erase.empty());
  this->commit(erase);
  EXPECT_EQ(this->due(5), this->rows({laptop}));
  EXPECT_EQ(describe(this->store().push_jobs(this->ann_)), this->rows({laptop}));
}

TYPED_TEST(PushStore, PutsAJobThatTheSameBatchErased) {
  this->put({push_job(this->ann_, "phone", at_ms(1))});
  const auto again = push_job(this->ann_, "phone", at_ms(2));
  chat::CommitBatch batch;
  batch.erased_push_jobs = {{this->ann_, again.device}};
  batch.push_jobs = {again};
  this->commit(batch);
  EXPECT_EQ(this->due(5), this->rows({again}));
}

TYPED_TEST(PushStore, ListsAllJobsInPages) {
  std::vector<chat::PushJob> jobs;
  for (std::uint32_t n = 1; n <= 3; ++n) {
    jobs.push_back(push_job(user_id(n), "a", chat::kPushHeld));
    jobs.push_back(push_job(user_id(n), "ab", at_ms(n), "fcm"));
  }
  this->put(jobs);
  std::sort(jobs.begin(), jobs.end(),
            [](const auto& a, const auto& b) { return std::tie(a.user, a.device) < std::tie(b.user, b.device); });
  EXPECT_EQ(describe(this->store().push_jobs_after({}, {}, 100)), describe(jobs));
  std::vector<chat::PushJob> all;
  chat::UserId user;
  chat::DeviceId device;
  for (;;) {
    const auto page = this->store().push_jobs_after(user, device, 4);
    ASSERT_TRUE(page.ok());
    if (page->empty()) break;
    all.insert(all.end(), page->begin(), page->end());
    user = page->back().user;
    device = page->back().device;
  }
  EXPECT_EQ(describe(all), describe(jobs));
}

TYPED_TEST(PushStore, RemembersTheLastTraceOfADevice) {
  chat::DeviceTrace none;
  none.user = this->ann_;
  none.device = chat::DeviceId{"phone"};
  EXPECT_EQ(describe(this->store().device_trace(this->ann_, none.device)), describe(none));
  chat::CommitBatch batch;
  batch.device_traces = {device_trace(this->ann_, "phone", chat::PushOutcome::kAccepted),
                         device_trace(this->ann_, "phone", chat::PushOutcome::kThrottled)};
  EXPECT_TRUE(batch.may_be_lost());
  EXPECT_FALSE(batch.empty());
  this->commit(batch);
  this->under_test_.reopen();
  EXPECT_EQ(describe(this->store().device_trace(this->ann_, none.device)), describe(batch.device_traces[1]));
  EXPECT_EQ(this->store().device_trace(this->bob_, none.device)->outcome, chat::PushOutcome::kNone);
}

TYPED_TEST(PushStore, ForgetsAnErasedDevice) {
  chat::CommitBatch batch;
  batch.devices = {device(this->ann_, "phone", 1), device(this->ann_, "laptop", 2)};
  batch.push_jobs = {push_job(this->ann_, "phone", at_ms(1)), push_job(this->ann_, "laptop", at_ms(2))};
  batch.device_traces = {device_trace(this->ann_, "phone"), device_trace(this->ann_, "laptop")};
  this->commit(batch);
  chat::CommitBatch erase;
  erase.erased_devices = {{this->ann_, chat::DeviceId{"phone"}}};
  this->commit(erase);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(this->due(5), this->rows({batch.push_jobs[1]}));
    EXPECT_EQ(describe(this->store().push_jobs(this->ann_)), this->rows({batch.push_jobs[1]}));
    EXPECT_EQ(this->store().device_trace(this->ann_, chat::DeviceId{"phone"})->outcome, chat::PushOutcome::kNone);
    EXPECT_EQ(describe(this->store().device_trace(this->ann_, chat::DeviceId{"laptop"})),
              describe(batch.device_traces[1]));
    this->under_test_.reopen();
  }
}

TYPED_TEST(PushStore, ForgetsAnErasedUser) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "ann@example.org"), user(2, "bob", "bob@example.org")};
  batch.push_jobs = {push_job(this->ann_, "phone", at_ms(1)), push_job(this->ann_, "laptop", chat::kPushHeld),
                     push_job(this->bob_, "phone", at_ms(2))};
  batch.device_traces = {device_trace(this->ann_, "phone"), device_trace(this->bob_, "phone")};
  this->commit(batch);
  chat::CommitBatch erase;
  erase.erased_users = {this->ann_};
  this->commit(erase);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(describe(this->store().due_push_jobs("webpush", chat::kPushHeld, 10)), this->rows({batch.push_jobs[2]}));
    EXPECT_EQ(describe(this->store().push_jobs(this->ann_)), "");
    EXPECT_EQ(this->store().device_trace(this->ann_, chat::DeviceId{"phone"})->outcome, chat::PushOutcome::kNone);
    EXPECT_EQ(describe(this->store().device_trace(this->bob_, chat::DeviceId{"phone"})),
              describe(batch.device_traces[1]));
    this->under_test_.reopen();
  }
}

}  // namespace
}  // namespace conformance
