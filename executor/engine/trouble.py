"""Why a store cannot be used. The message says what to do, for the person who operates the desk."""


class StoreTroubleError(Exception):
    """The store cannot be used as it is."""


class StoreTooNewError(StoreTroubleError):
    """The store was written by a later release of the desk."""


class StoreInUseError(StoreTroubleError):
    """A desk holds the store, and what was asked needs it alone."""


class NotAStoreError(StoreTroubleError):
    """The file is no store of the desk, or is damaged."""
