#pragma once
// One process at a time in a data directory, whatever engine keeps the mail: two servers with one directory would write
// the same secrets and the same files. The lock is the kernel's (flock on the directory itself): it leaves no file
// behind and ends with the process, however that ends. Reading commands take none.

#include <string>

#include "base/result.hpp"

namespace app {

/// Held as long as the object. Moves; an empty one holds nothing.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  /// The error is one line that tells an operator what to do. Does not wait. Changes nothing in the directory.
  static base::Result<DirectoryLock, std::string> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace app
