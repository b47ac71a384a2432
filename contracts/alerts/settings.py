"""The section `alerts` of `operations.yml`: routes, chains, people on call, silences that recur."""

from contracts.settings import Section


class AlertSettings(Section):
    """Where alerts go and who is told when nobody takes them."""
