"""Speed and memory of promisepy beside its peers; see README.md."""
