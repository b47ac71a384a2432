"""What a patch makes of a base: computed from bytes to bytes, all or nothing, without touching anything."""
