#pragma once
// MailboxPage reader: entries, the messages they speak of and the watermarks that supersede them, with one iterator, so
// all as of one instant.
//
// Entries are taken in chunks. The messages of a chunk are visited in key order, whatever the order of the entries:
// a backlog from one peer is then a walk, not a search per message.

#include <unordered_map>
#include <vector>

#include "adapters/rocksdb/database.hpp"
#include "chat/ports/mail_store.hpp"

namespace adapters::rocksdb {

/// Serves one call.
class MailboxPageReader {
 public:
  MailboxPageReader(const Database& database, const chat::UserId& owner, chat::PageLimit limit);

  /// `first`: the first position that is kept; nothing below is touched.
  chat::Read<chat::MailboxPage> read(chat::MailboxSeq after, chat::MailboxSeq first);

 private:
  /// Newest watermark steps point to these entries; position 0: to none.
  struct NewestEntries {
    chat::MailboxSeq delivered;
    chat::MailboxSeq read;
    chat::MailboxSeq own_read;
  };

  void take_chunk(chat::MailboxSeq from);
  void read_messages();
  void read_message(chat::MailboxRow& row);
  /// Adds what fits; false when the page is full.
  bool append_chunk();
  bool superseded(const chat::MailboxEntry& entry);
  const NewestEntries& newest_entries(const chat::UserId& peer);
  std::optional<chat::WatermarkStep> newest_step(const chat::UserId& author, const chat::UserId& reader,
                                                 chat::WatermarkKind kind);

  const Database& database_;
  chat::UserId owner_;
  chat::PageLimit limit_;
  Range rows_;
  std::vector<chat::MailboxRow> chunk_;
  std::vector<chat::MailboxRow*> wanted_;  // rows of the chunk that need their message
  std::unordered_map<chat::UserId, NewestEntries> newest_;
  chat::MailboxPage page_;
  std::size_t bytes_ = 0;
  std::size_t looked_at_ = 0;
  bool at_end_ = false;
};

}  // namespace adapters::rocksdb
