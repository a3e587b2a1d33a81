"""What a promise is: states, homes, jobs, adoption, cancellation and reports. Everything else stands on this wing.

Comments cite what users may rely on as S1 to S16: docs/reference/guarantees.md states them. They cite invariants as
INV-…: the header of a file defines its own, and docs/explanation/architecture.md lists all of them with their tests.
"""
