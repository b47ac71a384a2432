"""Real patches, held against what git and patch make of them; run by hand on a folder of corpora."""
