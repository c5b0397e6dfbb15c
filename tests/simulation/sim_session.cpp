#include "sim_session.hpp"

#include "sim_world.hpp"

namespace simulation {

Session::Session(World& w, Client& owner, chat::ConnectionId id)
    : world(w), client(owner), connection(id), pump(*this, w.settings()) {}

base::SteadyTime Session::now() const {
  return world.clock().steady_now();
}

void Session::attached(const chat::Attached& answer) {
  if (!open) return;
  if (answer.replaced) {
    open = false;
    return world.broken(*this);
  }
  begun = true;
  if (!client.since) client.since = answer.position;
  WireEvent ready;
  ready.kind = WireEvent::Kind::kReady;
  ready.ready = answer;
  downstream.push_back(std::move(ready));
  written = answer.position;
  pump.start(answer, {.batch = client.batch, .confirm_by_heartbeat = client.heartbeat, .seed = connection.value});
}

void Session::on_hint(chat::Hint hint) {
  const bool asked_for = !hint.item && std::exchange(asked_, false);
  if (!open || (!asked_for && world.lose_hint())) return;
  if (world.mutant() == Mutant::kLiveOvertakes && hint.item && begun &&
      hint.item->entry.kind == chat::EntryKind::kMessage) {
    write_entry(*hint.item);
    return;
  }
  pump.on_hint(std::move(hint));
}

void Session::on_end(chat::EndReason /*reason*/) {
  if (!open) return;
  open = false;
  world.broken(*this);
}

void Session::judge_order(chat::MailboxSeq position) {
  if (position <= written) world.violate("I4: entry " + std::to_string(position.value) + " left out of order");
  written = position;
}

std::optional<chat::AckNumber> Session::write_entry(const chat::LogItem& item) {
  if (!open) return std::nullopt;
  judge_order(item.entry.position);
  WireEvent event;
  event.number = ++next_ack_;
  event.items.push_back(std::make_shared<chat::LogItem>(item));
  event.to = item.entry.position;
  downstream.push_back(std::move(event));
  if (world.mutant() == Mutant::kMarkOnEmit) answer(next_ack_, true);
  return next_ack_;
}

std::optional<chat::AckNumber> Session::write_batch(std::span<const std::shared_ptr<const chat::LogItem>> items,
                                                    chat::MailboxSeq from, chat::MailboxSeq to) {
  if (!open) return std::nullopt;
  if (from > to || items.front()->entry.position < from || items.back()->entry.position > to) {
    world.violate("a batch does not cover its entries");
  }
  for (const auto& item : items) judge_order(item->entry.position);
  written = to;
  WireEvent event;
  event.number = ++next_ack_;
  event.items.assign(items.begin(), items.end());
  event.to = to;
  downstream.push_back(std::move(event));
  if (world.mutant() == Mutant::kMarkOnEmit) answer(next_ack_, true);
  return next_ack_;
}

void Session::answer(std::uint64_t ack, bool ok) {
  tasks.post([self = shared_from_this(), ack, ok] {
    if (self->open) self->pump.on_ack(ack, ok);
  });
}

std::uint64_t Session::ping() {
  WireEvent event;
  event.kind = WireEvent::Kind::kPing;
  event.number = ++next_ping_;
  downstream.push_back(std::move(event));
  if (world.mutant() == Mutant::kPongBeforeHandling) {
    tasks.post([self = shared_from_this(), number = next_ping_] { self->pump.on_pong(number); });
  }
  return next_ping_;
}

void Session::read_page(chat::MailboxSeq after, chat::PageLimit limit) {
  world.history().read_log(client.user, after, limit, tasks,
                           [self = shared_from_this()](std::variant<chat::LogPage, chat::Refusal> answer) {
                             if (!self->open) return;
                             auto* const page = std::get_if<chat::LogPage>(&answer);
                             if (page == nullptr) return self->pump.on_page_failed();
                             self->pump.on_page(std::move(*page));
                           });
}

void Session::check_head(chat::MailboxSeq known) {
  if (world.mutant() == Mutant::kNoHeadCheck) return;
  asked_ = true;  // the answer looks like a hint, and the lane does not lose it
  world.lane().check_head(client.user, connection, known);
}

void Session::confirm(chat::PumpProgress progress) {
  world.lane().confirm({.user = client.user,
                        .device = client.device,
                        .connection = connection,
                        .position = progress.position,
                        .receipts = std::move(progress.receipts),
                        .skipped = std::move(progress.skipped),
                        .rescued = std::move(progress.rescued),
                        .messages = progress.messages,
                        .syncs = syncs});
}

void Session::unreadable(const chat::MailboxEntry& entry) {
  world.lane().report_unreadable(entry);
}
void Session::drained(chat::MailboxSeq /*position*/) {
  world.lane().announce(client.user, connection);
}
void Session::silent(bool silent) {
  world.lane().set_silent(client.user, connection, silent, written);
}
void Session::report_poison(chat::MailboxSeq position) {
  world.lane().report_poison(client.user, client.device, position);
}

void Session::close_unconfirmed() {
  open = false;
  world.broken(*this);
}

void Session::wake() {
  tasks.post([self = shared_from_this()] {
    if (self->open) self->pump.turn();
    constexpr std::size_t kMost = 64 * 1024;
    if (self->pump.memory() > kMost) self->world.violate("I9: a pump grew beyond window and pages");
  });
}

void Session::tick() {
  if (open && begun && pump.next_deadline() <= now()) pump.on_tick();
}

/// The client's own transaction: the item and, for those who keep it, the position.
bool Session::store(const chat::LogItem& item) {
  const auto& entry = item.entry;
  if (entry.kind == chat::EntryKind::kMessage) {
    if (item.message->content.empty()) world.violate("a message without text was shown as real");
    client.stored.insert(entry.message);
    auto& seen = client.seen[entry.peer];
    seen = std::max(seen, entry.seq);
  } else if (entry.kind == chat::EntryKind::kStatus) {
    auto& told = client.told[{entry.peer, entry.watermark}];
    told = std::max(told, entry.seq);
  }
  return true;
}

void Session::deliver_one() {
  if (abandoned) downstream.clear();
  if (downstream.empty()) return;
  const auto event = std::move(downstream.front());
  downstream.pop_front();
  switch (event.kind) {
    case WireEvent::Kind::kReady:
      client.hole = false;
      if (client.resumes) client.point = chat::ResumePoint{event.ready.epoch, event.ready.position};
      return flush_outbox(false);
    case WireEvent::Kind::kPing:
      return say([this, number = event.number] { pump.on_pong(number); });
    case WireEvent::Kind::kEnd:
      return;
    case WireEvent::Kind::kEntries:
      break;
  }
  const bool message = std::any_of(event.items.begin(), event.items.end(),
                                   [](const auto& item) { return item->entry.kind == chat::EntryKind::kMessage; });
  if (message && !client.heartbeat && world.chance(5)) {
    client.hole = true;
    const bool believed = world.mutant() == Mutant::kRefusalConfirms;
    return say([this, ack = event.number, believed] { pump.on_ack(ack, believed); });
  }
  for (const auto& item : event.items) store(*item);
  if (client.resumes && !client.hole && client.point) client.point->position = event.to;
  if (client.heartbeat || world.chance(4)) return;  // stored, but the answer never leaves
  if (!message && world.chance(70)) return;         // state entries need no answer
  auto ack = [this, number = event.number] { pump.on_ack(number, true); };
  if (world.chance(20) && !upstream.empty()) {
    upstream.insert(upstream.end() - 1, std::move(ack));  // stored asynchronously: answers overtake each other
  } else {
    say(std::move(ack));
  }
}

void Session::receive_one() {
  if (abandoned) upstream.clear();
  if (upstream.empty() || !open) return;
  const auto what = std::move(upstream.front());
  upstream.pop_front();
  what();
}

void Session::flush_outbox(bool repeat_in_flight) {
  if (!open || !begun || abandoned) return;
  for (std::size_t index = 0; index < client.outbox.size(); ++index) {
    auto& intent = client.outbox[index];
    if (intent.answer || intent.given_up || (intent.in_flight && !repeat_in_flight)) continue;
    intent.in_flight = true;
    say([this, index] { send(index); });
  }
}

void Session::send(std::size_t index) {
  const auto& intent = client.outbox[index];
  const auto wall = world.wall(client.user, intent.recipient);
  chat::SendRequest request{.sender = client.user,
                            .login = client.login,
                            .device = client.device,
                            .connection = connection,
                            .recipient = intent.recipient,
                            .content = intent.text,
                            .client_id = intent.client_id,
                            .accepted = now(),
                            .held_back = {}};
  world.lane().send(std::move(request), tasks,
                    [self = shared_from_this(), index, wall](std::variant<chat::SendAnswer, chat::Refusal> answer) {
                      if (!self->open || self->abandoned) return;
                      auto& own = self->client.outbox[index];
                      if (const auto* sent = std::get_if<chat::SendAnswer>(&answer)) {
                        return self->world.answered(self->client, own, *sent, wall);
                      }
                      own.in_flight = false;
                      const auto code = std::get<chat::Refusal>(answer).code;
                      if (code == chat::ErrorCode::kNotAllowed) own.given_up = true;
                      if (code == chat::ErrorCode::kConflict) self->world.violate("I2: a repeat was called a conflict");
                    });
}

}  // namespace simulation
