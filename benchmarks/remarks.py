"""Why a cell is not comparable: the reasons that several libraries share."""

SYNC = "handlers run inside the settling call, with no queue"
NO_AWAIT = "cannot be awaited"
BY_HAND = "not safe to settle from a thread: handed over with `call_soon_threadsafe`, as the baseline does"
SYNC_BY_HAND = f"{SYNC}; handed over with `call_soon_threadsafe` to run on the loop's thread"
