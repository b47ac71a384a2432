"""The risk rate: which share of the tasks of a window went wrong, and when that is too much."""

from contracts.settings import Section


class RiskSettings(Section):
    """When the rate warns and when it is critical."""
