"""Looks at everything the desk needs, and says what it found. Changes nothing."""
