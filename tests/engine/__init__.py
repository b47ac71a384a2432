"""One suite for every engine: each test is one promise of `contracts.ports`."""
