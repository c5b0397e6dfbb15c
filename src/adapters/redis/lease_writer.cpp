#include "adapters/redis/lease_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "adapters/redis/impatient.hpp"
#include "adapters/redis/lease_question.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace adapters::redis {

namespace {

/// Writes without a reply: enough to fill a round trip, and a look-up does not wait long behind them.
constexpr std::size_t kWindow = 1'024;
/// Users who wait for a connection, because one of their connections went meanwhile; of more than these the leases run
/// out.
constexpr std::size_t kMostQueuedWhileDown = 65'536;
/// Marks that are looked at with each slice that is renewed.
constexpr std::size_t kMarksATurn = 16;

std::string random_word() {
  base::SecureRandom random;
  return std::to_string(random.next());
}

bool is_array_of_two(const ::redis::Reply& reply) {
  return reply.is_array() && reply.elements.size() == 2 && reply.elements[1].kind == ::redis::ReplyKind::kInteger;
}

/// Of kLookUp: a number; of kLookUpDevices: an array, whose devices are added to `devices`.
LeaseWriter::Answer read_answer(const ::redis::Reply& reply, std::vector<chat::DeviceId>& devices) {
  using Answer = LeaseWriter::Answer;
  if (reply.kind == ::redis::ReplyKind::kInteger) return reply.integer == 1 ? Answer::kOnline : Answer::kAbsent;
  if (!reply.is_array()) return Answer::kUnknown;
  for (const auto& element : reply.elements) {
    if (auto device = chat::DeviceId::parse(element.text)) devices.push_back(std::move(*device));
  }
  return devices.empty() ? Answer::kAbsent : Answer::kOnline;
}

}  // namespace

LeaseWriter::LeaseWriter(const PresenceOptions& options, const LeaseTable& table)
    : options_(options),
      table_(table),
      prefix_(options.node + ":"),
      lease_(std::to_string(options.lease.count())),
      keys_(!options.server.endpoint.seeds.empty()),
      memories_(keys_.marks()),
      shard_(aio::ShardIndex{0}, clock_),
      renewal_(aio::Timer::member<&LeaseWriter::on_renewal>(*this)),
      connection_(shard_, impatient(options.server), [this](bool ready) { on_state(ready); }) {
  shard_.start();
  shard_.post([this] { connection_.start(); });
}

LeaseWriter::~LeaseWriter() {
  shard_.post([this] {
    leaving_ = true;
    renewal_.cancel();
    queue_all();
    write_more();
    note_farewell();
  });
  {
    std::unique_lock lock(farewell_mutex_);
    farewell_.wait_for(lock, options_.farewell, [this] { return gone_; });
  }
  shard_.stop();
}

void LeaseWriter::changed(const chat::UserId& user) {
  const std::lock_guard lock(changes_mutex_);
  const bool flush_posted = !changes_.empty();
  changes_.insert(user);
  if (!flush_posted) shard_.post([this] { flush_changes(); });
}

bool LeaseWriter::resting() const {
  return clock_.steady_now() < rest_until_.load(std::memory_order_relaxed);
}

bool LeaseWriter::up() const {
  return ready_.load(std::memory_order_relaxed) && !resting();
}

void LeaseWriter::on_state(bool ready) {
  ready_ = ready;
  if (!ready) {
    renewal_.cancel();
    return note_farewell();
  }
  rest_until_ = base::SteadyTime{};
  // A server that was away may have come back with an old memory, and the other nodes take a moment to find it.
  if (std::exchange(was_ready_, true)) settled_from_ = clock_.steady_now() + options_.settle;
  check_marks(keys_.marks());
  queue_missed();
  queue_all();
  write_more();
  if (!leaving_) shard_.timers().arm_after(renewal_, options_.renew_every / LeaseTable::kSlices);
}

void LeaseWriter::flush_changes() {
  std::unordered_set<chat::UserId> changes;
  {
    const std::lock_guard lock(changes_mutex_);
    changes.swap(changes_);
  }
  for (const auto& user : changes) queue(user);
  write_more();
}

void LeaseWriter::queue(const chat::UserId& user) {
  if (!connection_.ready() && queue_.size() >= kMostQueuedWhileDown) return;
  if (queued_.insert(user).second) queue_.push_back(user);
}

void LeaseWriter::queue_slice(std::size_t slice) {
  for (const auto& user : table_.users(slice)) queue(user);
}

void LeaseWriter::queue_all() {
  for (std::size_t slice = 0; slice < LeaseTable::kSlices; ++slice) queue_slice(slice);
}

void LeaseWriter::queue_missed() {
  for (const auto& user : std::exchange(missed_, {})) queue(user);
}

bool LeaseWriter::queue_memory(std::size_t memory) {
  bool any = false;
  for (std::size_t slice = 0; slice < LeaseTable::kSlices; ++slice) {
    for (const auto& user : table_.users(slice)) {
      if (keys_.mark_of(user) != memory) continue;
      queue(user);
      any = true;
    }
  }
  return any;
}

void LeaseWriter::write_more() {
  while (connection_.ready() && under_way_.size() < kWindow && !queue_.empty()) {
    const auto user = queue_.front();
    queue_.pop_front();
    queued_.erase(user);
    // In a cluster an older write that is redirected could come last.
    if (const auto at = under_way_.find(user); at != under_way_.end()) {
      at->second = true;
    } else {
      write(user);
    }
  }
}

void LeaseWriter::write(const chat::UserId& user) {
  std::vector<std::string> arguments = {prefix_, lease_};
  if (!leaving_) {
    for (const auto& connection : table_.connections(user)) {
      arguments.push_back(prefix_ + std::to_string(connection.id.value) + kBeforeDevice + connection.device.value);
    }
  }
  under_way_.emplace(user, false);
  connection_.run(Script::kWrite, keys_.user_key(user), arguments,
                  [this, user](const Outcome& outcome) { written(user, outcome); });
}

void LeaseWriter::written(const chat::UserId& user, const Outcome& outcome) {
  const auto at = under_way_.find(user);
  const bool again = at != under_way_.end() && at->second;
  if (at != under_way_.end()) under_way_.erase(at);
  if (!outcome && outcome.error() == ::redis::CommandError::kStopped) return;
  if (!outcome || outcome->is_error()) {
    failed_.fetch_add(1, std::memory_order_relaxed);
    // Who is online is written by the next renewal or connection; that somebody is gone, by this only.
    if (!table_.contains(user) && missed_.size() < kMostQueuedWhileDown) missed_.insert(user);
  }
  if (again) queue(user);
  write_more();
  if (queue_.empty() && under_way_.empty()) {
    for (auto& memory : memories_) memory.refilling = false;
  }
  note_farewell();
}

void LeaseWriter::note_farewell() {
  if (!leaving_ || (connection_.ready() && (!under_way_.empty() || !queue_.empty()))) return;
  const std::lock_guard lock(farewell_mutex_);
  gone_ = true;
  farewell_.notify_one();
}

void LeaseWriter::on_renewal() {
  shard_.timers().arm_after(renewal_, options_.renew_every / LeaseTable::kSlices);
  check_marks(std::min(keys_.marks(), kMarksATurn));
  if (next_slice_ == 0) queue_missed();
  queue_slice(next_slice_);
  next_slice_ = (next_slice_ + 1) % LeaseTable::kSlices;
  write_more();
}

void LeaseWriter::check_marks(std::size_t count) {
  for (; count > 0; --count) {
    check_mark(next_mark_);
    next_mark_ = (next_mark_ + 1) % keys_.marks();
  }
}

void LeaseWriter::check_mark(std::size_t memory) {
  const std::array<std::string, 2> new_mark = {options_.node + " " + random_word(),
                                               memories_[memory].refilling ? "1" : ""};
  connection_.run(Script::kMark, keys_.mark_key(memory), new_mark, [this, memory](const Outcome& outcome) {
    if (!outcome) return;
    if (is_array_of_two(*outcome)) return marked(memory, outcome->elements[0].text);
    failed_.fetch_add(1, std::memory_order_relaxed);
  });
}

void LeaseWriter::marked(std::size_t memory, const std::string& mark) {
  auto& known = memories_[memory];
  if (known.mark == mark) return;
  if (!known.mark.empty()) {
    base::log::warning("presence_forgotten_by_redis", {{"memory", memory}, {"leases", table_.size()}});
  }
  known.mark = mark;
  known.refilling = queue_memory(memory);
  write_more();
}

std::optional<std::vector<LeaseWriter::Answer>> LeaseWriter::ask(std::vector<chat::UserId> users) {
  const auto question = std::make_shared<LeaseQuestion>(std::move(users), Script::kLookUp);
  if (!pose(question)) return std::nullopt;
  return std::move(question->answers);
}

std::optional<LeaseWriter::Devices> LeaseWriter::ask_devices(const chat::UserId& user) {
  const auto question = std::make_shared<LeaseQuestion>(std::vector{user}, Script::kLookUpDevices);
  if (!pose(question)) return std::nullopt;
  const bool answered = question->answers.front() != Answer::kUnknown;
  return Devices{.live = std::move(question->devices), .complete = answered && question->believed.front()};
}

bool LeaseWriter::pose(const std::shared_ptr<LeaseQuestion>& question) {
  if (!up()) return false;
  shard_.post([this, question] { send(question); });
  if (!question->wait(options_.answer_within)) {
    rest_until_ = clock_.steady_now() + options_.rest_after_silence;
    return false;
  }
  return !question->failed;
}

void LeaseWriter::send(const std::shared_ptr<LeaseQuestion>& question) {
  if (!connection_.ready()) {
    question->failed = true;
    question->missing = 1;
    return question->one_more();
  }
  std::vector<bool> marks(keys_.marks(), false);
  for (const auto& user : question->users) marks[keys_.mark_of(user)] = true;
  const auto marks_asked = static_cast<std::size_t>(std::count(marks.begin(), marks.end(), true));
  question->missing = question->users.size() + marks_asked;
  for (std::size_t i = 0; i < question->users.size(); ++i) {
    const auto key = keys_.user_key(question->users[i]);
    connection_.run(question->script, key, {}, [question, i](const Outcome& outcome) {
      if (outcome) question->answers[i] = read_answer(*outcome, question->devices);
      question->one_more();
    });
  }
  // After the others: memory that was lost before any of them shows here.
  for (std::size_t memory = 0; memory < marks.size(); ++memory) {
    if (marks[memory]) ask_mark(memory, question);
  }
}

void LeaseWriter::ask_mark(std::size_t memory, const std::shared_ptr<LeaseQuestion>& question) {
  const std::array<std::string, 2> only_read;
  connection_.run(Script::kMark, keys_.mark_key(memory), only_read, [this, memory, question](const Outcome& outcome) {
    if (outcome) rest_until_ = base::SteadyTime{};  // slow, and not silent
    if (believe_absence(memory, outcome)) {
      for (std::size_t i = 0; i < question->users.size(); ++i) {
        if (keys_.mark_of(question->users[i]) == memory) question->believed[i] = true;
      }
    }
    question->one_more();
  });
}

bool LeaseWriter::believe_absence(std::size_t memory, const Outcome& outcome) {
  if (!outcome || !is_array_of_two(*outcome)) return false;
  const auto& mark = memories_[memory].mark;
  const bool known = !mark.empty() && outcome->elements[0].text == mark;
  if (!known) check_mark(memory);
  const std::chrono::milliseconds age(outcome->elements[1].integer);
  return known && age >= options_.settle && clock_.steady_now() >= settled_from_;
}

}  // namespace adapters::redis
