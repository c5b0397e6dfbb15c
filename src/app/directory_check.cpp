#include "app/directory_check.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "adapters/crypto/secret_file.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "app/operator_store.hpp"
#include "app/operator_token.hpp"

namespace app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = 1024 * 1024;  // of a file of keys, after thousands of rotations

bool has_store(const fs::path& directory) {
  std::error_code error;
  return fs::exists(directory / "store" / "CURRENT", error);
}

/// Whether a start came as far as its keys: the next one goes on with a first start that was cut off before. A store
/// that cannot be read has not got to say so here.
bool has_been_started(const fs::path& directory) {
  if (!has_store(directory)) return false;
  const auto store = adapters::rocksdb::RocksDbStore::open_read_only((directory / "store").string());
  return store && !(*store)->epochs().empty();
}

std::optional<std::string> refuse_secrets(const fs::path& directory, bool may_be_needed) {
  for (const char* name : {"master.key", "keys"}) {
    const auto path = (directory / name).string();
    const auto secret = adapters::crypto::read_secret_file(path, kMostBytes);
    if (!secret) return secret.error().message;
    if (!secret.value() && may_be_needed && has_been_started(directory))
      return path + " is missing; restore it from a backup: without it nothing that the server stored can be read";
  }
  const auto token = stored_operator_token(directory.string());
  return token ? std::nullopt : std::optional(token.error());
}

}  // namespace

bool can_be_made_in(fs::path folder) {
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return fs::is_directory(folder, error) && ::access(folder.c_str(), W_OK | X_OK) == 0;
}

std::optional<std::string> refuse_directory(const Settings& settings) {
  const fs::path directory(settings.storage.path);
  if (directory.empty()) return "storage.path is empty: it names the data directory";
  const auto refused = [&](const std::string& why) { return "data directory " + directory.string() + ": " + why; };
  std::error_code error;
  if (fs::is_directory(directory, error)) {
    if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) return refused(std::generic_category().message(errno));
    return refuse_secrets(directory, !is_mongodb(settings));
  }
  if (fs::exists(directory, error)) return refused("Not a directory");
  if (fs::is_symlink(fs::symlink_status(directory, error))) return refused("a link to what is not there");
  if (!can_be_made_in(fs::absolute(directory, error))) return refused("there is none, and it cannot be made there");
  return std::nullopt;
}

std::optional<std::string> refuse_new_installation(const Settings& settings) {
  const fs::path directory(settings.storage.path);
  std::error_code error;
  if (is_mongodb(settings) ? fs::exists(directory / "keys", error) : has_store(directory)) return std::nullopt;
  return "the data directory " + directory.string() + " holds no " + (is_mongodb(settings) ? "keys" : "store") +
         ": is it the right one?";
}

}  // namespace app
