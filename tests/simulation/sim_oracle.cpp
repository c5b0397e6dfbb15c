#include "sim_oracle.hpp"

#include <algorithm>

#include "chat/rules/pseudonym.hpp"

namespace simulation {
namespace {

// More than any world of the simulation holds.
constexpr std::size_t kEverything = 1'000'000;

/// The opaque name of this message in a generic push to this device.
std::string push_mark(const Client& client, const chat::MessageId& message) {
  return chat::pseudonym({}, "push", SimProvider::name_of(client) + message.hex());
}

}  // namespace

std::vector<chat::MailboxRow> Oracle::rows(const chat::UserId& owner) const {
  const chat::PageLimit limit{.entries = kEverything, .bytes = kEverything};
  std::vector<chat::MailboxRow> all;
  chat::MailboxSeq after;
  const auto head = world_.store_.mailbox_bounds(owner).value().head;
  while (after < head) {
    auto page = world_.store_.read_mailbox(owner, after, limit).value();
    if (page.through <= after) break;
    after = page.through;
    std::move(page.rows.begin(), page.rows.end(), std::back_inserter(all));
  }
  return all;
}

void Oracle::judge(bool at_rest) {
  for (std::size_t i = 0; i < world_.people_.size(); ++i) {
    mailbox(world_.people_[i]);
    for (std::size_t j = 0; j < world_.people_.size(); ++j) {
      if (i == j) continue;
      if (i < j) conversation(chat::ConversationKey::of(world_.people_[i], world_.people_[j]));
      receipts(world_.people_[i], world_.people_[j]);
    }
  }
  acknowledged();
  for (const auto& client : world_.clients_) {
    positions(*client);
    own_order(*client);
  }
  if (!at_rest) return;
  for (const auto& client : world_.clients_) {
    if (const auto lacks = missing(*client); !lacks.empty()) world_.violate("I7: " + lacks);
    if (const auto lacks = untold(*client); !lacks.empty()) world_.violate("I14: " + lacks);
    if (const auto* intent = client->unanswered()) {
      const auto session = world_.session_of(*client);
      world_.violate("a text was never answered: " + intent->client_id + (intent->in_flight ? ", in flight" : "") +
                     (session == nullptr ? ", no session"
                      : session->begun   ? ""
                                         : ", not begun"));
    }
  }
  presence();
}

bool Oracle::settled() {
  return std::all_of(world_.clients_.begin(), world_.clients_.end(), [this](const auto& client) {
    return client->settled() && missing(*client).empty() && untold(*client).empty();
  });
}

void Oracle::conversation(const chat::ConversationKey& pair) {
  const auto messages = world_.store_.history(pair, std::nullopt, kEverything).value();
  std::set<std::pair<chat::UserId, std::string>> ids;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& message = messages[i];
    if (message.seq.value != messages.size() - i) world_.violate("I3: conversation numbers are not dense");
    if (i > 0 && message.timestamp >= messages[i - 1].timestamp) world_.violate("I15: timestamps do not rise");
    if (!ids.emplace(message.sender, message.client_id).second) {
      world_.violate("I2: two messages with client id " + message.client_id);
    }
  }
}

void Oracle::acknowledged() {
  if (world_.restored_) return;  // the operator chose to lose what the backup does not hold
  for (const auto& client : world_.clients_) {
    for (const auto& intent : client->outbox) {
      if (!intent.answer) continue;
      const auto message = world_.store_.message(intent.answer->message.id).value();
      if (!message) {
        world_.violate("I1: an acknowledged message is gone: " + intent.client_id);
      } else if (message->seq != intent.answer->message.seq || message->client_id != intent.client_id) {
        world_.violate("I1: an acknowledged message has changed: " + intent.client_id);
      }
    }
  }
}

void Oracle::mailbox(const chat::UserId& owner) {
  const auto bounds = world_.store_.mailbox_bounds(owner).value();
  chat::EpochNumber epoch;
  for (auto at = bounds.first; at <= bounds.head; at = at.next()) {
    const auto entry = world_.store_.entry_epoch(owner, at).value();
    if (!entry) {
      world_.violate("I3: mailbox positions are not dense");
    } else if (*entry < epoch) {
      world_.violate("I10: epochs fall within a mailbox");
    } else {
      epoch = *entry;
    }
  }
  std::set<chat::MessageId> seen;
  for (const auto& row : rows(owner)) {
    if (row.entry.kind != chat::EntryKind::kMessage) continue;
    if (!seen.insert(row.entry.message).second) world_.violate("I2: a message has two entries in a mailbox");
    if (!row.message) world_.violate("I1: an entry without its message");
  }
}

std::optional<chat::Device> Oracle::row_of(const Client& client) const {
  const auto devices = world_.store_.devices(client.user).value();
  for (const auto& device : devices) {
    if (device.id == client.device) return device;
  }
  return std::nullopt;
}

/// Whether this device has to end up with the message of this entry.
bool Oracle::concerns(const Client& client, const chat::Device& device, const chat::MailboxRow& row) const {
  const auto start = std::max(device.start, client.since.value_or(device.start));
  return row.entry.kind == chat::EntryKind::kMessage && row.entry.position > start &&
         row.entry.origin != client.device && row.message && !row.message->failure;
}

void Oracle::positions(const Client& client) {
  const auto device = row_of(client);
  if (!device) return;
  chat::MailboxSeq position;
  const auto all = world_.store_.positions(client.user).value();
  for (const auto& each : all) {
    if (each.device == client.device) position = each.position;
  }
  if (position > world_.store_.mailbox_bounds(client.user).value().head) world_.violate("I5: a position beyond head");
  for (const auto& row : rows(client.user)) {
    if (row.entry.position > position || !concerns(client, *device, row)) continue;
    if (!client.stored.contains(row.entry.message)) {
      world_.violate("I5: the position of " + client.device.value + " passed what it does not have");
    }
  }
}

bool Oracle::stored_by_someone(const chat::UserId& reader, const chat::MessageId& message) const {
  return std::any_of(world_.clients_.begin(), world_.clients_.end(),
                     [&](const auto& client) { return client->user == reader && client->stored.contains(message); });
}

void Oracle::receipts(const chat::UserId& author, const chat::UserId& reader) {
  const auto& store = world_.store_;
  const auto delivered = store.watermark(author, reader, chat::WatermarkKind::kDelivered, std::nullopt).value();
  const auto read = store.watermark(author, reader, chat::WatermarkKind::kRead, std::nullopt).value();
  const auto said = world_.read_said_.find({reader, author});
  const auto limit = said == world_.read_said_.end() ? chat::ConversationSeq() : said->second;
  if (read && read->up_to > limit) world_.violate("I6: read further than the reader said");
  if (!delivered) return;
  const auto messages = store.history(chat::ConversationKey::of(author, reader), std::nullopt, kEverything).value();
  for (const auto& message : messages) {
    const bool covered = message.sender == author && message.seq <= delivered->up_to && message.seq > limit;
    if (covered && !message.failure && !stored_by_someone(reader, message.id)) {
      world_.violate("I6: delivered, but no device has number " + std::to_string(message.seq.value));
    }
  }
}

/// The numbers of one device's texts to one person rise in the order in which they were written.
void Oracle::own_order(const Client& client) {
  if (world_.restored_ || !world_.hurried_) return;
  std::map<chat::UserId, chat::ConversationSeq> last;
  for (const auto& intent : client.outbox) {
    if (!intent.answer) continue;
    // A block in between refuses for good what was written before it and lets pass what was written after.
    if (world_.ever_blocked_.contains(chat::ConversationKey::of(client.user, intent.recipient))) continue;
    auto& before = last[intent.recipient];
    if (intent.answer->message.seq <= before) {
      world_.violate("order: " + intent.client_id + " was overtaken by a later text of its writer");
    }
    before = intent.answer->message.seq;
  }
}

void Oracle::presence() {
  for (const auto& user : world_.people_) {
    const bool connected = std::any_of(world_.sessions_.begin(), world_.sessions_.end(), [&](const auto& session) {
      return session->client.user == user && session->open && session->begun;
    });
    if (connected && !world_.presence_.is_online(user)) world_.violate("I11: a connected user counts as offline");
  }
}

chat::MailboxSeq Oracle::position_of(const Client& client) const {
  const auto device = row_of(client);
  chat::MailboxSeq position = device ? device->start : chat::MailboxSeq();
  const auto all = world_.store_.positions(client.user).value();
  for (const auto& each : all) {
    if (each.device == client.device) position = std::max(position, each.position);
  }
  return position;
}

void Oracle::pushed(const chat::PushRequest& request) {
  for (const auto& client : world_.clients_) {
    if (SimProvider::name_of(*client) != SimProvider::device_of(request)) continue;
    const auto position = position_of(*client);
    bool owed = false;  // no entry: trimmed, which needs the word of every device
    for (const auto& row : rows(client->user)) {
      const bool meant = row.entry.message.hex() == SimProvider::mark_of(request) ||
                         push_mark(*client, row.entry.message) == SimProvider::mark_of(request);
      owed = owed || (meant && row.entry.kind == chat::EntryKind::kMessage && row.entry.position > position);
    }
    if (!owed) world_.violate("push: " + client->device.value + " is woken for what it has confirmed");
  }
}

void Oracle::pushes() {
  for (const auto& client : world_.clients_) {
    if (const auto device = row_of(*client); device && device->push) pushes(*client, *device);
  }
}

void Oracle::pushes(const Client& client, const chat::Device& device) {
  const auto after = std::max({position_of(client), device.start, client.pushed_after});
  const auto name = SimProvider::name_of(client);
  bool woken = false;
  auto all = rows(client.user);
  // The newest push speaks for everything before it.
  for (auto row = all.rbegin(); row != all.rend() && row->entry.position > after; ++row) {
    if (row->entry.kind != chat::EntryKind::kMessage || row->entry.own || !row->message) continue;
    woken = woken || world_.provider_.accepted(name, row->entry.message.hex()) ||
            world_.provider_.accepted(name, push_mark(client, row->entry.message));
    const auto read =
        world_.store_.watermark(row->message->sender, client.user, chat::WatermarkKind::kRead, std::nullopt).value();
    const bool failed = row->message->failure && *row->message->failure != chat::FailureReason::kSkipped;
    if (woken || failed || (read && read->up_to >= row->message->seq)) continue;
    return world_.violate("push: nobody woke " + client.device.value + " for entry " +
                          std::to_string(row->entry.position.value));
  }
}

std::string Oracle::missing(const Client& client) {
  const auto device = row_of(client);
  if (!device) return client.device.value + " never got a device row";
  for (const auto& row : rows(client.user)) {
    if (!concerns(client, *device, row) || client.stored.contains(row.entry.message)) continue;
    std::string text = client.device.value + " lacks entry " + std::to_string(row.entry.position.value);
    if (const auto session = world_.session_of(client)) {
      text += " (pump: confirmed " + std::to_string(session->pump.position().value) + ", sent " +
              std::to_string(session->pump.sent().value) + ")";
    }
    return text + (client.batch ? " batch" : "") + (client.heartbeat ? " heartbeat" : "") +
           (client.resumes ? " resumes" : "");
  }
  return {};
}

std::string Oracle::untold(const Client& client) {
  if (world_.restored_) return {};  // what the writer was told before may be more than the backup knows
  std::map<chat::UserId, chat::ConversationSeq> newest;
  for (const auto& intent : client.outbox) {
    if (intent.answer) newest[intent.recipient] = std::max(newest[intent.recipient], intent.answer->message.seq);
  }
  for (const auto& [peer, seq] : newest) {
    if (world_.ever_blocked_.contains(chat::ConversationKey::of(client.user, peer))) continue;
    const auto told = [&](chat::WatermarkKind kind) {
      const auto found = client.told.find({peer, kind});
      return found == client.told.end() ? chat::ConversationSeq() : found->second;
    };
    if (std::max(told(chat::WatermarkKind::kDelivered), told(chat::WatermarkKind::kRead)) < seq) {
      return client.device.value + " was never told that number " + std::to_string(seq.value) + " arrived";
    }
  }
  return {};
}

}  // namespace simulation
