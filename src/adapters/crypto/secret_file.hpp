#pragma once
// Files that hold secrets: read with suspicion, written so that a crash leaves the old file or the new one.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace adapters::crypto {

/// What an operator is told; never the secret.
struct SecretFileError {
  std::string message;
};

/// nullopt: there is no such file. Refused: anything but a regular file of this user (or root) that neither group nor
/// others may read or write, or more than `most` bytes.
base::Result<std::optional<std::string>, SecretFileError> read_secret_file(const std::string& path, std::size_t most);

/// Mode 0600, or 0400 with `read_only`: temporary file, fsync, rename, fsync of the directory.
base::Result<void, SecretFileError> write_secret_file(const std::string& path, std::string_view content,
                                                      bool read_only);

}  // namespace adapters::crypto
