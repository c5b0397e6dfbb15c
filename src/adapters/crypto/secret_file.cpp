#include "adapters/crypto/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace adapters::crypto {

namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

SecretFileError system_error(const std::string& what, const std::string& path) {
  return {what + " " + path + ": " + std::strerror(errno)};
}

std::optional<SecretFileError> refuse(const std::string& path, const struct stat& status, std::size_t most) {
  if (!S_ISREG(status.st_mode)) return SecretFileError{path + " is not a regular file"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return SecretFileError{path + " can be read by others; run: chmod 600 " + path};
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return SecretFileError{path + " belongs to another user; it must belong to the user that the server runs as"};
  }
  if (static_cast<std::size_t>(status.st_size) > most) return SecretFileError{path + " is too large"};
  return std::nullopt;
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_directory_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  const FileDescriptor directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.ok() && ::fsync(directory.get()) == 0;
}

}  // namespace

base::Result<std::optional<std::string>, SecretFileError> read_secret_file(const std::string& path, std::size_t most) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.ok() && errno == ENOENT) return std::optional<std::string>();
  if (!file.ok()) return base::fail(system_error("cannot open", path));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return base::fail(system_error("cannot inspect", path));
  if (auto error = refuse(path, status, most)) return base::fail(std::move(*error));
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return base::fail(system_error("cannot read", path));
    filled += static_cast<std::size_t>(got);
  }
  return std::optional(std::move(content));
}

base::Result<void, SecretFileError> write_secret_file(const std::string& path, std::string_view content,
                                                      bool read_only) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());  // left over from a crash
  const mode_t mode = read_only ? S_IRUSR : S_IRUSR | S_IWUSR;
  {
    const FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file.ok()) return base::fail(system_error("cannot create", temporary));
    if (!write_all(file.get(), content) || ::fsync(file.get()) != 0) {
      return base::fail(system_error("cannot write", temporary));
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return base::fail(system_error("cannot rename to", path));
  if (!sync_directory_of(path)) return base::fail(system_error("cannot sync the directory of", path));
  return {};
}

}  // namespace adapters::crypto
