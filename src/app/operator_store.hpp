#pragma once
// The store as an operator's commands open it: beside running servers, without a trace of it.

#include <memory>
#include <optional>
#include <string>

#include "adapters/mongodb/options.hpp"
#include "app/settings.hpp"
#include "chat/ports/store.hpp"

namespace app {

/// storage.engine; otherwise the store is the embedded one, in the data directory.
bool is_mongodb(const Settings& settings);
/// Where storage.engine = "mongodb" finds its database; an error when the settings do not say it.
base::Result<adapters::mongodb::Options, std::string> mongodb_options(const Settings& settings);

/// Why there can be no store with these settings, without looking for it; nullopt: there can.
std::optional<std::string> refuse_storage(const Settings& settings);

/// The store of the settings for reading only; a store that is not there is an error, and nothing is created.
base::Result<std::unique_ptr<chat::Store>, std::string> open_store_read_only(const Settings& settings);

/// Where that store is, for a line on standard error; no credentials.
std::string store_in_words(const Settings& settings);

}  // namespace app
