#pragma once
// One page of a mailbox: entries in chunks, their messages with one query a chunk, superseded watermarks left out.
// For one call. Inside of this room.

#include <map>
#include <tuple>

#include "adapters/mongodb/row_reader.hpp"

namespace adapters::mongodb {

class MailboxPageReader {
 public:
  MailboxPageReader(const RowReader& reader, Connection& connection, const chat::UserId& owner, chat::PageLimit limit);
  Done read(chat::MailboxSeq after, chat::MailboxPage& page);

 private:
  struct Looked {
    chat::MailboxRow row;
    bool superseded = false;
  };
  using Mark = std::tuple<chat::UserId, chat::UserId, chat::WatermarkKind>;  // author, reader, kind

  Done take_chunk(chat::MailboxSeq after, std::size_t most);
  Done mark_superseded();
  std::size_t cut_chunk();
  Done newest_step(const Mark& mark, chat::WatermarkStep& step);
  Done read_messages();
  /// False: the page is full.
  bool append_chunk(chat::MailboxPage& page);

  const RowReader& reader_;
  Connection& connection_;
  const chat::UserId owner_;
  chat::PageLimit limit_;
  std::vector<Looked> chunk_;
  std::map<Mark, chat::WatermarkStep> newest_;  // zero fields: there is none
  std::size_t bytes_ = 0;
};

}  // namespace adapters::mongodb
