"""The section `levels` of `operations.yml`: what the desk promises about itself, as limits."""

from contracts.settings import Section


class Levels(Section):
    """Limits whose breach is an alert."""
