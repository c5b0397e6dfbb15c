#pragma once
#include <optional>
#include <string>

#include "base/result.hpp"

namespace app {

/// The secret of the operator's calls (`Authorization: Bearer …`): DIR/operator_token, 0600, one line of base64url,
/// made at the first start. Replace the file and start again to change it. The error is one line for the operator.
base::Result<std::string, std::string> operator_token(const std::string& directory);
/// The same without making one; nullopt: there is none yet.
base::Result<std::optional<std::string>, std::string> stored_operator_token(const std::string& directory);

}  // namespace app
