"""The desk looks at itself: it measures, judges, mends what it can, and says the rest."""
