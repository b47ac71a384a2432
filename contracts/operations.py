"""The one model of `operations.yml`: how the desk looks after itself. Reads nothing.

What a team leaves out is as in `contracts/defaults/operations.yml`; `bot.settings` lays one over the other.
"""

from contracts.alerts.settings import AlertSettings
from contracts.levels import HealthSettings, Levels
from contracts.reports.settings import LogSettings, ReportSettings
from contracts.risk import RiskSettings
from contracts.sections import Section


class Operations(Section):
    alerts: AlertSettings = AlertSettings()
    levels: Levels = Levels()
    health: HealthSettings = HealthSettings()
    risk: RiskSettings = RiskSettings()
    reports: ReportSettings = ReportSettings()
    log: LogSettings = LogSettings()
