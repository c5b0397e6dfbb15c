#include "adapters/redis/note_codec.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace adapters::redis {

namespace {

using chat::NodeNote;

constexpr std::string_view kMagic = "rn1";
enum Tag : std::uint8_t { kCommittedTag = 1, kPresenceTag = 2, kTypingTag = 3, kRepeatTag = 4 };

void append_time(std::string& out, chat::WallTime time) {
  const auto value = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

void append_note(std::string& out, const NodeNote& note) {
  switch (note.kind) {
    case NodeNote::Kind::kCommitted:
      out += static_cast<char>(kCommittedTag);
      return;
    case NodeNote::Kind::kPresence:
      out += static_cast<char>(kPresenceTag);
      out += note.user.view();
      out += note.peer.view();
      out += static_cast<char>(note.on);
      return append_time(out, note.at);
    case NodeNote::Kind::kTyping:
      out += static_cast<char>(kTypingTag);
      out += note.user.view();
      out += note.peer.view();
      out += static_cast<char>(note.on);
      return;
    case NodeNote::Kind::kRepeat:
      out += static_cast<char>(kRepeatTag);
      return;
    case NodeNote::Kind::kReconnected:
      base::check_failed("said to this node only", __FILE__, __LINE__);
  }
}

/// Reads from the front; what is not there makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[nodiscard]] bool failed() const { return failed_; }

  std::string_view take(std::size_t size) {
    if (left_.size() < size) {
      failed_ = true;
      left_ = {};
      return {};
    }
    const auto taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::uint8_t byte() {
    const auto taken = take(1);
    return taken.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(taken[0]);
  }
  bool flag() {
    const auto value = byte();
    if (value > 1) failed_ = true;
    return value == 1;
  }
  chat::UserId user() {
    chat::UserId id;
    const auto taken = take(id.bytes.size());
    std::copy(taken.begin(), taken.end(), id.bytes.begin());
    return id;
  }
  chat::WallTime time() {
    std::uint64_t value = 0;
    for (const char c : take(sizeof value)) value = value << 8 | static_cast<std::uint8_t>(c);
    return chat::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
  }
  void fail() { failed_ = true; }

 private:
  std::string_view left_;
  bool failed_ = false;
};

NodeNote read_note(Reader& reader) {
  NodeNote note;
  switch (reader.byte()) {
    case kCommittedTag:
      return note;
    case kPresenceTag:
      note.kind = NodeNote::Kind::kPresence;
      note.user = reader.user();
      note.peer = reader.user();
      note.on = reader.flag();
      note.at = reader.time();
      return note;
    case kTypingTag:
      note.kind = NodeNote::Kind::kTyping;
      note.user = reader.user();
      note.peer = reader.user();
      note.on = reader.flag();
      return note;
    case kRepeatTag:
      note.kind = NodeNote::Kind::kRepeat;
      return note;
    default:
      reader.fail();
      return note;
  }
}

}  // namespace

std::string encode_notes(std::string_view node, std::span<const NodeNote> notes) {
  CHECK(!node.empty() && node.size() <= kMaxNodeName);
  CHECK(!notes.empty() && notes.size() <= kMaxNotesPerPayload);
  std::string out(kMagic);
  out += static_cast<char>(node.size());
  out += node;
  for (const auto& note : notes) append_note(out, note);
  return out;
}

std::optional<NotePayload> decode_notes(std::string_view payload) {
  Reader reader(payload);
  if (reader.take(kMagic.size()) != kMagic) return std::nullopt;
  NotePayload decoded;
  const std::size_t size = reader.byte();
  decoded.node = reader.take(size);
  if (decoded.node.empty() || decoded.node.size() > kMaxNodeName || reader.at_end()) return std::nullopt;
  while (!reader.at_end()) {
    decoded.notes.push_back(read_note(reader));
    if (reader.failed() || decoded.notes.size() > kMaxNotesPerPayload) return std::nullopt;
  }
  return decoded;
}

}  // namespace adapters::redis
