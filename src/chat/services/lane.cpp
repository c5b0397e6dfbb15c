#include "chat/services/lane.hpp"

#include "chat/services/lane_commands.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {
namespace {

Refusal overloaded() {
  return {.code = ErrorCode::kOverloaded, .message = "the server is busy, try again", .retry_after_seconds = 1};
}

}  // namespace

Lane::Lane(LaneParts parts, LaneOptions options)
    : options_(options),
      metrics_(parts.metrics),
      clock_(parts.clock),
      desk_(std::make_unique<LaneDesk>(parts, options_)) {}

Lane::~Lane() {
  stop();
}

void Lane::wake_pushes(std::shared_ptr<PushSignal> signal) {
  CHECK(!thread_.joinable());
  desk_->wake_pushes(std::move(signal));
}

void Lane::start() {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Lane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Lane::run() {
  for (;;) {
    if (run_once()) {
      // Under load the shards get their turn before the next round: what their clients answer to this one then shares
      // its sync. Costs nothing when nobody waits for the processor.
      std::this_thread::yield();
      continue;
    }
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      over = stopping_ && queue_.empty();
    }
    if (over) return desk_->flush_all_last_seen();
    wait_for_work();
  }
}

void Lane::wait_for_work() {
  const auto deadline = desk_->next_deadline();
  std::unique_lock lock(mutex_);
  if (!queue_.empty() || stopping_) return;
  sleeping_ = true;
  if (deadline == base::SteadyTime::max()) {
    work_.wait(lock, [this] { return !queue_.empty() || stopping_; });
  } else {
    work_.wait_until(lock, deadline, [this] { return !queue_.empty() || stopping_; });
  }
  sleeping_ = false;
}

bool Lane::run_once() {
  {
    const std::lock_guard lock(mutex_);
    std::swap(queue_, taken_);
    requests_ = 0;
    metrics_.queue_depth.set(static_cast<std::int64_t>(taken_.size()));
  }
  constexpr std::size_t kClockEvery = 32;  // commands between two looks at the clock
  auto started = clock_.steady_now();
  std::size_t staged = 0;
  for (std::size_t at = 0; at < taken_.size(); ++at) {
    if (at % options_.batch_commands == 0) {
      const auto rest = std::span(taken_).subspan(at);
      desk_->look_up_client_ids(rest.first(std::min(rest.size(), options_.batch_commands)));
    }
    desk_->run(std::move(taken_[at]));
    ++staged;
    const bool late = staged % kClockEvery == 0 && clock_.steady_now() - started >= options_.batch_time;
    if (staged >= options_.batch_commands || late) {
      desk_->settle();
      started = clock_.steady_now();
      staged = 0;
    }
  }
  const bool worked = !taken_.empty() || desk_->retry_due();  // what failed may be due again at once
  if (worked) desk_->settle();
  taken_.clear();
  return desk_->run_deadlines() || worked;
}

base::SteadyTime Lane::next_deadline() const {
  return desk_->next_deadline();
}

bool Lane::enqueue(std::unique_ptr<LaneCommand>& command, Kind kind) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (kind != Kind::kAccount) {
      const std::size_t limit = kind == Kind::kOverflow ? kOverflow * options_.queue_limit : options_.queue_limit;
      if (stopping_ || requests_ >= limit) {
        if (kind == Kind::kRequest) metrics_.refused_queue_full.add();
        return false;
      }
      ++requests_;
    }
    queue_.push_back(std::move(command));
    wake = std::exchange(sleeping_, false);
  }
  if (wake) work_.notify_one();
  return true;
}

bool Lane::submit(std::unique_ptr<LaneCommand>& command) {
  return enqueue(command, Kind::kRequest);
}

void Lane::enqueue_always(std::unique_ptr<LaneCommand> command) {
  enqueue(command, Kind::kAccount);
}

void Lane::send(SendRequest request, base::Executor& on, Reply<SendAnswer> reply) {
  auto send = std::make_unique<SendCommand>(std::move(request), on, std::move(reply));
  auto& typed = *send;
  std::unique_ptr<LaneCommand> command = std::move(send);
  if (submit(command)) return;
  if (typed.refuse_in_turn() && enqueue(command, Kind::kOverflow)) return;
  SendCommand::refuse(std::move(command), overloaded());
}

void Lane::attach(AttachRequest request, base::Executor& on, Reply<Attached> reply) {
  std::unique_ptr<LaneCommand> command = std::make_unique<AttachCommand>(std::move(request), on, std::move(reply));
  if (!submit(command)) AttachCommand::refuse(std::move(command), overloaded());
}

void Lane::sync(const UserId& user, const DeviceId& device, ConnectionId connection, ResumePoint point,
                base::Executor& on, Reply<SyncAnswer> reply) {
  std::unique_ptr<LaneCommand> command =
      std::make_unique<SyncCommand>(user, device, connection, std::move(point), on, std::move(reply));
  if (!submit(command)) SyncCommand::refuse(std::move(command), overloaded());
}

void Lane::mark_read(ReadRequest request, base::Executor& on, Reply<std::monostate> reply) {
  std::unique_ptr<LaneCommand> command = std::make_unique<MarkReadCommand>(std::move(request), on, std::move(reply));
  if (!submit(command)) MarkReadCommand::refuse(std::move(command), overloaded());
}

void Lane::confirm(Confirmation confirmation) {
  enqueue_always(std::make_unique<ConfirmCommand>(std::move(confirmation)));
}

void Lane::report_unreadable(const MailboxEntry& entry) {
  enqueue_always(std::make_unique<UnreadableCommand>(entry));
}

void Lane::detach(const UserId& user, const DeviceId& /*device*/, ConnectionId connection, MailboxSeq written) {
  enqueue_always(std::make_unique<DirectoryCommand>(
      [user, connection, written](LaneDesk& desk) { desk.drop_session(desk.known_user(user), connection, written); },
      connection));
}

void Lane::announce(const UserId& user, ConnectionId connection) {
  enqueue_always(std::make_unique<DirectoryCommand>([user, connection](LaneDesk& desk) {
    auto& state = desk.known_user(user);
    if (state.record(connection) != nullptr) desk.announce(state);
  }));
}

void Lane::set_silent(const UserId& user, ConnectionId connection, bool silent, MailboxSeq written) {
  enqueue_always(std::make_unique<DirectoryCommand>([user, connection, silent, written](LaneDesk& desk) {
    auto& state = desk.known_user(user);
    if (auto* const record = state.record(connection)) desk.set_silent(state, *record, silent, written);
  }));
}

void Lane::report_poison(const UserId& user, const DeviceId& device, MailboxSeq position) {
  enqueue_always(std::make_unique<DirectoryCommand>([user, device, position](LaneDesk& desk) {
    auto* const state = desk.known_user(user).device(device);
    const bool suspected = position != MailboxSeq();
    if (state == nullptr || (suspected && position <= state->position)) return;
    if (suspected) {
      if (state->poison != position) state->poison_count = 0;
      state->poison = position;
      if (state->poison_count < desk.options().poison_skip) ++state->poison_count;
    }
    constexpr std::uint8_t kMostHalvings = 15;
    if (state->halvings < kMostHalvings) ++state->halvings;
  }));
}

void Lane::check_head(const UserId& user, ConnectionId connection, MailboxSeq known) {
  enqueue_always(std::make_unique<DirectoryCommand>([user, connection, known](LaneDesk& desk) {
    const auto* const record = desk.known_user(user).record(connection);
    if (record == nullptr) return;
    const auto* const state = desk.undamaged_user(user);
    if (state == nullptr || !state->loaded || state->head <= known) return;
    desk.reply(record->session->executor(),
               [session = record->session, head = state->head] { session->on_hint({head, nullptr}); });
  }));
}

void Lane::hear(const NodeNote& note) {
  // Many commits may be told while the lane is busy with one round, and one look finds them all.
  const bool commits = note.kind == NodeNote::Kind::kCommitted;
  const bool repeat = note.kind == NodeNote::Kind::kRepeat;
  if (commits && commits_heard_.exchange(true)) return;
  if (repeat && repeat_heard_.exchange(true)) return;
  std::unique_ptr<LaneCommand> command =
      std::make_unique<DirectoryCommand>([this, note, commits, repeat](LaneDesk& desk) {
        if (commits) commits_heard_ = false;
        if (repeat) repeat_heard_ = false;
        desk.hear(note);
      });
  if (commits || repeat || note.kind == NodeNote::Kind::kReconnected) return enqueue_always(std::move(command));
  if (enqueue(command, Kind::kHint) || note.kind != NodeNote::Kind::kPresence) return;
  // What is lost here nobody would say again by himself.
  if (presence_missed_.exchange(true)) return;
  enqueue_always(std::make_unique<DirectoryCommand>([this](LaneDesk& desk) {
    presence_missed_ = false;
    desk.ask_for_announcements();
  }));
}

void Lane::node_died(std::vector<UserId> users) {
  enqueue_always(std::make_unique<DirectoryCommand>([users = std::move(users)](LaneDesk& desk) {
    desk.rearm_pushes();
    desk.expect_departures(users);
  }));
}

void Lane::announce_again() {
  enqueue_always(std::make_unique<DirectoryCommand>([](LaneDesk& desk) { desk.announce_again(); }));
}

void Lane::shown_online(std::vector<UserId> users) {
  std::unique_ptr<LaneCommand> command =
      std::make_unique<DirectoryCommand>([users = std::move(users)](LaneDesk& desk) { desk.shown_online(users); });
  enqueue(command, Kind::kHint);
}

void Lane::typing(const UserId& sender, const UserId& recipient, bool typing) {
  std::unique_ptr<LaneCommand> command = std::make_unique<DirectoryCommand>(
      [sender, recipient, typing](LaneDesk& desk) { desk.typing(sender, recipient, typing); });
  enqueue(command, Kind::kHint);  // typing is told when there is time
}

}  // namespace chat
