// restante seed: accounts, friendships and tokens for load tests, without a password hash per user.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>

#include "adapters/crypto/argon2_hasher.hpp"
#include "adapters/crypto/jwt_tokens.hpp"
#include "app/commands.hpp"
#include "app/data_directory.hpp"
#include "app/directory_check.hpp"
#include "app/operator_store.hpp"
#include "base/hex.hpp"
#include "base/json_writer.hpp"

namespace app {
namespace {

constexpr std::chrono::hours kTokenLife{24};
constexpr std::size_t kRowsPerCommit = 2000;
constexpr const char* kDevice = "seed";

/// The users that `index` is a friend of and that come after it: every pair once.
std::vector<std::uint64_t> later_friends(std::uint64_t index, const SeedOptions& options) {
  std::vector<std::uint64_t> friends;
  if (options.friends == 0) {
    if ((index ^ 1) > index && (index ^ 1) < options.users) friends.push_back(index ^ 1);
    return friends;
  }
  const auto add = [&](std::uint64_t other) {
    if (other > index) friends.push_back(other);
  };
  // A ring: half of the neighbours on each side, and the opposite one when K is odd.
  for (std::uint64_t step = 1; step <= options.friends / 2; ++step) {
    add((index + step) % options.users);
    add((index + options.users - step) % options.users);
  }
  if (options.friends % 2 != 0) add((index + options.users / 2) % options.users);
  std::sort(friends.begin(), friends.end());
  friends.erase(std::unique(friends.begin(), friends.end()), friends.end());
  return friends;
}

std::optional<std::string> impossible(const SeedOptions& options) {
  if (options.friends >= options.users) return "--friends must be smaller than --users";
  if (options.friends % 2 != 0 && options.users % 2 != 0) return "an odd --friends needs an even --users";
  return std::nullopt;
}

/// Without links and dots, and with a slash behind: a folder is a prefix of what lies in it. Parts that are not there
/// are taken as they are written.
std::string folder_text(const std::filesystem::path& path) {
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
  return (whole / "").lexically_normal().string();
}

/// Before anything is touched: what is there and can be written to, or a new file in its folder. The folder need not be
/// there when it is the data directory, or one above it: they are made with it.
bool can_be_written(const std::filesystem::path& file, const std::filesystem::path& data_directory) {
  std::error_code error;
  const auto there = std::filesystem::status(file, error);
  if (std::filesystem::is_directory(there)) return false;
  if (std::filesystem::exists(there)) return ::access(file.c_str(), W_OK) == 0;
  const auto made = folder_text(data_directory);
  if (!file.has_filename() || made.starts_with(folder_text(file))) return false;
  const auto folder = folder_text(file.parent_path().empty() ? "." : file.parent_path());
  if (std::filesystem::exists(folder, error)) return can_be_made_in(folder);
  return made.starts_with(folder) && can_be_made_in(folder);
}

/// Called when the directory is open: a link may lead to what was made only then. Any other file in there may be what
/// an earlier seed that was cut off has left.
bool belongs_to_server(const std::filesystem::path& file, const std::filesystem::path& data_directory) {
  const auto text = folder_text(file);
  if (text.starts_with(folder_text(data_directory / "store"))) return true;
  for (const std::string name : {"master.key", "keys", "operator_token", "believed_time"}) {
    for (const auto& each : {name, name + ".new"})
      if (text == folder_text(data_directory / each)) return true;
  }
  return false;
}

class Seeding {
 public:
  Seeding(DataDirectory& directory, const base::Clock& clock, const SeedOptions& options)
      : directory_(directory), now_(clock.wall_now()), options_(options), tokens_(*directory.keys) {
    for (std::uint64_t i = 0; i < options.users; ++i) ids_.push_back(chat::UserId::make(now_, random_));
    password_ = base::to_base64url(random_.bytes(12));
    password_hash_ = adapters::crypto::Argon2Hasher().hash(password_);
  }

  /// Why it could not be done.
  std::optional<std::string> run(std::ostream& out) {
    for (std::uint64_t i = 0; i < options_.users; ++i) {
      add_user(i, out);
      for (const auto other : later_friends(i, options_)) {
        batch_.relations.push_back({.pair = chat::ConversationKey::of(ids_[i], ids_[other]),
                                    .friendship = chat::Friendship::kFriends,
                                    .changed = now_});
        if (batch_.relations.size() >= kRowsPerCommit)
          if (auto failed = commit(out)) return failed;
      }
      if (batch_.users.size() >= kRowsPerCommit)
        if (auto failed = commit(out)) return failed;
    }
    return commit(out);
  }
  /// At most; a commit that failed may have been one.
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  void add_user(std::uint64_t index, std::ostream& out) {
    const auto name = "user" + std::to_string(index);
    const auto& id = ids_[index];
    const chat::DeviceId device{kDevice};
    const chat::LoginId login = chat::LoginId::make(now_, random_);
    batch_.users.push_back({.id = id,
                            .username = name,
                            .email = name + "@seed.invalid",
                            .password_hash = password_hash_,
                            .created = now_,
                            .last_seen = now_});
    batch_.devices.push_back(
        {.user = id, .id = device, .login = login, .created = now_, .last_seen = now_, .start = {}, .push = {}});
    batch_.logins.push_back({.id = login,
                             .user = id,
                             .device = device,
                             .created = now_,
                             .last_used = now_,
                             .expires = now_ + kTokenLife,
                             .address = "seed",
                             .current = random_.bytes(32),  // no refresh token has this hash
                             .children = {}});
    std::string line;
    base::JsonWriter(line)
        .begin_object()
        .member("userId", id.hex())
        .member("username", name)
        .member("password", password_)
        .member("device", device.value)
        .member("token", tokens_.sign({.user = id,
                                       .login = login,
                                       .device = device,
                                       .issued = now_,
                                       .expires = now_ + kTokenLife,
                                       .seeded = true}))
        .end_object();
    out << line << '\n';
  }

  /// The lines first: nobody could log in to an account whose password is nowhere.
  std::optional<std::string> commit(std::ostream& out) {
    if (!out.flush().good()) return options_.tokens_file + " cannot be written";
    made_ += batch_.users.size();
    if (!batch_.empty() && !directory_.store->commit(batch_, chat::Durability::kSynced).ok())
      return "writing the accounts failed";
    batch_.clear();
    return std::nullopt;
  }

  DataDirectory& directory_;
  const chat::WallTime now_;
  const SeedOptions& options_;
  adapters::crypto::JwtTokens tokens_;
  base::SecureRandom random_;
  std::vector<chat::UserId> ids_;
  std::string password_;
  std::string password_hash_;
  chat::CommitBatch batch_;
  std::uint64_t made_ = 0;
};

/// What to do about an end in the middle: another seed would refuse the accounts that there are.
std::string with_advice(const std::string& why, std::uint64_t made, const Settings& settings) {
  if (made == 0) return why + "; no account was made";
  return why + "; up to " + std::to_string(made) + " accounts were made: remove " +
         (is_mongodb(settings) ? "the database of storage.mongodb_uri" : settings.storage.path) +
         " before the next seed";
}

}  // namespace

int seed(const Settings& settings, const SeedOptions& options) {
  if (const auto why = impossible(options)) return complain(*why);
  if (!can_be_written(options.tokens_file, settings.storage.path))
    return complain(options.tokens_file + " cannot be written");
  const base::SystemClock clock;
  auto directory = open_data_directory(settings, clock);
  if (!directory) return complain(directory.error());
  const auto occupied = directory->store->has_users();
  if (!occupied) return complain("the store in " + settings.storage.path + " cannot be read");
  if (*occupied) return complain(settings.storage.path + " already holds accounts; seed needs an empty directory");
  if (belongs_to_server(options.tokens_file, settings.storage.path))
    return complain(options.tokens_file + " cannot be written: it is a file of the server");
  std::ofstream out(options.tokens_file, std::ios::trunc);
  if (!out) return complain(options.tokens_file + " cannot be written");
  // Tokens and a password: readable by the owner only, also when the file was there before. A device or a pipe is not
  // ours to change.
  std::error_code kept_open;
  if (std::filesystem::is_regular_file(options.tokens_file, kept_open))
    std::filesystem::permissions(options.tokens_file,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, kept_open);
  Seeding seeding(*directory, clock, options);
  if (const auto failed = seeding.run(out)) return complain(with_advice(*failed, seeding.made(), settings));
  std::cout << "seeded " << options.users << " users; tokens are valid for 24 hours\n";
  return 0;
}

}  // namespace app
