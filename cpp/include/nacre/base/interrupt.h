// Ctrl-C: long-running work asks now and then whether the caller wants it to stop.
#pragma once

namespace nacre {

// Returns true when the caller asked to stop (the bindings ask Python for pending signals).
using InterruptHook = bool (*)();
void set_interrupt_hook(InterruptHook hook);

// Calls the hook when it was not called for 50 ms; throws Error(kInterrupted) if it says so. Cheap
// enough to be called for every kernel.
void poll_interrupt();

}  // namespace nacre
