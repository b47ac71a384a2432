"""The executor against real git, real processes and the real store."""
