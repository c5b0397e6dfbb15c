#pragma once
// A pump driven by hand, over a host that writes down what is asked of it. Test code only.

#include <gtest/gtest.h>

#include "chat/services/pump.hpp"

namespace chat::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A socket and a lane that write down what the pump asks of them.
struct RecordingHost : PumpHost {
  base::SteadyTime now() const override { return clock.steady_now(); }
  base::SteadyTime accepted_at(WallTime timestamp) const override {
    return now() - std::max(clock.wall_now() - timestamp, WallTime::duration(0));
  }
  const DeviceId& device() const override { return own; }
  std::size_t wire_bytes(const LogItem& item) const override { return item.message ? item.message->content.size() : 0; }
  std::optional<AckNumber> write_entry(const LogItem& item) override {
    if (gone) return std::nullopt;
    written.push_back(item.entry.position.value);
    return ++ack;
  }
  std::optional<AckNumber> write_batch(std::span<const std::shared_ptr<const LogItem>> items, MailboxSeq from,
                                       MailboxSeq to) override {
    for (const auto& item : items) written.push_back(item->entry.position.value);
    batches.emplace_back(from.value, to.value);
    std::size_t bytes = 0;
    for (const auto& item : items) bytes += wire_bytes(*item);
    batch_bytes.push_back(bytes);
    return ++ack;
  }
  std::uint64_t ping() override { return ++pings; }
  std::size_t buffered_bytes() const override { return buffered; }
  base::SteadyTime last_fully_written() const override { return buffered == 0 ? now() : base::SteadyTime{}; }
  void read_page(MailboxSeq after, PageLimit limit) override { reads.emplace_back(after.value, limit.entries); }
  void check_head(MailboxSeq known) override { head_checks.push_back(known.value); }
  void confirm(PumpProgress progress) override { confirmed.push_back(std::move(progress)); }
  void unreadable(const MailboxEntry& entry) override { lost.push_back(entry.position.value); }
  void delivered(base::SteadyTime accepted) override {
    deliveries.push_back(std::chrono::duration_cast<milliseconds>(now() - accepted));
  }
  void waited(WallTime since) override { waits.push_back(since); }
  void drained(MailboxSeq position) override { drains.push_back(position.value); }
  void silent(bool on) override { silences.push_back(on); }
  void stalled() override { ++stalls; }
  void report_poison(MailboxSeq position) override { poisons.push_back(position.value); }
  void close_unconfirmed() override { ++closes; }
  void close_without_key() override { ++closes_without_key; }
  void wake() override { woken = true; }

  base::ManualClock clock;
  DeviceId own{"phone"};
  bool gone = false;
  bool woken = false;
  std::size_t buffered = 0;
  AckNumber ack = 0;
  std::uint64_t pings = 0;
  int stalls = 0;
  int closes = 0;
  int closes_without_key = 0;
  std::vector<milliseconds> deliveries;
  std::vector<WallTime> waits;
  std::vector<std::uint64_t> written, lost, drains, poisons, head_checks;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> batches;
  std::vector<std::size_t> batch_bytes;
  std::vector<std::pair<std::uint64_t, std::size_t>> reads;
  std::vector<PumpProgress> confirmed;
  std::vector<bool> silences;
};

using Numbers = std::vector<std::uint64_t>;

class PumpTest : public ::testing::Test {
 protected:
  void start(std::uint64_t head, std::uint64_t position = 0, PumpOptions options = {}, Attached attached = {}) {
    attached.head = MailboxSeq(head);
    attached.position = MailboxSeq(position);
    options.seed = 1;
    pump.start(attached, options);
    turn();
  }
  void turn() {
    while (std::exchange(host.woken, false)) pump.turn();
  }
  static std::shared_ptr<LogItem> message(std::uint64_t position) {
    auto item = std::make_shared<LogItem>();
    item->entry.position = MailboxSeq(position);
    item->entry.kind = EntryKind::kMessage;
    item->entry.seq = ConversationSeq(position);
    item->message.emplace();
    item->message->content = "text";
    return item;
  }
  static std::shared_ptr<LogItem> state(std::uint64_t position) {
    auto item = std::make_shared<LogItem>();
    item->entry.position = MailboxSeq(position);
    item->entry.kind = EntryKind::kStatus;
    return item;
  }
  static std::shared_ptr<LogItem> identified(std::shared_ptr<LogItem> item, std::uint8_t id) {
    item->entry.message.bytes[0] = id;
    return item;
  }
  static std::shared_ptr<LogItem> removal(std::uint64_t position, std::uint8_t id) {
    auto item = identified(state(position), id);
    item->entry.kind = EntryKind::kRemoved;
    item->entry.reason = FailureReason::kExpired;
    return item;
  }
  void live(std::shared_ptr<LogItem> item) {
    const auto position = item->entry.position;
    pump.on_hint({position, std::move(item)});
    turn();
  }
  /// Answers the outstanding read with messages (after, to].
  void page(std::uint64_t to) {
    LogPage page;
    for (auto at = host.reads.back().first + 1; at <= to; ++at) page.items.push_back(message(at));
    page.through = MailboxSeq(to);
    pump.on_page(std::move(page));
    turn();
  }
  void ack(AckNumber number, bool ok = true) {
    pump.on_ack(number, ok);
    turn();
  }
  void pass(milliseconds time) {
    host.clock.advance(time);
    if (pump.next_deadline() <= host.now()) pump.on_tick();
    turn();
  }

  RecordingHost host;
  PumpSettings settings;
  Pump pump{host, settings};
};

}  // namespace chat::testing
