"""What comes more than once: events, and answers that are told apart by a key."""
