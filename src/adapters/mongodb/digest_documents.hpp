#pragma once
// A batch's digest as the document of the commit log, and back. Inside of this room.

#include "adapters/mongodb/document.hpp"
#include "chat/ports/batch_digest.hpp"

namespace adapters::mongodb {

/// The fields that a document of the commit log has besides its number and its node.
Document encode(const chat::BatchDigest& digest);
bool decode(const bson_t* document, chat::BatchDigest& out);

}  // namespace adapters::mongodb
