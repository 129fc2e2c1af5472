"""Where it travels: Redis keys, streams, groups, newest values and locks."""
