"""What a promise is: states, homes, jobs, adoption, cancellation and reports. Everything else stands on this wing."""
