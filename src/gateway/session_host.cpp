// What a session's pump asks of its socket and of the services.
#include <algorithm>

#include "base/log.hpp"
#include "gateway/session.hpp"
#include "wire/events.hpp"
#include "wire/scalars.hpp"

namespace gateway {
namespace {

void observe(base::Histogram* histogram, std::chrono::duration<double> took) {
  if (histogram != nullptr) histogram->observe(took.count());
}

}  // namespace

base::SteadyTime Session::now() const {
  return gateway_.services_.clock.steady_now();
}

base::SteadyTime Session::accepted_at(chat::WallTime timestamp) const {
  const auto ago = gateway_.services_.clock.wall_now() - timestamp;
  return now() - std::max(ago, chat::WallTime::duration(0));
}

std::size_t Session::wire_bytes(const chat::LogItem& item) const {
  return wire::most_bytes_of_batch_entry(item);
}

std::optional<chat::AckNumber> Session::write_entry(const chat::LogItem& item) {
  auto* socket = socket_.get();
  if (socket == nullptr) return std::nullopt;
  room_.scratch.clear();
  wire::append_event_data(room_.scratch, item);
  const auto ack = socket->emit_untracked(wire::event_name(item), room_.scratch);
  if (!ack) return std::nullopt;
  observe_receipt(item);
  return ack->value;
}

std::optional<chat::AckNumber> Session::write_batch(std::span<const std::shared_ptr<const chat::LogItem>> items,
                                                    chat::MailboxSeq from, chat::MailboxSeq to) {
  auto* socket = socket_.get();
  if (socket == nullptr) return std::nullopt;
  auto& out = room_.scratch;
  out.assign("{\"entries\":[");
  for (const auto& item : items) {
    if (out.back() != '[') out += ',';
    wire::append_batch_entry(out, *item);
  }
  out += "],\"from\":";
  wire::append_number(out, from.value);
  out += ",\"to\":";
  wire::append_number(out, to.value);
  out += '}';
  const auto ack = socket->emit_untracked("receive_batch", out);
  if (!ack) return std::nullopt;
  for (const auto& item : items) observe_receipt(*item);
  return ack->value;
}

std::uint64_t Session::ping() {
  auto* socket = socket_.get();
  return socket != nullptr ? socket->engine().ping() : 0;
}

std::size_t Session::buffered_bytes() const {
  const auto* socket = socket_.get();
  return socket != nullptr ? socket->engine().buffered_bytes() : 0;
}

base::SteadyTime Session::last_fully_written() const {
  const auto* socket = socket_.get();
  return socket != nullptr ? socket->engine().last_fully_written() : base::SteadyTime{};
}

void Session::read_page(chat::MailboxSeq after, chat::PageLimit limit) {
  gateway_.services_.history.read_log(user_, after, limit, room_.place.executor,
                                      [port = port_](std::variant<chat::LogPage, chat::Refusal> answer) {
                                        if (auto* session = session_of(port)) session->on_page(std::move(answer));
                                      });
}

void Session::on_page(std::variant<chat::LogPage, chat::Refusal> answer) {
  if (auto* page = std::get_if<chat::LogPage>(&answer)) {
    pump_.on_page(std::move(*page));
  } else {
    pump_.on_page_failed();
  }
  arm_timer();
}

void Session::check_head(chat::MailboxSeq known) {
  messaging().check_head(user_, connection_, known);
}

void Session::confirm(chat::PumpProgress progress) {
  gateway_.counters_.messages_confirmed.fetch_add(progress.messages, std::memory_order_relaxed);
  messaging().confirm({.user = user_,
                       .device = device_,
                       .connection = connection_,
                       .position = progress.position,
                       .receipts = std::move(progress.receipts),
                       .skipped = std::move(progress.skipped),
                       .rescued = std::move(progress.rescued),
                       .messages = progress.messages,
                       .at = now(),
                       .syncs = syncs_});
}

void Session::unreadable(const chat::MailboxEntry& entry) {
  messaging().report_unreadable(entry);
}

void Session::delivered(base::SteadyTime accepted) {
  observe(gateway_.timings_.delivery, now() - accepted);
}

void Session::waited(chat::WallTime since) {
  observe(gateway_.timings_.offline_wait, gateway_.services_.clock.wall_now() - since);
}

void Session::observe_receipt(const chat::LogItem& item) const {
  if (item.entry.kind != chat::EntryKind::kStatus || item.accepted == base::SteadyTime{}) return;
  observe(gateway_.timings_.receipt, now() - item.accepted);
}

void Session::drained(chat::MailboxSeq position) {
  auto* socket = socket_.get();
  if (socket == nullptr) return;
  observe(gateway_.timings_.drain, now() - ready_at_);
  auto& out = room_.scratch;
  out.assign("{\"position\":");
  wire::append_number(out, position.value);
  out += '}';
  socket->emit("drained", out);
  announce();
}

void Session::silent(bool silent) {
  messaging().set_silent(user_, connection_, silent, pump_.sent());
}

void Session::stalled() {
  gateway_.counters_.stalled.fetch_add(1, std::memory_order_relaxed);
  base::log::warning("session never confirms: its client does not call the ack callback of receive_message",
                     {{"user", base::log::tag(user_.view())}, {"device", base::log::tag(device_.value)}});
}

void Session::report_poison(chat::MailboxSeq position) {
  messaging().report_poison(user_, device_, position);
}

void Session::close_unconfirmed() {
  gateway_.counters_.closed_unconfirmed.fetch_add(1, std::memory_order_relaxed);
  close_transport();
}

void Session::close_without_key() {
  gateway_.counters_.closed_without_key.fetch_add(1, std::memory_order_relaxed);
  close_transport();
}

void Session::close_transport() {
  if (auto* socket = socket_.get()) socket->engine().close(engineio::CloseReason::kForcedServerClose, false);
}

void Session::wake() {
  room_.place.at_end_of_turn([port = port_] {
    auto* session = session_of(port);
    if (session == nullptr) return;
    session->pump_.turn();
    if (session_of(port) == nullptr) return;
    session->tell_what_waited();
    session->arm_timer();
  });
}

}  // namespace gateway
