#pragma once
// The web client's files, read once and kept in memory: serving them never touches the disk, and no path can leave the
// directory because none is ever opened. Immutable after construction; any thread.

#include <map>
#include <string>
#include <string_view>

namespace api {

struct StaticFile {
  std::string content;
  std::string_view type;
  std::string etag;  // strong, quoted
};

class StaticFiles {
 public:
  /// All files below `root` that together stay below 16 MiB; hidden ones are left out. Empty, or no such directory: no
  /// files.
  explicit StaticFiles(const std::string& root);

  /// `/` is `/index.html`. nullptr: there is no such file.
  [[nodiscard]] const StaticFile* find(std::string_view path) const;
  [[nodiscard]] bool empty() const { return files_.empty(); }

 private:
  std::map<std::string, StaticFile, std::less<>> files_;  // by path, with the leading '/'
};

/// By the file's ending; `application/octet-stream` for what is not known.
std::string_view content_type(std::string_view path);

}  // namespace api
