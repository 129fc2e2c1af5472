"""Processes of their own: loops that may be killed at any line and go on at the next start."""
