#pragma once

// Private: messages between two ranks.

namespace wick::distributed {

// Moves on what distributed_irecv has posted.
void advance_receives();

}  // namespace wick::distributed
