#include "sim_world.hpp"

#include "sim_oracle.hpp"

namespace simulation {
namespace {

using std::chrono::milliseconds;

/// Blocks or unblocks the way the relations service does: alone in its batch, both caches told.
class BlockCommand final : public chat::LaneCommand {
 public:
  BlockCommand(chat::ConversationKey pair, bool blocked, base::Executor& on, std::function<void(bool)> done)
      : pair_(pair), blocked_(blocked), on_(on), done_(std::move(done)) {}
  void stage(chat::LaneContext& context) override {
    auto relation = context.relation(pair_);
    relation.blocked_by_low = blocked_;
    context.put_relation(relation);
  }
  void finish(chat::LaneContext& context, std::optional<chat::StoreError> failed) override {
    context.reply(on_, [done = done_, ok = !failed] { done(ok); });
  }

 private:
  chat::ConversationKey pair_;
  bool blocked_;
  base::Executor& on_;
  std::function<void(bool)> done_;
};

}  // namespace

World::World(std::uint64_t seed, Mutant mutant)
    : schedule_(seed),
      entropy_(seed ^ 0x5DEECE66D),
      mutant_(mutant),
      metrics_(registry_),
      push_metrics_(registry_),
      store_(entropy_, mutant),
      cipher_(entropy_),
      provider_([this](std::uint64_t below) { return random(below); }) {
  // Small numbers, so that a few dozen messages reach every edge.
  settings_.window_entries = 2 + random(4);
  settings_.batch_entries = 2 + random(4);
  settings_.batches_in_flight = 2;
  settings_.page_entries = 2 + random(6);
  options_.trim_tail = random(6);
  options_.trim_step = 1 + random(4);
  options_.cached_users = 1 + random(8);
  options_.cached_conversations = 1 + random(8);
  options_.batch_commands = 1 + random(16);
  options_.queue_limit = random(4) == 0 ? 3 : 64;
  options_.limits.messages_per_minute = random(4) == 0 ? 6 : 0;
  lossy_ = random(2) == 0;
  hurried_ = random(2) == 0;
  if (hurried_) options_.limits.messages_per_minute = 0;
  provider_.on_sent = [this](const chat::PushRequest& request) {
    const bool hidden = std::exchange(store_.positions_hidden, false);
    Oracle(*this).pushed(request);
    store_.positions_hidden = hidden;
  };
  populate();
  start_server();
}

World::~World() {
  outbox_.reset();
  lane_.reset();
  for (const auto& each : every_session_) {
    // A task of a session keeps the session that keeps the task.
    if (const auto session = each.lock()) session->forget();
  }
}

void World::populate() {
  chat::CommitBatch batch;
  const std::size_t people = 2 + random(3);
  for (std::size_t i = 0; i < people; ++i) {
    chat::User user;
    user.id = chat::UserId::make(clock_.wall_now(), entropy_);
    user.username = "user" + std::to_string(i);
    user.email = user.username + "@example.org";
    user.push_previews = i % 2 == 0;
    batch.users.push_back(user);
    people_.push_back(user.id);
    const std::size_t devices = 1 + random(3);
    for (std::size_t d = 0; d < devices; ++d) {
      auto client = std::make_unique<Client>();
      client->user = user.id;
      client->device = chat::DeviceId{"device" + std::to_string(d)};
      client->login = chat::LoginId::make(clock_.wall_now(), entropy_);
      client->batch = random(3) == 0;
      client->heartbeat = random(4) == 0;
      client->resumes = random(2) == 0;
      chat::Login login;
      login.id = client->login;
      login.user = user.id;
      login.device = client->device;
      login.expires = clock_.wall_now() + std::chrono::hours(24 * 365);
      batch.logins.push_back(login);
      clients_.push_back(std::move(client));  // the device row appears when it connects
    }
  }
  for (std::size_t i = 0; i < people; ++i) {
    for (std::size_t j = i + 1; j < people; ++j) {
      chat::Relation relation;
      relation.pair = chat::ConversationKey::of(people_[i], people_[j]);
      relation.friendship = chat::Friendship::kFriends;
      batch.relations.push_back(relation);
    }
  }
  CHECK(store_.commit(batch, chat::Durability::kSynced).ok());
  backup_length_ = store_.length();
  backup_epochs_ = store_.epochs().size();
}

void World::start_server() {
  lane_ =
      std::make_unique<chat::Lane>(chat::LaneParts{store_, cipher_, presence_, clock_, entropy_, metrics_}, options_);
  history_ = std::make_unique<chat::HistoryReader>(store_, cipher_, [this](base::Task task) {
    pool_.post(std::move(task));
    return true;
  });
  outbox_ = std::make_unique<chat::PushOutbox>(
      chat::PushOutboxParts{store_, *lane_, cipher_, clock_, entropy_, push_metrics_},
      chat::PushOutboxOptions{.concurrency = 3});
  outbox_->add_provider(provider_);
}

/// kill -9, power cut, and perhaps last night's backup instead of the disk.
void World::crash(bool restore) {
  for (auto& session : sessions_) {
    session->open = false;
    broken(*session);
    session->tasks.drop_all();
  }
  sessions_.clear();
  detaches_.clear();
  pool_.drop_all();
  admin_.drop_all();
  presence_.lose_everything();
  outbox_.reset();
  provider_.lose_the_server();
  lane_.reset();
  if (restore) {
    store_.restore(backup_length_, backup_epochs_);
    restored_ = true;
    walls_.clear();  // a backup may bring a block back or take it away
  } else {
    store_.crash();
  }
  for (auto& [pair, pending] : wall_pending_) {
    if (pending) walls_[pair] += walls_[pair] % 2;  // nobody knows whether it was written
    pending = false;
  }
  start_server();
  Oracle(*this).judge(false);
}

void World::broken(Session& session) {
  detaches_.emplace_back(&session.client, session.connection);
  if (session.abandoned) return;
  for (auto& intent : session.client.outbox) intent.in_flight = false;
}

std::shared_ptr<Session> World::session_of(const Client& client) {
  for (const auto& session : sessions_) {
    if (&session->client == &client && session->open && !session->abandoned) return session;
  }
  return nullptr;
}

std::shared_ptr<Session> World::any_session() {
  return sessions_.empty() ? nullptr : sessions_[random(sessions_.size())];
}

void World::connect(Client& client) {
  if (const auto old = session_of(client)) {
    if (!chance(20)) return;
    // The device has given its connection up; the server has not noticed.
    for (auto& intent : client.outbox) intent.in_flight = false;
    old->abandoned = true;
  }
  const auto session = std::make_shared<Session>(*this, client, chat::ConnectionId(++next_connection_));
  sessions_.push_back(session);
  every_session_.push_back(session);
  chat::AttachRequest request;
  request.user = client.user;
  request.login = client.login;
  request.device = client.device;
  request.connection = session->connection;
  request.handshake_accepted = clock_.steady_now() + std::chrono::nanoseconds(next_connection_);
  if (client.resumes) request.resume = client.point;
  request.session = session;
  lane_->attach(std::move(request), session->tasks, [session](std::variant<chat::Attached, chat::Refusal> answer) {
    if (const auto* attached = std::get_if<chat::Attached>(&answer)) return session->attached(*attached);
    session->open = false;
    session->world.broken(*session);
  });
}

void World::disconnect(const std::shared_ptr<Session>& session) {
  if (!session->open) return;
  session->open = false;
  broken(*session);
}

void World::answered(Client& client, Intent& intent, const chat::SendAnswer& answer, std::uint64_t wall_epoch) {
  const auto now = wall(client.user, intent.recipient);
  if (!answer.duplicate && wall_epoch % 2 == 1 && now == wall_epoch) {
    violate("I13: a message was accepted behind a block");
  }
  if (intent.answer && !restored_) {
    const auto& first = intent.answer->message;
    const auto& again = answer.message;
    if (first.id != again.id || first.seq != again.seq || first.timestamp != again.timestamp) {
      violate("I2: a repeat got another answer");
    }
  }
  if (answer.message.content != intent.text) violate("I2: the answer holds another text");
  intent.answer = answer;
}

void World::write_something(Client& client) {
  const std::uint64_t texts = 1 + random(4);
  for (std::uint64_t i = 0; i < texts; ++i) {
    const auto& recipient = people_[random(people_.size())];
    if (recipient == client.user) continue;
    Intent intent;
    intent.recipient = recipient;
    intent.client_id = client.device.value + "-" + std::to_string(++next_text_);
    intent.text = "text " + std::to_string(next_text_);
    client.outbox.push_back(std::move(intent));
  }
  if (const auto session = session_of(client); session && session->begun) session->flush_outbox(false);
}

void World::mark_read(Session& session) {
  auto& client = session.client;
  if (client.seen.empty() || !session.begun) return;
  const auto& [with, newest] = *std::next(client.seen.begin(), static_cast<std::ptrdiff_t>(random(client.seen.size())));
  session.say([&session, this, peer = with, seq = newest] {
    auto& said = read_said_[{session.client.user, peer}];
    said = std::max(said, seq);
    lane_->mark_read({.reader = session.client.user,
                      .login = session.client.login,
                      .device = session.client.device,
                      .connection = session.connection,
                      .what = std::pair(peer, seq)},
                     session.tasks,
                     [self = session.shared_from_this()](std::variant<std::monostate, chat::Refusal>) {});
  });
}

void World::sync(Session& session) {
  auto& client = session.client;
  if (!client.resumes || !client.point || !session.begun) return;
  const auto self = session.shared_from_this();
  session.say([self, this] {
    if (!self->client.point) return;
    lane_->sync(self->client.user, self->client.device, self->connection, *self->client.point, self->tasks,
                [self](std::variant<chat::SyncAnswer, chat::Refusal> answer) {
                  const auto* synced = std::get_if<chat::SyncAnswer>(&answer);
                  if (synced == nullptr || !self->open) return;
                  ++self->syncs;
                  // The answer reaches the client before anything written after it.
                  self->downstream.clear();
                  self->upstream.clear();
                  for (auto& intent : self->client.outbox) intent.in_flight = false;
                  self->client.hole = false;
                  self->client.point = chat::ResumePoint{synced->epoch, synced->position};
                  self->written = synced->position;
                  self->pump.resync(synced->position, synced->head);
                });
  });
}

void World::toggle_block() {
  if (people_.size() < 2) return;
  const auto& a = people_[random(people_.size())];
  const auto& b = people_[random(people_.size())];
  if (a == b) return;
  const auto pair = chat::ConversationKey::of(a, b);
  if (wall_pending_[pair]) return;
  const bool block = walls_[pair] % 2 == 0;
  if (!block) ++walls_[pair];  // from here on nothing is certain any more
  submit_block(pair, block);
}

void World::submit_block(const chat::ConversationKey& pair, bool blocked) {
  wall_pending_[pair] = true;
  if (blocked) ever_blocked_.insert(pair);
  std::unique_ptr<chat::LaneCommand> command =
      std::make_unique<BlockCommand>(pair, blocked, admin_, [this, pair, blocked](bool ok) {
        wall_pending_[pair] = false;
        if (ok && blocked && walls_[pair] % 2 == 0) ++walls_[pair];
      });
  if (!lane_->submit(command)) wall_pending_[pair] = false;
}

void World::advance(milliseconds by) {
  clock_.advance(by);
  for (std::size_t i = 0; i < sessions_.size(); ++i) sessions_[i]->tick();
}

void World::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps && clean(); ++i) step();
}

void World::step() {
  const auto session = any_session();
  auto& client = *clients_[random(clients_.size())];
  switch (random(22)) {
    case 0:
    case 1:
    case 2:
    case 3:
      lane_->run_once();
      break;
    case 4:
      pool_.run_one();
      admin_.run_one();
      break;
    case 5:
    case 6:
    case 7:
    case 8:
      for (int i = 0; session && i < 4; ++i) session->tasks.run_one();
      break;
    case 9:
    case 10:
    case 11:
      for (int i = 0; session && session->open && i < 3; ++i) session->deliver_one();
      break;
    case 12:
    case 13:
      for (int i = 0; session && i < 3; ++i) session->receive_one();
      break;
    case 14:
      write_something(client);
      break;
    case 15:
      connect(client);
      break;
    case 16:
      advance(milliseconds(random(hurried_ ? 200 : 3000)));
      break;
    case 17:
      if (session && session->open) random(2) == 0 ? mark_read(*session) : session->flush_outbox(chance(30));
      break;
    case 18:
      detach_one();
      break;
    case 19:
      run_outbox();
      if (random(2) == 0) provider_.answer_one();
      break;
    case 20:
      change_address(client);
      break;
    default:
      misbehave();
  }
}

void World::change_address(Client& client) {
  std::optional<chat::PushAddress> address;
  if (random(8) != 0) address = SimProvider::address_of(client, ++next_address_);
  std::unique_ptr<chat::LaneCommand> command = std::make_unique<SetAddress>(client, std::move(address));
  static_cast<void>(lane_->submit(command));
}

void World::misbehave() {
  const auto session = any_session();
  switch (random(40)) {
    case 0:
      return crash(false);
    case 1:
      if (random(3) == 0) return crash(true);
      return;
    case 2:
    case 3:
      store_.decide_next(static_cast<SimStore::Fate>(1 + random(3)));
      return;
    case 4:
    case 5:
      return toggle_block();
    case 6:
      backup_length_ = store_.synced();
      backup_epochs_ = store_.epochs().size();
      return;
    case 7:
      clock_.set_wall(clock_.wall_now() - milliseconds(random(100'000)));
      return;
    case 8:
      store_.room = !store_.room;
      return;
    case 9:
      return hurried_ ? void() : advance(milliseconds(random(70'000)));
    case 10:
    case 11:
      if (session && session->open) sync(*session);
      return;
    default:
      if (session && random(4) == 0) disconnect(session);
  }
}

/// Runs everything that can run without time passing.
void World::settle_all() {
  for (bool busy = true; busy && clean();) {
    busy = lane_->run_once();
    if (run_outbox()) busy = true;
    while (provider_.answer_one()) busy = true;
    while (pool_.run_one() || admin_.run_one()) busy = true;
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
      const auto session = sessions_[i];
      while (session->tasks.run_one()) busy = true;
      while (session->open && !session->downstream.empty()) {
        session->deliver_one();
        busy = true;
      }
      while (session->open && !session->upstream.empty()) {
        session->receive_one();
        lane_->run_once();  // so that even the smallest queue has room for everybody
        busy = true;
      }
    }
  }
}

void World::detach_one() {
  if (!detaches_.empty()) {
    const auto at = random(detaches_.size());
    const auto [owner, connection] = detaches_[at];
    detaches_.erase(detaches_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto newest = session_of(*owner);
    const bool wrong = mutant_ == Mutant::kLateDetachWins && newest;
    lane_->detach(owner->user, owner->device, wrong ? newest->connection : connection, {});
  }
  std::erase_if(sessions_, [](const auto& each) { return !each->open; });
}

bool World::run_outbox() {
  store_.positions_hidden = mutant_ == Mutant::kPushConfirmed;
  const bool any = outbox_->run_once();
  store_.positions_hidden = false;
  return any;
}

bool World::jobs_left() const {
  return !store_.push_jobs_after({}, {}, 1).value().empty();
}

void World::rest_pushes() {
  for (const auto& [owner, connection] : detaches_) lane_->detach(owner->user, owner->device, connection, {});
  detaches_.clear();
  constexpr int kRounds = 400;  // of 30 s: a throttled device may have to wait for more than an hour
  for (int round = 0; round < kRounds && clean(); ++round) {
    settle_all();
    if (!jobs_left()) break;
    advance(milliseconds(30'000));
  }
  if (jobs_left() && mutant_ != Mutant::kPushConfirmed) violate("push: a job never came to an end");
  if (clean()) Oracle(*this).pushes();
}

void World::finale() {
  calm_ = true;
  store_.decide_next(SimStore::Fate::kFine);
  store_.room = true;
  provider_.healthy = true;
  settle_all();
  for (const auto& session : sessions_) disconnect(session);
  sessions_.clear();
  if (!hurried_) rest_pushes();
  constexpr int kRounds = 600;  // of 5 s: a long outbox under a small rate limit takes its minutes
  for (int round = 0; round < kRounds && clean(); ++round) {
    for (auto& client : clients_) {
      if (!session_of(*client)) connect(*client);
    }
    settle_all();
    for (const auto& [owner, connection] : detaches_) {
      const auto newest = session_of(*owner);
      const bool wrong = mutant_ == Mutant::kLateDetachWins && newest;
      lane_->detach(owner->user, owner->device, wrong ? newest->connection : connection, {});
    }
    detaches_.clear();
    std::erase_if(sessions_, [](const auto& each) { return !each->open; });
    for (const auto& session : sessions_) session->flush_outbox(false);
    settle_all();
    if (round >= 12 && Oracle(*this).settled()) break;
    advance(milliseconds(5000));
  }
  if (clean()) Oracle(*this).judge(true);
}

}  // namespace simulation
