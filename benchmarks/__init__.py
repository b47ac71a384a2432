"""How fast the desk is, as ratios to floors measured in the same run. `make bench`."""
