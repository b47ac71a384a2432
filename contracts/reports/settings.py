"""The section `reports` of `operations.yml`: what is reported when, and to which channel."""

from contracts.settings import Section


class ReportSettings(Section):
    """The schedules."""
