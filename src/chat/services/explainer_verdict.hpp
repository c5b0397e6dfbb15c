#pragma once
#include "chat/services/explainer.hpp"

namespace chat {

/// One sentence out of everything else that the story tells.
[[nodiscard]] std::string verdict_of(const MessageStory& story);

}  // namespace chat
