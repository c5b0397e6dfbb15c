#pragma once
// The data directory as it can be judged without a lock and without a trace: beside a running server, or before there
// is one.

#include <filesystem>
#include <optional>
#include <string>

#include "app/settings.hpp"

namespace app {

/// Whether this process may make `folder`, or something in it when it is there.
bool can_be_made_in(std::filesystem::path folder);

/// Why no server opens storage.path; nullopt: none of what can be seen. Not looked at: whether another process has it,
/// what is in the store, whether the keys are those of the store.
std::optional<std::string> refuse_directory(const Settings& settings);

/// Why storage.path holds no installation that a command could change; nullopt: it does. With storage.engine =
/// "mongodb" its keys are one, otherwise its store.
std::optional<std::string> refuse_new_installation(const Settings& settings);

}  // namespace app
