// The KeyCheckStore part of RocksDbStore: table X, one row a check in the order of their coming.

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "adapters/rocksdb/row_codec.hpp"
#include "adapters/rocksdb/row_key.hpp"

namespace adapters::rocksdb {

namespace {

/// key-id ‖ check
bool decode_check(std::string_view key, std::string_view row, chat::KeyCheck& out) {
  std::string text;
  if (!decode_text(key, row, text) || text.size() <= sizeof out.key.bytes) return false;
  std::copy_n(text.begin(), sizeof out.key.bytes, out.key.bytes.begin());
  out.check = text.substr(sizeof out.key.bytes);
  return true;
}

}  // namespace

chat::Read<std::vector<chat::KeyCheck>> RocksDbStore::key_checks() const {
  std::vector<chat::KeyCheck> checks;
  auto rows = database_->prefix(Key(Table::kKeyCheck).view());
  for (rows.to_first(); rows.valid(); rows.next()) {
    if (decode_check(rows.key(), rows.row(), checks.emplace_back())) continue;
    database_->note_damage(rows.key());
    return base::fail(chat::StoreError::kCorrupt);
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return checks;
}

base::Result<bool, chat::StoreError> RocksDbStore::add_key_checks(std::size_t known,
                                                                  const std::vector<chat::KeyCheck>& fresh) {
  if (!writer_) return base::fail(chat::StoreError::kUnavailable);
  // Nobody else has the database, so nothing comes between the look and the write.
  const auto checks = key_checks();
  if (!checks) return base::fail(checks.error());
  if (checks->size() != known) return false;
  ::rocksdb::WriteBatch batch;
  std::string buffer;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const Key key = Key(Table::kKeyCheck).add_number(known + i + 1);
    const auto text = std::string(fresh[i].key.view()) + fresh[i].check;
    batch.Put(slice(key.view()), slice(encode_text(text, key.view(), buffer)));
  }
  database_->write(batch, true);
  return true;
}

chat::Read<std::optional<chat::WrappedKey>> RocksDbStore::newest_key() const {
  auto rows = database_->prefix(Key(Table::kKey).view());
  rows.to_last();
  if (const auto error = rows.error()) return base::fail(*error);
  if (!rows.valid()) return std::optional<chat::WrappedKey>();
  std::optional<chat::WrappedKey> newest(std::in_place);
  if (decode(rows.key(), rows.row(), *newest)) return newest;
  database_->note_damage(rows.key());
  return base::fail(chat::StoreError::kCorrupt);
}

}  // namespace adapters::rocksdb
