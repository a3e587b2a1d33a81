"""The core: what a promise is, its states, homes, jobs, adoption, cancellation and reports; all else builds on it.

Comments cite the guarantees to users as S1 to S16; docs/reference/guarantees.md states them. Comments cite invariants
as INV-…; the header of one file defines each, and docs/explanation/architecture.md lists all of them with their tests.
"""
