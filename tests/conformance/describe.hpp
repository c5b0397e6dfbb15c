#pragma once
// Every field of a row as text: equal texts are equal rows, and a failed comparison says which field differs.

#include <sstream>
#include <string>
#include <vector>

#include "chat/ports/store.hpp"

namespace conformance {

inline std::string describe(base::WallTime time) {
  return std::to_string(time.time_since_epoch().count());
}

inline std::string describe(const chat::Message& m) {
  std::ostringstream out;
  out << "message " << m.id.hex() << " " << m.sender.hex() << ">" << m.recipient.hex() << " seq " << m.seq.value
      << " ordinals " << m.sender_ordinal << "," << m.recipient_ordinal << " at " << describe(m.timestamp)
      << " client '" << m.client_id << "' key " << m.content.key.hex() << " content '" << m.content.bytes
      << "' failure " << (m.failure ? static_cast<int>(*m.failure) : -1);
  return out.str();
}

inline std::string describe(const chat::MailboxEntry& e) {
  std::ostringstream out;
  out << "entry " << e.owner.hex() << "/" << e.position.value << " epoch " << e.epoch.value << " kind "
      << static_cast<int>(e.kind) << " at " << describe(e.at) << " peer " << e.peer.hex() << " seq " << e.seq.value
      << " message " << e.message.hex() << " own " << e.own << " origin " << e.origin.value << " watermark "
      << static_cast<int>(e.watermark) << " relation " << static_cast<int>(e.relation) << " reason "
      << static_cast<int>(e.reason);
  return out.str();
}

inline std::string describe(const chat::MailboxRow& row) {
  return describe(row.entry) + " [" + (row.message ? describe(*row.message) : "no message") + "]";
}

inline std::string describe(const chat::WatermarkStep& s) {
  std::ostringstream out;
  out << "step " << s.author.hex() << " by " << s.reader.hex() << " kind " << static_cast<int>(s.kind) << " up to "
      << s.up_to.value << " at " << describe(s.at) << " newest " << s.newest_covered.hex() << "/"
      << s.newest_covered_seq.value << " ordinal " << s.author_ordinal << " entries " << s.author_entry.value << ","
      << s.reader_entry.value;
  return out.str();
}

inline std::string describe(const chat::WrappedKey& k) {
  return "key " + k.id.hex() + " " + k.conversation.low.hex() + k.conversation.high.hex() + " " + k.wrapped;
}

inline std::string describe(const chat::User& u) {
  return "user " + u.id.hex() + " " + u.username + " " + u.email + " " + u.password_hash + " " + describe(u.created) +
         " " + describe(u.last_seen) + (u.deactivated ? " deactivated" : "") + (u.push_previews ? " previews" : "");
}

inline std::string describe(const chat::Device& d) {
  return "device " + d.user.hex() + "/" + d.id.value + " login " + d.login.hex() + " " + describe(d.created) + " " +
         describe(d.last_seen) + " start " + std::to_string(d.start.value) +
         (d.push ? " push " + d.push->kind + " " + d.push->address : " no push");
}

inline std::string describe(const chat::DevicePosition& p) {
  return "position " + p.user.hex() + "/" + p.device.value + " " + std::to_string(p.position.value);
}

inline std::string describe(const chat::Login& l) {
  std::string text = "login " + l.id.hex() + " " + l.user.hex() + "/" + l.device.value + " " + describe(l.created) +
                     " " + describe(l.last_used) + " " + describe(l.expires) + " " + l.address + " " + l.current;
  for (const auto& child : l.children) text += " child " + child;
  return text;
}

inline std::string describe(const chat::Relation& r) {
  return "relation " + r.pair.low.hex() + "," + r.pair.high.hex() + " " +
         std::to_string(static_cast<int>(r.friendship)) + (r.blocked_by_low ? " low blocks" : "") +
         (r.blocked_by_high ? " high blocks" : "") + " " + describe(r.changed);
}

inline std::string describe(const chat::PushJob& j) {
  return "job " + j.user.hex() + "/" + j.device.value + " kind " + j.kind + " position " +
         std::to_string(j.position.value) + " message " + j.message.hex() + " due " + describe(j.due) + " expires " +
         describe(j.expires) + " attempts " + std::to_string(j.attempts);
}

inline std::string describe(const chat::DeviceTrace& t) {
  return "trace " + t.user.hex() + "/" + t.device.value + " written " + std::to_string(t.written.value) + " at " +
         describe(t.written_at) + " pushed " + std::to_string(t.pushed.value) + " at " + describe(t.pushed_at) +
         " outcome " + std::to_string(static_cast<int>(t.outcome)) + " " + t.detail;
}

inline std::string describe(const chat::MailboxBounds& b) {
  return "bounds " + std::to_string(b.first.value) + ".." + std::to_string(b.head.value);
}
inline std::string describe(const chat::EpochNumber& e) {
  return "epoch " + std::to_string(e.value);
}
inline std::string describe(const chat::UserId& id) {
  return id.hex();
}
inline std::string describe(bool value) {
  return value ? "yes" : "no";
}

template <class T>
std::string describe(const std::optional<T>& value) {
  return value ? describe(*value) : "none";
}
template <class T>
std::string describe(const std::vector<T>& rows) {
  std::string text;
  for (const auto& row : rows) text += describe(row) + "\n";
  return text;
}
inline std::string describe(const chat::MailboxPage& page) {
  return describe(page.rows) + "through " + std::to_string(page.through.value);
}
template <class T>
std::string describe(const chat::Read<T>& read) {
  return read.ok() ? describe(*read) : "error " + std::to_string(static_cast<int>(read.error()));
}

}  // namespace conformance
